import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { MemoryWorld } from "../fake/world.ts";
import { call, callIn } from "../support/call.ts";
import { expectGolden } from "../support/golden.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const few = ["-n", "1200", "--turns", "3"];

test("its help", async () => {
  expectGolden("cli/help-bench.txt", (await call(["help", "bench"])).out);
});

test("a temporary broker is measured, and its directory is gone afterwards", async () => {
  using directory = temporaryDirectory();
  const args = ["bench", ...few, "--json", "--directory", directory.path];
  const { code, out, error } = await call(args);
  expect(error).toBe("");
  const figures = { seconds: expect.any(Number), recordsPerSecond: expect.any(Number) };
  expect(JSON.parse(out)).toMatchObject({
    broker: "temporary",
    recordBytes: 100,
    partitions: 1,
    compression: "none",
    produce: { ...figures, records: 1200 },
    consume: { ...figures, records: 1200, latencyMs: null },
    stored: { ...figures, records: 3 },
    received: { ...figures, records: 3 },
  });
  expect(code).toBe(0);
  expect(readdirSync(directory.path)).toEqual([]);
});

test("for people it is a table", async () => {
  using directory = temporaryDirectory();
  const { out } = await call(["bench", ...few, "--directory", directory.path]);
  // The clock of this world stands still, so that all took the least time that there is.
  expectGolden("cli/bench.txt", out);
});

test("a running broker is measured, and keeps its own topics and no other", async () => {
  await using server = await TestServer.start();
  await server.server.broker.createTopic({ name: "orders" });
  const args = ["bench", ...few, "--json", "-b", server.kafkaAddress, "--partitions", "3"];
  const { code, out, error } = await call(args);
  expect(error).toBe("");
  expect(JSON.parse(out)).toMatchObject({ broker: "running", partitions: 3 });
  expect(code).toBe(0);
  expect(server.server.broker.topics().map(({ name }) => name)).toEqual(["orders"]);
});

test("Ctrl-C ends it, and nothing is left behind", async () => {
  using directory = temporaryDirectory();
  const world = new MemoryWorld();
  const args = ["bench", "-n", "1000000000", "--json", "--directory", directory.path];
  const called = callIn(world, args);
  world.stop.request("SIGINT");
  expect(await called).toEqual({ code: 130, out: "", error: "" });
  expect(readdirSync(directory.path)).toEqual([]);
});

test("a broker that is not there, and a directory that is not, are told", async () => {
  const nowhere = await call(["bench", ...few, "-b", "127.0.0.1:1"]);
  expect(nowhere.code).toBe(1);
  expect(nowhere.error).toStartWith("obelisk bench: ");
  using directory = temporaryDirectory();
  const missing = join(directory.path, "missing");
  const { code, error } = await call(["bench", ...few, "--directory", missing]);
  expect(code).toBe(1);
  expect(error).toStartWith("obelisk bench: no temporary broker: ");
});

test("a directory says nothing about brokers that run", async () => {
  const { code, error } = await call(["bench", "-b", "localhost", "--directory", "/tmp"]);
  expect(code).toBe(2);
  expect(error).toContain("--directory is for a temporary broker, and --broker names another.");
});
