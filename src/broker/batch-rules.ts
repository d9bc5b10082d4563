/**
 * What a topic's configuration makes of a batch that is sound from the outside. Pure: bytes, rules
 * and the time go in; bytes or a refusal come out.
 *
 * When records are opened: every batch of a client is, also a packed one, as Kafka does. The
 * checksum only says that the bytes are those that were sent; a batch that no consumer could open
 * would stop all of them at its offset for good. It costs 20 to 45 ns a record where nothing is
 * packed, about 1.7 ns a byte where something is, and is bounded by `producedUnpackedBytesMax`. So
 * it is done in steps, between which others may have their turn.
 * Batches that were built here are opened only where a rule of the topic looks at records.
 *
 * Sources: Apache Kafka, `LogValidator`; KIP-467 (record errors).
 */
import { Refusal, type RefusalCode } from "../base/refusal.ts";
import { finish, type Steps } from "../base/steps.ts";
import {
  examineStepRecords,
  producedUnpackedBytesMax,
  recordErrorsMax,
  recordHeadersMax,
} from "../limits.ts";
import {
  amend,
  attribute,
  batchHeaderBytes,
  type BatchHeader,
  type Compression,
  compressionNames,
  compressionOf,
  seal,
  viewOf,
} from "../record/batch.ts";
import { compress } from "../record/compression.ts";
import { openRecords, type RecordCursor, recordsOpening } from "../record/records.ts";

/** What a topic's configuration says of its batches. */
export interface BatchRules {
  readonly topic: string;
  /** `max.message.bytes` */
  readonly messageBytesMax: number;
  /** `cleanup.policy` has `compact`: every record needs a key. */
  readonly isCompacted: boolean;
  /** `message.timestamp.type` is LogAppendTime. */
  readonly isLogAppendTime: boolean;
  /** `message.timestamp.before.max.ms`, and the same for after; Infinity: any. */
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  /** `compression.type`; `null`: as its producer has packed it. */
  readonly compression: Compression | null;
  /** For gzip and zstd; `undefined`: the codec's own. */
  readonly compressionLevel: number | undefined;
}

/** One record that has had its batch refused. */
export interface RecordError {
  /** Its place in the batch, from 0. */
  readonly batchIndex: number;
  readonly message: string;
}

/** A refusal for what single records are; it names them where they were looked at. */
export class RecordsRefused extends Refusal {
  /** @param recordErrors in the order of the records; the first `recordErrorsMax` of them */
  constructor(
    code: RefusalCode,
    message: string,
    readonly recordErrors: readonly RecordError[],
  ) {
    super(code, message);
  }
}

/** A batch that a log may take. */
export interface Admitted {
  readonly batch: Uint8Array;
  /** Of its newest record, or the time of appending; milliseconds since 1970. */
  readonly maxTimestamp: number;
}

/**
 * Applies the topic's rules to a batch that is sound from the outside: looks at its records where
 * it must, and rewrites the batch, in a copy, where the topic wants it otherwise. A batch of usual
 * size takes one step, and so does packing it anew.
 * @param now wall time, milliseconds since 1970
 * @param isTrusted it was built in this process: its records are what its header says
 */
export function* admission(
  batch: Uint8Array,
  header: BatchHeader,
  rules: BatchRules,
  now: number,
  isTrusted: boolean,
): Steps<Admitted | Refusal> {
  const source = compressionOf(header.attributes);
  const target = rules.compression ?? source;
  const looksAtRecords =
    !isTrusted ||
    rules.isCompacted ||
    target !== source ||
    (!rules.isLogAppendTime && rules.timestampBeforeMaxMs !== Infinity);
  const opened = looksAtRecords
    ? yield* examination(batch, header, rules, now)
    : examineHeader(header, rules, now);
  if (opened instanceof Refusal) return opened;
  const maxTimestamp = rules.isLogAppendTime ? now : opened.maxTimestamp;
  const isRepacked = target !== source && target !== undefined;
  if (!isRepacked && maxTimestamp === header.maxTimestamp && !rules.isLogAppendTime) {
    return { batch, maxTimestamp };
  }
  const body = isRepacked ? pack(opened.records, target, rules) : batch.subarray(batchHeaderBytes);
  const amended = new Uint8Array(batchHeaderBytes + body.length);
  if (amended.length > rules.messageBytesMax) return sizeRefusal(amended.length, rules);
  amended.set(batch.subarray(0, batchHeaderBytes));
  amended.set(body, batchHeaderBytes);
  const view = viewOf(amended);
  amend(view, 0, attributesFor(header, rules, target), maxTimestamp, amended.length);
  seal(amended, view, 0);
  return { batch: amended, maxTimestamp };
}

/** The same at once: for batches that were built here. */
export const admit = (...asked: Parameters<typeof admission>): Admitted | Refusal =>
  finish(admission(...asked));

/** Refuses a batch above `max.message.bytes`. */
export function sizeRefusal(bytes: number, rules: BatchRules): Refusal {
  return new Refusal(
    "MESSAGE_TOO_LARGE",
    `a batch of ${bytes} bytes is larger than max.message.bytes of topic ${rules.topic}, ` +
      `which is ${rules.messageBytesMax}`,
  );
}

/** What looking at the records has told. */
interface Examined {
  readonly maxTimestamp: number;
  /** The records, unpacked. */
  readonly records: Uint8Array;
}

const nothing = new Uint8Array(0);

/** For a header that is believed: only its newest timestamp can break a rule. */
function examineHeader(header: BatchHeader, rules: BatchRules, now: number): Examined | Refusal {
  const { maxTimestamp } = header;
  const wrong = timestampFault(maxTimestamp, rules, now);
  return wrong === null
    ? { maxTimestamp, records: nothing }
    : new RecordsRefused("INVALID_TIMESTAMP", wrong, []);
}

/** Walks the records: whole, as many as the header counts, each as the topic wants it. */
function* examination(
  batch: Uint8Array,
  header: BatchHeader,
  rules: BatchRules,
  now: number,
): Steps<Examined | Refusal> {
  const view = viewOf(batch);
  const isPacked = compressionOf(header.attributes) !== "none";
  const records = isPacked
    ? yield* recordsOpening(batch, view, 0, producedUnpackedBytesMax)
    : openRecords(batch, view, 0);
  if (records instanceof Refusal) return sendersFault(records);
  const errors = new RecordErrors();
  let maxTimestamp = -1;
  for (let from = 0; from < header.recordsCount; from += examineStepRecords) {
    if (from > 0) yield;
    maxTimestamp = Math.max(maxTimestamp, examineSome(records, from, errors, rules, now));
  }
  // Nothing may come after the last one.
  records.next();
  if (records.damage !== null) return sendersFault(records.damage);
  const refusal = errors.refusal();
  if (refusal !== null) return refusal;
  return {
    maxTimestamp,
    records: records.bytes,
  };
}

/** Looks at the next records, of which the first is the `from`th; their newest timestamp. */
function examineSome(
  records: RecordCursor,
  from: number,
  errors: RecordErrors,
  rules: BatchRules,
  now: number,
): number {
  let maxTimestamp = -1;
  for (let at = from; at < from + examineStepRecords && records.next(); at++) {
    const { timestamp } = records;
    const fault = recordFault(timestamp, records.headersCount, records.keyFrom >= 0, rules, now);
    if (fault !== null) errors.add(at, ...fault);
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
  }
  return maxTimestamp;
}

/** The checksum holds, so sending the same bytes again would not help: not CORRUPT_MESSAGE. */
const sendersFault = ({ code, message }: Refusal): Refusal =>
  new Refusal(code === "CORRUPT_MESSAGE" ? "INVALID_RECORD" : code, message);

function recordFault(
  timestamp: number,
  headersCount: number,
  hasKey: boolean,
  rules: BatchRules,
  now: number,
): [code: RefusalCode, message: string] | null {
  if (rules.isCompacted && !hasKey) {
    return ["INVALID_RECORD", `topic ${rules.topic} is compacted: every record needs a key`];
  }
  if (headersCount > recordHeadersMax) {
    return ["INVALID_RECORD", `${headersCount} headers; at most ${recordHeadersMax} are taken`];
  }
  const wrong = timestampFault(timestamp, rules, now);
  return wrong === null ? null : ["INVALID_TIMESTAMP", wrong];
}

/** What is wrong with a record's time; -1, which says that it has none, is always right. */
function timestampFault(timestamp: number, rules: BatchRules, now: number): string | null {
  if (timestamp === -1 || rules.isLogAppendTime) return null;
  const { timestampBeforeMaxMs: beforeMs, timestampAfterMaxMs: afterMs } = rules;
  const isRight = timestamp >= now - beforeMs && timestamp <= now + afterMs;
  if (isRight && Number.isSafeInteger(timestamp)) return null;
  return (
    `timestamp ${timestamp} is not between ${now - beforeMs} and ${now + afterMs}, as ` +
    `message.timestamp.before.max.ms and message.timestamp.after.max.ms of topic ${rules.topic} ask`
  );
}

/** Collects what is wrong with records. */
class RecordErrors {
  readonly #shown: RecordError[] = [];
  #count = 0;
  #code: RefusalCode = "INVALID_RECORD";

  add(batchIndex: number, code: RefusalCode, message: string): void {
    this.#count += 1;
    // As Kafka has it: one wrong timestamp names the whole refusal.
    if (code === "INVALID_TIMESTAMP") this.#code = code;
    if (this.#shown.length < recordErrorsMax) this.#shown.push({ batchIndex, message });
  }

  refusal(): Refusal | null {
    const [first] = this.#shown;
    if (first === undefined) return null;
    const others = this.#count === 1 ? "" : ` (and ${this.#count - 1} others)`;
    const message = `record ${first.batchIndex} is refused: ${first.message}${others}`;
    return new RecordsRefused(this.#code, message, this.#shown);
  }
}

const pack = (records: Uint8Array, target: Compression, rules: BatchRules): Uint8Array =>
  target === "none" ? records : compress(target, records, rules.compressionLevel);

function attributesFor(
  header: BatchHeader,
  rules: BatchRules,
  target: Compression | undefined,
): number {
  const codec = target === undefined ? 0 : compressionNames.indexOf(target);
  const other = header.attributes & ~attribute.compressionMask & ~attribute.logAppendTime;
  return other | codec | (rules.isLogAppendTime ? attribute.logAppendTime : 0);
}
