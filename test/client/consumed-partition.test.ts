import { expect, test } from "bun:test";
import { offset, type Offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { ConsumedPartition } from "../../src/client/consumed-partition.ts";
import { ConsumerError } from "../../src/client/consumer-error.ts";
import { ConsumerWarnings } from "../../src/client/consumer-warning.ts";
import type { Committed } from "../../src/client/marks.ts";
import type { PartitionSource, SourceRead } from "../../src/client/partition-source.ts";

/** A source that answers what a test says, and otherwise single records up to its end. */
class FakeSource implements PartitionSource {
  startOffset: Offset = offset(0);
  generation = 0;
  end = 0;
  /** What the next reads answer, before anything else. */
  readonly answers: SourceRead[] = [];
  reads = 0;

  refresh(): Promise<Refusal | null> {
    return Promise.resolve(null);
  }

  read(from: Offset): Promise<SourceRead> {
    this.reads += 1;
    const answer = this.answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    if (from >= this.end) return Promise.resolve("end");
    return Promise.resolve(runOf(from, this.end));
  }

  visibleEnd(): Promise<Offset> {
    return Promise.resolve(offset(this.end));
  }

  stored(): FakeSource {
    return this;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Records from `from` to `to`, exclusive; `nextOffset` may lie further on. */
function runOf(
  from: number,
  to: number,
  nextOffset = to,
  damage: SourceRead | null = null,
): SourceRead {
  let at = from;
  const isDamage = damage !== null && typeof damage === "object" && "toOffset" in damage;
  return {
    kind: "run",
    nextOffset: offset(nextOffset),
    damage: isDamage ? damage : null,
    next() {
      if (at >= to) return null;
      const record = { offset: offset(at), timestamp: 0, key: null, value: null, headers: [] };
      at += 1;
      return record;
    },
  };
}

class Story {
  readonly source = new FakeSource();
  readonly warnings = new ConsumerWarnings();
  committed: Committed | null = null;
  readonly partition = new ConsumedPartition(
    "orders",
    0,
    this.source,
    () => this.committed,
    this.warnings,
  );

  /** The offsets of one read of at most `max` records, or why it stopped. */
  async read(max = Infinity): Promise<number[] | ConsumerError | Refusal> {
    const taken: number[] = [];
    const failure = await this.partition.read((record) => taken.push(record.offset) < max);
    if (failure !== null && taken.length > 0) throw new Error("told of a failure too early");
    return failure ?? taken;
  }
}

const damage: SourceRead = {
  kind: "damage",
  fromOffset: offset(2),
  toOffset: offset(5),
  message: "bits.",
};

test("a read that was stopped goes on without reading again, until it is released", async () => {
  const story = new Story();
  story.source.end = 10;
  expect(await story.read(3)).toEqual([0, 1, 2]);
  expect(story.partition.isOpen).toBeTrue();
  expect(await story.read(3)).toEqual([3, 4, 5]);
  expect(story.source.reads).toBe(1);
  story.partition.release();
  expect(await story.read()).toEqual([6, 7, 8, 9]);
  expect(story.source.reads).toBe(2);
  expect(story.partition.isOpen).toBeFalse();
  expect(await story.read()).toEqual([]);
});

test("offsets without a record for a consumer are passed over", async () => {
  const story = new Story();
  story.source.end = 9;
  story.source.answers.push(runOf(0, 0, 4));
  expect(await story.read()).toEqual([4, 5, 6, 7, 8]);
  expect(await story.partition.position()).toBe(offset(9));
});

test("damage is told as often as it is read, and left behind only when told to", async () => {
  const story = new Story();
  story.source.end = 9;
  expect(await story.read(2)).toEqual([0, 1]);
  story.partition.release();
  story.source.answers.push(damage, damage);
  for (let times = 0; times < 2; times++) {
    expect(await story.read()).toMatchObject({
      code: "RECORDS_DAMAGED",
      damaged: { topic: "orders", partition: 0, fromOffset: 2, toOffset: 5 },
    });
  }
  expect(await story.partition.position()).toBe(offset(2));
  expect(story.partition.skipDamage()).toBeTrue();
  expect(story.partition.skipDamage()).toBeFalse();
  expect(await story.read()).toEqual([5, 6, 7, 8]);
});

test("records before the damage in one batch are handed out first", async () => {
  const story = new Story();
  const broken = { ...damage, fromOffset: offset(1) };
  story.source.answers.push(runOf(0, 1, 9, broken), runOf(1, 1, 9, broken));
  expect(await story.read()).toEqual([0]);
  expect(story.partition.knownPosition).toBe(offset(1));
  expect(await story.read()).toBeInstanceOf(ConsumerError);
});

test("a place that was left by seek has no damage", async () => {
  const story = new Story();
  story.source.end = 9;
  story.source.answers.push(damage);
  expect(await story.read()).toBeInstanceOf(ConsumerError);
  story.partition.seek(offset(7));
  expect(story.partition.skipDamage()).toBeFalse();
  expect(await story.read()).toEqual([7, 8]);
});

test("a start that has passed the position is warned of", async () => {
  const story = new Story();
  story.source.end = 9;
  expect(await story.read(1)).toEqual([0]);
  story.partition.release();
  story.source.startOffset = offset(6);
  expect(await story.read()).toEqual([6, 7, 8]);
  expect(story.warnings.take().warnings).toMatchObject([
    { kind: "trimmed", fromOffset: 1, resumedAt: 6 },
  ]);
});

test("another log in the place of this one is read from the commit, or from its start", async () => {
  const story = new Story();
  story.source.end = 9;
  expect(await story.read(5)).toEqual([0, 1, 2, 3, 4]);
  story.partition.release();
  story.source.generation = 1;
  story.source.answers.push("moved");
  expect(await story.read()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  story.source.generation = 2;
  story.committed = { offset: offset(20), marks: [] };
  story.source.answers.push("moved");
  expect(await story.read()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(story.warnings.take().warnings).toMatchObject([
    { kind: "changed", fromOffset: 20, resumedAt: 0 },
  ]);
});

test("what is committed is where it begins, and where rollback goes", async () => {
  const story = new Story();
  story.source.end = 9;
  story.committed = { offset: offset(4), marks: [] };
  expect(story.partition.knownPosition).toBeNull();
  expect(await story.read(2)).toEqual([4, 5]);
  expect(await story.partition.rollback()).toBeNull();
  expect(await story.read()).toEqual([4, 5, 6, 7, 8]);
});

test("a refusal is passed on, and the position stays", async () => {
  const story = new Story();
  story.source.end = 3;
  story.source.answers.push(new Refusal("KAFKA_STORAGE_ERROR", "reading failed"));
  expect(await story.read()).toBeInstanceOf(Refusal);
  expect(await story.read()).toEqual([0, 1, 2]);
});
