import { describe, expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { Line } from "../../../src/client/kafka/line.ts";
import { Waits } from "../../../src/client/kafka/waits.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { Writer } from "../../../src/wire/writer.ts";
import { type FakeBroker, FakeNetwork, silence } from "../../fake/kafka-network.ts";

class World {
  readonly network = new FakeNetwork();
  readonly broker: FakeBroker = this.network.broker("one:9092");
  readonly waits = new Waits(this.network.clock);
  readonly line: Line;

  constructor() {
    const { clock, dial } = this.network.world;
    const address = { host: "one", port: 9092 };
    // By half: no pause is longer or shorter by chance.
    const random = { ...this.network.world.random, next: () => 0.5 };
    this.line = new Line({
      connection: { address, clientId: "tester", clock, dial, writer: new Writer() },
      connectTimeoutMs: 1_000,
      backoff: { firstMs: 100, longestMs: 1_000 },
      world: { ...this.network.world, random },
      waits: this.waits,
    });
  }

  get attempts(): number {
    return this.broker.connections.length;
  }
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof ClientError ? error.code : error),
  );

describe("a line", () => {
  test("serves those who ask in their order, however late the second one comes", async () => {
    for (let ticks = 0; ticks < 30; ticks++) {
      const { line } = new World();
      const order: string[] = [];
      const first = line.connection().then(() => order.push("first"));
      while (!line.isOpen) await Promise.resolve();
      for (let left = ticks; left > 0; left--) await Promise.resolve();
      await Promise.all([first, line.connection().then(() => order.push("second"))]);
      expect(order).toEqual(["first", "second"]);
    }
  });

  test("makes one connection, for all who want it", async () => {
    const { line, ...world } = new World();
    expect(line.isOpen).toBe(false);
    const [first, second] = await Promise.all([line.connection(), line.connection()]);
    expect(first).toBe(second);
    expect(await line.connection()).toBe(first);
    expect(line.isOpen).toBe(true);
    expect(world.broker.connections.length).toBe(1);
  });

  test("makes a new one at once after it broke", async () => {
    const world = new World();
    const first = await world.line.connection();
    world.broker.connections[0]?.drop("reset");
    expect(world.line.isOpen).toBe(false);
    expect(await world.line.connection()).not.toBe(first);
    expect(world.attempts).toBe(2);
  });

  test("waits longer and longer between attempts that come to nothing", async () => {
    const world = new World();
    world.broker.accepts = false;
    expect(await codeOf(world.line.connection())).toBe("NETWORK");
    for (const [attempts, pauseMs] of [
      [1, 100],
      [2, 200],
      [3, 400],
    ] as const) {
      expect(world.line.resumesAt).toBe(world.network.clock.monotonic() + pauseMs);
      const failed = codeOf(world.line.connection());
      await world.network.advance(pauseMs - 1);
      expect(world.attempts).toBe(attempts);
      await world.network.advance(1);
      expect(await failed).toBe("NETWORK");
      expect(world.attempts).toBe(attempts + 1);
    }
    world.broker.accepts = true;
    const connected = codeOf(world.line.connection());
    await world.network.advance(800);
    expect(await connected).toBe("done");
    world.broker.accepts = false;
    world.broker.connections.at(-1)?.drop("reset");
    expect(await codeOf(world.line.connection())).toBe("NETWORK");
    // The one before had succeeded.
    expect(world.line.resumesAt).toBe(world.network.clock.monotonic() + 100);
  });

  test("keeps the pause that its broker wants, for all who ask, and in their order", async () => {
    const world = new World();
    const { clock } = world.network;
    const asking = { statesFilter: [], typesFilter: [] };
    world.broker.on("ListGroups", () => ({ throttleTimeMs: 500 }));
    const connection = await world.line.connection();
    await connection.send(apis.ListGroups, 5, asking, 1_000);
    expect(world.line.resumesAt).toBe(clock.monotonic() + 500);
    const order: string[] = [];
    const ask = (who: string): Promise<unknown> =>
      world.line.connection().then((found) => order.push(found === connection ? who : "other"));
    const first = ask("first");
    await world.network.advance(200);
    // An answer to what had been asked before wants more.
    await connection.send(apis.ListGroups, 5, asking, 1_000);
    const second = ask("second");
    await world.network.advance(499);
    expect(order).toEqual([]);
    clock.advance(1);
    const third = ask("third");
    await Promise.all([first, second, third]);
    expect(order).toEqual(["first", "second", "third"]);
    expect(world.attempts).toBe(1);
  });

  test("keeps no pause that a broker of before Kafka 2.0 has kept itself", async () => {
    const world = new World();
    world.broker.has("ApiVersions", [0, 1]);
    world.broker.on("ListGroups", () => ({ throttleTimeMs: 500 }));
    const connection = await world.line.connection();
    await connection.send(apis.ListGroups, 1, { statesFilter: [], typesFilter: [] }, 1_000);
    expect(await world.line.connection()).toBe(connection);
  });

  test("that is closed ends a pause at once, for all who wait", async () => {
    const world = new World();
    world.broker.on("ListGroups", () => ({ throttleTimeMs: 500 }));
    const connection = await world.line.connection();
    await connection.send(apis.ListGroups, 5, { statesFilter: [], typesFilter: [] }, 1_000);
    const asked = [world.line.connection(), world.line.connection()];
    world.line.close(new ClientError("NETWORK", "it is not in the cluster any more"));
    for (const each of asked) expect(await codeOf(each)).toBe("NETWORK");
    expect(world.network.clock.pending).toBe(0);
  });

  test("that pauses as its broker wants, and breaks, is made again", async () => {
    const world = new World();
    world.broker.on("ListGroups", () => ({ throttleTimeMs: 500 }));
    const connection = await world.line.connection();
    await connection.send(apis.ListGroups, 5, { statesFilter: [], typesFilter: [] }, 1_000);
    const asked = world.line.connection();
    world.broker.connections[0]?.drop("reset");
    await world.network.advance(500);
    expect(await asked).not.toBe(connection);
    expect(world.attempts).toBe(2);
  });

  test("that is closed ends its attempt, and begins none", async () => {
    const world = new World();
    world.broker.on("ApiVersions", () => silence);
    const attempt = codeOf(world.line.connection());
    await world.network.settle();
    world.line.close(new ClientError("CLOSED", "over"));
    expect(await attempt).toBe("CLOSED");
    expect(world.broker.connections[0]?.isOver).toBe(true);
    expect(await codeOf(world.line.connection())).toBe("CLOSED");
    expect(world.network.clock.pending).toBe(0);
  });

  test("that is closed while it pauses makes no attempt afterwards", async () => {
    const world = new World();
    world.broker.accepts = false;
    await codeOf(world.line.connection());
    const attempt = codeOf(world.line.connection());
    world.line.close(new ClientError("CLOSED", "over"));
    await world.network.advance(100);
    expect(await attempt).toBe("CLOSED");
    expect(world.attempts).toBe(1);
  });
});
