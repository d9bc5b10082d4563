import { describe, expect, test } from "bun:test";
import { Admin } from "../../../src/client/kafka/admin.ts";
import { Cluster } from "../../../src/client/kafka/cluster.ts";
import { TestServer } from "../../support/server.ts";

/** A real broker in this process, and an admin of it. */
class World implements AsyncDisposable {
  private constructor(
    readonly server: TestServer,
    readonly admin: Admin,
  ) {}

  static async open(): Promise<World> {
    const server = await TestServer.start();
    return new World(server, await Admin.open({ brokers: [server.kafkaAddress] }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.close();
    await this.server[Symbol.asyncDispose]();
  }
}

const codes = (outcomes: readonly { readonly error: { readonly code: string } | null }[]) =>
  outcomes.map(({ error }) => error?.code ?? null);

describe("an admin of a real broker", () => {
  test("sees the cluster, and where its logs are", async () => {
    await using world = await World.open();
    const { admin, server } = world;
    const { nodes, controllerId } = await admin.describeCluster();
    expect(nodes.map(({ nodeId }) => nodeId)).toEqual([controllerId]);
    await admin.createTopics([{ name: "orders", partitionCount: 2 }]);
    const [directory] = await admin.describeLogDirectories();
    expect(directory).toMatchObject({ nodeId: controllerId, error: null });
    expect(directory?.directory).toStartWith(server.data);
    expect(directory?.partitions.map(({ partition }) => partition)).toEqual([0, 1]);
    expect(directory?.usableBytes ?? 1).toBeGreaterThan(0);
  });

  test("makes topics, lists them, grows them and deletes them", async () => {
    await using world = await World.open();
    const { admin } = world;
    const made = await admin.createTopics([
      { name: "orders", partitionCount: 2, configs: { "retention.ms": "60000" } },
      { name: "bills" },
      { name: "no/name" },
      { name: "none", partitionCount: 0 },
    ]);
    expect(codes(made)).toEqual([null, null, "INVALID_TOPIC_EXCEPTION", "INVALID_PARTITIONS"]);
    expect(made[0]).toMatchObject({ name: "orders", partitionCount: 2, replicationFactor: 1 });
    expect(made[2]?.error?.message).toContain("creating topic no/name");
    const checked = await admin.createTopics([{ name: "ghost" }], { validateOnly: true });
    expect(codes(checked)).toEqual([null]);
    expect((await admin.listTopics()).map(({ name }) => name)).toEqual(["bills", "orders"]);
    expect(codes(await admin.addPartitions([{ name: "orders", count: 5 }]))).toEqual([null]);
    const described = await admin.describeTopics(["orders", "ghost"]);
    expect(described.map(({ partitions }) => partitions.length)).toEqual([5, 0]);
    expect(codes(described)).toEqual([null, "UNKNOWN_TOPIC_OR_PARTITION"]);
    expect(described[0]?.topicId).toBe(made[0]!.topicId!);
    const deleted = await admin.deleteTopics(["ghost", "orders"]);
    expect(codes(deleted)).toEqual(["UNKNOWN_TOPIC_OR_PARTITION", null]);
    expect((await admin.listTopics()).map(({ name }) => name)).toEqual(["bills"]);
  });

  test("survives a restart in the middle", async () => {
    await using world = await World.open();
    const { admin, server } = world;
    const address = server.kafkaAddress;
    await admin.createTopics([{ name: "orders" }]);
    await server.stop();
    const grown = admin.addPartitions([{ name: "orders", count: 3 }]);
    await server.start("--kafka-port", address.slice(address.lastIndexOf(":") + 1));
    expect(codes(await grown)).toEqual([null]);
    const [orders] = await admin.describeTopics(["orders"]);
    expect(orders?.partitions.length).toBe(3);
  });
});

test("an admin leaves a cluster open that is its caller's, and closes its own", async () => {
  await using server = await TestServer.start();
  const cluster = await Cluster.open({ brokers: [server.kafkaAddress] });
  const guest = await Admin.open({ cluster });
  await guest.close();
  expect((await cluster.describe()).nodes.length).toBe(1);
  await cluster.close();
  const owner = await Admin.open({ brokers: [server.kafkaAddress] });
  await owner.close();
  const late = owner.listTopics();
  expect(late).rejects.toMatchObject({ code: "CLOSED" });
  await late.catch(() => {});
});
