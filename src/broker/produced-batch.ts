/**
 * What a batch from a client must be, seen from the outside: exactly one whole batch, undamaged,
 * whose header holds what a client's may. Pure.
 *
 * Sources: Apache Kafka, `UnifiedLog.analyzeAndValidateRecords`, `LogValidator.validateBatch`.
 */
import type { Memory } from "../base/memory.ts";
import { Refusal, type RefusalCode } from "../base/refusal.ts";
import { batchBytesMax } from "../limits.ts";
import {
  attribute,
  batchHeaderBytes,
  type BatchFault,
  type BatchHeader,
  checkBatch,
  compressionOf,
  readHeader,
  viewOf,
} from "../record/batch.ts";
import { type BatchRules, sizeRefusal } from "./batch-rules.ts";

/** What depends on the version of a Produce request. */
export interface ProduceOptions {
  /** From version 7 on: older consumers can't read it (KIP-110). Left out: it is. */
  readonly allowsZstd?: boolean;
  /**
   * What the bytes lie in, if they are the partition's from now on: nobody else stores into them,
   * and it is held until the answer. Left out: they are not.
   */
  readonly memory?: Memory | undefined;
  /** It was built in this process: it is sound, and its records are what its header says. */
  readonly isTrusted?: boolean;
}

/** Checks what a client has sent for one partition; see the head of this file. */
export function checkProduced(
  bytes: Uint8Array,
  rules: BatchRules,
  options: ProduceOptions,
): BatchHeader | Refusal {
  if (bytes.length < batchHeaderBytes) {
    return new Refusal("INVALID_RECORD", `${bytes.length} bytes are no record batch`);
  }
  const view = viewOf(bytes);
  const header = readHeader(view, 0);
  const size = header.bytes;
  if (header.magic === 2 && size >= batchHeaderBytes && size < bytes.length) {
    return new Refusal("INVALID_RECORD", "a partition takes exactly one batch a request");
  }
  // Before the checksum, which costs by the byte.
  if (size === bytes.length && size > rules.messageBytesMax) return sizeRefusal(size, rules);
  const fault = checkBatch(bytes, view, 0, bytes.length, batchBytesMax);
  if (fault !== null) return new Refusal(...faultAnswers[fault]);
  for (const rule of headerRules) {
    if (rule.isBroken(header, options)) return new Refusal(rule.code, rule.why(header));
  }
  return header;
}

/** CORRUPT_MESSAGE where sending the same again may help, since the damage came on the way. */
const faultAnswers: Readonly<Record<BatchFault, [code: RefusalCode, text: string]>> = {
  truncated: ["CORRUPT_MESSAGE", "the batch ends before its length says"],
  length: ["CORRUPT_MESSAGE", "no batch has the length that this one says it has"],
  magic: ["INVALID_RECORD", "only batches of magic 2 are taken, which Kafka 0.11 brought"],
  offset: ["INVALID_RECORD", "the batch has an impossible base offset"],
  count: ["INVALID_RECORD", "the batch has an impossible number of records"],
  crc: ["CORRUPT_MESSAGE", "the batch was damaged on its way: its checksum does not hold"],
};

/** One thing that the header of a client's batch must not say. */
interface HeaderRule {
  readonly row: string;
  readonly code: RefusalCode;
  readonly isBroken: (header: BatchHeader, options: ProduceOptions) => boolean;
  readonly why: (header: BatchHeader) => string;
}

const has = (header: BatchHeader, bits: number): boolean => (header.attributes & bits) !== 0;

/** The first broken one says why the batch is refused. */
const headerRules: readonly HeaderRule[] = [
  {
    row: "a base offset",
    code: "INVALID_RECORD",
    isBroken: ({ baseOffset }) => baseOffset !== 0,
    why: ({ baseOffset }) => `the base offset is ${baseOffset}; the broker gives offsets`,
  },
  {
    row: "no records, or another count than offsets",
    code: "INVALID_RECORD",
    isBroken: (header) =>
      header.recordsCount <= 0 || header.lastOffsetDelta !== header.recordsCount - 1,
    why: (header) =>
      `${header.recordsCount} records with offsets 0 to ${header.lastOffsetDelta} can't be`,
  },
  {
    row: "control batch",
    code: "INVALID_RECORD",
    isBroken: (header) => has(header, attribute.control),
    why: () => "control batches are the broker's to write",
  },
  {
    row: "delete horizon",
    code: "INVALID_RECORD",
    isBroken: (header) => has(header, attribute.deleteHorizon),
    why: () => "a delete horizon is the broker's to set",
  },
  {
    row: "transactional without a producer id",
    code: "INVALID_RECORD",
    isBroken: (header) => has(header, attribute.transactional) && header.producerId < 0,
    why: () => "a transactional batch needs a producer id",
  },
  {
    row: "transactional",
    code: "INVALID_RECORD",
    isBroken: (header) => has(header, attribute.transactional),
    why: () => "transactions are not served by this broker yet",
  },
  {
    row: "an impossible producer id",
    code: "INVALID_RECORD",
    isBroken: ({ producerId }) => producerId < -1 || !Number.isSafeInteger(producerId),
    why: ({ producerId }) => `there is no producer id ${producerId}`,
  },
  {
    row: "a producer id without an epoch or a sequence",
    code: "INVALID_RECORD",
    isBroken: (header) =>
      header.producerId >= 0 && (header.producerEpoch < 0 || header.baseSequence < 0),
    why: (header) =>
      `producer ${header.producerId} can't have epoch ${header.producerEpoch} and sequence ` +
      String(header.baseSequence),
  },
  {
    row: "an unknown codec",
    code: "INVALID_RECORD",
    isBroken: (header) => compressionOf(header.attributes) === undefined,
    why: (header) => `there is no codec ${header.attributes & attribute.compressionMask}`,
  },
  {
    row: "zstd where it may not be",
    code: "UNSUPPORTED_COMPRESSION_TYPE",
    isBroken: (header, { allowsZstd = true }) =>
      !allowsZstd && compressionOf(header.attributes) === "zstd",
    why: () => "zstd needs version 7 of Produce",
  },
  {
    row: "log append time",
    code: "INVALID_TIMESTAMP",
    isBroken: (header) => has(header, attribute.logAppendTime),
    why: () => "the time of appending is the broker's to set",
  },
];
