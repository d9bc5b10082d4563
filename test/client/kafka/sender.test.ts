import { describe, expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { attribute } from "../../../src/record/batch.ts";
import { turns } from "../../support/until.ts";
import { pauseMs, ProducerWorld } from "./producer-world.ts";

describe("batches", () => {
  test("hold what is sent in one turn, and what comes while all requests are out", async () => {
    await using world = await ProducerWorld.open({ maxInFlight: 1 });
    world.send("a", "b");
    await turns(2);
    world.send("c");
    await turns(2);
    world.send("d");
    await turns(2);
    expect(world.inFlight).toEqual(["a b"]);
    world.held(0).answer();
    await turns(2);
    expect(world.inFlight).toEqual(["c d"]);
  });

  test("linger, unless they are full or somebody flushes", async () => {
    await using world = await ProducerWorld.open({ lingerMs: 50, batchBytesMax: 200 });
    world.send("a");
    await world.pass(49);
    expect(world.inFlight).toEqual([]);
    await world.pass(1);
    expect(world.inFlight).toEqual(["a"]);
    world.held(0).answer();
    await turns(2);
    const large = "x".repeat(100);
    world.send(large, large);
    await turns(2);
    expect(world.inFlight).toEqual([large]);
    world.held(0).answer();
    const flushed = world.producer.flush();
    await turns(2);
    expect(world.inFlight).toEqual([large]);
    world.held(0).answer();
    await flushed;
  });

  test("are packed as asked", async () => {
    for (const [index, compression] of (
      ["none", "gzip", "snappy", "lz4", "zstd"] as const
    ).entries()) {
      await using world = await ProducerWorld.open({ compression });
      const value = "again and ".repeat(100);
      world.send(value);
      await turns(2);
      const [batch] = world.held(0).batches;
      expect((batch?.header.attributes ?? -1) & attribute.compressionMask).toBe(index);
      expect(batch?.values).toEqual([value]);
      expect(world.held(0).options.versionMin).toBe(compression === "zstd" ? 7 : undefined);
    }
  });

  test("of one leader share a request, up to its size, and none waits for ever", async () => {
    await using world = await ProducerWorld.open({ requestBytesMax: 700, maxInFlight: 1 });
    world.cluster.leaders.set("orders", [1, 1, 2, 1]);
    const value = "x".repeat(200);
    for (const partition of [0, 1, 2, 3]) world.sendTo(partition, `${partition}${value}`);
    await turns(2);
    const partitions = (): string[] =>
      world.cluster.held.map(
        ({ to, batches }) => `${to}: ${batches.map(({ partition }) => partition).join(" ")}`,
      );
    expect(partitions()).toEqual(["1: 0 1", "2: 2"]);
    world.sendTo(0, value);
    world.sendTo(1, value);
    world.held(0).answer();
    await turns(2);
    expect(partitions()).toEqual(["2: 2", "1: 3 0"]);
    await world.settle();
    expect(world.outcomes.length).toBe(6);
  });
});

describe("a partition", () => {
  test("that moved is looked up again, and its batches go to the new leader", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.leaders.set("orders", [1]);
    await world.prove();
    world.cluster.leaders.set("orders", [2]);
    await world.sendApart("a", "b");
    for (const held of [...world.cluster.held]) held.answer();
    await world.pass(pauseMs);
    expect(world.cluster.held.map(({ to }) => to)).toEqual([2]);
    await world.settle();
    expect(world.stored).toBe("first a b");
  });

  test("without a leader waits for one", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.leaders.set("orders", [-1]);
    world.send("a");
    await world.pass(pauseMs);
    expect(world.cluster.held).toEqual([]);
    world.cluster.leaders.set("orders", [3]);
    await world.pass(pauseMs);
    expect(world.cluster.held.map(({ to }) => to)).toEqual([3]);
  });

  test("that the topic does not have is refused, once that is certain", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.leaders.set("orders", [1]);
    await world.prove();
    world.sendTo(7, "a");
    world.cluster.leaders.set("orders", [1, 1]);
    world.sendTo(1, "b");
    await world.pass(pauseMs);
    expect(world.outcomes).toEqual(["first@0", "a UNKNOWN_TOPIC_OR_PARTITION"]);
    expect(world.inFlight).toEqual(["b"]);
  });

  test("that was added gets its share of records", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.leaders.set("orders", [1]);
    world.cluster.answers = true;
    await world.producer.send({ topic: "orders", value: "x" });
    world.cluster.leaders.set("orders", [1, 1]);
    world.cluster.forgetTopic("orders");
    const partitions = new Set<number>();
    for (let round = 0; round < 20; round++) {
      await world.pass(2000);
      partitions.add((await world.producer.send({ topic: "orders", value: "x" })).partition);
    }
    expect([...partitions].sort((a, b) => a - b)).toEqual([0, 1]);
  });
});

describe("a broker", () => {
  test("gets so many requests at a time", async () => {
    await using world = await ProducerWorld.open({ maxInFlight: 2 });
    await world.prove();
    await world.sendApart("a", "b", "c", "d");
    expect(world.inFlight).toEqual(["a", "b"]);
    world.held(0).answer();
    await turns(2);
    expect(world.inFlight).toEqual(["b", "c d"]);
  });

  test("that asks for a pause gets one", async () => {
    await using world = await ProducerWorld.open();
    world.send("a");
    await turns(2);
    world.held(0).answer({}, 500);
    await turns(2);
    world.send("b");
    await world.pass(499);
    expect(world.inFlight).toEqual([]);
    await world.pass(1);
    expect(world.inFlight).toEqual(["b"]);
  });

  test("without topic ids is asked by names", async () => {
    await using world = await ProducerWorld.open();
    const known = await world.cluster.topic("orders");
    world.cluster.topic = () =>
      Promise.resolve({ ...known, topicId: "00000000-0000-0000-0000-000000000000" });
    world.send("a");
    await turns(2);
    expect(world.held(0).options.versionMax).toBe(12);
    world.held(0).respond([{ baseOffset: offset(5) }]);
    await turns(2);
    expect(world.outcomes).toEqual(["a@5"]);
  });
});
