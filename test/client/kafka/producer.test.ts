import { describe, expect, test } from "bun:test";
import type { ClientError } from "../../../src/client/kafka/client-error.ts";
import { Producer } from "../../../src/client/kafka/producer.ts";
import type { ProducerSettingOptions } from "../../../src/client/kafka/producer-settings.ts";
import { turns } from "../../support/until.ts";
import { ProduceCluster } from "./produce-cluster.ts";
import { ProducerWorld } from "./producer-world.ts";

describe("a record", () => {
  test("is delivered when its leader says so, and not before; its place is told", async () => {
    await using world = await ProducerWorld.open();
    const sent = world.producer.send({ topic: "orders", value: "a", timestamp: 1234 });
    await turns(2);
    expect(world.inFlight).toEqual(["a"]);
    world.held(0).answer();
    expect(await sent).toEqual({ topic: "orders", partition: 0, offset: 0, timestamp: 1234 });
  });

  test("carries its key, headers and tombstone", async () => {
    await using world = await ProducerWorld.open();
    const headers = [
      { key: "größe", value: "x" },
      { key: "none", value: null },
    ];
    void world.producer.send({ topic: "orders", key: "k", value: null, headers }).catch(() => {});
    await turns(2);
    const batch = world.held(0).batches[0];
    const text = new TextDecoder().decode(batch?.bytes.subarray(61));
    expect(text).toContain("k");
    expect(text).toContain("größe");
    expect(text).toContain("none");
    expect(batch?.header.recordsCount).toBe(1);
  });

  test("has the log's time where the topic stamps it", async () => {
    await using world = await ProducerWorld.open();
    const sent = world.producer.send({ topic: "orders", value: "a", timestamp: 1 });
    await turns(2);
    world.held(0).answer({ logAppendTimeMs: 77 });
    expect((await sent).timestamp).toBe(77);
  });

  test("that no batch can carry is refused before it is sent", async () => {
    await using world = await ProducerWorld.open({ requestBytesMax: 1000 });
    const send = (record: object): Promise<unknown> =>
      world.producer.send({ topic: "orders", value: "a", ...record }).then(
        () => "sent",
        (error: ClientError) => error.code,
      );
    expect(await send({ timestamp: 1.5 })).toBe("INVALID");
    expect(await send({ timestamp: -1 })).toBe("INVALID");
    expect(await send({ partition: -1 })).toBe("INVALID");
    expect(await send({ value: "x".repeat(1000) })).toBe("MESSAGE_TOO_LARGE");
    const records = { topic: "orders", value: "a" } as unknown as [];
    await expect(world.producer.sendBatch(records)).rejects.toMatchObject({ code: "INVALID" });
    await turns(2);
    expect(world.cluster.held).toEqual([]);
  });

  test("that is larger than a batch goes in one of its own", async () => {
    await using world = await ProducerWorld.open({ batchBytesMax: 300 });
    await world.prove();
    const large = "x".repeat(500);
    const small = "b".repeat(100);
    world.send("a", large, small);
    await turns(2);
    expect(world.inFlight).toEqual(["a", large, small]);
  });

  test("that is refused tells where it was to go, and is not stored", async () => {
    await using world = await ProducerWorld.open();
    const sent = world.producer.send({ topic: "orders", partition: 0, value: "a" });
    await turns(2);
    world.held(0).refuse("TOPIC_AUTHORIZATION_FAILED", { errorMessage: "not you" });
    await expect(sent).rejects.toMatchObject({
      code: "TOPIC_AUTHORIZATION_FAILED",
      topic: "orders",
      partition: 0,
      mayBeStored: false,
      message: expect.stringContaining("record for orders/0: not stored: not you"),
    });
  });

  test("that has a batch refused is told apart from the others (KIP-467)", async () => {
    await using world = await ProducerWorld.open();
    const said: string[] = [];
    for (const value of ["a", "b", "c"]) {
      world.producer
        .send({ topic: "orders", partition: 0, value })
        .catch((error: Error) => said.push(error.message));
    }
    await turns(2);
    const recordErrors = [{ batchIndex: 1, batchIndexErrorMessage: "no key" }];
    world.held(0).refuse("INVALID_RECORD", { recordErrors, errorMessage: "bad batch" });
    await turns(2);
    expect(said).toEqual([
      "3 records for orders/0: not stored: bad batch (INVALID_RECORD)",
      "record for orders/0: no key",
      "3 records for orders/0: not stored: bad batch (INVALID_RECORD)",
    ]);
  });
});

describe("many records with one promise", () => {
  test("are delivered when the last one is", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.leaders.set("orders", [1, 1]);
    const records = [0, 1, 0].map((partition) => ({ topic: "orders", partition, value: "x" }));
    let isOver = false;
    void world.producer.sendBatch(records).then(() => (isOver = true));
    await turns(2);
    world.held(0).answer();
    await turns(2);
    expect(isOver).toBe(true);
    expect(world.cluster.partition("orders", 0).values.length).toBe(2);
    expect(world.cluster.partition("orders", 1).values.length).toBe(1);
    await world.producer.sendBatch([]);
  });

  test("reject with the first that was not delivered, and its place", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.leaders.set("orders", [1, 2]);
    const records = [0, 1, 1].map((partition) => ({ topic: "orders", partition, value: "x" }));
    const sent = world.producer.sendBatch(records);
    await turns(2);
    world.held(0).answer();
    world.held(0).refuse("INVALID_RECORD");
    await expect(sent).rejects.toMatchObject({ code: "INVALID_RECORD", index: 1, partition: 1 });
  });

  test("are refused before any is sent if one can't be", async () => {
    await using world = await ProducerWorld.open();
    const records = [1, 1.5].map((timestamp) => ({ topic: "orders", value: "x", timestamp }));
    await expect(world.producer.sendBatch(records)).rejects.toMatchObject({ code: "INVALID" });
    await turns(2);
    expect(world.cluster.held).toEqual([]);
  });
});

describe("closing", () => {
  test("waits until everything is settled, and takes no more", async () => {
    await using world = await ProducerWorld.open({ lingerMs: 1000 });
    world.send("a");
    let isClosed = false;
    void world.producer.close().then(() => (isClosed = true));
    await turns(2);
    expect(world.inFlight).toEqual(["a"]);
    expect(isClosed).toBe(false);
    world.send("b");
    world.held(0).answer();
    await turns(2);
    expect(isClosed).toBe(true);
    expect(world.outcomes).toEqual(["b CLOSED", "a@0"]);
    // The cluster was lent.
    expect(world.cluster.isClosed).toBe(false);
  });

  test("at once gives up what is not settled", async () => {
    const world = await ProducerWorld.open();
    await world.prove();
    world.send("a");
    await turns(2);
    world.send("b");
    world.held(0).store();
    await world.producer.abort();
    await turns(2);
    expect(world.outcomes).toEqual(["first@0", "a CLOSED?", "b CLOSED"]);
    expect(world.cluster.clock.pending).toBe(0);
  });

  test("a flush waits for what was sent before it only", async () => {
    await using world = await ProducerWorld.open({ maxInFlight: 1 });
    world.send("a");
    await turns(2);
    let isFlushed = false;
    void world.producer.flush().then(() => (isFlushed = true));
    world.send("b");
    world.held(0).answer();
    await turns(2);
    expect(isFlushed).toBe(true);
    expect(world.inFlight).toEqual(["b"]);
  });
});

test("what makes no sense is refused when it is opened", async () => {
  const refused: ProducerSettingOptions[] = [
    { acks: 1, idempotent: true },
    { maxInFlight: 6 },
    { maxInFlight: 0 },
    { lingerMs: -1 },
    { batchBytesMax: 1e9 },
    { deliveryTimeoutMs: 1.5 },
  ];
  for (const options of refused) {
    const opened = Producer.open({ cluster: new ProduceCluster(), ...options });
    await expect(opened).rejects.toMatchObject({ code: "INVALID" });
  }
});
