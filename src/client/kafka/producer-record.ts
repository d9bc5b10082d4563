/** Records as programs give them to a producer, made ready for a batch. */
import type { Clock } from "../../base/clock.ts";
import { quoted } from "../../base/printable.ts";
import { recordHeadersMax, shownCharactersMax, topicNameCharactersMax } from "../../limits.ts";
import { batchHeaderBytes } from "../../record/batch.ts";
import type { NewRecord } from "../../record/builder.ts";
import type { RecordHeader } from "../../record/records.ts";
import { isBytes, isListOf, isRecord, isText } from "../given.ts";
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

const isContent = (bytes: Uint8Array | null): boolean => bytes === null || isBytes(bytes);
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
  const topicFault = faultOfTopic(given);
  if (topicFault !== null) return topicFault;
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
  const headers = headersOf(given);
  if (headers instanceof ClientError) return headers;
  for (const { key: name, value: content } of headers) {
    // A character of text takes three bytes of UTF-8 at most.
    bytes += headerOverheadBytes + 3 * name.length + (content?.length ?? 0);
  }
  if (batchHeaderBytes + bytes > batchBytesMax) {
    const message =
      `a record for topic ${topic} takes ${bytes} bytes; ` +
      `the limit is ${batchBytesMax - batchHeaderBytes}`;
    return new ClientError("MESSAGE_TOO_LARGE", message);
  }
  const record = { topic, partition, timestamp, key, value, bytes };
  return headers.length === 0 ? record : { ...record, headers };
}

/** `null`: its topic has a name. */
function faultOfTopic(given: ProducerRecord): ClientError | null {
  if (!isRecord(given) || !isText(given.topic)) {
    return new ClientError("INVALID", "a record has a topic, which is text");
  }
  if (given.topic.length <= topicNameCharactersMax) return null;
  const count = `${given.topic.length} characters, at most ${topicNameCharactersMax}`;
  return invalid(quoted(given.topic, shownCharactersMax), `its name has ${count}`);
}

function headersOf({ topic, headers = [] }: ProducerRecord): readonly RecordHeader[] | ClientError {
  if (!isListOf(headers, isHeader)) {
    return invalid(topic, "headers are a list of { key, value }, and a key is text");
  }
  if (headers.length > recordHeadersMax) {
    return invalid(topic, `${headers.length} headers, at most ${recordHeadersMax}`);
  }
  const encoded = headers.map(({ key, value }) => ({ key, value: bytesOf(value) }));
  const isRight = encoded.every(({ value }) => isContent(value));
  return isRight ? encoded : invalid(topic, noContent("the value of a header"));
}

const isHeader = (given: unknown): given is ProducerHeader =>
  isRecord(given) && isText(given["key"]);

const invalid = (topic: string, what: string): ClientError =>
  new ClientError("INVALID", `a record for topic ${topic}: ${what}`);
