import { describe, expect, test } from "bun:test";
import { apis } from "../../../src/kafka/apis.ts";
import { noUuid } from "../../../src/wire/table.ts";
import { KafkaWorld, named, readAs } from "../../support/kafka-world.ts";

describe("ApiVersions", () => {
  test("names every API with the versions that are advertised", async () => {
    const world = await KafkaWorld.open();
    const who = { clientSoftwareName: "apache-kafka-java", clientSoftwareVersion: "4.2.1" };
    const answer = await world.connect().request("ApiVersions", 4, who);
    expect(named(answer.errorCode)).toBe("NONE");
    expect(answer.apiKeys).toHaveLength(Object.keys(apis).length);
    expect(answer.apiKeys[0]).toEqual({ apiKey: 0, minVersion: 0, maxVersion: 13 });
    expect(answer.finalizedFeatures).toEqual([]);
    await world.close();
  });

  test.each([5, 99])(
    "in version %d, which nobody has, is answered in version 0",
    async (version) => {
      const world = await KafkaWorld.open();
      const peer = world.connect();
      const frame = peer.frame("ApiVersions", 4, {});
      new DataView(frame.buffer, frame.byteOffset).setInt16(2, version);
      peer.receive(frame);
      const bytes = peer.answered[0]?.bytes ?? new Uint8Array(0);
      const answer = readAs(apis.ApiVersions, 0, bytes) as {
        errorCode: number;
        apiKeys: readonly unknown[];
      };
      expect(named(answer.errorCode)).toBe("UNSUPPORTED_VERSION");
      expect(answer.apiKeys).toContainEqual({ apiKey: 18, minVersion: 0, maxVersion: 4 });
      expect(peer.closedFor).toBeNull();
      await world.close();
    },
  );

  test.each([
    ["a", "1", "NONE"],
    ["a-b.c", "1.2-rc", "NONE"],
    ["", "1", "INVALID_REQUEST"],
    ["a", "", "INVALID_REQUEST"],
    ["-a", "1", "INVALID_REQUEST"],
    ["a b", "1", "INVALID_REQUEST"],
    ["a", "1.", "INVALID_REQUEST"],
  ])("of a client %j in version %j is %s", async (name, version, error) => {
    const world = await KafkaWorld.open();
    const who = { clientSoftwareName: name, clientSoftwareVersion: version };
    const answer = await world.connect().request("ApiVersions", 3, who);
    expect(named(answer.errorCode)).toBe(error);
    expect(answer.apiKeys.length > 0).toBe(error === "NONE");
    await world.close();
  });
});

describe("Metadata", () => {
  test("says where this broker is, which leads everything", async () => {
    const world = await KafkaWorld.open();
    const id = await world.topic("t", 2);
    const answer = await world.connect().request("Metadata", 13, { topics: [{ name: "t" }] });
    expect(answer).toMatchObject({
      brokers: [{ nodeId: 1, host: "broker.test", port: 9092, rack: null }],
      clusterId: "cluster-of-tests-12345",
      controllerId: 1,
      topics: [{ errorCode: 0, name: "t", topicId: id, isInternal: false }],
    });
    expect(answer.topics[0]?.partitions[1]).toMatchObject({
      errorCode: 0,
      partitionIndex: 1,
      leaderId: 1,
      leaderEpoch: 0,
      replicaNodes: [1],
      isrNodes: [1],
      offlineReplicas: [],
    });
    await world.close();
  });

  test("of all topics is asked for by none in version 0, and by null afterwards", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a");
    await world.topic("b");
    const peer = world.connect();
    const count = async (version: number, topics: [] | null): Promise<number> =>
      (await peer.request("Metadata", version, { topics })).topics.length;
    expect(await count(0, [])).toBe(2);
    expect(await count(1, [])).toBe(0);
    expect(await count(1, null)).toBe(2);
    expect(await count(13, [])).toBe(0);
    expect(await count(13, null)).toBe(2);
    await world.close();
  });

  test("creates what is missing, at once, if request and broker allow it", async () => {
    const world = await KafkaWorld.open({ partitionCount: 3 });
    const peer = world.connect();
    const ask = (allowAutoTopicCreation: boolean) =>
      peer.request("Metadata", 9, { allowAutoTopicCreation, topics: [{ name: "new" }] });
    expect((await ask(false)).topics[0]).toMatchObject({ errorCode: 3, partitions: [] });
    expect((await ask(true)).topics[0]).toMatchObject({ errorCode: 0, name: "new" });
    expect((await ask(false)).topics[0]?.partitions).toHaveLength(3);
    await world.close();
  });

  test("creates many topics, and says of each what became of it", async () => {
    const world = await KafkaWorld.open({ partitionsMax: 20 });
    const topics = Array.from({ length: 40 }, (_, index) => ({ name: `t${index}` }));
    const answer = await world.connect().request("Metadata", 4, { topics });
    expect(answer.topics.map(({ name }) => name)).toEqual(topics.map(({ name }) => name));
    const codes = answer.topics.map(({ errorCode }) => named(errorCode));
    expect(codes.filter((code) => code === "NONE")).toHaveLength(20);
    expect(codes.filter((code) => code === "POLICY_VIOLATION")).toHaveLength(20);
    await world.close();
  });

  test.each([
    ["a name that no topic may have", true, "a b", "INVALID_TOPIC_EXCEPTION"],
    ["a topic where none is created", false, "new", "UNKNOWN_TOPIC_OR_PARTITION"],
  ])("of %s has an error", async (_what, autoCreateTopics, name, error) => {
    const world = await KafkaWorld.open({ autoCreateTopics });
    const answer = await world.connect().request("Metadata", 9, { topics: [{ name }] });
    expect(answer.topics[0]).toMatchObject({ name, topicId: noUuid });
    expect(named(answer.topics[0]?.errorCode ?? 0)).toBe(error);
    await world.close();
  });

  test("is asked for by id from version 12 on", async () => {
    const world = await KafkaWorld.open();
    const topicId = await world.topic("t");
    const other = "00000000-0000-0000-0000-00000000000f";
    const peer = world.connect();
    const topics = [{ name: null, topicId }, { name: null, topicId: other }, { name: "t" }];
    const answer = await peer.request("Metadata", 12, { topics });
    expect(answer.topics).toMatchObject([
      { errorCode: 0, name: "t", topicId },
      { errorCode: 100, name: null, topicId: other },
      { errorCode: 0, name: "t", topicId },
    ]);
    const early = await peer.request("Metadata", 10, { topics: topics.slice(0, 1) });
    expect(early.topics.map(({ errorCode }) => named(errorCode))).toEqual(["INVALID_REQUEST"]);
    await world.close();
  });

  test("says what may be done only if it is asked", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const ask = (isAsked: boolean) =>
      peer.request("Metadata", 9, {
        topics: [{ name: "t" }],
        includeClusterAuthorizedOperations: isAsked,
        includeTopicAuthorizedOperations: isAsked,
      });
    const silent = await ask(false);
    expect(silent.clusterAuthorizedOperations).toBe(-0x8000_0000);
    expect(silent.topics[0]?.topicAuthorizedOperations).toBe(-0x8000_0000);
    const told = await ask(true);
    expect(told.clusterAuthorizedOperations).toBe(0b1_1111_1010_0000);
    expect(told.topics[0]?.topicAuthorizedOperations).toBe(0b1101_1111_1000);
    await world.close();
  });
});

describe("DescribeCluster", () => {
  test("describes the brokers, and no controllers", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    expect(await peer.request("DescribeCluster", 2, { endpointType: 1 })).toMatchObject({
      errorCode: 0,
      clusterId: "cluster-of-tests-12345",
      controllerId: 1,
      brokers: [{ brokerId: 1, host: "broker.test", port: 9092, isFenced: false }],
    });
    const other = await peer.request("DescribeCluster", 1, { endpointType: 2 });
    expect(named(other.errorCode)).toBe("UNSUPPORTED_ENDPOINT_TYPE");
    expect(other.brokers).toEqual([]);
    await world.close();
  });
});

describe("DescribeTopicPartitions", () => {
  test("goes through all topics page by page, and misses none", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a", 3);
    await world.topic("b", 1);
    await world.topic("c", 5);
    const peer = world.connect();
    const seen: string[] = [];
    let cursor: { topicName: string; partitionIndex: number } | null = null;
    let pages = 0;
    do {
      const page: Awaited<ReturnType<typeof peer.request<"DescribeTopicPartitions">>> =
        await peer.request("DescribeTopicPartitions", 0, { responsePartitionLimit: 2, cursor });
      for (const { name, partitions } of page.topics) {
        seen.push(...partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`));
      }
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== null);
    expect(seen).toEqual(["a-0", "a-1", "a-2", "b-0", "c-0", "c-1", "c-2", "c-3", "c-4"]);
    expect(pages).toBe(5);
    await world.close();
  });

  test("names topics once, in order, and those that are missing with an error", async () => {
    const world = await KafkaWorld.open();
    await world.topic("b");
    const answer = await world.connect().request("DescribeTopicPartitions", 0, {
      topics: [{ name: "c" }, { name: "b" }, { name: "b" }, { name: "a" }],
    });
    expect(answer.topics.map(({ name, errorCode }) => [name, named(errorCode)])).toEqual([
      ["a", "UNKNOWN_TOPIC_OR_PARTITION"],
      ["b", "NONE"],
      ["c", "UNKNOWN_TOPIC_OR_PARTITION"],
    ]);
    expect(answer.nextCursor).toBeNull();
    await world.close();
  });

  test("goes on behind a topic that was deleted between two pages", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a", 2);
    await world.topic("b", 1);
    const peer = world.connect();
    await world.broker.deleteTopic("a");
    const cursor = { topicName: "a", partitionIndex: 1 };
    const answer = await peer.request("DescribeTopicPartitions", 0, { cursor });
    expect(answer.topics.map(({ name }) => name)).toEqual(["b"]);
    await world.close();
  });
});

describe("FindCoordinator", () => {
  test("finds this broker for any group, one at a time or many", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    expect(await peer.request("FindCoordinator", 0, { key: "g" })).toMatchObject({
      errorCode: 0,
      nodeId: 1,
      host: "broker.test",
      port: 9092,
    });
    const many = await peer.request("FindCoordinator", 6, { coordinatorKeys: ["g", "h"] });
    expect(many.coordinators).toMatchObject([
      { key: "g", nodeId: 1, host: "broker.test", port: 9092, errorCode: 0 },
      { key: "h", nodeId: 1, host: "broker.test", port: 9092, errorCode: 0 },
    ]);
    await world.close();
  });

  test.each([
    [1, 53, "transactions are not served by this broker"],
    [2, 42, "share groups are not served by this broker"],
    [7, 42, "coordinators of type 7 are not served by this broker"],
  ])("of type %d says why there is none", async (keyType, oldCode, errorMessage) => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const one = await peer.request("FindCoordinator", 2, { key: "x", keyType });
    expect(one).toMatchObject({ errorCode: oldCode, errorMessage, nodeId: -1 });
    const many = await peer.request("FindCoordinator", 4, { coordinatorKeys: ["x"], keyType });
    expect(many.coordinators).toMatchObject([{ errorCode: 42, errorMessage, nodeId: -1 }]);
    await world.close();
  });
});
