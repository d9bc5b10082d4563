import { describe, expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { partitionByKey } from "../../../src/client/kafka/partitioner.ts";
import { turns } from "../../support/until.ts";
import { ProducerWorld } from "./producer-world.ts";

describe("a topic", () => {
  test("that can't be had refuses its records", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.topicError = new ClientError("INVALID_TOPIC_EXCEPTION", "no such name");
    world.send("a", "b");
    await turns(2);
    expect(world.outcomes).toEqual(["a INVALID_TOPIC_EXCEPTION", "b INVALID_TOPIC_EXCEPTION"]);
  });

  test("that is not known yet keeps the order of its records", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.topicError = new ClientError("NETWORK", "nobody there");
    world.send("a");
    await turns(2);
    world.cluster.topicError = null;
    world.send("b");
    await world.settle();
    expect(world.stored).toBe("a b");
  });
});

describe("records", () => {
  test("of records without keys go to one partition each, then to another", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.leaders.set("orders", [1, 1, 1, 1]);
    const partitions = new Set<number>();
    world.cluster.answers = true;
    for (let round = 0; round < 40; round++) {
      const records = [1, 2, 3].map(() => ({ topic: "orders", value: "x" }));
      const places = await Promise.all(records.map((record) => world.producer.send(record)));
      expect(new Set(places.map(({ partition }) => partition)).size).toBe(1);
      partitions.add(places[0]?.partition ?? -1);
    }
    expect([...partitions].sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });

  test("of one key go to the partition that all of Kafka's clients choose", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.leaders.set("orders", [1, 1, 1]);
    world.cluster.answers = true;
    for (const key of ["a", "b", "c", "d"]) {
      const { partition } = await world.producer.send({ topic: "orders", key, value: "x" });
      expect(partition).toBe(partitionByKey(new TextEncoder().encode(key), 3, "orders") ?? -1);
    }
  });

  test("go where a partitioner of the program says, if there is such a partition", async () => {
    await using world = await ProducerWorld.open({ partitioner: (key) => key?.length ?? null });
    world.cluster.leaders.set("orders", [1, 1, 1]);
    world.cluster.answers = true;
    const placed = await world.producer.send({ topic: "orders", key: "xx", value: "" });
    expect(placed.partition).toBe(2);
    const astray = world.producer.send({ topic: "orders", key: "xxxx", value: "" });
    await expect(astray).rejects.toMatchObject({ code: "INVALID", topic: "orders" });
  });

  test("are refused where such a partitioner fails, and no others with them", async () => {
    const partitioner = (key: Uint8Array | null): number => {
      if (key === null) throw new Error("no key");
      return 0;
    };
    await using world = await ProducerWorld.open({ partitioner });
    world.cluster.answers = true;
    const refused = {
      code: "INVALID",
      mayBeStored: false,
      message: "record for orders: the partitioner failed: no key",
    };
    // Before the topic is known, and afterwards.
    for (let round = 0; round < 2; round++) {
      const astray = world.producer.send({ topic: "orders", value: "" });
      const placed = world.producer.send({ topic: "orders", key: "a", value: "" });
      await expect(astray).rejects.toMatchObject(refused);
      expect((await placed).partition).toBe(0);
    }
    await world.producer.close();
  });
});
