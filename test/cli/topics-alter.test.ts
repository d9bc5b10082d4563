import { describe, expect, test } from "bun:test";
import { call } from "../support/call.ts";
import { TestServer } from "../support/server.ts";

async function withOrders(): Promise<TestServer> {
  const server = await TestServer.start();
  await server.server.broker.createTopic({ name: "orders", config: { "segment.ms": "60000" } });
  return server;
}

const alter = ({ data }: TestServer, ...args: string[]) =>
  call(["topics", "alter", "orders", ...args, "--data", data]);

const rawOf = ({ server }: TestServer) => server.broker.topic("orders")?.config.raw;

test("settings are set and unset, and shown before and after", async () => {
  await using server = await withOrders();
  const args = ["--set", "retention.ms=5000", "-c", "fsync=never", "--unset", "segment.ms"];
  expect(await alter(server, ...args)).toEqual({
    code: 0,
    out:
      "setting       before     after\n" +
      "retention.ms  604800000  5000\n" +
      "fsync         always     never\n" +
      "segment.ms    60000      604800000\n",
    error: "",
  });
  expect(rawOf(server)).toEqual({ "retention.ms": "5000", fsync: "never" });
});

test("a dry run shows it and changes nothing", async () => {
  await using server = await withOrders();
  const args = ["--set", "retention.ms=5000", "--unset", "segment.ms", "--dry-run"];
  expect(await alter(server, ...args)).toEqual({
    code: 0,
    out:
      "setting       before     after\n" +
      "retention.ms  604800000  5000\n" +
      "segment.ms    60000      the default\n" +
      "nothing was changed\n",
    error: "",
  });
  expect(rawOf(server)).toEqual({ "segment.ms": "60000" });
});

test("for a script", async () => {
  await using server = await withOrders();
  const { out } = await alter(server, "--set", "segment.ms=1000", "--json");
  expect(JSON.parse(out)).toEqual({
    topic: "orders",
    dryRun: false,
    changes: [{ name: "segment.ms", before: "60000", after: "1000" }],
  });
});

describe("what can't be is refused, and nothing changes", () => {
  test.each([
    ["nothing to change", [], 2, "one of --set and --unset is needed."],
    ["a setting twice", ["--set", "a=1", "--unset", "a"], 2, "a is named more than once."],
    ["a setting without a value", ["--set", "fsync"], 2, '--set is "fsync": expected a name'],
    [
      "a value",
      ["--set", "retention.ms=5", "--set", "fsync=no"],
      1,
      'changing the configuration of topic orders: fsync cannot be "no"',
    ],
    [
      "a value in a dry run",
      ["--set", "fsync=no", "--dry-run"],
      1,
      "changing the configuration of topic orders: fsync cannot",
    ],
  ])("%s", async (_, args, code, error) => {
    await using server = await withOrders();
    const called = await alter(server, ...args);
    expect(called.error).toStartWith(`obelisk topics alter: ${error}`);
    expect([called.code, called.out]).toEqual([code, ""]);
    expect(rawOf(server)).toEqual({ "segment.ms": "60000" });
  });

  test("a topic that is not there", async () => {
    await using server = await TestServer.start();
    const { code, error } = await alter(server, "--set", "fsync=never");
    expect(error).toBe('obelisk topics alter: there is no topic "orders"\n');
    expect(code).toBe(1);
  });
});
