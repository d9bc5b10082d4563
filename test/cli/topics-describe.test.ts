import { describe, expect, test } from "bun:test";
import { call } from "../support/call.ts";
import { append } from "../support/broker-world.ts";
import { TestServer } from "../support/server.ts";

async function withOrders(): Promise<TestServer> {
  const server = await TestServer.start();
  const { broker } = server.server;
  const config = { "segment.ms": "60000", fsync: "never" };
  await broker.createTopic({ name: "orders", partitionCount: 2, config });
  await broker.createTopic({ name: "logs" });
  for (const number of [0, 1]) await append(broker, "orders", number, 1);
  return server;
}

const anonymous = (text: string): string => text.replaceAll(/[0-9a-f-]{36}/g, "(a UUID)");

const led = { leader: 1, replicas: [1], inSyncReplicas: [1] };

const orders =
  "orders: 2 partitions, 2 records, 160 B\n" +
  "id:     (a UUID)\n" +
  "config: fsync=never segment.ms=60000\n" +
  "partition  leader  start  end  records   size\n" +
  "        0       1      0    0        0    0 B\n" +
  "        1       1      0    2        2  160 B\n";
const logs =
  "logs: 1 partition, 0 records, 0 B\n" +
  "id:     (a UUID)\n" +
  "config: the broker's defaults\n" +
  "partition  leader  start  end  records  size\n" +
  "        0       1      0    0        0   0 B\n";

describe("topics with their partitions", () => {
  test.each([
    ["one", ["orders"], orders],
    ["some, in the order of their names as given", ["orders", "logs"], `${orders}\n${logs}`],
    ["all, sorted by name", [], `${logs}\n${orders}`],
  ])("%s", async (_, names, text) => {
    await using server = await withOrders();
    const { code, out } = await call(["topics", "describe", ...names, "--data", server.data]);
    expect(anonymous(out)).toBe(text);
    expect(code).toBe(0);
  });

  test("with every setting and where it comes from", async () => {
    await using server = await withOrders();
    const { out } = await call(["topics", "describe", "orders", "--all", "--data", server.data]);
    expect(out).toMatch(/^setting +value +from$/m);
    expect(out).toMatch(/^fsync +never +topic$/m);
    expect(out).toMatch(/^cleanup.policy +delete +default$/m);
  });

  test("with what the broker sets itself", async () => {
    await using server = await TestServer.start("--segment-bytes", "1MiB");
    await server.server.broker.createTopic({ name: "logs" });
    const { out } = await call(["topics", "describe", "logs", "--data", server.data]);
    expect(out).toContain("config: the broker's defaults\nbroker: segment.bytes=1048576\n");
  });

  test("for a script", async () => {
    await using server = await withOrders();
    const { out } = await call(["topics", "describe", "orders", "--json", "--data", server.data]);
    expect(JSON.parse(out)).toEqual([
      {
        name: "orders",
        id: server.server.broker.topic("orders")?.id,
        internal: false,
        config: expect.arrayContaining([
          { name: "cleanup.policy", value: "delete", source: "DEFAULT_CONFIG" },
          { name: "fsync", value: "never", source: "TOPIC_CONFIG" },
          { name: "segment.ms", value: "60000", source: "TOPIC_CONFIG" },
        ]),
        partitions: [
          { partition: 0, ...led, startOffset: 0, endOffset: 0, records: 0, bytes: 0 },
          { partition: 1, ...led, startOffset: 0, endOffset: 2, records: 2, bytes: 160 },
        ],
      },
    ]);
  });

  test("none at all", async () => {
    await using server = await TestServer.start();
    const args = ["topics", "describe", "--data", server.data];
    expect(await call(args)).toEqual({ code: 0, out: "no topics yet\n", error: "" });
  });
});

test("one that is not there is a failure, and nothing is shown of the others", async () => {
  await using server = await withOrders();
  const args = ["topics", "describe", "orders", "odrers", "--data", server.data];
  expect(await call(args)).toEqual({
    code: 1,
    out: "",
    error: 'obelisk topics describe: there is no topic "odrers"\n',
  });
});
