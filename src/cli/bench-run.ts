/**
 * What `bench` measures, on a topic of its own: a stream of records in, the same out again, and
 * then records one by one, each to its OK and to a reader that waits for it.
 */
import type { Clock } from "../base/clock.ts";
import { Consumer } from "../client/kafka/consumer.ts";
import type { Cluster } from "../client/kafka/cluster.ts";
import { Producer } from "../client/kafka/producer.ts";
import { benchPollMs, benchSendsInFlightMax } from "../limits.ts";
import { pollMessagesMax, produceBatchRecordsMax } from "../limits.ts";
import type { Compression } from "../record/batch.ts";
import { type Percentiles, percentilesOf } from "./percentiles.ts";

/** How much of what. */
export interface BenchLoad {
  readonly topic: string;
  readonly partitions: number;
  /** Of the stream, and of those that go one by one. */
  readonly records: number;
  readonly turns: number;
  readonly recordBytes: number;
  readonly compression: Compression;
}

/** What one kind of work gave. */
export interface BenchFigures {
  readonly records: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  /** Of values alone. */
  readonly bytesPerSecond: number;
  /** `null` where a record has no time of its own. */
  readonly latencyMs: Percentiles | null;
}

export interface BenchResult {
  /** As fast as records are stored; times are from a send to its OK, with others in flight. */
  readonly produce: BenchFigures;
  /** All of them from the first on. */
  readonly consume: BenchFigures;
  /** One at a time: to its OK. */
  readonly stored: BenchFigures;
  /** One at a time: to the reader. */
  readonly received: BenchFigures;
}

/** What a run works with. */
export interface BenchParts {
  readonly cluster: Cluster;
  readonly clock: Pick<Clock, "monotonic">;
  /** Asked between two steps: whether to end. */
  readonly isOver: () => boolean;
  /** Told what comes next, in a few words. */
  readonly tell: (what: string) => void;
}

/** What clocks tell apart. */
const msMin = 0.001;

/** Rejects with a `ClientError`; `null`: it was ended. The topic must be there and empty. */
export async function runBench(load: BenchLoad, parts: BenchParts): Promise<BenchResult | null> {
  const { cluster } = parts;
  const { topic, partitions } = load;
  await using producer = await Producer.open({ cluster, compression: load.compression });
  const assign = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
  parts.tell("records in, as fast as they are stored");
  const produce = await stream(load, parts, producer);
  // Opened only now: until then there was nothing to read.
  const consumer = await Consumer.open({ cluster, assign, from: "earliest" });
  try {
    parts.tell("records out, as fast as they come");
    const consume = await drain(load, parts, consumer);
    parts.tell("records one by one");
    const turned = await turns(load, parts, { producer, consumer });
    return parts.isOver() ? null : { produce, consume, ...turned };
  } finally {
    await consumer.close();
  }
}

/** Sends all, several promises at a time. */
async function stream(
  { topic, records, recordBytes }: BenchLoad,
  { clock, isOver }: BenchParts,
  producer: Producer,
): Promise<BenchFigures> {
  const record = { topic, value: valueOf(recordBytes) };
  const times: number[] = [];
  const open = new Set<Promise<void>>();
  const begun = clock.monotonic();
  let left = records;
  while (left > 0 && !isOver()) {
    const batch = Array.from({ length: Math.min(left, produceBatchRecordsMax) }, () => record);
    left -= batch.length;
    const sent = clock.monotonic();
    const one = producer.sendBatch(batch).then(() => {
      open.delete(one);
      times.push(clock.monotonic() - sent);
    });
    open.add(one);
    if (open.size >= benchSendsInFlightMax) await Promise.race(open);
  }
  await Promise.all(open);
  const ms = clock.monotonic() - begun;
  return figuresOf({ records, recordBytes, ms }, percentilesOf(times));
}

/** Reads all that {@link stream} sent. */
async function drain(
  { records, recordBytes }: BenchLoad,
  { clock, isOver }: BenchParts,
  consumer: Consumer,
): Promise<BenchFigures> {
  const begun = clock.monotonic();
  let got = 0;
  while (got < records && !isOver()) got += (await consumer.poll(pollMessagesMax)).length;
  return figuresOf({ records: got, recordBytes, ms: clock.monotonic() - begun }, null);
}

/** Sends one record, waits for its OK and for its arrival, sends the next. */
async function turns(
  { topic, turns: count, recordBytes }: BenchLoad,
  { clock, isOver }: BenchParts,
  { producer, consumer }: { readonly producer: Producer; readonly consumer: Consumer },
): Promise<Pick<BenchResult, "stored" | "received">> {
  const value = valueOf(recordBytes);
  const [toStore, toReceive]: [number[], number[]] = [[], []];
  const begun = clock.monotonic();
  for (let turn = 0; turn < count && !isOver(); turn++) {
    const sent = clock.monotonic();
    const stored = producer.send({ topic, partition: 0, value }).then(() => {
      toStore.push(clock.monotonic() - sent);
    });
    const received = arrival(consumer, isOver).then(() => {
      toReceive.push(clock.monotonic() - sent);
    });
    await Promise.all([stored, received]);
  }
  const whole = { records: toStore.length, recordBytes, ms: clock.monotonic() - begun };
  return {
    stored: figuresOf(whole, percentilesOf(toStore)),
    received: figuresOf(whole, percentilesOf(toReceive)),
  };
}

async function arrival(consumer: Consumer, isOver: () => boolean): Promise<void> {
  while ((await consumer.poll(1, benchPollMs)).length === 0) if (isOver()) return;
}

function figuresOf(
  { records, recordBytes, ms }: { records: number; recordBytes: number; ms: number },
  latencyMs: Percentiles | null,
): BenchFigures {
  // A clock may not see the least of loads.
  const seconds = Math.max(ms, msMin) / 1000;
  const recordsPerSecond = Math.round(records / seconds);
  return {
    records,
    seconds,
    recordsPerSecond,
    bytesPerSecond: recordsPerSecond * recordBytes,
    latencyMs,
  };
}

/** Bytes without a pattern that a codec would make nothing of: half of them vary. */
function valueOf(bytes: number): Uint8Array {
  let state = 0x9e37_79b9;
  return Uint8Array.from({ length: bytes }, (_, at) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return at % 2 === 0 ? 0x78 : state >>> 24;
  });
}
