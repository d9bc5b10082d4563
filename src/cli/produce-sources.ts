/**
 * Where `produce` takes its records from: lines of standard input or of files, whole files, or a
 * workload. Each source is an async generator of portions: what one chunk of input has brought.
 */
import { open } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import type { ProducerMessage } from "../client/producer-message.ts";
import { produceReadBytes } from "../limits.ts";
import { RecordSplitter } from "./produce-splitter.ts";
import { type Workload, workloadTopic } from "./produce-workload.ts";

/** Records that came together. */
export interface Portion {
  readonly messages: readonly ProducerMessage[];
  /** The number of each in its source. */
  readonly numbers: readonly number[];
  /** The numbers of those that no frame can carry. */
  readonly oversized: readonly number[];
  /** Where a record stands, for people. */
  readonly placeOf: (number: number) => string;
}

/** What all records of a call have in common. */
export interface RecordShape {
  readonly topic: string;
  /** Of records that have none of their own; empty: none. */
  readonly key: Uint8Array;
  /** Milliseconds since 1970; `null`: when they are sent. */
  readonly timestamp: number | null;
  readonly delimiter: Uint8Array;
  /** Between key and value; `null`: a record is all value. */
  readonly keyDelimiter: Uint8Array | null;
  /** The most that key and value may have together. */
  readonly bytesMax: number;
}

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

/** The records of each source, one source after the other. */
export async function* lineRecords(
  sources: readonly ByteSource[],
  shape: RecordShape,
): AsyncGenerator<Portion, void> {
  for (const { name, chunks } of sources) {
    const where = name === null ? "line" : `${name}, line`;
    const collector = new Collector(shape, (number) => `${where} ${number}`);
    const longest = shape.bytesMax + (shape.keyDelimiter?.length ?? 0);
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
    const collector = new Collector({ ...shape, keyDelimiter: null }, () => name ?? "the input");
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
    const message = {
      topic: workloadTopic(number),
      key: workload.key(number),
      value: workload.value(number),
    };
    yield {
      messages: [message],
      numbers: [number + 1],
      oversized: [],
      placeOf: (which) => `record ${which}`,
    };
    const pauseMs = hasPauses && number < count - 1 ? workload.pauseMs(number) : 0;
    if (pauseMs > 0) await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
  }
}

/** Makes messages of records, and hands them out portion by portion. */
class Collector {
  #messages: ProducerMessage[] = [];
  #numbers: number[] = [];
  #oversized: number[] = [];

  constructor(
    private readonly shape: RecordShape,
    private readonly placeOf: (number: number) => string,
  ) {}

  record(bytes: Uint8Array, number: number): void {
    const { topic, keyDelimiter, timestamp, bytesMax } = this.shape;
    let { key } = this.shape;
    let value = bytes;
    const end = keyDelimiter === null ? -1 : asBuffer(bytes).indexOf(keyDelimiter);
    if (keyDelimiter !== null && end >= 0) {
      key = bytes.subarray(0, end);
      value = bytes.subarray(end + keyDelimiter.length);
    }
    if (key.length + value.length > bytesMax) return this.oversized(number);
    this.#messages.push(
      timestamp === null ? { topic, key, value } : { topic, key, value, timestamp },
    );
    this.#numbers.push(number);
  }

  oversized(number: number): void {
    this.#oversized.push(number);
  }

  take(): Portion {
    const portion = {
      messages: this.#messages,
      numbers: this.#numbers,
      oversized: this.#oversized,
      placeOf: this.placeOf,
    };
    this.#messages = [];
    this.#numbers = [];
    this.#oversized = [];
    return portion;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
