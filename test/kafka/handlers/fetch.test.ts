import { describe, expect, test } from "bun:test";
import type { Offset } from "../../../src/base/brands.ts";
import { Refusal } from "../../../src/base/refusal.ts";
import { noUuid } from "../../../src/wire/table.ts";
import { batchOf, numbersIn } from "../../support/batches.ts";
import { type KafkaPeer, KafkaWorld, named } from "../../support/kafka-world.ts";
import { turns } from "../../support/until.ts";

/** Appends batches of one record each, numbered from `first` on; their size is that of one. */
async function fill(
  world: KafkaWorld,
  topic: string,
  first: number,
  count: number,
  partition = 0,
  valueBytes = 100,
): Promise<number> {
  let bytes = 0;
  for (let number = first; number < first + count; number++) {
    const batch = batchOf({ first: number, valueBytes });
    bytes = batch.length;
    const appended = world.broker.topic(topic)?.partitions[partition]?.append(batch);
    if (appended === undefined || appended instanceof Refusal) throw new Error("not appended");
    await appended.committed;
  }
  return bytes;
}

interface Asked {
  readonly topic?: string;
  readonly topicId?: string;
  readonly partition?: number;
  readonly from?: number;
  readonly bytesMax?: number;
  readonly epoch?: number;
}

interface Options {
  readonly version?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly isolationLevel?: number;
}

const wantedOf = (asked: readonly Asked[]) =>
  asked.map((one) => ({
    topic: one.topic ?? "t",
    topicId: one.topicId ?? noUuid,
    partitions: [
      {
        partition: one.partition ?? 0,
        fetchOffset: (one.from ?? 0) as Offset,
        partitionMaxBytes: one.bytesMax ?? 1_000_000,
        currentLeaderEpoch: one.epoch ?? -1,
      },
    ],
  }));

function ask(peer: KafkaPeer, asked: readonly Asked[], options: Options = {}): number {
  const { version = 11, maxWaitMs = 0, minBytes = 1, maxBytes = 10_000_000 } = options;
  const topics = wantedOf(asked);
  const { isolationLevel = 0 } = options;
  return peer.ask("Fetch", version, { maxWaitMs, minBytes, maxBytes, isolationLevel, topics });
}

/** Each partition that was answered: `topic-index error numbers`. */
async function rows(peer: KafkaPeer, id: number): Promise<string[]> {
  const { responses } = await peer.response<"Fetch">(id);
  return responses.flatMap(({ topic, partitions }) =>
    partitions.map(({ partitionIndex, errorCode, records }) => {
      const error = errorCode === 0 ? "" : ` ${named(errorCode)}`;
      return `${topic}-${partitionIndex}${error} ${numbersIn(records ?? []).join(",")}`;
    }),
  );
}

/** Fills a topic, and starts again on a disk on which its log can't be opened. */
async function withClosedLog(): Promise<KafkaWorld> {
  const filled = await KafkaWorld.open();
  await filled.topic("t");
  await fill(filled, "t", 0, 5);
  const base = filled.base.crash({ keep: "all" });
  base.disk.failNext("list", "topics/t/0", "exhausted");
  return await KafkaWorld.open({}, {}, base);
}

test("a log that can't be opened has no offsets: nobody is sent back to the start", async () => {
  const world = await withClosedLog();
  const peer = world.connect();
  const times = [-1, -2, -3, 0].map((timestamp) => ({ partitionIndex: 0, timestamp }));
  const listed = await peer.request("ListOffsets", 7, {
    topics: [{ name: "t", partitions: times }],
  });
  const found = (listed.topics[0]?.partitions ?? []).map(({ errorCode, offset }) => {
    return `${named(errorCode)} ${offset}`;
  });
  expect(found).toEqual(Array.from({ length: 4 }, () => "KAFKA_STORAGE_ERROR -1"));
  const partitions = [{ partition: 0, leaderEpoch: 0 }];
  const ended = await peer.request("OffsetForLeaderEpoch", 4, {
    topics: [{ topic: "t", partitions }],
  });
  const [end] = ended.topics[0]?.partitions ?? [];
  expect(named(end?.errorCode ?? 0)).toBe("KAFKA_STORAGE_ERROR");
  expect(end?.endOffset).toBe(-1 as Offset);
  await world.close();
});

describe("a consumer of old records", () => {
  /** Twenty records on the disk, none in memory; and what a Fetch is to ask for to get five. */
  async function withOldRecords() {
    const filled = await KafkaWorld.open();
    await filled.topic("t");
    const bytes = await fill(filled, "t", 0, 20);
    const base = filled.base.crash({ keep: "all" });
    const world = await KafkaWorld.open({}, {}, base);
    return { world, disk: base.disk, peer: world.connect(), bytesMax: 5 * bytes };
  }

  test("finds read already what comes next", async () => {
    const { world, disk, peer, bytesMax } = await withOldRecords();
    expect(await rows(peer, ask(peer, [{ bytesMax }]))).toEqual(["t-0 0,1,2,3,4"]);
    await world.settle();
    const gate = disk.hold("read");
    expect(await rows(peer, ask(peer, [{ from: 5, bytesMax }]))).toEqual(["t-0 5,6,7,8,9"]);
    gate.release();
    await world.settle();
    expect(world.protocol.services.aheadBudget.used).toBe(bytesMax);
    peer.leave();
    expect(world.protocol.services.aheadBudget.used).toBe(0);
    await world.close();
  });

  test("that has left has nothing read for it any more", async () => {
    const { world, disk, peer, bytesMax } = await withOldRecords();
    const gate = disk.hold("read");
    ask(peer, [{ bytesMax }]);
    await gate.reached();
    peer.leave();
    gate.release();
    await world.settle();
    const { aheadBudget, fetchBudget } = world.protocol.services;
    expect([aheadBudget.used, fetchBudget.used]).toEqual([0, 0]);
    await world.close();
  });
});

describe("Fetch", () => {
  test("answers from the batch that holds the offset, with all marks", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    await fill(world, "t", 0, 5);
    const peer = world.connect();
    expect(await rows(peer, ask(peer, [{ from: 3 }]))).toEqual(["t-0 3,4"]);
    const [answer] = (await peer.response<"Fetch">(1)).responses;
    expect(answer?.partitions[0]).toMatchObject({
      highWatermark: 5,
      lastStableOffset: 5,
      logStartOffset: 0,
      abortedTransactions: null,
      preferredReadReplica: -1,
    });
    await world.close();
  });

  test("has no aborted transactions to tell at either isolation level", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    await fill(world, "t", 0, 2);
    const peer = world.connect();
    const id = ask(peer, [{}], { isolationLevel: 1 });
    expect(await rows(peer, id)).toEqual(["t-0 0,1"]);
    const [answer] = (await peer.response<"Fetch">(id)).responses;
    expect(answer?.partitions[0]?.abortedTransactions).toEqual([]);
    await world.close();
  });

  test("fills the answer in the order of the partitions", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 3);
    const bytes = await fill(world, "t", 0, 3, 0);
    await fill(world, "t", 10, 3, 1);
    await fill(world, "t", 20, 3, 2);
    const peer = world.connect();
    const partitions = [2, 0, 1].map((partition) => ({ partition }));
    const id = ask(peer, partitions, { maxBytes: 4 * bytes + 10 });
    expect(await rows(peer, id)).toEqual(["t-2 20,21,22", "t-0 0", "t-1 "]);
    await world.close();
  });

  test("keeps the bound of each partition, and answers one batch that is above all of them", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 2);
    const bytes = await fill(world, "t", 0, 3, 0);
    await fill(world, "t", 10, 3, 1);
    const peer = world.connect();
    const bounded = [0, 1].map((partition) => ({ partition, bytesMax: 2 * bytes + 10 }));
    expect(await rows(peer, ask(peer, bounded))).toEqual(["t-0 0,1", "t-1 10,11"]);
    // The first batch of the request comes whatever its size; the others keep their bounds.
    const tiny = [0, 1].map((partition) => ({ partition, bytesMax: 1 }));
    expect(await rows(peer, ask(peer, tiny))).toEqual(["t-0 0", "t-1 "]);
    expect(await rows(peer, ask(peer, tiny, { maxBytes: 0 }))).toEqual(["t-0 0", "t-1 "]);
    const empty = [
      { from: 3, bytesMax: 1 },
      { partition: 1, bytesMax: 1 },
    ];
    expect(await rows(peer, ask(peer, empty))).toEqual(["t-0 ", "t-1 10"]);
    await world.close();
  });

  test.each([
    ["an offset above the end", { from: 6 }, "OFFSET_OUT_OF_RANGE"],
    ["a negative offset", { from: -1 }, "OFFSET_OUT_OF_RANGE"],
    ["a partition that there is not", { partition: 9 }, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["a topic that there is not", { topic: "u" }, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["an epoch that is to come", { epoch: 1 }, "UNKNOWN_LEADER_EPOCH"],
  ])("answers %s at once", async (_what, asked, error) => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    await fill(world, "t", 0, 5);
    const peer = world.connect();
    const waiting = { maxWaitMs: 600_000, minBytes: 1_000_000 };
    const id = ask(peer, [{ from: 4 }, asked], waiting);
    const name = `${"topic" in asked ? asked.topic : "t"}-${"partition" in asked ? 9 : 0}`;
    expect(await rows(peer, id)).toEqual(["t-0 4", `${name} ${error} `]);
    expect(world.base.clock.monotonic()).toBe(0);
    await world.close();
  });

  test("below the start is out of range, and says where the log is", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    await fill(world, "t", 0, 5);
    await world.broker.topic("t")?.partitions[0]?.deleteRecords(3);
    const peer = world.connect();
    const id = ask(peer, [{ from: 2 }]);
    expect(await rows(peer, id)).toEqual(["t-0 OFFSET_OUT_OF_RANGE "]);
    const [answer] = (await peer.response<"Fetch">(id)).responses;
    expect(answer?.partitions[0]).toMatchObject({ logStartOffset: 3, highWatermark: 5 });
    await world.close();
  });

  test("from version 13 on names topics by id", async () => {
    const world = await KafkaWorld.open();
    const topicId = await world.topic("t");
    await fill(world, "t", 0, 1);
    const peer = world.connect();
    const other = "00000000-0000-0000-0000-00000000000f";
    const id = ask(
      peer,
      [
        { topic: "", topicId },
        { topic: "", topicId: other },
      ],
      { version: 13 },
    );
    const { responses } = await peer.response<"Fetch">(id);
    expect(responses.map((each) => each.topicId)).toEqual([topicId, other]);
    const codes = responses.map(({ partitions }) => named(partitions[0]?.errorCode ?? 0));
    expect(codes).toEqual(["NONE", "UNKNOWN_TOPIC_ID"]);
    await world.close();
  });
});

describe("a fetch that waits", () => {
  test("is answered by the append that brings the last byte", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 2);
    const bytes = await fill(world, "t", 0, 1);
    const peer = world.connect();
    const partitions = [{ from: 0 }, { partition: 1 }];
    const id = ask(peer, partitions, { maxWaitMs: 1_000, minBytes: 3 * bytes });
    await fill(world, "t", 10, 1, 1);
    await turns(5);
    expect(peer.order).toEqual([]);
    await fill(world, "t", 1, 1);
    expect(await rows(peer, id)).toEqual(["t-0 0,1", "t-1 10"]);
    expect(world.base.clock.monotonic()).toBe(0);
    await world.close();
  });

  test("is answered when its time is up, with what there is", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    await fill(world, "t", 0, 1);
    const peer = world.connect();
    const id = ask(peer, [{}], { maxWaitMs: 1_000, minBytes: 1_000_000 });
    await fill(world, "t", 1, 1);
    await turns(5);
    world.base.clock.advance(999);
    await turns(5);
    expect(peer.order).toEqual([]);
    world.base.clock.advance(1);
    expect(await rows(peer, id)).toEqual(["t-0 0,1"]);
    expect(world.base.clock.monotonic()).toBe(1_000);
    await world.close();
  });

  test("does not spin where more would not be taken", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const bytes = await fill(world, "t", 0, 4);
    const peer = world.connect();
    const id = ask(peer, [{ bytesMax: bytes + 10 }], { maxWaitMs: 1_000, minBytes: 3 * bytes });
    expect(await rows(peer, id)).toEqual(["t-0 0"]);
    await world.close();
  });

  test("for more than it takes at most is answered once that is full", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const bytes = await fill(world, "t", 0, 3);
    const peer = world.connect();
    const id = ask(peer, [{}], { maxWaitMs: 1_000, minBytes: 1e9, maxBytes: 2 * bytes });
    expect(await rows(peer, id)).toEqual(["t-0 0,1"]);
    expect(world.base.clock.monotonic()).toBe(0);
    await world.close();
  });

  test("for nothing is answered at once", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const id = ask(peer, [], { maxWaitMs: 600_000, minBytes: 1 });
    expect(await rows(peer, id)).toEqual([]);
    expect(world.base.clock.monotonic()).toBe(0);
    await world.close();
  });

  test("is told at once when its topic is deleted", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const id = ask(peer, [{}], { maxWaitMs: 600_000 });
    await turns(5);
    await world.broker.deleteTopic("t");
    expect(await rows(peer, id)).toEqual(["t-0 UNKNOWN_TOPIC_OR_PARTITION "]);
    expect(world.base.clock.monotonic()).toBe(0);
    await world.close();
  });
});

test("a reader that follows misses nothing and sees nothing twice", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t");
  const peer = world.connect();
  const writing = fill(world, "t", 0, 100, 0, 1_000);
  const seen: number[] = [];
  while (seen.length < 100) {
    const id = ask(peer, [{ from: seen.length, bytesMax: 5_000 }], { maxWaitMs: 10_000 });
    const { responses } = await peer.response<"Fetch">(id);
    seen.push(...numbersIn(responses[0]?.partitions[0]?.records ?? []));
  }
  await writing;
  expect(seen).toEqual(Array.from({ length: 100 }, (_, number) => number));
  await world.close();
});

describe("a fetch session", () => {
  test("tells what has changed, and goes on in the order of fairness", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 3);
    await fill(world, "t", 0, 1, 0);
    const peer = world.connect();
    const begin = { maxWaitMs: 0, minBytes: 1, maxBytes: 1e6, sessionId: 0, sessionEpoch: 0 };
    const topics = wantedOf([0, 1, 2].map((partition) => ({ partition })));
    const first = await peer.request("Fetch", 11, { ...begin, topics });
    expect(first.sessionId).toBeGreaterThan(0);
    expect(first.responses[0]?.partitions).toHaveLength(3);

    await fill(world, "t", 20, 1, 2);
    const { sessionId } = first;
    const next = await peer.request("Fetch", 11, {
      ...begin,
      sessionId,
      sessionEpoch: 1,
      topics: wantedOf([{ partition: 0, from: 1 }]),
    });
    expect(next.sessionId).toBe(sessionId);
    expect(next.responses.flatMap(({ partitions }) => partitions)).toMatchObject([
      { partitionIndex: 2, highWatermark: 1 },
    ]);
    const none = await peer.request("Fetch", 11, {
      ...begin,
      sessionId,
      sessionEpoch: 2,
      topics: wantedOf([{ partition: 2, from: 1 }]),
    });
    expect(none.responses).toEqual([]);
    await world.close();
  });

  test("that there is not, or that is elsewhere, is an error", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const begin = { maxWaitMs: 0, maxBytes: 1e6, topics: wantedOf([{}]) };
    const unknown = await peer.request("Fetch", 11, { ...begin, sessionId: 5, sessionEpoch: 1 });
    expect(named(unknown.errorCode)).toBe("FETCH_SESSION_ID_NOT_FOUND");
    const { sessionId } = await peer.request("Fetch", 11, { ...begin, sessionEpoch: 0 });
    const wrong = await peer.request("Fetch", 11, { ...begin, sessionId, sessionEpoch: 2 });
    expect(named(wrong.errorCode)).toBe("INVALID_FETCH_SESSION_EPOCH");
    const elsewhere = world.connect();
    const other = await elsewhere.request("Fetch", 11, { ...begin, sessionId, sessionEpoch: 1 });
    expect(named(other.errorCode)).toBe("FETCH_SESSION_ID_NOT_FOUND");
    await world.close();
  });
});

describe("ListOffsets", () => {
  /** Offset and time for each time that is asked for. */
  async function listed(world: KafkaWorld, ...timestamps: number[]): Promise<string[]> {
    const partitions = timestamps.map((timestamp) => ({ partitionIndex: 0, timestamp }));
    const answer = await world
      .connect()
      .request("ListOffsets", 10, { topics: [{ name: "t", partitions }] });
    return (answer.topics[0]?.partitions ?? []).map(
      ({ errorCode, offset, timestamp, leaderEpoch }) =>
        errorCode === 0 ? `${offset} at ${timestamp}, epoch ${leaderEpoch}` : named(errorCode),
    );
  }

  test("finds ends, times, and the latest time", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    await fill(world, "t", 0, 5);
    await world.broker.topic("t")?.partitions[0]?.deleteRecords(1);
    expect(await listed(world, -1, -2, -3, -4, -5)).toEqual([
      "5 at -1, epoch 0",
      "1 at -1, epoch 0",
      "4 at 1000004, epoch 0",
      "1 at -1, epoch 0",
      "-1 at -1, epoch -1",
    ]);
    expect(await listed(world, 0, 1_000_003, 1_000_005, 2 ** 60)).toEqual([
      "1 at 1000001, epoch 0",
      "3 at 1000003, epoch 0",
      "-1 at -1, epoch -1",
      "-1 at -1, epoch -1",
    ]);
    await world.close();
  });

  test("of an empty log finds its ends and no record", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    expect(await listed(world, -1, -2, -3, 0, -6)).toEqual([
      "0 at -1, epoch 0",
      "0 at -1, epoch 0",
      "-1 at -1, epoch -1",
      "-1 at -1, epoch -1",
      "INVALID_REQUEST",
    ]);
    await world.close();
  });

  test("answers errors for each partition", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const partition = { partitionIndex: 0, timestamp: -1 };
    const answer = await world.connect().request("ListOffsets", 6, {
      topics: [
        { name: "t", partitions: [{ ...partition, partitionIndex: 5 }] },
        { name: "u", partitions: [partition] },
        { name: "t", partitions: [{ ...partition, currentLeaderEpoch: 3 }] },
      ],
    });
    const codes = answer.topics.map(({ partitions }) => named(partitions[0]?.errorCode ?? 0));
    expect(codes).toEqual([
      "UNKNOWN_TOPIC_OR_PARTITION",
      "UNKNOWN_TOPIC_OR_PARTITION",
      "UNKNOWN_LEADER_EPOCH",
    ]);
    await world.close();
  });
});

test.each([2, 4])(
  "OffsetForLeaderEpoch %d knows one epoch, which ends at the end",
  async (version) => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    await fill(world, "t", 0, 5);
    const asked = [
      { partition: 0, leaderEpoch: 0 },
      { partition: 0, leaderEpoch: 7 },
      { partition: 9, leaderEpoch: 0 },
      { partition: 0, leaderEpoch: 0, currentLeaderEpoch: 1 },
    ];
    const answer = await world
      .connect()
      .request("OffsetForLeaderEpoch", version, { topics: [{ topic: "t", partitions: asked }] });
    const ends = (answer.topics[0]?.partitions ?? []).map(
      ({ errorCode, leaderEpoch, endOffset }) => {
        return errorCode === 0 ? `${leaderEpoch} ${endOffset}` : named(errorCode);
      },
    );
    expect(ends).toEqual(["0 5", "-1 -1", "UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_LEADER_EPOCH"]);
    await world.close();
  },
);
