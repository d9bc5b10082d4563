import { describe, expect, test } from "bun:test";
import { call } from "../support/call.ts";
import { TestServer } from "../support/server.ts";

async function withOrders(): Promise<TestServer> {
  const server = await TestServer.start();
  await server.server.broker.createTopic({ name: "orders", partitionCount: 2 });
  return server;
}

const add = ({ data }: TestServer, ...args: string[]) =>
  call(["topics", "add-partitions", "orders", ...args, "--data", data]);

const countOf = ({ server }: TestServer) => server.broker.topic("orders")?.partitions.length;

test("a topic gets more partitions", async () => {
  await using server = await withOrders();
  expect(await add(server, "--partitions", "5")).toEqual({
    code: 0,
    out: "orders has 5 partitions now (it had 2)\n",
    error: "",
  });
  expect(countOf(server)).toBe(5);
});

test("a dry run adds none", async () => {
  await using server = await withOrders();
  expect(await add(server, "--partitions", "5", "--dry-run")).toEqual({
    code: 0,
    out: "orders can get 5 partitions (it has 2)\n",
    error: "",
  });
  expect(countOf(server)).toBe(2);
});

test("for a script", async () => {
  await using server = await withOrders();
  const { out } = await add(server, "--partitions", "3", "--json");
  expect(JSON.parse(out)).toEqual({ topic: "orders", before: 2, after: 3, dryRun: false });
});

describe("what can't be is refused", () => {
  test.each([
    ["fewer", ["--partitions", "1"], 1, "adding partitions to topic orders: "],
    ["as many in a dry run", ["--partitions", "2", "--dry-run"], 1, "adding partitions to topic"],
    ["no number", [], 2, "--partitions is needed"],
  ])("%s", async (_, args, code, error) => {
    await using server = await withOrders();
    const called = await add(server, ...args);
    expect(called.error).toStartWith(`obelisk topics add-partitions: ${error}`);
    expect([called.code, called.out]).toEqual([code, ""]);
    expect(countOf(server)).toBe(2);
  });

  test("a topic that is not there", async () => {
    await using server = await TestServer.start();
    const { error } = await add(server, "--partitions", "2");
    expect(error).toBe('obelisk topics add-partitions: there is no topic "orders"\n');
  });
});
