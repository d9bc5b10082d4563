/**
 * The machine stops at every step of a topic's creation and deletion, in the metadata and on the
 * disk, and is started again. Whatever the step: no acknowledged record is lost, nothing that was
 * acknowledged as deleted comes back, and nothing lies around.
 */
import { describe, expect, test } from "bun:test";
import type { Broker } from "../../src/broker/broker.ts";
import type { Crash } from "../fake/disk.ts";
import { MemoryMetadata } from "../fake/metadata.ts";
import { append, BrokerWorld, numbersOf } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";

/** Where the machine stops: in a disk operation, or before or after a change of the metadata. */
type Stop =
  | { readonly at: "disk"; readonly step: number }
  | { readonly at: "metadata"; readonly step: number; readonly when: "stop before" | "stop after" };

/** What is done when the machine stops. */
interface Scenario {
  readonly prepare: (broker: Broker) => Promise<void>;
  readonly run: (broker: Broker) => Promise<unknown>;
}

const orders = { name: "orders", partitionCount: 2 };

const creation: Scenario = {
  prepare: async () => {},
  run: (broker) => broker.createTopic(orders),
};

const deletion: Scenario = {
  async prepare(broker) {
    unwrap(await broker.createTopic(orders));
    for (const number of [1, 2, 3]) expect(await append(broker, "orders", number)).toBeNull();
    expect(await append(broker, "orders", 4, 1)).toBeNull();
  },
  run: (broker) => broker.deleteTopic("orders"),
};

/** Everything of the fakes happens in microtasks: after them the machine has done all it will. */
const exhausted = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The stops of a scenario, found by running it whole. */
async function stopsOf(scenario: Scenario): Promise<Stop[]> {
  const world = new BrokerWorld();
  const broker = await world.start();
  await scenario.prepare(broker);
  const diskBefore = world.disk.operations.length;
  const metadataBefore = world.metadata.calls.length;
  await scenario.run(broker);
  const stops: Stop[] = [];
  for (let step = diskBefore; step < world.disk.operations.length; step++) {
    stops.push({ at: "disk", step });
  }
  for (let step = metadataBefore; step < world.metadata.calls.length; step++) {
    for (const when of ["stop before", "stop after"] as const) {
      stops.push({ at: "metadata", step, when });
    }
  }
  return stops;
}

/** Runs a scenario up to a stop; returns what the next start finds, and what was answered. */
async function runUntil(
  scenario: Scenario,
  stop: Stop,
  how: Crash,
): Promise<{ world: BrokerWorld; answer: unknown }> {
  const world = new BrokerWorld();
  const { disk, metadata } = world;
  const broker = await world.start();
  await scenario.prepare(broker);
  const isStopped = (): boolean => stop.at === "disk" && disk.operations.length > stop.step;
  if (stop.at === "disk") disk.haltAt(stop.step);
  metadata.fate = () => {
    const { length } = metadata.calls;
    if (stop.at === "disk") return isStopped() ? "stop before" : "go on";
    if (length < stop.step) return "go on";
    return length === stop.step ? stop.when : "stop before";
  };
  let answer: unknown = "none";
  void scenario.run(broker).then((given) => {
    if (!isStopped()) answer = given;
  });
  await exhausted();
  return { world: world.crash(how), answer };
}

/** Names, rows and directories tell the same, and the name can be used. */
async function expectTidy(world: BrokerWorld, broker: Broker): Promise<void> {
  const names = broker.topics().map(({ name }) => name);
  expect(world.rows).toEqual(names.map((name) => `${name} ready`));
  const topic = unwrap(await broker.ensureTopic("orders"));
  for (const { index } of topic.partitions) {
    expect(await append(broker, "orders", 100 + index, index)).toBeNull();
  }
  await broker.close();
  expect(await world.listing()).toEqual(["orders"]);
}

async function expectCreatedOrNot(scenario: Scenario, stop: Stop, how: Crash): Promise<void> {
  const { world, answer } = await runUntil(scenario, stop, how);
  const broker = await world.start();
  const topic = broker.topic("orders");
  if (answer !== "none") expect(topic?.id).toBe(unwrap(answer as { id: string }).id);
  expect([undefined, 2]).toContain(topic?.partitions.length);
  expect(world.complaints).toEqual([]);
  await expectTidy(world, broker);
}

async function expectDeletedOrWhole(scenario: Scenario, stop: Stop, how: Crash): Promise<void> {
  const { world, answer } = await runUntil(scenario, stop, how);
  const broker = await world.start();
  if (answer !== "none") expect(broker.topic("orders")).toBeUndefined();
  if (broker.topic("orders") !== undefined) {
    expect(await numbersOf(broker, "orders", 0)).toEqual([1, 2, 3]);
    expect(await numbersOf(broker, "orders", 1)).toEqual([4]);
  }
  expect(world.complaints).toEqual([]);
  await expectTidy(world, broker);
}

describe.each([
  ["creation", creation, expectCreatedOrNot],
  ["deletion", deletion, expectDeletedOrWhole],
])("a %s that stops at any step", (_, scenario, expectRight) => {
  test("is finished or never was, after a kill", async () => {
    for (const stop of await stopsOf(scenario)) await expectRight(scenario, stop, { keep: "all" });
  });

  test("is finished or never was, after a power loss that takes all it can", async () => {
    for (const stop of await stopsOf(scenario)) {
      await expectRight(scenario, stop, { keep: "synced" });
    }
  });

  test("is finished or never was, after a power loss that takes what chance wants", async () => {
    const random = randomForTest();
    for (let round = 0; round < rounds(3, 30); round++) {
      for (const stop of await stopsOf(scenario)) await expectRight(scenario, stop, { random });
    }
  });
});

test("older metadata, copied during a deletion, does not delete the topic made since", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  unwrap(await broker.ensureTopic("orders"));
  let copy = new MemoryMetadata();
  world.metadata.fate = (call) => {
    if (call.startsWith("remove")) copy = world.metadata.reopened();
    return "go on";
  };
  await broker.deleteTopic("orders");
  const { id } = unwrap(await broker.ensureTopic("orders"));
  expect(await append(broker, "orders", 7)).toBeNull();
  await broker.close();

  const restored = new BrokerWorld(world.disk.clone(), copy);
  expect(restored.rows).toEqual(["orders deleting"]);
  const again = await restored.start();
  expect(await numbersOf(again, "orders")).toEqual([7]);
  expect(again.topic("orders")?.id).toBe(id);
  await again.close();
});

test("creation goes in this order: row, id, directories, logs, ready", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  const steps: string[] = [];
  const opened = world.openLog;
  world.openLog = (directory, config) => {
    steps.push(`open ${directory}`);
    return opened(directory, config);
  };
  world.metadata.fate = (call) => {
    steps.push(call);
    return "go on";
  };
  await broker.createTopic({ name: "orders" });
  expect(steps).toEqual(["insert orders creating", "open topics/orders/0", "set orders ready"]);
  const made = world.disk.operations
    .filter(({ operation }) => operation === "makeDirectory" || operation === "writeWhole")
    .map(({ operation, path }) => `${operation} ${path}`);
  expect(made.slice(0, 3)).toEqual([
    "makeDirectory topics/orders",
    "writeWhole topics/orders/topic-id",
    "makeDirectory topics/orders/0",
  ]);
  await broker.close();
});

test("deletion goes in this order: deleting, rename, row, files", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  const { id } = unwrap(await broker.createTopic({ name: "orders" }));
  const before = world.disk.operations.length;
  const gate = world.disk.hold("rename");
  const deleting = broker.deleteTopic("orders");
  await gate.reached();
  expect(broker.topic("orders")).toBeUndefined();
  expect(world.rows).toEqual(["orders deleting"]);
  gate.release();
  await deleting;
  const changes = world.disk.operations
    .slice(before)
    .filter(({ operation }) => operation === "rename" || operation === "remove")
    .map(({ operation, path }) => `${operation} ${path}`);
  expect(changes).toEqual([
    "remove topics/orders/0",
    "rename topics/orders",
    `remove topics/.deleted-${id}`,
  ]);
  await broker.close();
});

test("files of a deleted topic that cannot be removed are left to the next start", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  unwrap(await broker.createTopic({ name: "orders" }));
  world.disk.failNext("remove", /\.deleted-/, "failed");
  expect(await broker.deleteTopic("orders")).toBeNull();
  expect(world.complaints).toEqual(["files of a deleted topic are left over"]);
  expect((await world.listing())[0]).toStartWith(".deleted-");
  await broker.close();

  const next = world.next();
  const again = await next.start();
  await again.close();
  expect(await next.listing()).toEqual([]);
});
