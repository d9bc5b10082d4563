/** Stories of topics, and of the broker, being changed: more partitions, other configurations. */
import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import type { Topic } from "../../src/broker/broker.ts";
import type { ConfigChange } from "../../src/broker/config-change.ts";
import { batchOf } from "../support/batches.ts";
import { append, BrokerWorld, numbersOf } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";
import { turns } from "../support/until.ts";

const codeOf = (answer: unknown): string =>
  answer instanceof Refusal ? answer.code : "not refused";

describe("planning", () => {
  test("says what a topic would be, and makes none", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const plan = unwrap(broker.planTopic({ name: "orders", config: { "segment.ms": "1000" } }));
    expect(plan).toMatchObject({ name: "orders", partitionCount: 1 });
    expect(plan.config.raw).toEqual({ "segment.ms": "1000" });
    expect(broker.topics()).toEqual([]);
    expect(world.metadata.calls).toEqual([]);
    await broker.close();
  });

  test.each([
    ["INVALID_TOPIC_EXCEPTION", { name: "a/b" }],
    ["INVALID_TOPIC_EXCEPTION", { name: "or_ders" }],
    ["INVALID_PARTITIONS", { name: "a", partitionCount: 0 }],
    ["INVALID_CONFIG", { name: "a", config: { "no.such": "1" } }],
    ["POLICY_VIOLATION", { name: "a", partitionCount: 1000 }],
    ["TOPIC_ALREADY_EXISTS", { name: "or.ders" }],
  ])("refuses with %s what creating would refuse: %p", async (code, wanted) => {
    const broker = await new BrokerWorld().start();
    unwrap(await broker.createTopic({ name: "or.ders" }));
    expect(codeOf(broker.planTopic(wanted))).toBe(code);
    expect(codeOf(await broker.createTopic(wanted))).toBe(code);
    await broker.close();
  });
});

describe("more partitions", () => {
  test("come behind those there are, take records, and are there after a restart", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const topic = unwrap(await broker.createTopic({ name: "orders", partitionCount: 2 }));
    await append(broker, "orders", 1);
    const [first] = topic.partitions;
    expect(await broker.createPartitions("orders", 5)).toBeNull();
    expect(broker.topic("orders")).toBe(topic);
    expect(topic.partitions.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(topic.partitions[0]).toBe(first);
    expect(await append(broker, "orders", 7, 4)).toBeNull();
    await broker.close();
    const next = world.next();
    const again = await next.start();
    expect(again.topic("orders")?.partitions).toHaveLength(5);
    expect(await numbersOf(again, "orders", 4)).toEqual([7]);
    expect(await numbersOf(again, "orders")).toEqual([1]);
    expect(next.complaints).toEqual([]);
    await again.close();
  });

  test.each([
    ["as many", 3, "INVALID_PARTITIONS", "topic orders has 3 partitions already: 3 are not more"],
    ["less", 2, "INVALID_PARTITIONS", "topic orders has 3 partitions already: 2 are not more"],
    ["none", 0, "INVALID_PARTITIONS", "a topic has 1 to 10000 partitions, not 0"],
    ["too many for a topic", 10_001, "INVALID_PARTITIONS", "a topic has 1 to 10000"],
    ["too many for the broker", 1001, "POLICY_VIOLATION", "998 more partitions would be too many"],
  ])("%s: refused, and nothing changes", async (_, count, code, message) => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders", partitionCount: 3 }));
    const calls = [...world.metadata.calls];
    const refused = await broker.createPartitions("orders", count);
    expect(refused).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(world.metadata.calls).toEqual(calls);
    await broker.close();
  });

  test("of a topic that is not there are refused", async () => {
    const broker = await new BrokerWorld().start();
    expect(codeOf(await broker.createPartitions("orders", 3))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    await broker.close();
  });

  test("can be asked about without being made", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    const only = { validateOnly: true };
    expect(await broker.createPartitions("orders", 3, only)).toBeNull();
    expect(codeOf(await broker.createPartitions("orders", 1, only))).toBe("INVALID_PARTITIONS");
    expect(broker.topic("orders")?.partitions).toHaveLength(1);
    await broker.close();
  });

  test("count to the total, and those that could not be made don't", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, partitionsMax: 10 };
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    world.disk.failNext("makeDirectory", "topics/orders/7", "failed");
    expect(codeOf(await broker.createPartitions("orders", 10))).toBe("KAFKA_STORAGE_ERROR");
    expect(broker.topic("orders")?.partitions).toHaveLength(1);
    expect(await append(broker, "orders", 1)).toBeNull();
    expect(await broker.createPartitions("orders", 10)).toBeNull();
    expect(codeOf(await broker.createTopic({ name: "users" }))).toBe("POLICY_VIOLATION");
    await broker.deleteTopic("orders");
    unwrap(await broker.createTopic({ name: "users", partitionCount: 10 }));
    await broker.close();
  });

  test("are all there, or none of them, wherever the machine stops", async () => {
    for (let stop = 0; ; stop++) {
      const world = new BrokerWorld();
      const broker = await world.start();
      unwrap(await broker.createTopic({ name: "orders" }));
      await append(broker, "orders", 1);
      world.disk.haltAt(world.disk.operations.length + stop);
      const answer = await Promise.race([broker.createPartitions("orders", 3), turns(20)]);
      const next = world.crash({ keep: "synced" });
      const again = await next.start();
      const count = again.topic("orders")?.partitions.length;
      expect(answer === null ? [3] : [1, 3]).toContain(count ?? 0);
      expect(next.complaints).toEqual([]);
      expect(await numbersOf(again, "orders")).toEqual([1]);
      expect((await again.createPartitions("orders", 4))?.code).toBeUndefined();
      expect(await append(again, "orders", 2, 3)).toBeNull();
      await again.close();
      if (answer === null) break;
    }
  });

  test("whose number the metadata refuses are not seen", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    const broken = new Refusal("KAFKA_STORAGE_ERROR", "metadata obelisk.db: disk I/O error");
    world.metadata.fate = () => broken;
    expect(await broker.createPartitions("orders", 3)).toBe(broken);
    expect(broker.topic("orders")?.partitions).toHaveLength(1);
    world.metadata.fate = () => "go on";
    expect(await broker.createPartitions("orders", 3)).toBeNull();
    await broker.close();
  });
});

const set = (name: string, value: string): ConfigChange => ({
  kind: "incremental",
  configs: [{ name, configOperation: "SET", value }],
});

describe("a topic's configuration", () => {
  test("changes durably, and for the next batch", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const topic = unwrap(await broker.createTopic({ name: "orders" }));
    expect(await broker.alterTopicConfig("orders", set("max.message.bytes", "100"))).toBeNull();
    const large = batchOf({ first: 0, valueBytes: 200 });
    expect(codeOf(topic.partitions[0]?.append(large))).toBe("MESSAGE_TOO_LARGE");
    expect(codeOf(await topic.partitions[0]?.produce(large))).toBe("MESSAGE_TOO_LARGE");
    await broker.close();
    const again = await world.next().start();
    expect(again.topic("orders")?.config.raw).toEqual({ "max.message.bytes": "100" });
    await again.close();
  });

  test("reaches the log: segments end, and appends are durable, as it says from then on", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const config = { fsync: "never" };
    unwrap(await broker.createTopic({ name: "orders", config }));
    for (let at = 0; at < 10; at++) await append(broker, "orders", at);
    const change: ConfigChange = {
      kind: "replace",
      configs: [{ name: "segment.ms", value: "1000" }],
    };
    expect(await broker.alterTopicConfig("orders", change)).toBeNull();
    world.clock.advance(1001);
    await append(broker, "orders", 10);
    const next = world.crash({ keep: "synced" });
    const again = await next.start();
    expect(await numbersOf(again, "orders")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const names = (await next.disk.list("topics/orders/0")).map(({ name }) => name);
    expect(names.filter((name) => name.endsWith(".log"))).toHaveLength(2);
    await again.close();
  });

  test("is refused, and stays, where it is not allowed", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    const calls = world.metadata.calls.length;
    const refused = await broker.alterTopicConfig("orders", set("segment.bytes", "1"));
    expect(codeOf(refused)).toBe("INVALID_CONFIG");
    expect(codeOf(await broker.alterTopicConfig("users", set("segment.ms", "1")))).toBe(
      "UNKNOWN_TOPIC_OR_PARTITION",
    );
    const only = { validateOnly: true };
    expect(await broker.alterTopicConfig("orders", set("segment.ms", "9"), only)).toBeNull();
    expect(world.metadata.calls).toHaveLength(calls);
    expect(broker.topic("orders")?.config.raw).toEqual({});
    await broker.close();
  });

  test("that the metadata refuses has not changed", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    const full = new Refusal("DISK_FULL", "metadata obelisk.db: database or disk is full");
    world.metadata.fate = () => full;
    expect(await broker.alterTopicConfig("orders", set("max.message.bytes", "100"))).toBe(full);
    expect(await append(broker, "orders", 1)).toBeNull();
    expect(broker.topic("orders")?.config.raw).toEqual({});
    await broker.close();
  });

  test("is described with all there is, also of the broker", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, facts: { "node.id": "1" } };
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders", config: { "segment.ms": "1000" } }));
    const entries = unwrap(broker.describeTopicConfig("orders"));
    expect(entries.find(({ name }) => name === "segment.ms")?.value).toBe("1000");
    expect(codeOf(broker.describeTopicConfig("users"))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    const own = new Map(broker.describeBrokerConfig().map(({ name, value }) => [name, value]));
    expect(own.get("num.partitions")).toBe("1");
    expect(own.get("auto.create.topics.enable")).toBe("true");
    expect(own.get("node.id")).toBe("1");
    expect(own.get("log.roll.ms")).toBe("604800000");
    await broker.close();
  });
});

describe("the broker's configuration", () => {
  test("is followed by topics that don't say, now and after a restart", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const own = { "max.message.bytes": "500" };
    const silent = unwrap(await broker.createTopic({ name: "silent" }));
    const loud = unwrap(await broker.createTopic({ name: "loud", config: own }));
    expect(await broker.alterBrokerConfig(set("message.max.bytes", "100"))).toBeNull();
    const sizes = (...topics: (Topic | undefined)[]) =>
      topics.map((topic) => topic?.config.values["max.message.bytes"]);
    expect(sizes(silent, loud)).toEqual([100, 500]);
    expect(sizes(unwrap(await broker.createTopic({ name: "new" })))).toEqual([100]);
    expect(codeOf(silent.partitions[0]?.append(batchOf({ first: 0, valueBytes: 100 })))).toBe(
      "MESSAGE_TOO_LARGE",
    );
    expect(broker.describeBrokerDefaults().map(({ name }) => name)).toEqual(["message.max.bytes"]);
    await broker.close();
    const again = await world.next().start();
    expect(sizes(again.topic("silent"), again.topic("loud"))).toEqual([100, 500]);
    await again.close();
  });

  test("also by a topic that was being created meanwhile", async () => {
    const broker = await new BrokerWorld().start();
    const [created] = await Promise.all([
      broker.createTopic({ name: "orders" }),
      broker.alterBrokerConfig(set("message.max.bytes", "100")),
    ]);
    expect(unwrap(created).config.values["max.message.bytes"]).toBe(100);
    await broker.close();
  });

  test("is refused, and stays, where it is not allowed or the metadata refuses", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const refused = [
      await broker.alterBrokerConfig(set("num.partitions", "7")),
      await broker.alterBrokerConfig(set("log.segment.bytes", "1")),
    ];
    expect(refused.map(codeOf)).toEqual(["INVALID_REQUEST", "INVALID_CONFIG"]);
    const only = { validateOnly: true };
    expect(await broker.alterBrokerConfig(set("log.roll.ms", "5"), only)).toBeNull();
    expect(world.metadata.calls).toEqual([]);
    world.metadata.fate = () => new Refusal("DISK_FULL", "no room");
    expect(codeOf(await broker.alterBrokerConfig(set("log.roll.ms", "5")))).toBe("DISK_FULL");
    expect(broker.describeBrokerDefaults()).toEqual([]);
    await broker.close();
  });
});

describe("who remembers a topic by its name", () => {
  test("forgets it before another one may have the name, also at a start", async () => {
    const world = new BrokerWorld();
    const forgotten: string[] = [];
    world.forgetTopic = (name) => {
      forgotten.push(`${name}, rows ${world.rows.join(", ")}`);
      return Promise.resolve(null);
    };
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    await broker.deleteTopic("orders");
    expect(forgotten).toEqual(["orders, rows orders deleting"]);
    unwrap(await broker.createTopic({ name: "users" }));
    world.metadata.fate = (call) => (call === "remove users" ? "stop before" : "go on");
    void broker.deleteTopic("users");
    await turns(20);
    const next = world.crash({ keep: "all" });
    next.forgetTopic = (name) => {
      forgotten.push(name);
      return Promise.resolve(null);
    };
    await (await next.start()).close();
    expect(forgotten.slice(2)).toEqual(["users"]);
  });

  test("and can't, keeps the name taken until it can", async () => {
    const world = new BrokerWorld();
    const broken = new Refusal("KAFKA_STORAGE_ERROR", "groups: disk I/O error");
    let answer: Refusal | null = broken;
    world.forgetTopic = () => Promise.resolve(answer);
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    expect(await broker.deleteTopic("orders")).toBeNull();
    expect(await broker.createTopic({ name: "orders" })).toBe(broken);
    answer = null;
    unwrap(await broker.createTopic({ name: "orders" }));
    await broker.close();
  });
});

test("an identity for a producer is given until the broker stops", async () => {
  const broker = await new BrokerWorld().start();
  const none = { producerId: -1, producerEpoch: -1 };
  const ids = [await broker.initProducerId(none), await broker.initProducerId(none)];
  expect(new Set(ids.map((id) => unwrap(id).producerId)).size).toBe(2);
  await broker.close();
  expect(codeOf(await broker.initProducerId(none))).toBe("SHUTTING_DOWN");
});

test("what may still be written is known, above the reserve", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  world.disk.capacityBytes = world.settings.diskReserveBytes + 1000;
  expect(await broker.volume()).toMatchObject({ usableBytes: 1000 });
  world.disk.failNext("volume", /^/, "failed");
  expect(await broker.volume()).toBeNull();
  await broker.close();
});
