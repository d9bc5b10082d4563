import { handOver } from "../support/memory.ts";
import { describe, expect, test } from "bun:test";
import { partitionForKey } from "../../src/base/murmur2.ts";
import { Refusal } from "../../src/base/refusal.ts";
import {
  batchRecordsMax,
  nativeFrameBytesMax,
  nativeWaitingOverheadBytes,
} from "../../src/limits.ts";
import { textBytes } from "../support/hex.ts";
import { FakeLink, payload, settled, World } from "./session-world.ts";

const failed = new Refusal("KAFKA_STORAGE_ERROR", "the disk is gone");

describe("frames of one chunk", () => {
  test("for one partition are one batch, in order", () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, { value: "b" }, { value: "c" });
    expect(world.appended()).toEqual(["orders-0: a b c"]);
  });

  test("for several topics are a batch for each", () => {
    const world = new World();
    world.broker.has("orders").has("payments");
    world.receive({ value: "a" }, { topic: "payments", value: "b" }, { value: "c" });
    expect(world.appended()).toEqual(["orders-0: a c", "payments-0: b"]);
  });

  test("beyond what a batch may hold go into the next batch", () => {
    const world = new World();
    world.broker.has("orders");
    world.receive(...Array.from({ length: batchRecordsMax + 1 }, () => ({ value: "x" })));
    expect(world.broker.batches.map(({ records }) => records.length)).toEqual([batchRecordsMax, 1]);
  });

  test("are cut into batches that the topic takes; a too large one is refused alone", async () => {
    const world = new World();
    world.broker.batchBytesMax = 200;
    world.broker.has("orders");
    const small = Array.from({ length: 10 }, (_, i) => ({ value: `${i}`.padEnd(30, ".") }));
    world.receive(...small.slice(0, 6), { value: "x".repeat(300) }, ...small.slice(6));
    expect(world.broker.batches.flatMap(({ records }) => records)).toEqual(
      small.map(({ value }) => value),
    );
    await world.commit(...world.broker.batches.keys());
    expect(world.link.sent).toBe(`${"OK\n".repeat(6)}NACK:PUBLISH_FAILED\n${"OK\n".repeat(4)}`);
  });

  test("keep their times to the nanosecond, and an empty key is no key", () => {
    const world = new World();
    world.broker.has("orders");
    world.receive(
      { value: "a", timestamp: 1_754_705_528_480, nanoseconds: 375_001 },
      { value: "b", timestamp: -1, nanoseconds: 999_999, key: "k" },
      { value: "c", timestamp: 5 },
    );
    const [batch] = world.broker.batches;
    expect(batch?.records).toEqual(["a", "k=b", "c"]);
    expect(batch?.timestamps).toEqual([1_754_705_528_480, -1, 5]);
    expect(batch?.nanoseconds).toEqual([375_001, 999_999, 0]);
  });

  test("of the largest size fit", async () => {
    const world = new World();
    world.broker.has("orders");
    const room = nativeFrameBytesMax - 20 - "orders".length - "key".length;
    world.receive({ key: "key", value: "x".repeat(room), nanoseconds: 1 });
    await world.commit(0);
    expect(world.link.sent).toBe("OK\n");
  });
});

describe("partitions", () => {
  test("are chosen by the key, as Kafka's clients choose them", () => {
    const world = new World();
    world.broker.has("orders", 5);
    const keys = ["a", "b", "c", "d", "e", "f", "g", "a", "b"];
    world.receive(...keys.map((key) => ({ key, value: "x" })));
    for (const { partition, records } of world.broker.batches) {
      for (const record of records) {
        expect(partition).toBe(partitionForKey(textBytes(record.slice(0, 1)), 5));
      }
    }
  });

  test("without a key stay the same for a chunk and change with the next one", () => {
    const world = new World();
    world.broker.has("orders", 3);
    for (let chunk = 0; chunk < 4; chunk++) world.receive({ value: "x" }, { value: "y" });
    const used = world.broker.batches.map(({ partition }) => partition);
    expect(used).toHaveLength(4);
    expect(new Set(used.slice(0, 3))).toEqual(new Set([0, 1, 2]));
    expect(used[3]).toBe(used[0]);
  });

  test("without a key differ from one short connection to the next", () => {
    const world = new World();
    world.broker.has("orders", 3);
    for (let connection = 0; connection < 3; connection++) {
      const session = world.protocol.open(new FakeLink());
      const bytes = payload({ value: "x" });
      handOver(bytes, (memory) => session.frame(memory, 0, bytes.length));
      session.received();
    }
    const used = world.broker.batches.map(({ partition }) => partition);
    expect(new Set(used)).toEqual(new Set([0, 1, 2]));
  });
});

describe("replies", () => {
  test("are not sent before the commit", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, { value: "b" });
    await settled();
    expect(world.link.sent).toBe("");
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nOK\n");
  });

  test("wait for those before them, in whatever order the batches are committed", async () => {
    const world = new World();
    world.broker.has("orders").has("payments");
    world.receive({ value: "a" }, { topic: "payments", value: "b" });
    world.receive({ value: "c" });
    await world.commit(2);
    expect(world.link.sent).toBe("");
    await world.commit(1);
    expect(world.link.sent).toBe("");
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nOK\nOK\n");
  });

  test("tell apart the frames of a batch that failed and those of one that did not", async () => {
    const world = new World();
    world.broker.has("orders").has("payments");
    world.receive({ value: "a" }, { topic: "payments", value: "b" }, { value: "c" });
    world.broker.batches[0]!.commit(failed);
    await world.commit(1);
    expect(world.link.sent).toBe("NACK:PUBLISH_FAILED\nOK\nNACK:PUBLISH_FAILED\n");
  });

  test("to a batch that the log refuses at once keep their place", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" });
    world.broker.refusals.push(failed);
    world.receive({ value: "b" });
    expect(world.link.sent).toBe("");
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nNACK:PUBLISH_FAILED\n");
  });

  test("to an empty frame and to garbage keep their place, and the connection goes on", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, "empty", "garbage", { value: "b" }, "empty");
    expect(world.link.sent).toBe("");
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nNACK:CORRUPTED\nNACK:INVALID_FORMAT\nOK\nNACK:CORRUPTED\n");
    expect(world.link.closedFor).toBeNull();
    world.receive("empty");
    expect(world.link.sent.endsWith("NACK:CORRUPTED\nNACK:CORRUPTED\n")).toBe(true);
  });

  test("to a topic that is not UTF-8 is INVALID_FORMAT", () => {
    const world = new World();
    const bytes = payload({ topic: "orders", value: "a" });
    bytes[12] = 0xff;
    handOver(bytes, (memory) => world.session.frame(memory, 0, bytes.length));
    world.session.received();
    expect(world.link.sent).toBe("NACK:INVALID_FORMAT\n");
  });

  test("to names that are too long are PUBLISH_FAILED, and nothing of them is kept", () => {
    const world = new World();
    world.receive({ topic: "x".repeat(250), value: "a" }, { topic: "x".repeat(9e6), value: "a" });
    expect(world.link.sent).toBe("NACK:PUBLISH_FAILED\nNACK:PUBLISH_FAILED\n");
    expect(world.link.reservedBytes).toBe(0);
    expect(world.broker.asked).toEqual([]);
  });

  test("are counted by what they say, and batches by how long they took", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, "empty", { value: "b" });
    await world.commit(0);
    const { errors, durations } = world.protocol.stats;
    expect([...errors]).toEqual([["CORRUPTED", 1]]);
    // One batch, whatever the number of its records.
    expect(durations.get("Publish")?.count).toBe(1);
  });
});

describe("an oversized frame", () => {
  test("is refused when its turn comes, and only then does the connection close", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, "oversized");
    expect([world.link.sent, world.link.closedFor]).toEqual(["", null]);
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nNACK:PROTOCOL_ERROR\n");
    expect(world.link.closedFor).toContain("10485761 bytes");
  });

  test("with nothing before it closes at once", () => {
    const world = new World();
    world.receive("oversized");
    expect(world.link.sent).toBe("NACK:PROTOCOL_ERROR\n");
    expect(world.link.closedFor).not.toBeNull();
  });
});

describe("a topic that is not there", () => {
  test("is created by its first frame, once, and its frames follow in order", async () => {
    const world = new World();
    world.receive({ value: "a" }, { value: "b" });
    world.receive({ value: "c" });
    expect(world.broker.asked).toEqual(["orders"]);
    expect(world.broker.batches).toEqual([]);
    world.broker.answer("orders", 1);
    await settled();
    expect(world.appended()).toEqual(["orders-0: a b c"]);
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nOK\nOK\n");
  });

  test("and is one of many waits until its connection's earlier ones are there", async () => {
    const world = new World();
    const names = ["a", "b", "c"];
    world.receive(...[...names, "a"].map((topic) => ({ topic, value: topic })));
    for (const name of names) {
      expect(world.broker.asked).toEqual([name]);
      world.broker.answer(name, name === "b" ? new Refusal("POLICY_VIOLATION", "no") : 1);
      await settled();
    }
    expect(world.broker.asked).toEqual([]);
    expect(world.appended()).toEqual(["a-0: a a", "c-0: c"]);
    await world.commit(1, 0);
    expect(world.link.sent).toBe("OK\nNACK:PUBLISH_FAILED\nOK\nOK\n");
    expect(world.link.reservedBytes).toBe(0);
  });

  test("counts a waiting frame for more than its bytes", () => {
    const world = new World();
    world.receive({ value: "" });
    expect(world.link.reservedBytes).toBeGreaterThan(nativeWaitingOverheadBytes);
  });

  test("that another connection creates meanwhile lets no later frame overtake", async () => {
    const world = new World();
    world.receive({ value: "a" });
    world.broker.has("orders");
    world.receive({ value: "b" });
    expect(world.broker.batches).toEqual([]);
    world.broker.answer("orders", 1);
    await settled();
    world.receive({ value: "c" });
    expect(world.appended()).toEqual(["orders-0: a b", "orders-0: c"]);
  });

  test("holds back the replies of others, and not their records", async () => {
    const world = new World();
    world.broker.has("payments");
    world.receive({ value: "a" }, { topic: "payments", value: "b" });
    expect(world.appended()).toEqual(["payments-0: b"]);
    await world.commit(0);
    expect(world.link.sent).toBe("");
    world.broker.answer("orders", 1);
    await settled();
    await world.commit(1);
    expect(world.link.sent).toBe("OK\nOK\n");
  });

  test("and may not be is PUBLISH_FAILED for each of its frames, and asked for again", async () => {
    const world = new World();
    world.receive({ topic: "a/b", value: "a" }, { topic: "a/b", value: "b" });
    world.broker.answer("a/b", new Refusal("INVALID_TOPIC_EXCEPTION", "a slash"));
    await settled();
    expect(world.link.sent).toBe("NACK:PUBLISH_FAILED\nNACK:PUBLISH_FAILED\n");
    world.receive({ topic: "a/b", value: "c" });
    expect(world.broker.asked).toEqual(["a/b"]);
  });

  test("any more is created anew", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" });
    world.broker.forget("orders");
    world.receive({ value: "b" });
    expect(world.broker.asked).toEqual(["orders"]);
  });

  test("keeps waiting frames although their chunk's memory is used again", async () => {
    const world = new World();
    const bytes = payload({ value: "a", key: "k" });
    const memory = handOver(bytes, (came) => world.session.frame(came, 0, bytes.length));
    world.session.received();
    expect(memory.isFreed).toBeTrue();
    world.broker.answer("orders", 1);
    await settled();
    expect(world.appended()).toEqual(["orders-0: k=a"]);
  });

  test("among thousands does not make the connection forget the one that is waited for", async () => {
    const world = new World();
    world.receive({ value: "a" });
    for (let number = 0; number < 3000; number++) {
      world.broker.has(`topic-${number}`);
      world.receive({ topic: `topic-${number}`, value: "x" });
    }
    world.receive({ value: "b" });
    expect(world.broker.asked).toEqual(["orders"]);
    world.broker.answer("orders", 1);
    await settled();
    expect(world.appended().at(-1)).toBe("orders-0: a b");
  });
});

describe("what is reserved of the link", () => {
  test("is the frames that are not answered, and nothing when all are", async () => {
    const world = new World();
    world.broker.has("orders").has("payments");
    world.receive({ value: "a" }, "empty", { topic: "payments", value: "b" }, "garbage");
    const whole = world.link.reservedBytes;
    expect(whole).toBeGreaterThan(100);
    await world.commit(0);
    expect(world.link.reservedBytes).toBeGreaterThan(0);
    expect(world.link.reservedBytes).toBeLessThan(whole);
    await world.commit(1);
    expect(world.link.reservedBytes).toBe(0);
  });

  test("counts frames without a byte: a flood of them is bounded, too", () => {
    const world = new World();
    world.receive({ value: "never answered" }, "empty");
    const before = world.link.reservedBytes;
    for (let count = 0; count < 1000; count++) world.receive("empty");
    expect(world.link.reservedBytes).toBeGreaterThanOrEqual(before + 1000 * 32);
  });
});

describe("the end", () => {
  test("after the peer's FIN comes when all is answered", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" });
    world.session.finish();
    expect(world.link.closedFor).toBeNull();
    await world.commit(0);
    expect(world.link.sent).toBe("OK\n");
    expect(world.link.closedFor).not.toBeNull();
  });

  test("comes at once if nothing is owed", () => {
    const world = new World();
    world.session.finish();
    expect(world.link.closedFor).not.toBeNull();
  });

  test("of the socket leaves commits and creations under way without harm", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, { topic: "new", value: "b" });
    world.link.gone = true;
    world.session.closed();
    await world.commit(0);
    world.broker.answer("new", 1);
    await settled();
    expect(world.link.sent).toBe("");
    expect(world.appended()).toEqual(["orders-0: a"]);
  });
});
