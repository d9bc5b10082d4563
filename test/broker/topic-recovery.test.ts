/** One story for each row of the table in `topic-recovery.ts`, and for what it promises besides. */
import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { readIdentity, writeIdentity } from "../../src/broker/topic-identity.ts";
import { partitionReopenMs } from "../../src/limits.ts";
import type { TopicRow, TopicState } from "../../src/metadata/metadata.ts";
import { append, BrokerWorld, numbersOf } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

const idOf = (number: number): string =>
  `${String(number).padStart(8, "0")}-aaaa-4aaa-8aaa-aaaaaaaaaaaa`;

const rowOf = (name: string, state: TopicState, extra: Partial<TopicRow> = {}): TopicRow => ({
  id: idOf(1),
  name,
  partitionCount: 1,
  state,
  createdAt: 0,
  config: {},
  ...extra,
});

/** A closed broker that had `topics`, each with the records 1 and 2 in partition 0. */
async function withTopics(
  ...topics: { name: string; partitionCount?: number }[]
): Promise<BrokerWorld> {
  const world = new BrokerWorld();
  const broker = await world.start();
  for (const topic of topics) {
    unwrap(await broker.createTopic(topic));
    await append(broker, topic.name, 1);
    await append(broker, topic.name, 2);
  }
  await broker.close();
  return world.next();
}

/** Forgets or changes rows behind the broker's back. */
function editRows(world: BrokerWorld, edit: (row: TopicRow) => TopicRow | null): void {
  for (const [id, row] of [...world.metadata.rows]) {
    const edited = edit(row);
    if (edited === null) world.metadata.rows.delete(id);
    else world.metadata.rows.set(id, edited);
  }
}

const namesOf = (broker: Broker): string[] => broker.topics().map(({ name }) => name);

async function partitionsOnDisk(world: BrokerWorld, topic: string): Promise<string[]> {
  const entries = await world.disk.list(`topics/${topic}`);
  return entries.filter(({ kind }) => kind === "directory").map(({ name }) => name);
}

const reasons = (world: BrokerWorld, event: string): unknown[] =>
  world.logger.named(event).map(({ fields }) => fields);

describe("a row that is creating", () => {
  test("without a directory is completed", async () => {
    const world = new BrokerWorld();
    world.metadata.rows.set(idOf(1), rowOf("orders", "creating", { partitionCount: 2 }));
    const broker = await world.start();
    expect(world.rows).toEqual(["orders ready"]);
    expect(await append(broker, "orders", 5, 1)).toBeNull();
    expect(world.complaints).toEqual([]);
    await broker.close();
  });

  test("keeps what its directory holds, should the metadata be an older copy", async () => {
    const world = await withTopics({ name: "orders" });
    editRows(world, (row) => ({ ...row, state: "creating" }));
    const broker = await world.start();
    expect(await numbersOf(broker, "orders")).toEqual([1, 2]);
    expect(world.rows).toEqual(["orders ready"]);
    await broker.close();
  });

  test("on a full disk refuses, stops nobody, and is completed by a later start", async () => {
    const world = await withTopics({ name: "users" });
    world.metadata.rows.set(idOf(1), rowOf("orders", "creating"));
    world.disk.failNext("makeDirectory", "topics/orders/0", "full");
    const broker = await world.start();
    expect(await append(broker, "orders", 1)).toMatchObject({ code: "DISK_FULL" });
    expect(await append(broker, "users", 3)).toBeNull();
    expect(world.complaints).toEqual(["topic refuses: not created yet"]);
    await broker.close();

    const again = await world.next().start();
    expect(await append(again, "orders", 1)).toBeNull();
    await again.close();
  });
});

describe("a row that is ready", () => {
  test("is served with the records it had", async () => {
    const world = await withTopics({ name: "orders" }, { name: "users", partitionCount: 3 });
    const broker = await world.start();
    expect(namesOf(broker)).toEqual(["orders", "users"]);
    expect(await numbersOf(broker, "orders")).toEqual([1, 2]);
    expect(broker.topic("users")?.partitions).toHaveLength(3);
    expect(world.complaints).toEqual([]);
    await broker.close();
  });

  test("without its directory refuses, loudly, and is never made anew", async () => {
    const world = await withTopics({ name: "orders" }, { name: "users" });
    await world.disk.rename("topics/orders", "elsewhere");
    const broker = await world.start();
    const refused = await append(broker, "orders", 3);
    expect(String(refused)).toBe(
      "KAFKA_STORAGE_ERROR: the directory topics/orders/0 is missing; put it back and restart, " +
        "or delete topic orders",
    );
    expect(await append(broker, "users", 3)).toBeNull();
    expect(reasons(world, "partitions refuse: their directories are missing")).toEqual([
      { topic: "orders", partitions: "0" },
    ]);
    expect(await world.listing()).toEqual(["users"]);
    await broker.close();

    const restored = world.next();
    await restored.disk.rename("elsewhere", "topics/orders");
    const again = await restored.start();
    expect(await numbersOf(again, "orders")).toEqual([1, 2]);
    await again.close();
  });

  test("without its directory can be deleted, and its name used again", async () => {
    const world = await withTopics({ name: "orders" });
    await world.disk.remove("topics/orders");
    const broker = await world.start();
    expect(await broker.deleteTopic("orders")).toBeNull();
    unwrap(await broker.createTopic({ name: "orders" }));
    expect(await append(broker, "orders", 1)).toBeNull();
    await broker.close();
  });

  test("without one partition's directory serves the others", async () => {
    const world = await withTopics({ name: "orders", partitionCount: 3 });
    await world.disk.remove("topics/orders/1");
    const broker = await world.start();
    expect(await append(broker, "orders", 3, 0)).toBeNull();
    expect(await append(broker, "orders", 3, 1)).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
    expect(await append(broker, "orders", 3, 2)).toBeNull();
    expect(await partitionsOnDisk(world, "orders")).toEqual(["0", "2"]);
    await broker.close();
  });

  test("with a log that cannot be opened serves its other partitions", async () => {
    const world = await withTopics({ name: "orders", partitionCount: 3 });
    const open = world.openLog;
    const damaged = new Refusal("KAFKA_STORAGE_ERROR", "opening topics/orders/2 failed: EIO");
    world.openLog = (directory, config) =>
      directory === "topics/orders/2" ? Promise.resolve(damaged) : open(directory, config);
    const broker = await world.start();
    expect(await numbersOf(broker, "orders")).toEqual([1, 2]);
    expect(await append(broker, "orders", 3, 2)).toBe(damaged);
    expect(reasons(world, "partition refuses: its log cannot be opened")).toEqual([
      { topic: "orders", partition: 2, reason: damaged.message },
    ]);
    await broker.close();
  });

  test("with a log that cannot be opened for a moment serves it later, by itself", async () => {
    const world = await withTopics({ name: "orders" });
    world.disk.failNext("readWhole", /\.idx$/, "exhausted");
    const broker = await world.start();
    expect(await append(broker, "orders", 3)).toBeInstanceOf(Refusal);
    world.clock.advance(partitionReopenMs);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await append(broker, "orders", 3)).toBeNull();
    expect(await numbersOf(broker, "orders")).toEqual([1, 2, 3]);
    expect(reasons(world, "partition serves: its log is open")).toEqual([
      { topic: "orders", partition: 0 },
    ]);
    await broker.close();
    world.clock.advance(60_000);
    expect(world.clock.pending).toBe(0);
  });

  test("whose directory cannot be listed serves the partitions that can be opened", async () => {
    const world = await withTopics({ name: "orders", partitionCount: 2 }, { name: "users" });
    await world.disk.remove("topics/orders/1");
    world.disk.failNext("list", "topics/orders", "exhausted");
    const broker = await world.start();
    expect(await numbersOf(broker, "orders")).toEqual([1, 2]);
    expect(await append(broker, "orders", 3, 0)).toBeNull();
    expect(String(await append(broker, "orders", 3, 1))).toContain("list topics/orders/1");
    expect(await append(broker, "users", 3)).toBeNull();
    expect(world.complaints).toEqual([
      "the topic's directory cannot be read",
      "partition refuses: its log cannot be opened",
    ]);
    await broker.close();
  });

  test("with more partitions on the disk than it knows says which are not served", async () => {
    const world = await withTopics({ name: "orders", partitionCount: 4 });
    const whole = await world.start();
    for (const index of [2, 3]) await append(whole, "orders", index, index);
    await whole.close();
    const next = world.next();
    editRows(next, (row) => ({ ...row, partitionCount: 2 }));
    const broker = await next.start();
    expect(broker.topic("orders")?.partitions).toHaveLength(2);
    expect(reasons(next, "partitions not served: the metadata does not know them")).toEqual([
      { topic: "orders", partitions: "2 3" },
    ]);
    expect(await partitionsOnDisk(next, "orders")).toEqual(["0", "1", "2", "3"]);
    await broker.close();
  });

  test("with empty directories beyond its partitions is as a stopped growth left it", async () => {
    const world = await withTopics({ name: "orders", partitionCount: 2 });
    await world.disk.makeDirectory("topics/orders/2");
    const broker = await world.start();
    expect(broker.topic("orders")?.partitions).toHaveLength(2);
    expect(world.complaints).toEqual([]);
    expect(await broker.createPartitions("orders", 3)).toBeNull();
    expect(await append(broker, "orders", 7, 2)).toBeNull();
    await broker.close();
  });

  test("with values that don't go together any more follows the default for one of them", async () => {
    const world = await withTopics({ name: "orders" });
    const config = { "min.compaction.lag.ms": "20", "max.compaction.lag.ms": "10" };
    editRows(world, (row) => ({ ...row, config }));
    const broker = await world.start();
    expect(broker.topic("orders")?.config.raw).toEqual({ "min.compaction.lag.ms": "20" });
    expect(world.complaints).toEqual(["configuration ignored"]);
    await broker.close();
  });

  test("with a configuration that is not allowed any more follows the default", async () => {
    const world = await withTopics({ name: "orders" });
    const config = { "segment.bytes": "7", fsync: "never", "from.the.future": "1" };
    editRows(world, (row) => ({ ...row, config }));
    const broker = await world.start();
    const topic = broker.topic("orders");
    expect(topic?.config.raw).toEqual({ fsync: "never" });
    expect(topic?.config.values["segment.bytes"]).toBe(1_073_741_824);
    expect(world.logger.named("configuration ignored")).toHaveLength(2);
    expect([...world.metadata.rows.values()][0]?.config).toEqual(config);
    await broker.close();
  });

  test("with a name that cannot be one is not served, and nothing is touched", async () => {
    const world = await withTopics({ name: "orders" });
    editRows(world, (row) => ({ ...row, name: "../orders" }));
    const broker = await world.start();
    expect(world.complaints).toContain("topic not served");
    // Its directory is there under its true name, and that is what counts.
    expect(await numbersOf(broker, "orders")).toEqual([1, 2]);
    await broker.close();
  });
});

describe("a row that is deleting", () => {
  test("is deleted, with its directory", async () => {
    const world = await withTopics({ name: "orders" }, { name: "users" });
    editRows(world, (row) => (row.name === "orders" ? { ...row, state: "deleting" } : row));
    const broker = await world.start();
    expect(namesOf(broker)).toEqual(["users"]);
    expect(world.rows).toEqual(["users ready"]);
    await broker.close();
    expect(await world.listing()).toEqual(["users"]);
  });

  test("that cannot be finished keeps its name until it can", async () => {
    const world = await withTopics({ name: "orders" });
    editRows(world, (row) => ({ ...row, state: "deleting" }));
    world.disk.failNext("rename", "topics/orders", "failed");
    const broker = await world.start();
    expect(namesOf(broker)).toEqual([]);
    expect(world.complaints).toEqual(["topic not deleted yet"]);
    unwrap(await broker.createTopic({ name: "orders" }));
    expect(await numbersOf(broker, "orders")).toEqual([]);
    await broker.close();
  });
});

describe.each(["creating", "ready", "deleting"] as const)(
  "a row that is %s, of metadata that is older than the directory,",
  (state) => {
    test("gives way to the topic that was made since, which keeps its id and records", async () => {
      const world = await withTopics({ name: "orders", partitionCount: 2 });
      const [id] = [...world.metadata.rows.keys()];
      editRows(world, () => null);
      world.metadata.rows.set(idOf(1), rowOf("orders", state));
      const broker = await world.start();
      expect(await numbersOf(broker, "orders")).toEqual([1, 2]);
      expect(broker.topic("orders")).toMatchObject({ id: id!, partitions: { length: 2 } });
      expect([...world.metadata.rows.keys()]).toEqual([id!]);
      expect(reasons(world, "topic forgotten: its directory is a newer topic's")).toEqual([
        { topic: "orders", id: idOf(1), owner: id },
      ]);
      await broker.close();
    });

    test("that cannot be removed leaves the directory to a later start", async () => {
      const world = await withTopics({ name: "orders" });
      editRows(world, () => null);
      world.metadata.rows.set(idOf(1), rowOf("orders", state));
      world.metadata.fate = () => new Refusal("DISK_FULL", "no room");
      const broker = await world.start();
      expect(namesOf(broker)).toEqual([]);
      expect(world.complaints).toEqual(["topic not served: its row is an older one's"]);
      await broker.close();

      const again = await world.next().start();
      expect(await numbersOf(again, "orders")).toEqual([1, 2]);
      await again.close();
    });
  },
);

describe("a directory that does not tell its id", () => {
  test("gets its row's", async () => {
    const world = await withTopics({ name: "orders" });
    const [id] = [...world.metadata.rows.keys()];
    await world.disk.remove("topics/orders/topic-id");
    await (await world.start()).close();
    expect(await readIdentity(world.disk, "orders")).toBe(id!);
    expect(world.complaints).toEqual([]);
  });

  test("because that is damaged is served, and said to be so", async () => {
    const world = await withTopics({ name: "orders" });
    await world.disk.writeWhole("topics/orders/topic-id", new Uint8Array(37));
    const broker = await world.start();
    expect(await numbersOf(broker, "orders")).toEqual([1, 2]);
    expect(world.complaints).toEqual(["the topic's directory does not tell its id"]);
    await broker.close();
  });

  test("because that is damaged is not deleted on its row's word", async () => {
    const world = await withTopics({ name: "orders" });
    editRows(world, (row) => ({ ...row, state: "deleting" }));
    await world.disk.writeWhole("topics/orders/topic-id", new Uint8Array(37));
    const broker = await world.start();
    expect(namesOf(broker)).toEqual([]);
    expect(world.complaints).toEqual(["topic not deleted yet"]);
    await broker.close();
    expect(await world.listing()).toEqual(["orders"]);
  });
});

describe("a directory that no row knows", () => {
  test("is adopted with its records when the metadata is lost", async () => {
    const world = await withTopics({ name: "orders", partitionCount: 3 }, { name: "users" });
    const before = [...world.metadata.rows.keys()].sort();
    editRows(world, () => null);
    const broker = await world.start();
    expect(namesOf(broker)).toEqual(["orders", "users"]);
    expect(await numbersOf(broker, "orders")).toEqual([1, 2]);
    expect(await append(broker, "orders", 3, 2)).toBeNull();
    expect([...world.metadata.rows.keys()].sort()).toEqual(before);
    expect(world.rows).toEqual(["orders ready", "users ready"]);
    expect(
      world.logger.named("topic adopted: the metadata did not know its directory"),
    ).toHaveLength(2);
    await broker.close();

    const again = world.next();
    await (await again.start()).close();
    expect(again.complaints).toEqual([]);
  });

  test("is adopted with a new id if it is a copy of another topic's, or has none", async () => {
    const world = await withTopics({ name: "orders" });
    const id = await readIdentity(world.disk, "orders");
    await world.disk.makeDirectory("topics/copy/0");
    await writeIdentity(world.disk, "copy", String(id));
    await world.disk.makeDirectory("topics/handmade/0");
    const broker = await world.start();
    const ids = broker.topics().map((topic) => topic.id);
    expect(namesOf(broker)).toEqual(["copy", "handmade", "orders"]);
    expect(ids[2]).toBe(String(id));
    expect(new Set(ids).size).toBe(3);
    for (const topic of broker.topics()) {
      expect(await readIdentity(world.disk, topic.name)).toBe(topic.id);
    }
    await broker.close();
  });

  test("is adopted up to its highest partition; those missing in between refuse", async () => {
    const world = new BrokerWorld();
    await world.disk.makeDirectory("topics/orders/0");
    await world.disk.makeDirectory("topics/orders/3");
    const broker = await world.start();
    expect(broker.topic("orders")?.partitions).toHaveLength(4);
    expect(await append(broker, "orders", 1, 3)).toBeNull();
    expect(await append(broker, "orders", 1, 1)).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
    await broker.close();
  });

  test("is left alone if it is not a topic's", async () => {
    const world = new BrokerWorld();
    const { disk } = world;
    await disk.makeDirectory("topics/empty");
    await disk.makeDirectory("topics/original/partition-0");
    await disk.makeDirectory("topics/padded/007");
    await disk.makeDirectory("topics/huge/10000");
    await disk.makeDirectory("topics/with blank/0");
    await disk.makeDirectory("topics/.deleted-by hand/0");
    await disk.writeWhole("topics/notes.txt", new Uint8Array(3));
    const before = await world.listing();
    const broker = await world.start();
    expect(broker.topics()).toEqual([]);
    expect(world.complaints).toEqual(["left alone: not a topic"]);
    expect(world.logger.named("left alone: not a topic")).toHaveLength(before.length);
    await broker.close();
    expect(await world.listing()).toEqual(before);
  });

  test("that cannot be adopted now is kept for a later start", async () => {
    const world = await withTopics({ name: "orders" });
    editRows(world, () => null);
    const full = new Refusal("DISK_FULL", "metadata obelisk.db: database or disk is full");
    world.metadata.fate = () => full;
    const broker = await world.start();
    expect(broker.topics()).toEqual([]);
    expect(reasons(world, "topic not adopted")).toEqual([
      { path: "topics/orders", reason: full.message },
    ]);
    await broker.close();

    const again = await world.next().start();
    expect(await numbersOf(again, "orders")).toEqual([1, 2]);
    await again.close();
  });

  test("that a deletion has renamed is removed", async () => {
    const world = await withTopics({ name: "orders" });
    await world.disk.makeDirectory(`topics/.deleted-${idOf(9)}/0`);
    const broker = await world.start();
    await broker.close();
    expect(await world.listing()).toEqual(["orders"]);
    expect(world.complaints).toEqual([]);
  });
});

test("a first start finds nothing and makes nothing", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  expect(broker.topics()).toEqual([]);
  await broker.close();
  const operations = world.disk.operations.map(({ operation }) => operation);
  expect(operations.sort()).toEqual(["list", "volume"]);
});

test("a start that stops at any step leaves everything to the next one", async () => {
  const prepared = async (): Promise<BrokerWorld> => {
    const world = await withTopics({ name: "a" }, { name: "b" }, { name: "c" }, { name: "d" });
    editRows(world, (row) => {
      if (row.name === "a") return { ...row, state: "creating" };
      if (row.name === "b") return { ...row, state: "deleting" };
      return row.name === "c" ? null : row;
    });
    await world.disk.makeDirectory(`topics/.deleted-${idOf(9)}/0`);
    return world;
  };
  const whole = await prepared();
  const before = whole.disk.operations.length;
  await (await whole.start()).close();
  const steps = whole.disk.operations.length - before;
  expect(steps).toBeGreaterThan(20);
  for (let step = 0; step < steps; step++) {
    const world = await prepared();
    world.disk.haltAt(before + step);
    const isStopped = (): boolean => world.disk.operations.length > before + step;
    world.metadata.fate = () => (isStopped() ? "stop before" : "go on");
    void world.tryStart().then((broker) => (broker instanceof Refusal ? null : broker.close()));
    await new Promise((resolve) => setImmediate(resolve));

    const next = world.crash({ keep: "synced" });
    const broker = await next.start();
    expect(namesOf(broker)).toEqual(["a", "c", "d"]);
    for (const name of ["a", "c", "d"]) expect(await numbersOf(broker, name)).toEqual([1, 2]);
    await broker.close();
    expect(await next.listing()).toEqual(["a", "c", "d"]);
  }
});
