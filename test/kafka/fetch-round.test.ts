import { describe, expect, test } from "bun:test";
import type { Offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker, Topic } from "../../src/broker/broker.ts";
import { FetchBudget } from "../../src/kafka/fetch-budget.ts";
import { ReadAhead } from "../../src/kafka/read-ahead.ts";
import { FetchRound, type WantedPartition } from "../../src/kafka/fetch-round.ts";
import type { Services } from "../../src/kafka/handler.ts";
import { TopicIds } from "../../src/kafka/topic-ids.ts";
import type { LogRead } from "../../src/log/log.ts";
import { ManualClock } from "../fake/clock.ts";
import { noUuid } from "../../src/wire/table.ts";

/** A log of batches of one record and a hundred bytes each; some are on the disk. */
class FakePartition {
  readonly reads: string[] = [];
  highWatermark: Offset;
  refusal: Refusal | null = null;

  constructor(
    readonly index: number,
    readonly count: number,
    readonly isOnDisk = false,
  ) {
    this.highWatermark = count as Offset;
  }

  leaderEpochFault(epoch: number): Refusal | null {
    return epoch > 0 ? new Refusal("UNKNOWN_LEADER_EPOCH", "") : null;
  }

  read(from: Offset, bytesMax: number): LogRead | Refusal | Promise<LogRead | Refusal> {
    this.reads.push(`${from} ${bytesMax}`);
    if (this.refusal !== null) return this.refusal;
    const end = this.highWatermark;
    const wanted = Math.max(1, Math.floor(bytesMax / 100));
    const batches = Math.min(end - from, wanted);
    const chunks = Array.from({ length: batches }, () => new Uint8Array(100));
    const nextOffset = (from + batches) as Offset;
    const read = { chunks, memories: [], bytes: batches * 100, nextOffset };
    return this.isOnDisk ? Promise.resolve(read) : read;
  }
}

function round(
  partitions: readonly FakePartition[],
  bytesMax: number,
  asked: readonly Partial<WantedPartition>[] = partitions.map(({ index }) => ({
    partition: index,
  })),
  fetchBudget = new FetchBudget(1_000_000),
): FetchRound {
  const topic = { name: "t", partitions } as unknown as Topic;
  const broker = {
    topic: (name: string) => (name === "t" ? topic : undefined),
    topics: () => [],
  } as unknown as Broker;
  const topicIds = new TopicIds(broker);
  const services = { broker, topicIds, fetchBudget } as unknown as Services;
  const wanted = asked.map((one) => ({
    topic: "t",
    topicId: noUuid,
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: 0 as Offset,
    partitionMaxBytes: 1_000,
    ...one,
  }));
  const ahead = new ReadAhead(new FetchBudget(0), new ManualClock());
  return new FetchRound(services, wanted, bytesMax, ahead);
}

const shown = ({ results, bytes, more }: FetchRound) => ({
  bytes: results.map((result) => result.bytes),
  total: bytes,
  more: more.map(({ partition, nextOffset, bytesMax }) => {
    return `${partition.index}: ${bytesMax} from ${nextOffset}`;
  }),
});

describe("where reading goes on", () => {
  const asked = [{ partition: 0 }, { partition: 1 }];

  test("is known behind records of one partition, from the disk", async () => {
    const partitions = [new FakePartition(0, 50, true), new FakePartition(1, 0)];
    const { next } = await round(partitions, 10_000, asked).run();
    expect({ ...next, partition: null }).toEqual({
      partition: null,
      from: 10 as Offset,
      bytesMax: 1_000,
    });
  });

  test("is asked for with the room that the next answer has", async () => {
    const { next } = await round([new FakePartition(0, 50, true)], 300).run();
    expect({ from: Number(next?.from), bytesMax: next?.bytesMax }).toEqual({
      from: 3,
      bytesMax: 300,
    });
  });

  test("is behind the records that are answered, not behind those there was no room for", async () => {
    const partitions = [new FakePartition(0, 50, true), new FakePartition(1, 50, true)];
    const done = await round(partitions, 150, asked).run();
    expect(done.results.map(({ bytes }) => bytes)).toEqual([100, 0]);
    expect(done.next?.partition as unknown).toBe(partitions[0]);
  });

  test("is nobody's guess behind those of two, nor behind memory, nor behind nothing", async () => {
    const [disk, memory] = [new FakePartition(0, 50, true), new FakePartition(1, 50)];
    expect((await round([disk, memory], 10_000, asked).run()).next).toBeNull();
    expect((await round([memory, memory], 10_000, asked).run()).next).toBeNull();
    const empty = [new FakePartition(0, 0, true), new FakePartition(1, 0, true)];
    expect((await round(empty, 10_000, asked).run()).next).toBeNull();
  });
});

describe("a round", () => {
  test("reads in order until it is full; what is not read has no bytes", () => {
    const partitions = [0, 1, 2, 3].map((index) => new FakePartition(index, 5));
    const done = round(partitions, 1_100).run();
    expect(shown(done as FetchRound)).toEqual({
      bytes: [500, 500, 100, 0],
      total: 1_100,
      more: ["0: 500 from 5", "1: 500 from 5"],
    });
    expect(partitions.map(({ reads }) => reads)).toEqual([["0 1000"], ["0 600"], ["0 100"], []]);
  });

  test("is done at once where all is in memory, and waits where something is on the disk", async () => {
    const [memory, disk, last] = [
      new FakePartition(0, 1),
      new FakePartition(1, 2, true),
      new FakePartition(2, 3),
    ];
    expect(round([memory, new FakePartition(1, 1)], 1_000).run()).toBeInstanceOf(FetchRound);
    const reading = round([memory, disk, last], 1_000).run();
    expect(reading).toBeInstanceOf(Promise);
    expect(shown(await reading)).toMatchObject({ bytes: [100, 200, 300], total: 600 });
  });

  test("and others that read from the disk at the same time share one budget", async () => {
    const budget = new FetchBudget(2_000);
    const asked = [{ partition: 0, partitionMaxBytes: 1_500 }];
    const rounds = [1, 2, 3].map(() => {
      return round([new FakePartition(0, 50, true)], 1_500, asked, budget);
    });
    const reading = rounds.map((each) => each.run());
    expect(budget.used).toBe(2_001);
    const done = await Promise.all(reading);
    expect(done.map(({ bytes }) => bytes)).toEqual([1_500, 500, 100]);
    expect(budget.used).toBe(2_100);
    for (const each of done) each.release();
    expect(budget.used).toBe(0);
  });

  test("takes the first batch whatever its size, and no other one above the bounds", () => {
    const partitions = [new FakePartition(0, 0), new FakePartition(1, 3), new FakePartition(2, 3)];
    const done = round(partitions, 10).run() as FetchRound;
    expect(shown(done)).toMatchObject({ bytes: [0, 100, 0], more: ["0: 1000 from 0"] });
    const small = [1, 2].map((partition) => ({ partition, partitionMaxBytes: 50 }));
    expect(shown(round(partitions, 1_000, small).run() as FetchRound)).toMatchObject({
      bytes: [100, 0],
    });
  });

  test("counts as more only what would be taken", () => {
    const partitions = [new FakePartition(0, 2), new FakePartition(1, 9)];
    const asked = [
      { partition: 0, partitionMaxBytes: 250 },
      { partition: 0, partitionMaxBytes: 200 },
      { partition: 1, partitionMaxBytes: 250 },
    ];
    // The second is full, and the third has not come to the end.
    expect(shown(round(partitions, 10_000, asked).run() as FetchRound).more).toEqual([
      "0: 50 from 2",
    ]);
  });

  test("has more of what came while the disk was read", async () => {
    const partition = new FakePartition(0, 2, true);
    const reading = round([partition], 1_000).run();
    partition.highWatermark = 4 as Offset;
    expect(shown(await reading).more).toEqual(["0: 800 from 2"]);
  });

  test("goes on behind an error, and says that there was one", () => {
    const broken = new FakePartition(0, 2);
    broken.refusal = new Refusal("KAFKA_STORAGE_ERROR", "the disk is gone");
    const asked = [
      { partition: 0 },
      { partition: 9 },
      { topic: "u" },
      { topic: "", topicId: "00000000-0000-0000-0000-00000000000f" },
      { partition: 1, currentLeaderEpoch: 4 },
      { partition: 1 },
    ];
    const done = round([broken, new FakePartition(1, 2)], 1_000, asked).run() as FetchRound;
    expect(done.results.map(({ error }) => error)).toEqual([
      "KAFKA_STORAGE_ERROR",
      "UNKNOWN_TOPIC_OR_PARTITION",
      "UNKNOWN_TOPIC_OR_PARTITION",
      "UNKNOWN_TOPIC_ID",
      "UNKNOWN_LEADER_EPOCH",
      "NONE",
    ]);
    expect([done.hasError, done.bytes]).toEqual([true, 200]);
  });
});
