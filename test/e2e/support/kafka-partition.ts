/**
 * One partition as a consumer of Kafka's protocol reads it from its start to its end, also where
 * the broker refuses some of it.
 */
import { batchBytesMax } from "../../../src/limits.ts";
import { batchBytesAt, checkBatch, nextOffsetAt, viewOf } from "../../../src/record/batch.ts";
import { named } from "../../support/kafka-world.ts";
import { readableRecords, type ReadableRecord } from "./directory-reader.ts";
import type { KafkaClient } from "./kafka-client.ts";

/** Offsets that gave an error instead of records; `to` is exclusive. */
export interface RefusedRange {
  readonly code: string;
  readonly from: number;
  to: number;
}

/** What was found. */
export interface PartitionRead {
  /** The oldest offset that can be asked for, and the end. */
  start: number;
  end: number;
  readonly records: ReadableRecord[];
  readonly refused: RefusedRange[];
}

/** One batch of the largest size. */
const responseBytesMax = 1024 * 1024;

/** For a start that moves in this moment. */
const attemptsMax = 10_000;

/** Fetches from an offset on. */
async function fetchAt(client: KafkaClient, topic: string, index: number, at: number) {
  const asked = { partition: index, fetchOffset: at, partitionMaxBytes: responseBytesMax };
  const fetched = await client.ask("Fetch", 12, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: responseBytesMax,
    topics: [{ topic, partitions: [asked] }],
  });
  const answer = fetched?.responses[0]?.partitions[0];
  if (answer === undefined) throw new Error(`${topic}/${index} at ${at}: no answer`);
  const bytes = new Uint8Array(Buffer.concat([...(answer.records ?? [])]));
  const { errorCode, highWatermark, logStartOffset } = answer;
  const [start, end] = [Number(logStartOffset), Number(highWatermark)];
  return { code: named(errorCode), start, end, bytes };
}

/**
 * Reads all of it. Where an offset is refused, the next one is asked for, and so on: what else
 * there is must be served. An error if bytes come that are no whole, sound batches.
 */
export async function readPartition(
  client: KafkaClient,
  topic: string,
  index = 0,
): Promise<PartitionRead> {
  const found: PartitionRead = { start: 0, end: 0, records: [], refused: [] };
  let isFirst = true;
  let attempts = 0;
  for (let at = 0; isFirst || at < found.end; isFirst = false) {
    const { code, start, end, bytes } = await fetchAt(client, topic, index, at);
    // Both may move meanwhile.
    found.start = Math.max(found.start, start);
    found.end = Math.max(found.end, end);
    if (code === "OFFSET_OUT_OF_RANGE" && at < found.start) at = found.start;
    // Records are being deleted, and the new start is told when that is done.
    else if (code === "OFFSET_OUT_OF_RANGE" && ++attempts < attemptsMax) continue;
    else if (code !== "NONE") at = refuse(found, code, at);
    else if (bytes.length > 0) at = take(found, bytes, at);
    else if (at < found.end) throw new Error(`${topic}: nothing comes at ${at} of ${found.end}`);
  }
  return found;
}

function refuse({ refused }: PartitionRead, code: string, at: number): number {
  const last = refused.at(-1);
  if (last?.code === code && last.to === at) last.to = at + 1;
  else refused.push({ code, from: at, to: at + 1 });
  return at + 1;
}

function take({ records }: PartitionRead, bytes: Uint8Array, at: number): number {
  const view = viewOf(bytes);
  let next = at;
  for (let from = 0; from < bytes.length; from += batchBytesAt(view, from)) {
    const fault = checkBatch(bytes, view, from, bytes.length, batchBytesMax);
    if (fault !== null) throw new Error(`what came at ${at} is no batch: ${fault}`);
    next = nextOffsetAt(view, from);
  }
  if (next <= at) throw new Error(`what came at ${at} ends before it`);
  records.push(...readableRecords(bytes).filter(({ offset }) => offset >= at));
  return next;
}
