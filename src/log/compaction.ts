/**
 * Compaction: of all records of one key, the newest one stays. Offsets never change.
 *
 * The finished segments at the front of a log are cleaned together. Those that were compacted
 * before hold each key once; what came since is dirty. One pass reads the dirty part, notes the
 * newest offset of each key in a map of fixed size, and then writes everything from the front anew,
 * without the records that have a newer one. Where the map is full before the dirty part ends,
 * another pass goes on from there. Segments that have become small are merged, as long as they fit
 * `segment.bytes` together.
 *
 * Invariants: a group of segments is replaced as a whole, or not at all (`swap.ts`); groups are
 * replaced from the front on, so a tombstone never goes before what it deletes; the last segment
 * is left alone. Nothing is skipped: damage ends it, and the log stays as it was.
 *
 * Sources: Apache Kafka, `Cleaner`, `LogCleanerManager`; KIP-58 (lags), KIP-354, KIP-534.
 */
import { assert } from "../base/assert.ts";
import { offset, type Offset } from "../base/brands.ts";
import type { HashSecret } from "../base/half-siphash.ts";
import type { Pace } from "../base/pace.ts";
import { Refusal } from "../base/refusal.ts";
import type { Steps } from "../base/steps.ts";
import { DiskError } from "../disk/disk.ts";
import { backgroundReadBytes, compactionStepRecords, decompressedBytesMax } from "../limits.ts";
import {
  attributesAt,
  baseOffsetAt,
  batchBytesAt,
  nextOffsetAt,
  producerIdAt,
} from "../record/batch.ts";
import { recordsOpening } from "../record/records.ts";
import { cleanBatch, type CleaningRules, isTransactional } from "./clean-batch.ts";
import { CleanWriter } from "./clean-writer.ts";
import type { LogEnvironment } from "./environment.ts";
import type { IndexHeader } from "./index-file.ts";
import { KeyMap } from "./key-map.ts";
import type { LogConfig } from "./log.ts";
import { timeOf } from "./retention.ts";
import { type BatchRun, scanBatches, segmentOffsetsMax } from "./scan.ts";
import type { Replacement } from "./segment-list.ts";
import type { Segment } from "./segment.ts";

/** How a log is compacted, after Kafka's topic configurations. */
export interface CompactionRules {
  /** `min.cleanable.dirty.ratio` */
  readonly dirtyRatioMin: number;
  /** `min.compaction.lag.ms`, `max.compaction.lag.ms` */
  readonly lagMsMin: number;
  readonly lagMsMax: number;
  /** `delete.retention.ms` */
  readonly deleteRetentionMs: number;
}

/** What could be compacted now. */
export interface Compactable {
  /** How much of what could be cleaned has not been. */
  readonly dirtyRatio: number;
  /** It is enough, or has waited too long. */
  readonly isDue: boolean;
  /** Everything that is rewritten lies before this. */
  readonly end: Offset;
}

/** What whoever looks after logs lends to a compaction. */
export interface CompactionMeans {
  /** Milliseconds since 1970, by a clock that can be believed. */
  readonly now: number;
  /** What the map of keys may take. */
  readonly memoryBytes: number;
  /** Of the hash that keys are known by, another one each time. */
  readonly secret: HashSecret;
  readonly pace: Pace;
  /** Once it says no, the compaction comes to an end. */
  readonly isWanted: () => boolean;
  /** Whether so many bytes may be written now. */
  readonly hasRoom: (bytes: number) => Promise<boolean>;
  /** See {@link CleaningRules}. */
  readonly intactEnd: Offset;
  readonly isLastOf: CleaningRules["isLastOf"];
}

/** What a compaction has done. */
export interface Compacted {
  readonly passes: number;
  /** Keys in the dirty part, at most: each pass counts its own. */
  readonly keys: number;
  readonly segments: number;
  readonly segmentsLeft: number;
  /** Bytes that were read, to find keys and to copy; and bytes that were written. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** By which the log has become smaller. */
  readonly freedBytes: number;
  /** Records of all segments that were rewritten, and those that have stayed. */
  readonly records: number;
  readonly keptRecords: number;
  readonly keylessRecords: number;
  /** The most that the map of keys has taken. */
  readonly mapBytes: number;
}

/** The log that is compacted. */
export interface CompactedLog {
  readonly environment: LogEnvironment;
  readonly directory: string;
  readonly segments: readonly Segment[];
  readonly config: LogConfig;
  /** Why it should come to an end; `null`: it may go on. */
  readonly stopped: Refusal | null;
  /** Puts the cleaned segment with this header in the place of others. */
  replace(olds: readonly Segment[], header: IndexHeader): Promise<Replacement>;
}

/** The finished segments at the front that may be cleaned now. */
function cleanableOf(segments: readonly Segment[], lagMsMin: number, now: number): Segment[] {
  const isYoung = (at: number): boolean =>
    lagMsMin > 0 && timeOf(segments, at, now) > now - lagMsMin;
  const end = segments.findIndex((segment, at) => !segment.sealed || isYoung(at));
  return segments.slice(0, end < 0 ? segments.length - 1 : end);
}

const bytesOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { bytes }) => sum + bytes, 0);

/** What there is to do; `null`: nothing. */
export function compactableOf(
  segments: readonly Segment[],
  rules: CompactionRules,
  now: number,
): Compactable | null {
  const cleanable = cleanableOf(segments, rules.lagMsMin, now);
  const firstDirty = cleanable.findIndex(({ cleaned }) => !cleaned);
  const [dirty, last] = [cleanable[firstDirty], cleanable.at(-1)];
  if (dirty === undefined || last === undefined) return null;
  const dirtyRatio = bytesOf(cleanable.slice(firstDirty)) / Math.max(1, bytesOf(cleanable));
  const isDue = dirtyRatio > rules.dirtyRatioMin || now - dirty.createdMs > rules.lagMsMax;
  return { dirtyRatio, isDue, end: last.endOffset };
}

/** Runs one compaction; see the head of this file. Never rejects. */
export async function compact(
  log: CompactedLog,
  means: CompactionMeans,
): Promise<Compacted | Refusal> {
  const { compaction: rules } = log.config;
  assert(rules !== undefined, "only a log that is to be compacted is");
  try {
    if (log.stopped !== null) return log.stopped;
    return await new Compaction(log, rules, means).run();
  } catch (error) {
    if (error instanceof Stopped) return error.refusal;
    if (!(error instanceof DiskError)) throw error;
    const code = error.kind === "full" ? "DISK_FULL" : "KAFKA_STORAGE_ERROR";
    return new Refusal(code, `compacting failed: ${error.message}`);
  }
}

/** Ends a compaction from within; never leaves this file. */
class Stopped extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

class Compaction {
  readonly #counts = {
    records: 0,
    keptRecords: 0,
    keylessRecords: 0,
    transactionalBatches: 0,
  };
  /** What is read lies here; it is copied before more is. */
  readonly #buffer = new Uint8Array(backgroundReadBytes);
  #passes = 0;
  #keys = 0;
  #segments = 0;
  #segmentsLeft = 0;
  #readBytes = 0;
  #writtenBytes = 0;
  #freedBytes = 0;
  #mapBytes = 0;

  constructor(
    private readonly log: CompactedLog,
    private readonly rules: CompactionRules,
    private readonly means: CompactionMeans,
  ) {}

  async run(): Promise<Compacted> {
    const { lagMsMin } = this.rules;
    const cleanable = cleanableOf(this.log.segments, lagMsMin, this.means.now);
    const end = cleanable.at(-1)?.endOffset ?? offset(0);
    let dirtyFrom = cleanable.find(({ cleaned }) => !cleaned)?.base ?? end;
    while (dirtyFrom < end) {
      const { map, mapEnd } = await this.#readKeys(dirtyFrom, end);
      this.#passes += 1;
      this.#keys += map.count;
      await this.#rewrite(map, mapEnd);
      dirtyFrom = mapEnd;
    }
    return {
      ...this.#counts,
      passes: this.#passes,
      keys: this.#keys,
      segments: this.#segments,
      segmentsLeft: this.#segmentsLeft,
      readBytes: this.#readBytes,
      writtenBytes: this.#writtenBytes,
      freedBytes: this.#freedBytes,
      mapBytes: this.#mapBytes,
    };
  }

  /** Notes the keys of the records in [from, end), as many as there is room for. */
  async #readKeys(from: Offset, end: Offset): Promise<{ map: KeyMap; mapEnd: Offset }> {
    const { memoryBytes, secret } = this.means;
    const map = new KeyMap(memoryBytes, end - from, from, secret);
    this.#mapBytes = Math.max(this.#mapBytes, map.bytes);
    for (const segment of [...this.log.segments]) {
      if (segment.endOffset <= from || segment.base >= end) continue;
      for await (const { run, at } of this.#batches(segment)) {
        if (nextOffsetAt(run.view, at) <= from || isTransactional(attributesAt(run.view, at))) {
          continue;
        }
        const full = await this.#inSteps(noteKeys(map, run, at, from));
        if (full instanceof Refusal) throw new Stopped(full);
        if (full === null) continue;
        if (full > from) return { map, mapEnd: full };
        throw new Stopped(new Refusal("KAFKA_STORAGE_ERROR", "the map of keys holds no key"));
      }
    }
    return { map, mapEnd: end };
  }

  /** Writes everything anew that the map can judge, group by group. */
  async #rewrite(map: KeyMap, mapEnd: Offset): Promise<void> {
    const { now, isLastOf, intactEnd } = this.means;
    const { deleteRetentionMs } = this.rules;
    const rules = { map, mapEnd, now, deleteRetentionMs, intactEnd, isLastOf };
    const segments = this.log.segments.filter(({ sealed, base }) => sealed && base < mapEnd);
    for (const group of groupsOf(segments, this.log.config.segmentBytes)) {
      await this.#replace(group, rules);
      this.#segments += group.length;
      this.#segmentsLeft += 1;
    }
  }

  /** Writes the segment that is to replace a group, and has it do so. */
  async #replace(group: readonly Segment[], rules: CleaningRules): Promise<void> {
    const [first] = group;
    assert(first !== undefined, "a group has a segment");
    if (!(await this.means.hasRoom(bytesOf(group)))) {
      const message = `${bytesOf(group)} bytes more would leave the disk too full`;
      throw new Stopped(new Refusal("DISK_FULL", message));
    }
    const writer = new CleanWriter(this.log.environment, this.log.directory, first);
    await writer.begin();
    let isOurs = true;
    try {
      const header = await this.#clean(group, writer, rules);
      const { kind, refusal } = await this.log.replace(group, header);
      isOurs = kind === "undone";
      if (refusal !== null) throw new Stopped(refusal);
      this.#freedBytes += bytesOf(group) - header.floorPosition;
    } catch (error) {
      if (isOurs) await abandonQuietly(writer);
      throw error;
    }
  }

  async #clean(
    group: readonly Segment[],
    writer: CleanWriter,
    rules: CleaningRules,
  ): Promise<IndexHeader> {
    for (const segment of group) {
      for await (const { run, at } of this.#batches(segment)) {
        await this.#cleanInto(writer, run, at, rules);
      }
    }
    const end = group.at(-1)?.endOffset ?? offset(0);
    return await writer.finish(end, end <= rules.mapEnd);
  }

  async #cleanInto(
    writer: CleanWriter,
    { bytes, view }: BatchRun,
    at: number,
    rules: CleaningRules,
  ): Promise<void> {
    const cleaned = await this.#inSteps(cleanBatch(bytes, view, at, rules, this.#counts));
    if (cleaned instanceof Refusal) throw new Stopped(cleaned);
    if (cleaned === "none") return;
    const isUnsealed = cleaned !== "same";
    const batch = isUnsealed ? cleaned : bytes.subarray(at, at + batchBytesAt(view, at));
    const producerId = producerIdAt(view, at);
    const isExtensible =
      nextOffsetAt(view, at) !== rules.intactEnd &&
      !isTransactional(attributesAt(view, at)) &&
      !rules.isLastOf(producerId, baseOffsetAt(view, at));
    await writer.add(batch, { isUnsealed, isExtensible });
    this.#writtenBytes += batch.length;
    await this.#pause(batch.length);
  }

  /** Does the work on one batch, which may be large. */
  async #inSteps<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      await this.#pause(0);
    }
  }

  /** Leaves the event loop and the disk to others, as is due. Whoever stops the log ends it. */
  async #pause(bytes: number): Promise<void> {
    const { pace, isWanted } = this.means;
    await pace.spend(bytes, () => this.log.stopped === null && isWanted());
  }

  /** The batches of a finished segment, every one checked, at the pace that is allowed. */
  async *#batches(segment: Segment): AsyncGenerator<{ run: BatchRun; at: number }> {
    const { base, endPosition: to, endOffset } = segment;
    if (segment.isRemoved) throw new Stopped(deletedMeanwhile);
    const file = await this.log.environment.disk.open(segment.logPath, "read");
    let reached = base;
    try {
      const range = { from: 0, to, base, segmentBase: base, buffer: this.#buffer };
      for await (const item of scanBatches(file, range)) {
        if (item.kind === "damage") throw new Stopped(damaged(segment, item.fromOffset));
        for (const at of item.starts) {
          yield { run: item, at };
          if (this.log.stopped !== null) throw new Stopped(this.log.stopped);
          if (!this.means.isWanted()) throw new Stopped(unwanted);
          if (segment.isRemoved) throw new Stopped(deletedMeanwhile);
          const size = batchBytesAt(item.view, at);
          reached = nextOffsetAt(item.view, at);
          this.#readBytes += size;
          await this.#pause(size);
        }
      }
    } finally {
      await file.close();
    }
    if (reached !== endOffset) throw new Stopped(damaged(segment, reached));
  }
}

/**
 * Notes the keys of a batch. Returns the offset of the first record that the map had no room for;
 * `null`: it has all. CORRUPT_MESSAGE: its records can't be read.
 */
function* noteKeys(
  map: KeyMap,
  { bytes, view }: BatchRun,
  at: number,
  from: Offset,
): Steps<Offset | null | Refusal> {
  const records = yield* recordsOpening(bytes, view, at, decompressedBytesMax);
  if (records instanceof Refusal) return records;
  for (let count = 1; records.next(); count++) {
    if (count % compactionStepRecords === 0) yield;
    if (records.offset < from || records.keyFrom < 0) continue;
    const { bytes: content, keyFrom, keyTo } = records;
    if (!map.put(content, keyFrom, keyTo, records.offset)) return records.offset;
  }
  return records.damage;
}

/** Neighbours that may become one segment. */
function* groupsOf(segments: readonly Segment[], segmentBytes: number): Generator<Segment[]> {
  let group: Segment[] = [];
  for (const segment of segments) {
    const isTooLarge = bytesOf(group) + segment.bytes > segmentBytes;
    const isTooWide = segment.endOffset - (group[0]?.base ?? segment.base) > segmentOffsetsMax;
    const isNeighbour = (group.at(-1)?.endOffset ?? segment.base) === segment.base;
    if (group.length > 0 && (isTooLarge || isTooWide || !isNeighbour)) {
      yield group;
      group = [];
    }
    group.push(segment);
  }
  if (group.length > 0) yield group;
}

/** The first failure is the one to tell; what can't be removed is, when the log is opened. */
async function abandonQuietly(writer: CleanWriter): Promise<void> {
  try {
    await writer.abandon();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

const unwanted = new Refusal("SHUTTING_DOWN", "nobody wants it compacted any more");

/** It is no failure: what was to be compacted is not there any more. */
const deletedMeanwhile = new Refusal("OFFSET_OUT_OF_RANGE", "records were deleted meanwhile");

function damaged(segment: Segment, from: Offset): Refusal {
  const message = `${segment.logPath} is damaged from offset ${from} on: it is not compacted`;
  return new Refusal("CORRUPT_MESSAGE", message);
}
