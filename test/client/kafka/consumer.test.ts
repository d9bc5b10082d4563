import { readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import type { ConsumerMessage } from "../../../src/client/consumer-message.ts";
import { type ClientWorld, systemWorld } from "../../../src/client/kafka/client-world.ts";
import { Consumer } from "../../../src/client/kafka/consumer.ts";
import type { ConsumerOptions } from "../../../src/client/kafka/consumer-options.ts";
import { DamageError } from "../../../src/client/kafka/damage-error.ts";
import { partitionName, type TopicPartition } from "../../../src/client/kafka/topic-partition.ts";
import { consumerTopicsLookMs } from "../../../src/limits.ts";
import type { Compression } from "../../../src/record/batch.ts";
import { flipBit, logPathOf } from "../../cli/read-fixture.ts";
import { batchOf } from "../../support/batches.ts";
import { unwrap } from "../../support/log-world.ts";
import { TestServer } from "../../support/server.ts";

/** A real broker in this process. */
class World implements AsyncDisposable {
  readonly #consumers: Consumer[] = [];

  /** Where the broker is, or was last. */
  #port: number;

  private constructor(readonly server: TestServer) {
    this.#port = portOf(server);
  }

  static async open(): Promise<World> {
    return new World(await TestServer.start("--group-initial-rebalance-delay-ms", "0"));
  }

  async topic(name: string, partitionCount: number): Promise<void> {
    unwrap(await this.server.server.broker.createTopic({ name, partitionCount }));
  }

  /** Records whose values are `v<first>`, `v<first + 1>`, … */
  async produce(
    topic: string,
    partition: number,
    first: number,
    count: number,
    compression: Compression = "none",
  ): Promise<void> {
    const found = this.server.server.broker.topic(topic)?.partitions[partition];
    if (found === undefined) throw new Error(`there is no ${topic}/${partition}`);
    unwrap(await found.produce(batchOf({ first, count, compression })));
  }

  async consumer(options: ConsumerOptions, world?: ClientWorld): Promise<Consumer> {
    const brokers = [this.server.kafkaAddress];
    const consumer = await Consumer.open({ brokers, fetchWaitMs: 50, ...options }, world);
    this.#consumers.push(consumer);
    return consumer;
  }

  /** Dials wherever the broker is now: it has another port each time it starts. */
  get roaming(): ClientWorld {
    return {
      ...systemWorld,
      dial: (host, _, events) => systemWorld.dial(host, this.#port, events),
    };
  }

  async restart(meanwhile: () => Promise<void>): Promise<void> {
    await this.server.stop();
    await meanwhile();
    await this.server.start();
    this.#port = portOf(this.server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const consumer of this.#consumers) await consumer.close();
    await this.server[Symbol.asyncDispose]();
  }
}

const portOf = (server: TestServer): number => Number(server.kafkaAddress.split(":")[1]);

/** What a message is, in few words. */
const textOf = (message: ConsumerMessage): string =>
  `${partitionName(message)}@${message.offset} ${message.valueText?.replaceAll(".", "")}`;

/** Polls until so many messages have come; what they are, in the order in which they came. */
async function read(consumer: Consumer, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    for (const message of await consumer.poll(count - found.length, 50)) {
      found.push(textOf(message));
    }
  }
  return found;
}

/** Polls all of them, without messages, until it holds. */
async function settle(consumers: readonly Consumer[], holds: () => boolean): Promise<void> {
  while (!holds()) await Promise.all(consumers.map((consumer) => consumer.poll(1_000, 20)));
}

const names = (partitions: readonly TopicPartition[]): string[] =>
  partitions.map(partitionName).sort();

describe("a consumer of a real broker", () => {
  test("reads all partitions without a group, whatever they are packed with", async () => {
    await using world = await World.open();
    await world.topic("orders", 2);
    await world.produce("orders", 0, 0, 2, "zstd");
    await world.produce("orders", 1, 10, 2, "lz4");
    await world.produce("orders", 0, 2, 1, "gzip");
    const consumer = await world.consumer({ topics: ["orders"] });
    const found = await read(consumer, 5);
    expect(found.filter((each) => each.startsWith("orders/0"))).toEqual([
      "orders/0@0 v0",
      "orders/0@1 v1",
      "orders/0@2 v2",
    ]);
    expect(found.filter((each) => each.startsWith("orders/1"))).toEqual([
      "orders/1@0 v10",
      "orders/1@1 v11",
    ]);
    expect(names(consumer.assignment())).toEqual(["orders/0", "orders/1"]);
    expect(await consumer.currentOffset("orders")).toBe(5);
    expect(await consumer.endOffset("orders", 0)).toBe(3);
    expect(await consumer.messageCount("orders")).toBe(5);
    expect(await consumer.partitions("orders")).toEqual([0, 1]);
    expect(await consumer.partitions("ghosts")).toEqual([]);
    await expect(consumer.commit()).rejects.toMatchObject({ code: "INVALID" });
    await expect(consumer.poll(0)).rejects.toMatchObject({ code: "INVALID" });
    await expect(consumer.poll(1, -1)).rejects.toMatchObject({ code: "INVALID" });
  });

  test("goes on behind what its group has committed", async () => {
    await using world = await World.open();
    await world.topic("orders", 1);
    await world.produce("orders", 0, 0, 10);
    const first = await world.consumer({ group: "bills", topics: ["orders"] });
    expect(await read(first, 3)).toHaveLength(3);
    await first.commit();
    expect(await read(first, 2)).toEqual(["orders/0@3 v3", "orders/0@4 v4"]);
    await first.commit([{ topic: "orders", partition: 0, offset: 4 }]);
    await expect(
      first.commit([{ topic: "orders", partition: 0, offset: 6 }]),
    ).rejects.toMatchObject({ code: "INVALID" });
    await first.close();
    await expect(first.poll()).rejects.toMatchObject({ code: "CLOSED" });
    const second = await world.consumer({ group: "bills", topics: ["orders"] });
    expect(await read(second, 2)).toEqual(["orders/0@4 v4", "orders/0@5 v5"]);
    expect(await second.committedOffset("orders")).toBe(4);
    await second.rollback("orders");
    expect(await read(second, 1)).toEqual(["orders/0@4 v4"]);
    await second.reset("orders");
    expect(await read(second, 1)).toEqual(["orders/0@0 v0"]);
    await second.seek("orders", 0, 8);
    expect(await read(second, 2)).toEqual(["orders/0@8 v8", "orders/0@9 v9"]);
    await expect(second.seek("orders", 0, 11)).rejects.toMatchObject({ code: "INVALID" });
    await expect(second.seek("orders", 7, 0)).rejects.toMatchObject({ code: "INVALID" });
  });

  test("begins at a time, or at the end", async () => {
    await using world = await World.open();
    await world.topic("orders", 1);
    await world.produce("orders", 0, 0, 10);
    const timed = await world.consumer({
      assign: [{ topic: "orders", partition: 0 }],
      from: 1_000_006,
    });
    expect(await read(timed, 1)).toEqual(["orders/0@6 v6"]);
    const late = await world.consumer({ topics: ["orders"], from: 2_000_000_000 });
    expect(await late.poll(10, 50)).toEqual([]);
    const last = await world.consumer({ topics: ["orders"], from: "latest" });
    await settle([last, late], () => last.assignment().length + late.assignment().length === 2);
    expect(await last.currentOffset("orders")).toBe(10);
    expect(await late.currentOffset("orders")).toBe(10);
    await world.produce("orders", 0, 10, 1);
    expect(await read(last, 1)).toEqual(["orders/0@10 v10"]);
    expect(await read(late, 1)).toEqual(["orders/0@10 v10"]);
  });

  for (const assignors of [["range"], ["roundrobin"], ["cooperative-sticky"]] as const) {
    test(`shares a topic with another member, by ${assignors[0]}`, async () => {
      await using world = await World.open();
      await world.topic("orders", 4);
      for (let partition = 0; partition < 4; partition++) {
        await world.produce("orders", partition, 0, 2);
      }
      const options = { group: "bills", topics: ["orders"], assignors };
      const timing = { heartbeatIntervalMs: 20, autoCommitIntervalMs: 60_000 };
      const first = await world.consumer({ ...options, ...timing });
      expect(await read(first, 8)).toHaveLength(8);
      const second = await world.consumer({ ...options, ...timing });
      const both = [first, second];
      await settle(both, () => both.every((each) => each.assignment().length === 2));
      const all = [...first.assignment(), ...second.assignment()];
      expect(names(all)).toEqual(["orders/0", "orders/1", "orders/2", "orders/3"]);
      // What the first had read of them was committed before it gave them away.
      await world.produce("orders", 0, 2, 1);
      await world.produce("orders", 3, 2, 1);
      const [mine, others] = [await readAny(both), await readAny(both)];
      expect([mine, others].sort()).toEqual(["orders/0@2 v2", "orders/3@2 v2"]);
      await second.close();
      await settle([first], () => first.assignment().length === 4);
    });
  }

  test("commits from within its own function what goes to others", async () => {
    await using world = await World.open();
    await world.topic("orders", 2);
    await world.produce("orders", 0, 0, 3);
    await world.produce("orders", 1, 0, 3);
    const options = { group: "bills", topics: ["orders"], heartbeatIntervalMs: 20 };
    const told: string[] = [];
    const first: Consumer = await world.consumer({
      ...options,
      onRevoked: async (partitions) => {
        told.push(`revoked ${names(partitions).join(" ")}`);
        await first.commit();
      },
      onAssigned: (partitions) => {
        told.push(`assigned ${names(partitions).join(" ")}`);
      },
    });
    await read(first, 6);
    const second = await world.consumer(options);
    await settle([first, second], () => {
      return [first, second].every((each) => each.assignment().length === 1);
    });
    expect(told).toEqual([
      "assigned orders/0 orders/1",
      "revoked orders/0 orders/1",
      `assigned ${names(first.assignment()).join(" ")}`,
    ]);
    expect(await second.committedOffset("orders")).toBe(6);
    const [lost] = second.assignment();
    const late = first.commit([{ ...lost!, offset: 1 }]);
    await expect(late).rejects.toMatchObject({ code: "ILLEGAL_GENERATION" });
  });

  test("gives up what it does not work on, and can't commit it any more", async () => {
    await using world = await World.open();
    await world.topic("orders", 1);
    await world.produce("orders", 0, 0, 4);
    const options = { group: "bills", topics: ["orders"], heartbeatIntervalMs: 20 };
    const told: string[] = [];
    const slow = await world.consumer({
      ...options,
      maxPollIntervalMs: 100,
      onLost: (partitions) => {
        told.push(`lost ${names(partitions).join(" ")}`);
      },
    });
    await read(slow, 2);
    const quick = await world.consumer(options);
    expect(await read(quick, 1)).toEqual(["orders/0@0 v0"]);
    await quick.commit();
    await expect(slow.commit()).rejects.toMatchObject({ code: "ILLEGAL_GENERATION" });
    expect(await quick.committedOffset("orders")).toBe(1);
    await slow.poll(1, 0);
    expect(told).toEqual(["lost orders/0"]);
    expect(slow.assignment()).toEqual([]);
  });

  test("a static member keeps its place while it is away; who takes its name, takes its place", async () => {
    await using world = await World.open();
    await world.topic("orders", 2);
    const options = { group: "bills", topics: ["orders"], heartbeatIntervalMs: 20 };
    const one = await world.consumer({ ...options, groupInstanceId: "one" });
    const two = await world.consumer({ ...options, groupInstanceId: "two" });
    const isShared = () => one.assignment().length === 1 && two.assignment().length === 1;
    await settle([one, two], isShared);
    const before = names(one.assignment());
    await one.close();
    const again = await world.consumer({ ...options, groupInstanceId: "one" });
    await settle([again], () => again.assignment().length === 1);
    expect(names(again.assignment())).toEqual(before);
    expect(two.assignment()).toHaveLength(1);
    const thief = await world.consumer({ ...options, groupInstanceId: "one" });
    await settle([thief], () => thief.assignment().length === 1);
    const fenced = async () => {
      for (;;) await again.poll(1, 20);
    };
    await expect(fenced()).rejects.toMatchObject({ code: "FENCED_INSTANCE_ID" });
    expect(again.assignment()).toEqual([]);
    expect(names(thief.assignment())).toEqual(before);
  });

  test("can be closed from within its own function, and while it polls", async () => {
    await using world = await World.open();
    await world.topic("orders", 1);
    const inside: Consumer = await world.consumer({
      group: "bills",
      topics: ["orders"],
      onAssigned: () => inside.close(),
    });
    await expect(read(inside, 1)).rejects.toMatchObject({ code: "CLOSED" });
    // Closing asks the function that closes.
    const closing: string[] = [];
    const asked: Consumer = await world.consumer({
      group: "sales",
      topics: ["orders"],
      onRevoked: async (partitions) => {
        closing.push(...names(partitions));
        await asked.close();
      },
    });
    await settle([asked], () => asked.assignment().length > 0);
    await asked.close();
    expect(closing).toEqual(["orders/0"]);
    const outside = await world.consumer({ topics: ["orders"] });
    const poll = outside.poll(1, 60_000);
    await outside.close();
    await expect(poll).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("leaves time for timers and heartbeats, however busy its program is", async () => {
    await using world = await World.open();
    await world.topic("orders", 1);
    await world.produce("orders", 0, 0, 100);
    const consumer = await world.consumer({ topics: ["orders"] });
    await read(consumer, 1);
    let hasFired = false;
    const { clock } = systemWorld;
    clock.after(0, () => (hasFired = true));
    for (let left = 99; left > 0; left--) {
      expect(await consumer.poll(1)).toHaveLength(1);
      // The program works, and does not wait for anything.
      const until = clock.monotonic() + 2;
      while (clock.monotonic() < until);
    }
    expect(hasFired).toBe(true);
  });

  test("finds topics that are made later, and partitions", async () => {
    await using world = await World.open();
    const consumer = await world.consumer({ group: "bills", topics: ["orders"] });
    expect(await consumer.poll(1, 0)).toEqual([]);
    await world.topic("orders", 1);
    await world.produce("orders", 0, 0, 1);
    expect(await read(consumer, 1)).toEqual(["orders/0@0 v0"]);
  });

  test("goes on when its broker comes back", async () => {
    await using world = await World.open();
    await world.topic("orders", 2);
    await world.produce("orders", 0, 0, 1);
    const consumer = await world.consumer(
      { group: "bills", topics: ["orders"], heartbeatIntervalMs: 50 },
      world.roaming,
    );
    expect(await read(consumer, 1)).toEqual(["orders/0@0 v0"]);
    await consumer.commit();
    await world.restart(async () => {
      expect(await consumer.poll(1, 200)).toEqual([]);
    });
    await world.produce("orders", 1, 7, 1);
    expect(await read(consumer, 1)).toEqual(["orders/1@0 v7"]);
    await consumer.commit();
    expect(await consumer.committedOffset("orders")).toBe(2);
  });

  test("goes on at the start when what it was to read is gone, and says so", async () => {
    await using world = await World.open();
    await world.topic("orders", 1);
    await world.produce("orders", 0, 0, 5);
    const first = await world.consumer({ group: "bills", topics: ["orders"] });
    await read(first, 2);
    await first.commit();
    await first.close();
    const partition = world.server.server.broker.topic("orders")?.partitions[0];
    unwrap(await partition!.deleteRecords(4));
    const second = await world.consumer({ group: "bills", topics: ["orders"] });
    expect(await read(second, 1)).toEqual(["orders/0@4 v4"]);
    expect(second.takeWarnings().warnings).toMatchObject([
      { kind: "trimmed", topic: "orders", partition: 0, fromOffset: 2, resumedAt: 4 },
    ]);
  });

  test("reads a topic that was created again from its start, however far it had come", async () => {
    await using world = await World.open();
    const { broker } = world.server.server;
    await world.topic("orders", 1);
    await world.produce("orders", 0, 0, 3);
    // What it has not read yet is new, though it follows the end.
    const consumer = await world.consumer({ topics: ["orders"], from: "latest" });
    await consumer.poll();
    while ((await consumer.currentOffset("orders")) < 3) await consumer.poll();
    await world.produce("orders", 0, 3, 2);
    expect(await read(consumer, 2)).toEqual(["orders/0@3 v3", "orders/0@4 v4"]);
    unwrap(await broker.deleteTopic("orders"));
    await world.topic("orders", 1);
    await world.produce("orders", 0, 0, 7);
    const again = Array.from({ length: 7 }, (_, at) => `orders/0@${at} v${at}`);
    expect(await read(consumer, 7)).toEqual(again);
    expect(consumer.takeWarnings().warnings).toMatchObject([
      { kind: "changed", topic: "orders", partition: 0, fromOffset: 5, resumedAt: 0 },
    ]);
  });

  test.each([{ group: "bills" }, {}])(
    "%p: gives up partitions that a topic lost",
    async (group) => {
      await using world = await World.open();
      const { broker } = world.server.server;
      await world.topic("orders", 3);
      await world.produce("orders", 2, 0, 1);
      // Its regular looks at topics never come.
      const clock: Clock = {
        ...systemClock,
        after: (delayMs, action) =>
          delayMs === consumerTopicsLookMs ? () => {} : systemClock.after(delayMs, action),
      };
      const consumer = await world.consumer(
        { ...group, topics: ["orders"], from: "earliest" },
        { ...systemWorld, clock },
      );
      await read(consumer, 1);
      unwrap(await broker.deleteTopic("orders"));
      await world.topic("orders", 1);
      await settle([consumer], () => consumer.assignment().length === 1);
      expect(names(consumer.assignment())).toEqual(["orders/0"]);
      await world.produce("orders", 0, 5, 1);
      expect(await read(consumer, 1)).toEqual(["orders/0@0 v5"]);
    },
  );

  test("tells at once that a partition is not there", async () => {
    await using world = await World.open();
    await world.topic("orders", 1);
    const consumer = await world.consumer({ assign: [{ topic: "orders", partition: 3 }] });
    const gone = { code: "UNKNOWN_TOPIC_OR_PARTITION", retriable: false };
    await expect(consumer.endOffset("orders", 3)).rejects.toMatchObject(gone);
    await expect(consumer.messageCount("orders", 3)).rejects.toMatchObject(gone);
    await expect(consumer.currentOffset("orders", 3)).rejects.toMatchObject(gone);
    await expect(consumer.seek("orders", 3, 0)).rejects.toMatchObject(gone);
  });

  test("stays in front of what is damaged until it is to be given up", async () => {
    await using world = await World.open();
    await world.topic("orders", 2);
    await world.produce("orders", 0, 0, 2);
    await world.produce("orders", 0, 2, 3);
    await world.produce("orders", 0, 5, 1);
    await world.produce("orders", 1, 10, 1);
    const log = logPathOf(world.server.data, "orders");
    await world.restart(async () => flipBit(log, readFileSync(log).indexOf("v3")));
    const consumer = await world.consumer({ topics: ["orders"] });
    const found: string[] = [];
    const damage = { topic: "orders", partition: 0, code: "CORRUPT_MESSAGE" };
    for (let told = 0; told < 2 || found.length < 3;) {
      const polled = await consumer.poll(10, 50).catch((error: unknown) => error);
      if (Array.isArray(polled)) found.push(...polled.map(textOf));
      else {
        expect(polled).toBeInstanceOf(DamageError);
        expect(polled).toMatchObject({ ...damage, offset: 2 });
        told += 1;
      }
    }
    expect(found.sort()).toEqual(["orders/0@0 v0", "orders/0@1 v1", "orders/1@0 v10"]);
    const skipped = await consumer.skipDamage("orders", 0);
    expect(skipped).toEqual({ topic: "orders", partition: 0, fromOffset: 2, toOffset: 5 });
    expect(await consumer.skipDamage("orders", 0)).toBeNull();
    expect(await read(consumer, 1)).toEqual(["orders/0@5 v5"]);
  });

  test("hands out nothing of what is paused", async () => {
    await using world = await World.open();
    await world.topic("orders", 2);
    await world.produce("orders", 0, 0, 3);
    await world.produce("orders", 1, 10, 3);
    const consumer = await world.consumer({ topics: ["orders"] });
    await read(consumer, 1);
    consumer.pause("orders", 0);
    while ((await consumer.currentOffset("orders", 1)) < 3) {
      for (const { partition } of await consumer.poll(10, 50)) expect(partition).toBe(1);
    }
    expect(await consumer.poll(10, 20)).toEqual([]);
    const paused = await consumer.currentOffset("orders", 0);
    consumer.resume("orders");
    expect(await read(consumer, 3 - paused)).toHaveLength(3 - paused);
  });
});

/** Polls all of them in turn until one message has come. */
async function readAny(consumers: readonly Consumer[]): Promise<string> {
  for (;;) {
    for (const consumer of consumers) {
      const [message] = await consumer.poll(1, 20);
      if (message === undefined) continue;
      return textOf(message);
    }
  }
}
