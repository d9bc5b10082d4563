import { describe, expect, test } from "bun:test";
import { metadataOf, sumOf, topicFacts, totalsOf } from "../../src/cli/topic-facts.ts";
import { Admin } from "../../src/client/kafka/admin.ts";
import { errors } from "../../src/kafka/errors.ts";
import { FakeAdminWorld } from "../support/admin-world.ts";
import { GroupWorld } from "../support/group-world.ts";

const never = (message: string): never => {
  throw new Error(`a warning: ${message}`);
};

describe("topics of a real broker", () => {
  test("are all there are, by name, or those that are named", async () => {
    await using world = await GroupWorld.open();
    const { admin } = world.inner;
    await admin.createTopics([{ name: "logs" }]);
    const namesOf = async (names: readonly string[] | null): Promise<string[]> =>
      (await topicFacts(admin, names, never)).map(({ name }) => name);
    expect(await namesOf(null)).toEqual(["logs", "orders"]);
    expect(await namesOf(["orders", "logs"])).toEqual(["orders", "logs"]);
    expect(await namesOf([])).toEqual([]);
  });

  test("have what each partition has", async () => {
    await using world = await GroupWorld.open();
    const { admin, server } = world.inner;
    await admin.deleteRecords([{ topic: "orders", partition: 0, beforeOffset: 3 }]);
    const [topic] = await topicFacts(admin, ["orders"], never);
    const log = server.server.broker.topic("orders")?.partitions[0]?.log;
    expect(topic?.partitions[0]).toEqual({
      partition: 0,
      leader: 1,
      replicas: [1],
      inSyncReplicas: [1],
      startOffset: 3,
      endOffset: 10,
      records: 7,
      bytes: log?.sizeBytes ?? 0,
    });
    expect(topic?.isInternal).toBeFalse();
  });

  test("that are not there are told by name", async () => {
    await using world = await GroupWorld.open();
    await expect(metadataOf(world.inner.admin, ["orders", "o\x1bdrers"])).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
      message: 'there is no topic "o\\u001bdrers"',
    });
  });
});

/** Brokers of a Kafka that say nothing of one thing or another; one partition has no leader. */
async function kafka(): Promise<FakeAdminWorld> {
  const world = await FakeAdminWorld.open();
  const { network, one, two } = world;
  for (const broker of [one, two]) {
    broker.on("Metadata", () => ({
      ...network.metadata(),
      topics: [
        {
          name: "orders",
          isInternal: true,
          partitions: [
            { partitionIndex: 0, leaderId: 1, replicaNodes: [1, 2], isrNodes: [1] },
            { partitionIndex: 1, leaderId: -1, replicaNodes: [2] },
          ],
        },
      ],
    }));
    broker.on("ListOffsets", ({ topics }) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => ({
          partitionIndex,
          offset: timestamp === -2 ? 5 : 12,
        })),
      })),
    }));
    const size = broker === one ? 70 : 60;
    broker.on("DescribeLogDirs", () => ({
      results: [
        {
          topics: [
            {
              name: "orders",
              partitions: [
                { partitionIndex: 0, partitionSize: size },
                { partitionIndex: 0, partitionSize: 9, isFutureKey: true },
                { partitionIndex: 1, partitionSize: size },
              ],
            },
          ],
        },
      ],
    }));
  }
  return world;
}

describe("topics of a cluster", () => {
  test("have the size that their leader has; without one, nothing is known", async () => {
    await using world = await kafka();
    const admin = await Admin.open({ cluster: world.cluster });
    const [topic] = await world.done(topicFacts(admin, ["orders"], never));
    if (topic === undefined) throw new Error("there is no topic");
    expect(topic).toMatchObject({ id: null, isInternal: true });
    expect(topic.partitions).toMatchObject([
      { leader: 1, replicas: [1, 2], inSyncReplicas: [1], records: 7, bytes: 70 },
      { leader: null, startOffset: null, endOffset: null, records: null, bytes: null },
    ]);
    expect(totalsOf(topic)).toEqual({ partitions: 2, records: null, bytes: null });
  });

  test("have no size where this client may not ask", async () => {
    await using world = await kafka();
    const { code: errorCode } = errors.CLUSTER_AUTHORIZATION_FAILED;
    for (const broker of [world.one, world.two]) {
      broker.on("DescribeLogDirs", () => ({ errorCode }));
    }
    const admin = await Admin.open({ cluster: world.cluster });
    const [topic] = await world.done(topicFacts(admin, null, never));
    expect(topic?.partitions[0]).toMatchObject({ records: 7, bytes: null });
  });

  test("have unknown offsets where they are refused, and why is told once", async () => {
    await using world = await kafka();
    const { code: errorCode } = errors.TOPIC_AUTHORIZATION_FAILED;
    world.one.on("ListOffsets", ({ topics }) => ({
      topics: topics.map(({ name }) => ({ name, partitions: [{ partitionIndex: 0, errorCode }] })),
    }));
    const admin = await Admin.open({ cluster: world.cluster });
    const warnings: string[] = [];
    const asked = topicFacts(admin, null, (message) => void warnings.push(message));
    const [topic] = await world.done(asked);
    expect(topic?.partitions[0]).toMatchObject({ startOffset: null, records: null, bytes: 70 });
    expect(new Set(warnings).size).toBe(1);
    expect(warnings[0]).toContain("orders/0");
  });
});

test("a sum with something unknown is unknown", () => {
  expect(sumOf([])).toBe(0);
  expect(sumOf([1, 2])).toBe(3);
  expect(sumOf([1, null])).toBeNull();
});
