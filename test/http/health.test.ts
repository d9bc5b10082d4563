import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../support/http-world.ts";

interface Shown {
  readonly status: string;
  readonly components: Readonly<
    Record<string, { readonly status: string; readonly details: Readonly<Record<string, unknown>> }>
  >;
}

/** The statuses of `/health`, `/health/live` and `/health/ready`. */
async function probes(world: HttpWorld): Promise<number[]> {
  const paths = ["/health", "/health/live", "/health/ready"];
  return await Promise.all(paths.map(async (path) => (await world.ask("GET", path)).status));
}

describe("a broker that is well", () => {
  test("says so, with what can be counted of it", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 3);
    world.base.clock.advance(1_500);
    const { status, body } = await world.ask("GET", "/health");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "healthy",
      uptime_seconds: 1.5,
      version: "1.2.3",
      timestamp: "2025-08-09T02:12:09.980Z",
      components: {
        lifecycle: { status: "healthy", details: { phase: "running" } },
        logs: { status: "healthy", details: { topics: 1, partitions: 3, sealed: 0, faults: [] } },
        disk: { status: "healthy" },
      },
    });
    expect(await probes(world)).toEqual([200, 200, 200]);
  });
});

describe("a broker that is not ready", () => {
  test("because it recovers, lives, and answers nothing else", async () => {
    await using world = await HttpWorld.open();
    world.system = { ...world.system, phase: "starting", services: null };
    expect(await probes(world)).toEqual([503, 200, 503]);
    const { status, body, headers } = await world.ask("GET", "/v3/clusters");
    expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
    expect(body).toEqual({ error_code: 50302, message: "the broker is starting" });
    expect((await world.ask("GET", "/openapi.json")).status).toBe(200);
  });

  test("because it stops, lives", async () => {
    await using world = await HttpWorld.open();
    world.system = { ...world.system, phase: "stopping" };
    expect(await probes(world)).toEqual([503, 200, 503]);
  });

  test("because a partition is sealed: most of it still works, and it says which", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    world.base.disk.failNext("append", /\.log$/, "failed");
    const record = { partition_id: 1, value: { type: "STRING", data: "x" } };
    expect((await world.v3("POST", "/topics/t/records", record)).status).toBe(500);
    expect(await probes(world)).toEqual([200, 200, 503]);
    const shown = (await world.ask("GET", "/health")).body as Shown;
    expect(shown.status).toBe("degraded");
    expect(shown.components["logs"]?.details).toMatchObject({
      sealed: 1,
      faults: [{ topic: "t", partition: 1 }],
    });
    const { body } = await world.ask("GET", "/health/ready");
    expect(body).toEqual({
      status: "not ready",
      reasons: ["1 of 2 partitions take no records until the broker is restarted"],
    });
  });

  test("because every partition is sealed, is not healthy either", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    world.base.disk.failNext("append", /\.log$/, "failed");
    await world.v3("POST", "/topics/t/records", { value: { type: "STRING", data: "x" } });
    expect(await probes(world)).toEqual([503, 200, 503]);
  });

  test("because the disk is full, until there is room again", async () => {
    await using world = await HttpWorld.open();
    world.base.disk.capacityBytes = 1_000;
    expect(await probes(world)).toEqual([503, 200, 503]);
    world.base.disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect(await probes(world)).toEqual([200, 200, 200]);
  });
});
