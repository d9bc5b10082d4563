import { expect, test } from "bun:test";
import { call } from "../support/call.ts";
import { append } from "../support/broker-world.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Two topics, one with records. */
async function withOrders(): Promise<TestServer> {
  const server = await TestServer.start();
  const { broker } = server.server;
  await broker.createTopic({ name: "orders", partitionCount: 2 });
  await broker.createTopic({ name: "a-longer-name" });
  for (const [number, partition] of [
    [0, 0],
    [1, 0],
    [2, 1],
  ] as const) {
    expect(await append(broker, "orders", number, partition)).toBeNull();
  }
  return server;
}

test("every topic is a line with its partitions, records and size", async () => {
  await using server = await withOrders();
  const { code, out } = await call(["topics", "list", "--data", server.data]);
  expect(out).toBe(
    "topic          partitions  records   size\n" +
      "a-longer-name           1        0    0 B\n" +
      "orders                  2        3  240 B\n",
  );
  expect(code).toBe(0);
});

test("for a script it is one list", async () => {
  await using server = await withOrders();
  const { out } = await call(["topics", "list", "--json", "--data", server.data]);
  const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(out).toEndWith("]\n");
  expect(JSON.parse(out)).toEqual([
    { name: "a-longer-name", id, internal: false, partitions: 1, records: 0, bytes: 0 },
    { name: "orders", id, internal: false, partitions: 2, records: 3, bytes: 240 },
  ]);
});

test("a cluster is asked over TCP, and no directory is looked at", async () => {
  await using server = await withOrders();
  const brokers = `127.0.0.1:1,${server.kafkaAddress}`;
  const args = ["topics", "list", "--json", "--data", "/nowhere"];
  const { code, out } = await call([...args, "-b", brokers]);
  expect(JSON.parse(out)).toMatchObject([{ name: "a-longer-name" }, { name: "orders" }]);
  expect(code).toBe(0);
});

test("a cluster that can't be reached is a failure which names it", async () => {
  const { code, error } = await call(["topics", "list", "-b", "127.0.0.1:1"]);
  expect(error).toStartWith("obelisk topics list: no connection to 127.0.0.1:1: ");
  expect(code).toBe(1);
});

test("no topics are no failure", async () => {
  await using server = await TestServer.start();
  const args = ["topics", "list", "--data", server.data];
  expect(await call(args)).toEqual({ code: 0, out: "no topics yet\n", error: "" });
  expect(await call([...args, "--json"])).toEqual({ code: 0, out: "[]\n", error: "" });
});

test("no directory is one", async () => {
  using directory = temporaryDirectory();
  const data = `${directory.path}/nowhere`;
  expect(await call(["topics", "list", "--data", data])).toEqual({
    code: 1,
    out: "",
    error: `obelisk topics list: there is no directory ${data}\n`,
  });
});
