import { describe, expect, test } from "bun:test";
import { type DeliveryError } from "../../../src/client/kafka/producer.ts";
import { turns } from "../../support/until.ts";
import { ProducerWorld } from "./producer-world.ts";

describe("the buffer", () => {
  test("holds so many bytes; further sends wait, in order, and linger no more", async () => {
    await using world = await ProducerWorld.open({ bufferBytesMax: 300, lingerMs: 10_000 });
    const values = ["a", "b", "c", "d"].map((letter) => letter.repeat(100));
    world.send(...values);
    let isReady = false;
    void world.producer.ready().then(() => (isReady = true));
    await turns(2);
    expect(world.inFlight).toEqual([`${values[0]} ${values[1]}`]);
    expect(isReady).toBe(false);
    world.held(0).answer();
    await turns(3);
    expect(isReady).toBe(true);
    await world.settle();
    expect(world.stored).toBe(values.join(" "));
  });

  test("lets a record in that is larger than all of it", async () => {
    await using world = await ProducerWorld.open({ bufferBytesMax: 10 });
    world.send("a".repeat(100), "b");
    await world.settle();
    expect(world.outcomes).toEqual([`${"a".repeat(100)}@0`, "b@1"]);
  });

  test("keeps nobody waiting longer than a delivery may take", async () => {
    await using world = await ProducerWorld.open({ bufferBytesMax: 10, deliveryTimeoutMs: 1000 });
    world.send("a", "b");
    const batch = [1, 2].map(() => ({ topic: "orders", value: "c" }));
    const sent = world.producer.sendBatch(batch).catch((error: DeliveryError) => error);
    await world.pass(1000);
    expect(world.outcomes).toEqual(["b TIMED_OUT", "a TIMED_OUT?"]);
    expect(await sent).toMatchObject({ code: "TIMED_OUT", index: 0, mayBeStored: false });
    // What is in flight still takes its room.
    world.cut();
    await world.producer.ready();
  });
});
