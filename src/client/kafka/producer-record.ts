/** Records as programs give them to a producer, made ready for a batch. */
import type { Clock } from "../../base/clock.ts";
import { recordHeadersMax } from "../../limits.ts";
import { batchHeaderBytes } from "../../record/batch.ts";
import type { NewRecord } from "../../record/builder.ts";
import type { RecordHeader } from "../../record/records.ts";
import { ClientError } from "./client-error.ts";

/** Text goes as UTF-8; bytes must not change before the promise settles. */
export type Content = Uint8Array | string;

/** A header of a record to send; names may repeat, and their order is kept. */
export interface ProducerHeader {
  readonly key: string;
  readonly value: Content | null;
}

/** A record to send. */
export interface ProducerRecord {
  readonly topic: string;
  /** Left out: the partitioner chooses. */
  readonly partition?: number;
  /** Records of one key go to one partition, in order. None: to any partition. */
  readonly key?: Content | null;
  /** `null`: in a compacted topic, the key is to be forgotten. */
  readonly value: Content | null;
  readonly headers?: readonly ProducerHeader[];
  /** Whole milliseconds since 1970. Left out: now. */
  readonly timestamp?: number;
}

/** The same as bytes. */
export interface EncodedRecord extends NewRecord {
  readonly topic: string;
  /** -1: the partitioner chooses. */
  readonly partition: number;
  /** What it takes in a batch, at most. */
  readonly bytes: number;
}

/** The largest timestamp that a batch takes; see record/builder.ts. */
const timestampMax = 2 ** 51;
/** Lengths, differences and counts of one record, at most: six numbers and an attribute. */
const recordOverheadBytes = 36;
/** The lengths of one header. */
const headerOverheadBytes = 10;
const partitionMax = 0x7fff_ffff;

const utf8 = new TextEncoder();

const bytesOf = (given: Content | null): Uint8Array | null =>
  typeof given === "string" ? utf8.encode(given) : given;

/** Programs without types may give anything; what has no length would be counted as nothing. */
const isContent = (bytes: Uint8Array | null): boolean =>
  bytes === null || bytes instanceof Uint8Array;
const noContent = (what: string): string => `${what} is text, bytes or null`;

/**
 * The record as bytes. INVALID: no batch can carry it. MESSAGE_TOO_LARGE: no request of this
 * producer can.
 * @param batchBytesMax what a batch of this record alone may take
 */
export function encodeRecord(
  given: ProducerRecord,
  clock: Clock,
  batchBytesMax: number,
): EncodedRecord | ClientError {
  const { topic, partition = -1, timestamp = Math.floor(clock.now()) } = given;
  const key = bytesOf(given.key ?? null);
  const value = bytesOf(given.value);
  if (!isContent(key) || !isContent(value)) return invalid(topic, noContent("a key or a value"));
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  if (!Number.isInteger(timestamp) || timestamp < 0 || timestamp > timestampMax) {
    return invalid(topic, `a timestamp is whole milliseconds since 1970, not ${timestamp}`);
  }
  const isChosen = given.partition !== undefined;
  if (isChosen && !(Number.isInteger(partition) && partition >= 0 && partition <= partitionMax)) {
    return invalid(topic, `${partition} is no number of a partition`);
  }
  let headers: RecordHeader[] | undefined;
  if (given.headers !== undefined && given.headers.length > 0) {
    if (given.headers.length > recordHeadersMax) {
      return invalid(topic, `${given.headers.length} headers, at most ${recordHeadersMax}`);
    }
    headers = given.headers.map((header) => ({ key: header.key, value: bytesOf(header.value) }));
    for (const header of headers) {
      if (!isContent(header.value)) return invalid(topic, noContent("the value of a header"));
      // A character of text takes three bytes of UTF-8 at most.
      bytes += headerOverheadBytes + 3 * header.key.length + (header.value?.length ?? 0);
    }
  }
  if (batchHeaderBytes + bytes > batchBytesMax) {
    const message =
      `a record for topic ${topic} takes ${bytes} bytes; ` +
      `the limit is ${batchBytesMax - batchHeaderBytes}`;
    return new ClientError("MESSAGE_TOO_LARGE", message);
  }
  const record = { topic, partition, timestamp, key, value, bytes };
  return headers === undefined ? record : { ...record, headers };
}

const invalid = (topic: string, what: string): ClientError =>
  new ClientError("INVALID", `a record for topic ${topic}: ${what}`);
