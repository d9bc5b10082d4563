/**
 * Record batches as clients send them. Whoever decides whether one is taken is held against a
 * decoder of our own; what is taken is read back by every reader, by `check`, by a compaction and
 * by the next start, and all have to find the records that were sent.
 *
 *     topic (1 byte) · what is put right before it is sent (1 byte) · the batch
 */
import type { Random } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker, Partition, Produced } from "../../src/broker/broker.ts";
import { producedUnpackedBytesMax } from "../../src/limits.ts";
import { batchHeaderBytes, batchPrefixBytes, checkBatch, seal } from "../../src/record/batch.ts";
import { compressionNames, viewOf } from "../../src/record/batch.ts";
import { BatchBuilder } from "../../src/record/builder.ts";
import { type Codec, decompress } from "../../src/record/compression.ts";
import { type BatchRecord, openRecords, validateRecords } from "../../src/record/records.ts";
import { BrokerWorld } from "../support/broker-world.ts";
import { means } from "../support/compaction.ts";
import { unwrap } from "../support/log-world.ts";
import { randomBytes } from "../support/seed.ts";
import { turns } from "../support/until.ts";
import { edges, mutated, oneOf } from "./mutate.ts";
import { referenceRecords, type ReferenceRecord } from "./reference-batch.ts";
import { Finding, require, type Subject, type Target } from "./target.ts";
import { batchesIn, verifyAll } from "./witness.ts";

/** What each topic asks of its batches. */
const topics: readonly (readonly [name: string, config: Readonly<Record<string, string>>])[] = [
  ["plain", {}],
  ["compact", { "cleanup.policy": "compact", "max.compaction.lag.ms": "1" }],
  ["stamped", { "message.timestamp.type": "LogAppendTime" }],
  ["repacked", { "compression.type": "gzip" }],
  ["unpacked", { "compression.type": "uncompressed" }],
  ["small", { "max.message.bytes": "300" }],
  ["recent", { "message.timestamp.before.max.ms": "3600000" }],
];

/** What is put right, so that what was changed is not refused for its checksum alone. */
const repairs = { length: 1, count: 2, checksum: 4, baseOffset: 8, epoch: 16 };
const all = 31;

/** Bytes before the batch. */
const headBytes = 2;

/** Codes with which a batch is refused that is sound; others say that it is not. */
const rules = new Set([
  "MESSAGE_TOO_LARGE",
  "INVALID_TIMESTAMP",
  "OUT_OF_ORDER_SEQUENCE_NUMBER",
  "INVALID_PRODUCER_EPOCH",
]);

function unpacked(codec: Codec, packed: Uint8Array): Uint8Array | null {
  const content = decompress(codec, packed, producedUnpackedBytesMax);
  return content instanceof Refusal ? null : content;
}

/** The batch of an input, with what is asked for put right. */
function batchIn(input: Uint8Array): Uint8Array {
  const batch = input.slice(headBytes);
  const asked = input[1] ?? 0;
  if (batch.length < batchHeaderBytes) return batch;
  const view = viewOf(batch);
  if ((asked & repairs.length) !== 0) view.setInt32(8, batch.length - batchPrefixBytes);
  if ((asked & repairs.count) !== 0) view.setInt32(23, view.getInt32(57) - 1);
  if ((asked & repairs.baseOffset) !== 0) view.setBigInt64(0, 0n);
  if ((asked & repairs.epoch) !== 0) view.setBigInt64(43, -1n);
  const isWhole = view.getInt32(8) === batch.length - batchPrefixBytes;
  if ((asked & repairs.checksum) !== 0 && isWhole) seal(batch, view, 0);
  return batch;
}

/** A record that was taken, where it lies. */
interface Stored extends ReferenceRecord {
  readonly offset: number;
}

class BatchSubject implements Subject {
  readonly #compacted: Stored[] = [];

  private constructor(
    private readonly base: BrokerWorld,
    private readonly broker: Broker,
  ) {}

  static async open(): Promise<BatchSubject> {
    const base = new BrokerWorld();
    const broker = await base.start();
    for (const [name, config] of topics) unwrap(await broker.createTopic({ name, config }));
    return new BatchSubject(base, broker);
  }

  async take(input: Uint8Array): Promise<readonly string[]> {
    const [name] = topics[(input[0] ?? 0) % topics.length]!;
    const partition = this.broker.topic(name)!.partitions[0]!;
    const batch = batchIn(input);
    const sent = batch.slice();
    const end = partition.log.endOffset;
    const records = referenceRecords(batch, unpacked);
    this.base.clock.advance(1);
    const answer = await this.#answered(partition.produce(batch));
    if (answer instanceof Refusal) {
      require(partition.log.endOffset === end, () => "what was refused is in the log");
      this.#judgeRefused(records, answer, name);
      return [`${name} ${answer.code}: ${typeof records === "string" ? records : "sound"}`];
    }
    require(Buffer.compare(batch, sent) === 0, () => "the bytes of the caller were changed");
    // Of a batch that was here before, its records are not looked at again.
    if (answer.baseOffset < end && partition.log.endOffset === end) return [`${name} again`];
    if (typeof records === "string") throw new Finding(`taken, and it is not sound: ${records}`);
    await this.#readBack(partition, answer, records);
    return [`${name} ${viewOf(batch).getInt16(21)} taken`];
  }

  async close(): Promise<void> {
    await this.#compact();
    const ends = this.broker
      .topics()
      .map(({ name, partitions }) => [name, partitions[0]!.log.endOffset]);
    await this.broker.close();
    await verifyAll(this.base.disk.clone());
    const again = await this.base.next().start();
    const after = again
      .topics()
      .map(({ name, partitions }) => [name, partitions[0]!.log.endOffset]);
    require(String(after) === String(ends), () => `${String(ends)} became ${String(after)}`);
    await again.close();
    const defect = this.base.logger.events.find(({ level }) => level === "error");
    require(defect === undefined, () => `${defect?.event}: ${JSON.stringify(defect?.fields)}`);
  }

  /** Many records are looked at in several turns. */
  async #answered(answer: Promise<Produced | Refusal>): Promise<Produced | Refusal> {
    let isKnown = false;
    void answer.finally(() => (isKnown = true));
    for (let left = 1_000; left > 0 && !isKnown; left--) {
      await turns(1);
      if (!isKnown) this.base.clock.advance(1);
    }
    if (!isKnown) throw new Finding("a batch is never answered");
    return await answer;
  }

  /** A batch that is sound may break a rule; nothing else may have it refused. */
  #judgeRefused(
    records: ReferenceRecord[] | string,
    { code, message }: Refusal,
    topic: string,
  ): void {
    if (typeof records === "string" || rules.has(code)) return;
    const lacksKeys = topic === "compact" && records.some(({ hasKey }) => !hasKey);
    const hasManyHeaders = records.some(({ headers }) => headers > 1_000);
    const isRight = code === "INVALID_RECORD" && (lacksKeys || hasManyHeaders);
    require(isRight, () => `a sound batch is refused: ${code} ${message}`);
  }

  async #readBack(
    partition: Partition,
    { baseOffset, logAppendTimeMs }: Produced,
    sent: readonly ReferenceRecord[],
  ): Promise<void> {
    const { chunks, nextOffset } = unwrap(await partition.log.read(baseOffset, 1));
    const [batch] = batchesIn(chunks);
    require(nextOffset === baseOffset + sent.length, () => `the next offset is ${nextOffset}`);
    if (batch === undefined) throw new Finding("what was taken is not there");
    const fault = checkBatch(batch, viewOf(batch), 0, batch.length, batch.length);
    require(fault === null, () => `what was taken is no sound batch: ${fault}`);
    const refusal = validateRecords(batch, viewOf(batch), 0);
    require(refusal === null, () => `check does not take it: ${refusal?.message}`);
    const cursor = openRecords(batch, viewOf(batch), 0);
    if (cursor instanceof Refusal) throw new Finding(cursor.message);
    for (const [at, record] of sent.entries()) {
      require(cursor.next(), () => `record ${at} can't be read: ${cursor.damage?.message}`);
      const { offset, timestamp, content, headers } = plain(cursor.record());
      const time = logAppendTimeMs === -1 ? record.timestamp : BigInt(logAppendTimeMs);
      const isSame = offset === baseOffset + at && timestamp === time && headers === record.headers;
      require(isSame, () => `record ${at}: ${offset} ${timestamp}, not ${baseOffset + at} ${time}`);
      const isEqual = isText(record.content) ? content === record.content : true;
      require(isEqual, () => `record ${at} is ${content}, not ${record.content}`);
      if (partition.topic === "compact") this.#compacted.push({ ...record, offset });
    }
  }

  /** Each key has its last record afterwards, and all that is left was there before. */
  async #compact(): Promise<void> {
    const { log } = this.broker.topic("compact")!.partitions[0]!;
    const { clock } = this.base;
    clock.advance(10_000);
    unwrap(await log.rollForCompaction(clock.now()));
    if (log.compactable(clock.now()) === null) return;
    unwrap(await log.compact(means(clock.now())));
    const found = new Map<number, string>();
    for (let at = log.startOffset; at < log.visibleOffset;) {
      const { chunks, nextOffset } = unwrap(await log.read(at, 1_000_000));
      for (const batch of batchesIn(chunks)) {
        const cursor = openRecords(batch, viewOf(batch), 0);
        if (cursor instanceof Refusal) throw new Finding(`compacted: ${cursor.message}`);
        while (cursor.next()) found.set(cursor.offset, plain(cursor.record()).content);
        require(cursor.damage === null, () => `compacted: ${cursor.damage?.message}`);
      }
      at = nextOffset;
    }
    const last = new Map(this.#compacted.map((record) => [keyOf(record), record]));
    for (const { offset, content } of last.values()) {
      const isKept = found.get(offset) === content || !isText(content);
      require(isKept, () => `compaction made ${found.get(offset)} of ${offset} ${content}`);
    }
    const before = new Set(this.#compacted.map(({ offset }) => offset));
    for (const offset of found.keys()) require(before.has(offset), () => `${offset} is new`);
  }
}

const keyOf = ({ content }: ReferenceRecord): string => content.slice(0, content.indexOf("="));

/** Names of headers are text, so bytes that are none come back as others. */
const isText = (content: string): boolean =>
  content
    .split(" ")
    .slice(1)
    .every((header) => {
      const bytes = Buffer.from(header.slice(0, header.indexOf("=")), "hex");
      return (
        Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes) && !header.startsWith("efbbbf")
      );
    });

/** A record of production code, as the reference has it. */
function plain(record: BatchRecord) {
  const { key, value, headers, offset, timestamp } = record;
  let content = `${key?.toHex() ?? "-"}=${value?.toHex() ?? "-"}`;
  for (const header of headers) {
    const name = Buffer.from(header.key, "utf8").toString("hex");
    content += ` ${name}=${header.value?.toHex() ?? "-"}`;
  }
  return { offset: Number(offset), timestamp: BigInt(timestamp), content, headers: headers.length };
}

function soundBatch(random: Random): Uint8Array {
  const builder = new BatchBuilder();
  const count = random.below(10) === 0 ? 30 : 1 + random.below(4);
  for (let left = count; left > 0; left--) {
    const key = random.below(8) === 0 ? null : Buffer.from(`k${random.below(12)}`);
    const value = random.below(6) === 0 ? null : randomBytes(random, random.below(30));
    const headers = Array.from({ length: random.below(6) === 0 ? 2 : 0 }, (_, at) => {
      return { key: `h${at}`, value: random.below(2) === 0 ? null : randomBytes(random, 3) };
    });
    const timestamp = 1_754_705_528_480 - random.below(random.below(6) === 0 ? 10_000_000 : 1_000);
    builder.append({ timestamp, key, value, headers });
  }
  const producerId = random.below(4) === 0 ? random.below(3) : -1;
  const producer = { producerId, producerEpoch: 0, baseSequence: random.below(3) };
  const compression = oneOf(random, [...compressionNames, "none", "none"] as const);
  return builder.build({ compression, ...(producerId < 0 ? {} : producer) });
}

/** A varint in one of the ways in which one can be written, or in a way that is none. */
function varint(random: Random, value: number): number[] {
  const bytes: number[] = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  if (random.below(12) > 0) return bytes;
  while (bytes.length < 5) bytes.push(0);
  for (let at = 0; at < 4; at++) bytes[at]! |= 0x80;
  // Bits that an int32 has no place for; or none.
  if (random.below(2) === 0) bytes[4]! |= oneOf(random, [0x10, 0x20, 0x40, 0x70]);
  return bytes;
}

/** Records whose lengths are right, and whose numbers are written in all ways. */
function handmadeBatch(random: Random): Uint8Array {
  const count = 1 + random.below(3);
  const head = soundBatch(random).subarray(0, batchHeaderBytes);
  const records: number[] = [];
  for (let at = 0; at < count; at++) {
    const sized = (): number[] => {
      if (random.below(5) === 0) return varint(random, oneOf(random, [-1, -1, -2, 0]));
      const bytes = randomBytes(random, random.below(4));
      return [...varint(random, bytes.length), ...bytes];
    };
    const headers = random.below(3) === 0 ? random.below(3) : 0;
    const delta = random.below(10) === 0 ? random.below(4) : at;
    const body = [0, ...varint(random, random.below(3)), ...varint(random, delta)];
    body.push(...sized(), ...sized(), ...varint(random, headers));
    for (let left = headers * 2; left > 0; left--) body.push(...sized());
    records.push(...varint(random, body.length), ...body);
  }
  const batch = new Uint8Array([...head, ...records]);
  const view = viewOf(batch);
  view.setInt16(21, 0);
  view.setInt32(57, count);
  return batch;
}

/** Numbers of a header, and where they are. */
const fields: readonly (readonly [at: number, width: 1 | 2 | 4 | 8])[] = [
  ...([
    [0, 8],
    [8, 4],
    [12, 4],
    [16, 1],
    [17, 4],
    [21, 2],
    [23, 4],
    [27, 8],
    [35, 8],
  ] as const),
  ...([
    [43, 8],
    [51, 2],
    [53, 4],
    [57, 4],
  ] as const),
];

const longs: readonly bigint[] = [0n, -1n, 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, -(2n ** 63n)];

function setField(batch: Uint8Array, at: number, width: number, value: number, long: bigint): void {
  const view = viewOf(batch);
  if (width === 8) view.setBigInt64(at, long);
  else if (width === 4) view.setInt32(at, value);
  else if (width === 2) view.setInt16(at, value);
  else view.setInt8(at, value);
}

function withHead(topic: number, asked: number, batch: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Uint8Array.of(topic, asked), batch]));
}

function generate(random: Random, kept: readonly Uint8Array[]): Uint8Array {
  const way = random.below(10);
  const asked = oneOf(random, [all, all, 13, 15, 4, 5, random.below(32)]);
  const topic = random.below(topics.length);
  if (way < 2 && kept.length > 0) {
    const old = mutated(oneOf(random, kept).subarray(headBytes), random);
    return withHead(topic, asked, old);
  }
  if (way === 2) return withHead(topic, asked, handmadeBatch(random));
  const batch = soundBatch(random);
  if (way < 4) {
    const [at, width] = oneOf(random, fields);
    setField(batch, at, width, oneOf(random, edges), oneOf(random, longs));
  } else if (way < 7) {
    const head = batch.subarray(0, batchHeaderBytes);
    const body = mutated(batch.subarray(batchHeaderBytes), random, kept);
    return withHead(topic, asked, new Uint8Array(Buffer.concat([head, body])));
  } else if (way < 9) return withHead(topic, asked, mutated(batch, random, kept));
  return withHead(topic, asked, batch);
}

/** A batch cut off at each byte, and each field of its header wrong in each way. */
function* systematic(): Generator<Uint8Array> {
  const builder = new BatchBuilder();
  for (const name of ["a", "b"]) {
    const headers = [{ key: "h", value: null }];
    builder.append({ timestamp: 1_754_705_528_000, key: Buffer.from(name), value: null, headers });
  }
  const batch = builder.build();
  for (let asked = 0; asked <= all; asked++) {
    for (let end = 0; end <= batch.length; end++) yield withHead(0, asked, batch.slice(0, end));
  }
  for (const [at, width] of fields) {
    for (const [index, edge] of edges.entries()) {
      const copy = batch.slice();
      setField(copy, at, width, edge, longs[index % longs.length]!);
      for (let topic = 0; topic < topics.length; topic++) yield withHead(topic, 4, copy);
    }
  }
  for (let at = batchHeaderBytes; at < batch.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const copy = batch.slice();
      copy[at]! ^= 1 << bit;
      for (let topic = 0; topic < topics.length; topic++) yield withHead(topic, 4, copy);
    }
  }
}

/** The target; see the head of this file. */
export function batches(): Promise<Target> {
  return Promise.resolve({
    name: "batches",
    inputsPerSubject: 400,
    // Each attempt to unpack takes what the packed bytes could fill: 1 MiB, then 16.
    allocatedBytesMax: 40 * 1024 * 1024,
    systematic,
    generate,
    open: () => BatchSubject.open(),
  });
}
