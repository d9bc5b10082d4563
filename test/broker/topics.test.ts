/** Stories of topics being asked for, created and deleted, often at once. */
import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { append, BrokerWorld, numbersOf } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

const codeOf = (answer: unknown): string =>
  answer instanceof Refusal ? answer.code : "not refused";

const namesOf = (broker: Broker): string[] => broker.topics().map(({ name }) => name);

describe("creating", () => {
  test("a topic has its partitions, its configuration and a new id, and takes records", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const config = { "segment.bytes": "65536" };
    const topic = unwrap(await broker.createTopic({ name: "orders", partitionCount: 3, config }));
    expect(broker.topic("orders")).toBe(topic);
    expect(topic.partitions.map(({ topic: name, index }) => `${name}/${index}`)).toEqual([
      "orders/0",
      "orders/1",
      "orders/2",
    ]);
    expect(topic.config.raw).toEqual(config);
    expect(topic.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await append(broker, "orders", 7, 2)).toBeNull();
    expect(await numbersOf(broker, "orders", 2)).toEqual([7]);
    await broker.close();
  });

  test("topics are listed by name, whatever the order of their creation", async () => {
    const broker = await new BrokerWorld().start();
    for (const name of ["users", "Orders", "clicks"]) unwrap(await broker.createTopic({ name }));
    expect(namesOf(broker)).toEqual(["Orders", "clicks", "users"]);
    await broker.deleteTopic("clicks");
    expect(namesOf(broker)).toEqual(["Orders", "users"]);
    await broker.close();
  });

  test("a name is taken once", async () => {
    const broker = await new BrokerWorld().start();
    unwrap(await broker.createTopic({ name: "orders" }));
    const refused = await broker.createTopic({ name: "orders", partitionCount: 5 });
    expect(String(refused)).toBe("TOPIC_ALREADY_EXISTS: topic orders exists already");
    await broker.close();
  });

  test("names that differ in . and _ only are not both given", async () => {
    const broker = await new BrokerWorld().start();
    unwrap(await broker.createTopic({ name: "user.events" }));
    const refused = await broker.createTopic({ name: "user_events" });
    expect(codeOf(refused)).toBe("INVALID_TOPIC_EXCEPTION");
    expect(String(refused)).toContain("differs from topic user.events");
    await broker.deleteTopic("user.events");
    unwrap(await broker.createTopic({ name: "user_events" }));
    await broker.close();
  });

  test("a name whose directory is there already is refused, and the directory is kept", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    // As on a file system that does not tell Orders and orders apart.
    await world.disk.makeDirectory("topics/orders/0");
    const refused = await broker.createTopic({ name: "orders" });
    expect(String(refused)).toMatch(
      /^INVALID_TOPIC_EXCEPTION: the directory topics\/orders exists/,
    );
    expect(world.rows).toEqual([]);
    expect(await world.listing()).toEqual(["orders"]);
    await broker.close();
  });

  test.each([
    [{ name: "a/b" }, "INVALID_TOPIC_EXCEPTION"],
    [{ name: "a", partitionCount: 0 }, "INVALID_PARTITIONS"],
    [{ name: "a", partitionCount: 10_001 }, "INVALID_PARTITIONS"],
    [{ name: "a", partitionCount: 1.5 }, "INVALID_PARTITIONS"],
    [{ name: "a", config: { "segment.bytes": "1" } }, "INVALID_CONFIG"],
    [{ name: "a", config: { "no.such": "1" } }, "INVALID_CONFIG"],
  ])("%p is refused as %s, and leaves nothing behind", async (wanted, code) => {
    const world = new BrokerWorld();
    const broker = await world.start();
    expect(codeOf(await broker.createTopic(wanted))).toBe(code);
    expect(broker.topics()).toEqual([]);
    expect(world.metadata.calls).toEqual([]);
    await broker.close();
  });

  test("partitions have a total, which failures and deletions give back", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, partitionsMax: 10 };
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "a", partitionCount: 6 }));
    const refused = await broker.createTopic({ name: "b", partitionCount: 5 });
    expect(codeOf(refused)).toBe("POLICY_VIOLATION");
    expect(String(refused)).toContain("there are 6, and 10 are allowed");
    world.disk.failNext("makeDirectory", "topics/b/2", "failed");
    expect(codeOf(await broker.createTopic({ name: "b", partitionCount: 4 }))).toBe(
      "KAFKA_STORAGE_ERROR",
    );
    unwrap(await broker.createTopic({ name: "b", partitionCount: 4 }));
    await broker.deleteTopic("a");
    unwrap(await broker.createTopic({ name: "c", partitionCount: 6 }));
    await broker.close();
  });

  test("two creations at once don't pass the total together", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, partitionsMax: 10 };
    const broker = await world.start();
    const answers = await Promise.all([
      broker.createTopic({ name: "a", partitionCount: 6 }),
      broker.createTopic({ name: "b", partitionCount: 6 }),
    ]);
    expect(answers.map(codeOf)).toEqual(["not refused", "POLICY_VIOLATION"]);
    await broker.close();
  });

  test("while the disk is nearly full no topic is created, and deleting goes on", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    world.disk.capacityBytes = 0;
    await broker.close();
    const next = world.next();
    const low = await next.start();
    expect(codeOf(await low.createTopic({ name: "users" }))).toBe("DISK_FULL");
    expect(codeOf(await append(low, "orders", 1))).toBe("DISK_FULL");
    expect(await low.deleteTopic("orders")).toBeNull();
    await low.close();
  });
});

describe("creations that fail", () => {
  test.each([
    ["makeDirectory", /^topics\/orders\/1$/, "KAFKA_STORAGE_ERROR"],
    ["syncDirectory", /^topics\/orders$/, "KAFKA_STORAGE_ERROR"],
  ] as const)(
    "by %s of %p leave nothing, and can be asked again",
    async (operation, path, code) => {
      const world = new BrokerWorld();
      const broker = await world.start();
      world.disk.failNext(operation, path, "failed");
      expect(codeOf(await broker.createTopic({ name: "orders", partitionCount: 2 }))).toBe(code);
      expect(broker.topic("orders")).toBeUndefined();
      expect(world.rows).toEqual([]);
      expect(await world.listing()).toEqual([]);
      unwrap(await broker.createTopic({ name: "orders", partitionCount: 2 }));
      expect(await append(broker, "orders", 1)).toBeNull();
      await broker.close();
    },
  );

  test("by a full disk say so", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    world.disk.failNext("makeDirectory", "topics/orders/0", "full");
    expect(codeOf(await broker.createTopic({ name: "orders" }))).toBe("DISK_FULL");
    await broker.close();
  });

  test("by one log close the others and leave nothing", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const open = world.openLog;
    const closed: string[] = [];
    world.openLog = async (directory, config) => {
      if (directory === "topics/orders/1") return new Refusal("KAFKA_STORAGE_ERROR", "no luck");
      const log = unwrap(await open(directory, config));
      const close = log.close.bind(log);
      log.close = () => {
        closed.push(directory);
        return close();
      };
      return log;
    };
    const refused = await broker.createTopic({ name: "orders", partitionCount: 3 });
    expect(String(refused)).toBe("KAFKA_STORAGE_ERROR: no luck");
    expect(closed.sort()).toEqual(["topics/orders/0", "topics/orders/2"]);
    expect(world.rows).toEqual([]);
    await broker.close();
  });

  test("and cannot be undone keep the name until they can", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const mend = world.disk.failNext("rename", "topics/orders", "failed", { forever: true });
    world.disk.failNext("makeDirectory", "topics/orders/0", "failed");
    world.disk.makeDirectory("topics/orders/1").catch(() => {});
    await broker.close();

    const next = world.next();
    expect(await next.listing()).toEqual(["orders"]);
    mend();
  });
});
