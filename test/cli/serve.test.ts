import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildVersion } from "../../src/cli/build.ts";
import type { StopReason } from "../../src/cli/stop.ts";
import { Producer } from "../../src/client/producer.ts";
import { MemoryWorld } from "../fake/world.ts";
import { call, callIn } from "../support/call.ts";
import { expectGolden } from "../support/golden.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";

/** A broker that runs as a command, from when it is ready until it is told to stop. */
async function serving(data: string, ...args: string[]) {
  const world = new MemoryWorld();
  const ended = callIn(world, [
    "serve",
    "--data",
    data,
    "--native-port",
    "0",
    "--kafka-port",
    "0",
    "--http-port",
    "0",
    ...args,
  ]);
  await until(() => world.stderr.text.includes("ready") || Bun.peek.status(ended) !== "pending");
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(world.stderr.text)?.[1]);
  const stop = (reason: StopReason) => {
    world.stop.request(reason);
    return ended;
  };
  return { world, port, stop };
}

/** What was written, without what differs from run to run. */
const shown = (text: string, data: string): string =>
  text
    .replaceAll(data, "(data)")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:(port)")
    .replaceAll(/^20\S+ /gm, "")
    .replaceAll(buildVersion, "(version)");

const asked = (data: string, ...args: string[]) => call(["serve", "--data", data, ...args]);

describe("a broker", () => {
  test("says what it is, where it can be reached, and how it ends", async () => {
    using directory = temporaryDirectory();
    const { stop } = await serving(directory.path);
    const { code, out, error } = await stop("SIGTERM");
    expectGolden("cli/serve.txt", shown(`${out}\n${error}`, directory.path));
    expect(code).toBe(0);
  });

  test("ends by Ctrl-C as well as it does for its service manager", async () => {
    using directory = temporaryDirectory();
    const { stop } = await serving(directory.path);
    const { code, error } = await stop("SIGINT");
    expect(error).toContain("stopping");
    expect(code).toBe(0);
  });

  test("works on when nobody reads its output any more", async () => {
    using directory = temporaryDirectory();
    const { world, port, stop } = await serving(directory.path);
    world.stop.request("closed");
    await send(port, "still there");
    expect((await stop("SIGTERM")).code).toBe(0);
  });

  test("keeps what it has acknowledged, for the next one", async () => {
    using directory = temporaryDirectory();
    const first = await serving(directory.path);
    await send(first.port, "one");
    await first.stop("SIGTERM");
    const second = await serving(directory.path);
    expect(second.world.stderr.text).toContain("topics=1");
    await second.stop("SIGTERM");
  });

  test("logs lines for programs if it is asked to, and writes nothing else", async () => {
    using directory = temporaryDirectory();
    const { stop } = await serving(directory.path, "--log-format", "json");
    const { out, error } = await stop("SIGTERM");
    expect(out).toBe("");
    const events = error
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual([
      ...Array.from({ length: 4 }, () => "listening"),
      "ready",
      "stopping",
      "stopped",
    ]);
  });

  test("warns while everybody may do everything", async () => {
    using directory = temporaryDirectory();
    const { stop } = await serving(directory.path, "--insecure");
    const { error } = await stop("SIGTERM");
    expect(error).toContain("insecure: whoever reaches the ports may read and write");
  });
});

describe("a broker that can't start says why, and ends with 1", () => {
  test("in a directory that another one owns", async () => {
    await using server = await TestServer.start();
    expect(await asked(server.data)).toEqual({
      code: 1,
      out: "",
      error:
        `obelisk serve: ${server.data} is in use by process ${process.pid}: ` +
        "a directory has one broker\n",
    });
  });

  test("on a port that is taken", async () => {
    await using server = await TestServer.start();
    using directory = temporaryDirectory();
    const port = server.address.split(":")[1] ?? "";
    const { code, out, error } = await asked(directory.path, "--native-port", port);
    expect(error).toContain(`obelisk serve: native port ${port} on 127.0.0.1 is taken: `);
    expect([code, out]).toEqual([1, ""]);
  });

  test("in a file", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "file");
    writeFileSync(path, "");
    const { code, error } = await asked(path);
    expect(error).toStartWith(`obelisk serve: data directory ${path}: `);
    expect(code).toBe(1);
  });
});

test("a port for everybody is refused unless it is spelled out", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  const { code, error } = await asked(data, "--host", "0.0.0.0");
  expect(error).toStartWith('obelisk serve: --host is "0.0.0.0": other machines can reach it, ');
  expect(code).toBe(2);
  expect(existsSync(data)).toBeFalse();
});

test("without a command the program is the broker, until it is told to end", async () => {
  using directory = temporaryDirectory();
  const main = join(import.meta.dir, "../../src/main.ts");
  const child = Bun.spawn(
    [process.execPath, main, "--native-port", "0", "--kafka-port", "0", "--http-port", "0"],
    {
      cwd: directory.path,
      env: {},
      stdout: "ignore",
      stderr: "pipe",
    },
  );
  let log = "";
  for await (const chunk of child.stderr) {
    log += new TextDecoder().decode(chunk);
    if (log.includes("ready") && !child.killed) child.kill("SIGTERM");
  }
  expect(await child.exited).toBe(0);
  expect(log).toContain("stopped");
  expect(existsSync(join(directory.path, "data", "obelisk.db"))).toBeTrue();
});

/** Sends a record and waits for its acknowledgement. */
async function send(port: number, value: string): Promise<void> {
  const producer = new Producer({ port });
  await producer.send({ topic: "orders", value });
  await producer.close();
}
