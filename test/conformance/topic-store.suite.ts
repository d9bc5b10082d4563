/** What every implementation of `TopicStore` does. */
import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import type { Metadata, TopicRow } from "../../src/metadata/metadata.ts";
import { unwrap } from "../support/log-world.ts";

/** One store under test, and how to open it again as the next start would. */
export interface TopicStoreWorld extends Disposable {
  open(): Promise<Metadata>;
}

const orders: TopicRow = {
  id: "5f0c9c0e-7a55-4a3e-9d0b-1c6f3a0f2b11",
  name: "orders",
  partitionCount: 3,
  state: "creating",
  createdAt: 1_754_705_528_480,
  config: { "segment.bytes": "1048576", fsync: "interval=100" },
};
const users: TopicRow = {
  id: "0b8a2f64-0c1e-4d52-8f0a-b1f0f5f0a2c4",
  name: "users.v2_x",
  partitionCount: 10_000,
  state: "ready",
  createdAt: 0,
  config: {},
};

const byName = (topics: readonly TopicRow[]): TopicRow[] =>
  [...topics].sort((a, b) => (a.name < b.name ? -1 : 1));

/** Registers the suite for one implementation. */
export function topicStoreSuite(implementation: string, makeWorld: () => TopicStoreWorld): void {
  const story = (name: string, body: (world: TopicStoreWorld) => Promise<void>): void => {
    test(`${implementation}: ${name}`, async () => {
      using world = makeWorld();
      await body(world);
    });
  };

  story("a new store holds nothing", async (world) => {
    const metadata = await world.open();
    expect(await metadata.topics.all()).toEqual([]);
    await metadata.close();
  });

  story("topics come back whole, also after a restart", async (world) => {
    const metadata = await world.open();
    expect(await metadata.topics.insert(orders)).toBeNull();
    expect(await metadata.topics.insert(users)).toBeNull();
    expect(byName(unwrap(await metadata.topics.all()))).toEqual([orders, users]);
    await metadata.close();

    const again = await world.open();
    expect(byName(unwrap(await again.topics.all()))).toEqual([orders, users]);
    await again.close();
  });

  story("a name is given once, in whatever state its topic is", async (world) => {
    const metadata = await world.open();
    await metadata.topics.insert(orders);
    const second = await metadata.topics.insert({ ...users, name: "orders" });
    expect(second).toBeInstanceOf(Refusal);
    expect(second?.code).toBe("TOPIC_ALREADY_EXISTS");
    expect(await metadata.topics.all()).toEqual([orders]);
    await metadata.close();
  });

  story("names are told apart by case", async (world) => {
    const metadata = await world.open();
    expect(await metadata.topics.insert(orders)).toBeNull();
    expect(await metadata.topics.insert({ ...users, name: "Orders" })).toBeNull();
    await metadata.close();
  });

  story("a topic moves from state to state", async (world) => {
    const metadata = await world.open();
    await metadata.topics.insert(orders);
    for (const state of ["ready", "deleting", "deleting"] as const) {
      expect(await metadata.topics.setState(orders.id, state)).toBeNull();
      expect(await metadata.topics.all()).toEqual([{ ...orders, state }]);
    }
    await metadata.close();
  });

  story("a topic that is not there has no state", async (world) => {
    const metadata = await world.open();
    const refused = await metadata.topics.setState(orders.id, "ready");
    expect(refused?.code).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    await metadata.close();
  });

  story("a topic gets more partitions", async (world) => {
    const metadata = await world.open();
    await metadata.topics.insert(orders);
    expect(await metadata.topics.setPartitionCount(orders.id, 7)).toBeNull();
    expect(await metadata.topics.all()).toEqual([{ ...orders, partitionCount: 7 }]);
    const refused = await metadata.topics.setPartitionCount(users.id, 7);
    expect(refused?.code).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    await metadata.close();
  });

  story("a configuration is replaced as a whole, and of one topic only", async (world) => {
    const metadata = await world.open();
    await metadata.topics.insert(orders);
    await metadata.topics.insert(users);
    const config = { "segment.ms": "1", "x'; drop table topics; --": "" };
    expect(await metadata.topics.setConfig(orders.id, config)).toBeNull();
    expect(byName(unwrap(await metadata.topics.all()))).toEqual([{ ...orders, config }, users]);
    expect(await metadata.topics.setConfig(orders.id, {})).toBeNull();
    expect(byName(unwrap(await metadata.topics.all()))).toEqual([{ ...orders, config: {} }, users]);
    await metadata.close();
  });

  story("a topic that is not there has no configuration", async (world) => {
    const metadata = await world.open();
    const refused = await metadata.topics.setConfig(orders.id, { "segment.ms": "1" });
    expect(refused?.code).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(await metadata.topics.all()).toEqual([]);
    await metadata.close();
  });

  story("a removed topic is gone with its configuration, and its name is free", async (world) => {
    const metadata = await world.open();
    await metadata.topics.insert(orders);
    expect(await metadata.topics.remove(orders.id)).toBeNull();
    expect(await metadata.topics.remove(orders.id)).toBeNull();
    const renewed = { ...orders, id: users.id, config: { fsync: "never" } };
    expect(await metadata.topics.insert(renewed)).toBeNull();
    expect(await metadata.topics.all()).toEqual([renewed]);
    await metadata.close();
  });

  story("changes that overlap all happen", async (world) => {
    const metadata = await world.open();
    const rows = Array.from({ length: 20 }, (_, at): TopicRow => {
      const id = `${String(at).padStart(8, "0")}-0000-4000-8000-000000000000`;
      return { ...users, id, name: `topic-${at}` };
    });
    const inserted = await Promise.all(rows.map((row) => metadata.topics.insert(row)));
    expect(inserted.every((refusal) => refusal === null)).toBe(true);
    const moved = await Promise.all(rows.map(({ id }) => metadata.topics.setState(id, "deleting")));
    expect(moved.every((refusal) => refusal === null)).toBe(true);
    const found = unwrap(await metadata.topics.all());
    expect(found.map(({ state }) => state)).toEqual(rows.map(() => "deleting"));
    await metadata.close();
  });

  story("after closing everything is refused, and closing again is allowed", async (world) => {
    const metadata = await world.open();
    await metadata.close();
    await metadata.close();
    const refused = [await metadata.topics.all(), await metadata.topics.insert(orders)];
    expect(refused.map((each) => each instanceof Refusal && each.code)).toEqual([
      "SHUTTING_DOWN",
      "SHUTTING_DOWN",
    ]);
  });
}
