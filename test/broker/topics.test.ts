/** Stories of topics being asked for, created and deleted, often at once. */
import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { logsOpeningMax, topicRemovalRetryMs, topicsCreatingMax } from "../../src/limits.ts";
import { append, BrokerWorld, numbersOf } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

const codeOf = (answer: unknown): string =>
  answer instanceof Refusal ? answer.code : "not refused";

/** Everything of the fakes happens in microtasks: after them all is done that can be. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const namesOf = (broker: Broker): string[] => broker.topics().map(({ name }) => name);

describe("creating", () => {
  test("a topic has its partitions, its configuration and an id, and takes records", async () => {
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

  test("a name whose directory is there is refused, and the directory is kept", async () => {
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
    ["a bad name", "INVALID_TOPIC_EXCEPTION", { name: "a/b" }],
    ["no partitions", "INVALID_PARTITIONS", { name: "a", partitionCount: 0 }],
    ["too many partitions", "INVALID_PARTITIONS", { name: "a", partitionCount: 10_001 }],
    ["half a partition", "INVALID_PARTITIONS", { name: "a", partitionCount: 1.5 }],
    ["a bad value", "INVALID_CONFIG", { name: "a", config: { "segment.bytes": "1" } }],
    ["an unknown configuration", "INVALID_CONFIG", { name: "a", config: { "no.such": "1" } }],
  ])("with %s is refused as %s, and leaves nothing behind", async (_, code, wanted) => {
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

  test("partitions of a topic that is not removed yet count until it is", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, partitionsMax: 10 };
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "a", partitionCount: 6 }));
    const mend = world.disk.failNext("rename", "topics/a", "failed", { forever: true });
    expect(await broker.deleteTopic("a")).toBeNull();
    const wanted = { name: "b", partitionCount: 6 };
    expect(codeOf(await broker.createTopic(wanted))).toBe("POLICY_VIOLATION");
    await broker.close();

    const next = world.next();
    const mendNext = next.disk.failNext("rename", "topics/a", "failed", { forever: true });
    const again = await next.start();
    expect(codeOf(await again.createTopic(wanted))).toBe("POLICY_VIOLATION");
    mend();
    mendNext();
    next.clock.advance(topicRemovalRetryMs);
    await turn();
    expect(await next.listing()).toEqual([]);
    unwrap(await again.createTopic(wanted));
    await again.close();
    expect(next.clock.pending).toBe(0);
  });

  test("many at once make few directories at a time, all topics together", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const gate = world.disk.hold("makeDirectory");
    const names = Array.from({ length: 100 }, (_, number) => `t${number}`);
    const all = names.map((name) => broker.createTopic({ name, partitionCount: 3 }));
    await turn();
    expect(gate.waiting).toBeGreaterThan(0);
    expect(gate.waiting).toBeLessThanOrEqual(logsOpeningMax);
    expect(world.rows.length).toBe(topicsCreatingMax);
    gate.release();
    for (const topic of await Promise.all(all)) unwrap(topic);
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
    await append(broker, "orders", 1);
    world.disk.capacityBytes = 0;
    await broker.close();
    const next = world.next();
    const low = await next.start();
    expect(codeOf(await low.createTopic({ name: "users" }))).toBe("DISK_FULL");
    expect(codeOf(await append(low, "orders", 2))).toBe("DISK_FULL");
    expect(await numbersOf(low, "orders")).toEqual([1]);
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
    world.disk.failNext("makeDirectory", "topics/orders/1", "failed");
    const wanted = { name: "orders", partitionCount: 2 };
    expect(String(await broker.createTopic(wanted))).toContain("makeDirectory topics/orders/1");
    expect(world.rows).toEqual(["orders deleting"]);
    expect(String(await broker.createTopic(wanted))).toContain("rename topics/orders");
    expect(world.complaints).toEqual(["topic not removed yet"]);
    mend();
    unwrap(await broker.createTopic(wanted));
    expect(world.rows).toEqual(["orders ready"]);
    expect(await world.listing()).toEqual(["orders"]);
    await broker.close();
  });

  test("because the metadata refuses pass its reason on", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const broken = new Refusal("KAFKA_STORAGE_ERROR", "metadata obelisk.db: disk I/O error");
    world.metadata.fate = (call) => (call === "set orders ready" ? broken : "go on");
    expect(await broker.createTopic({ name: "orders" })).toBe(broken);
    expect(broker.topic("orders")).toBeUndefined();
    expect(world.rows).toEqual([]);
    expect(await world.listing()).toEqual([]);
    await broker.close();
  });
});

describe("asking for a topic", () => {
  test("gives the one that is there", async () => {
    const broker = await new BrokerWorld().start();
    const created = unwrap(await broker.createTopic({ name: "orders", partitionCount: 2 }));
    expect(await broker.ensureTopic("orders")).toBe(created);
    await broker.close();
  });

  test("creates it with the broker's partitions and configuration", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, partitionCount: 4 };
    const broker = await world.start();
    const topic = unwrap(await broker.ensureTopic("orders"));
    expect(topic.partitions).toHaveLength(4);
    expect(topic.config).toEqual({ raw: {}, values: world.settings.topicDefaults.values });
    await broker.close();
  });

  test("by a hundred callers at once creates it once, for all of them", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => broker.ensureTopic("orders")),
    );
    expect(new Set(answers).size).toBe(1);
    expect(broker.topic("orders")).toBe(unwrap(answers[0]));
    expect(world.metadata.calls).toEqual(["insert orders creating", "set orders ready"]);
    await broker.close();
  });

  test("that somebody else is creating waits for that, and takes theirs", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const [created, ensured] = await Promise.all([
      broker.createTopic({ name: "orders", partitionCount: 3 }),
      broker.ensureTopic("orders"),
    ]);
    expect(ensured).toBe(created);
    expect(unwrap(ensured).partitions).toHaveLength(3);
    await broker.close();
  });

  test("that cannot be created refuses all who wait, and the next one tries again", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    world.disk.failNext("makeDirectory", "topics/orders/0", "full");
    const answers = await Promise.all([broker.ensureTopic("orders"), broker.ensureTopic("orders")]);
    expect(answers.map(codeOf)).toEqual(["DISK_FULL", "DISK_FULL"]);
    unwrap(await broker.ensureTopic("orders"));
    await broker.close();
  });

  test("refuses bad names and stops at the total number of partitions", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, partitionsMax: 2 };
    const broker = await world.start();
    expect(codeOf(await broker.ensureTopic(".."))).toBe("INVALID_TOPIC_EXCEPTION");
    const names = ["a", "b", "c", "d"];
    const answers = await Promise.all(names.map((name) => broker.ensureTopic(name)));
    expect(answers.map(codeOf)).toEqual([
      "not refused",
      "not refused",
      "POLICY_VIOLATION",
      "POLICY_VIOLATION",
    ]);
    await broker.close();
  });

  test("creates nothing where automatic creation is off", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, autoCreateTopics: false };
    const broker = await world.start();
    expect(String(await broker.ensureTopic("orders"))).toBe(
      'UNKNOWN_TOPIC_OR_PARTITION: there is no topic "orders"; none is created by itself',
    );
    unwrap(await broker.createTopic({ name: "orders" }));
    unwrap(await broker.ensureTopic("orders"));
    await broker.close();
  });
});

describe("deleting", () => {
  test("removes rows and files, and the topic from sight", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders", partitionCount: 2 }));
    await append(broker, "orders", 1);
    expect(await broker.deleteTopic("orders")).toBeNull();
    expect(broker.topic("orders")).toBeUndefined();
    expect(world.rows).toEqual([]);
    expect(await world.listing()).toEqual([]);
    await broker.close();
  });

  test("ends the appends of whoever still holds the topic", async () => {
    const broker = await new BrokerWorld().start();
    const held = unwrap(await broker.createTopic({ name: "orders" })).partitions[0];
    await broker.deleteTopic("orders");
    expect(String(held?.append(new Uint8Array(61)))).toBe(
      "UNKNOWN_TOPIC_OR_PARTITION: topic orders was deleted",
    );
    await broker.close();
  });

  test("and creating again gives another topic, without the records of the first", async () => {
    const broker = await new BrokerWorld().start();
    const first = unwrap(await broker.createTopic({ name: "orders" }));
    await append(broker, "orders", 1);
    const [deleted, second] = await Promise.all([
      broker.deleteTopic("orders"),
      broker.createTopic({ name: "orders" }),
    ]);
    expect(deleted).toBeNull();
    expect(unwrap(second).id).not.toBe(first.id);
    expect(await numbersOf(broker, "orders")).toEqual([]);
    expect(await append(broker, "orders", 2)).toBeNull();
    expect(await numbersOf(broker, "orders")).toEqual([2]);
    await broker.close();
  });

  test("under load answers every append: stored, or refused because it is gone", async () => {
    const broker = await new BrokerWorld().start();
    unwrap(await broker.createTopic({ name: "orders" }));
    const appends = Array.from({ length: 20 }, (_, number) => append(broker, "orders", number));
    const deleted = await broker.deleteTopic("orders");
    expect(deleted).toBeNull();
    for (const refusal of await Promise.all(appends)) {
      expect(["null", "UNKNOWN_TOPIC_OR_PARTITION"]).toContain(refusal?.code ?? "null");
    }
    await broker.close();
  });

  test("a topic that is not there is refused, whatever its name", async () => {
    const broker = await new BrokerWorld().start();
    expect(codeOf(await broker.deleteTopic("orders"))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    const refused = await broker.deleteTopic("../etc\n");
    expect(String(refused)).toBe('UNKNOWN_TOPIC_OR_PARTITION: there is no topic "../etc\\n"');
    await broker.close();
  });

  test("twice at once happens once", async () => {
    const broker = await new BrokerWorld().start();
    unwrap(await broker.createTopic({ name: "orders" }));
    const answers = await Promise.all([broker.deleteTopic("orders"), broker.deleteTopic("orders")]);
    expect(answers.map(codeOf)).toEqual(["not refused", "UNKNOWN_TOPIC_OR_PARTITION"]);
    await broker.close();
  });

  test("that the metadata refuses has not begun: the topic goes on", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    const full = new Refusal("DISK_FULL", "metadata obelisk.db: database or disk is full");
    world.metadata.fate = () => full;
    expect(await broker.deleteTopic("orders")).toBe(full);
    expect(await append(broker, "orders", 1)).toBeNull();
    await broker.close();
  });

  test("that cannot be finished is finished before the name is given again", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders" }));
    world.disk.failNext("rename", "topics/orders", "failed");
    expect(await broker.deleteTopic("orders")).toBeNull();
    expect(broker.topic("orders")).toBeUndefined();
    expect(world.rows).toEqual(["orders deleting"]);
    unwrap(await broker.createTopic({ name: "orders" }));
    expect(world.rows).toEqual(["orders ready"]);
    await broker.close();
  });
});

describe("closing", () => {
  test("waits for what has begun, closes every log and then the metadata", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.createTopic({ name: "orders", partitionCount: 2 }));
    await append(broker, "orders", 1, 1);
    const creating = broker.createTopic({ name: "users" });
    await broker.close();
    unwrap(await creating);
    expect(world.metadata.isClosed).toBe(true);
    expect(codeOf(await append(broker, "orders", 2))).toBe("SHUTTING_DOWN");
    expect(codeOf(await append(broker, "users", 2))).toBe("SHUTTING_DOWN");

    const again = await world.next().start();
    expect(namesOf(again)).toEqual(["orders", "users"]);
    expect(await numbersOf(again, "orders", 1)).toEqual([1]);
    await again.close();
  });

  test("refuses what waits for its turn, since that has not begun", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    const gate = world.disk.hold("makeDirectory");
    const first = broker.createTopic({ name: "orders" });
    await gate.reached();
    // Names that one directory could mean have their turns one after another.
    const waiting = [broker.createTopic({ name: "Orders" }), broker.deleteTopic("orders")];
    const closing = broker.close();
    gate.release();
    unwrap(await first);
    expect((await Promise.all(waiting)).map(codeOf)).toEqual(["SHUTTING_DOWN", "SHUTTING_DOWN"]);
    await closing;
    const again = await world.next().start();
    expect(namesOf(again)).toEqual(["orders"]);
    await again.close();
  });

  test("refuses every later change", async () => {
    const broker = await new BrokerWorld().start();
    await broker.close();
    const answers = [
      await broker.createTopic({ name: "a" }),
      await broker.ensureTopic("a"),
      await broker.deleteTopic("a"),
    ];
    expect(answers.map(codeOf)).toEqual(["SHUTTING_DOWN", "SHUTTING_DOWN", "SHUTTING_DOWN"]);
  });

  test("twice closes once", async () => {
    const broker = await new BrokerWorld().start();
    await Promise.all([broker.close(), broker.close()]);
    await broker.close();
  });

  test("leaves no timer", async () => {
    const world = new BrokerWorld();
    const broker = await world.start();
    unwrap(await broker.ensureTopic("orders"));
    await append(broker, "orders", 1);
    await broker.close();
    world.clock.advance(60_000);
    expect(world.clock.pending).toBe(0);
  });
});
