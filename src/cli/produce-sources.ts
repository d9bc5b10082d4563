/**
 * Where `produce` takes its records from: lines of standard input or of files, whole files, or a
 * workload. Each source is an async generator of portions: what one chunk of input has brought.
 */
import { open } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import type { ProducerHeader, ProducerRecord } from "../client/kafka/producer-record.ts";
import { produceReadBytes } from "../limits.ts";
import { RecordSplitter } from "./produce-splitter.ts";
import { type Workload, workloadTopic } from "./produce-workload.ts";

/** Records that came together. */
export interface Portion {
  readonly records: readonly ProducerRecord[];
  /** The number of each in its source. */
  readonly numbers: readonly number[];
  /** What is not to be sent. */
  readonly rejected: readonly Rejection[];
  /** Where a record stands, for people. */
  readonly placeOf: (number: number) => string;
}

/** A record that can't be sent, and why. */
export interface Rejection {
  readonly number: number;
  readonly reason: string;
}

/** What all records of a call have in common. */
export interface RecordShape {
  readonly topic: string;
  /** `null`: the key chooses. */
  readonly partition: number | null;
  /** Of records that have none of their own; `null`: none. */
  readonly key: Uint8Array | null;
  readonly headers: readonly ProducerHeader[];
  /** Milliseconds since 1970; `null`: when they are sent. */
  readonly timestamp: number | null;
  /** Whether an empty key or value is none. */
  readonly nulls: boolean;
  readonly delimiter: Uint8Array;
  /** Between key and value; `null`: a record is all value. */
  readonly keyDelimiter: Uint8Array | null;
  /** The most that key and value may have together. */
  readonly bytesMax: number;
  /** What to say of a record that has more. */
  readonly tooLarge: string;
}

/** What becomes of one line: a record, or why it is none. */
export type LineReader = (bytes: Uint8Array) => ProducerRecord | string;

/** Chunks of bytes, with a name if they come from a file. */
export interface ByteSource {
  readonly name: string | null;
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/** A file, or whatever else a path names: what a shell makes of `<(…)` has no size to ask for. */
export const fileSource = (path: string): ByteSource => ({
  name: path,
  async *chunks() {
    const file = await open(path);
    try {
      for (;;) {
        // Each chunk has memory of its own: records are views of it until they are acknowledged.
        const { bytesRead, buffer } = await file.read(new Uint8Array(produceReadBytes));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  },
});

/**
 * The records of each source, one source after the other.
 * @param longest the most bytes of a line
 */
export async function* lineRecords(
  sources: readonly ByteSource[],
  shape: Pick<RecordShape, "delimiter" | "tooLarge">,
  read: LineReader,
  longest: number,
): AsyncGenerator<Portion, void> {
  for (const { name, chunks } of sources) {
    const where = name === null ? "line" : `${name}, line`;
    const collector = new Collector(read, shape.tooLarge, (number) => `${where} ${number}`);
    const splitter = new RecordSplitter(shape.delimiter, longest, collector);
    for await (const chunk of chunks()) {
      splitter.feed(chunk);
      yield collector.take();
    }
    splitter.end();
    yield collector.take();
  }
}

/** Each source as one record. */
export async function* wholeRecords(
  sources: readonly ByteSource[],
  shape: RecordShape,
): AsyncGenerator<Portion, void> {
  for (const { name, chunks } of sources) {
    const read = plainReader({ ...shape, keyDelimiter: null });
    const collector = new Collector(read, shape.tooLarge, () => name ?? "the input");
    const held: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of chunks()) {
      bytes += chunk.length;
      if (bytes > shape.bytesMax) break;
      held.push(chunk);
    }
    if (bytes > shape.bytesMax) collector.oversized(1);
    else collector.record(Buffer.concat(held), 1);
    yield collector.take();
  }
}

/** The records of a workload, with its pauses unless somebody else sets the pace. */
export async function* workloadRecords(
  workload: Workload,
  count: number,
  clock: Clock,
  hasPauses: boolean,
): AsyncGenerator<Portion, void> {
  for (let number = 0; number < count; number++) {
    const record = {
      topic: workloadTopic(number),
      key: workload.key(number),
      value: workload.value(number),
    };
    yield {
      records: [record],
      numbers: [number + 1],
      rejected: [],
      placeOf: (which) => `record ${which}`,
    };
    const pauseMs = hasPauses && number < count - 1 ? workload.pauseMs(number) : 0;
    if (pauseMs > 0) await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
  }
}

/** Reads a line as its value, with its key before it if there is a key delimiter. */
export function plainReader(shape: RecordShape): LineReader {
  const { topic, partition, keyDelimiter, timestamp, headers, nulls, bytesMax } = shape;
  const common = {
    topic,
    ...(partition === null ? {} : { partition }),
    ...(headers.length === 0 ? {} : { headers }),
    ...(timestamp === null ? {} : { timestamp }),
  };
  const orNull = (bytes: Uint8Array | null): Uint8Array | null =>
    nulls && bytes?.length === 0 ? null : bytes;
  return (bytes) => {
    let { key } = shape;
    let value = bytes;
    const end = keyDelimiter === null ? -1 : asBuffer(bytes).indexOf(keyDelimiter);
    if (keyDelimiter !== null && end >= 0) {
      key = bytes.subarray(0, end);
      value = bytes.subarray(end + keyDelimiter.length);
    }
    if ((key?.length ?? 0) + value.length > bytesMax) return shape.tooLarge;
    return { ...common, key: orNull(key), value: orNull(value) };
  };
}

/** Makes records of lines, and hands them out portion by portion. */
class Collector {
  #records: ProducerRecord[] = [];
  #numbers: number[] = [];
  #rejected: Rejection[] = [];

  constructor(
    private readonly read: LineReader,
    private readonly tooLarge: string,
    private readonly placeOf: (number: number) => string,
  ) {}

  record(bytes: Uint8Array, number: number): void {
    const record = this.read(bytes);
    if (typeof record === "string") this.#rejected.push({ number, reason: record });
    else {
      this.#records.push(record);
      this.#numbers.push(number);
    }
  }

  oversized(number: number): void {
    this.#rejected.push({ number, reason: this.tooLarge });
  }

  take(): Portion {
    const portion = {
      records: this.#records,
      numbers: this.#numbers,
      rejected: this.#rejected,
      placeOf: this.placeOf,
    };
    this.#records = [];
    this.#numbers = [];
    this.#rejected = [];
    return portion;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
