/**
 * The partition log on segment files. One directory, one owner: this object is the only writer.
 *
 * An append gets its offsets, its segment and its position at once, in memory; the commit pipeline
 * then brings it to the disk. Nothing of it is seen before it is committed, so a failed write is
 * undone by forgetting: memory goes back to the visible end.
 */
import { assert } from "../base/assert.ts";
import { offset, type Offset } from "../base/brands.ts";
import type { Memory } from "../base/memory.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError } from "../disk/disk.ts";
import { commitQueueBytesMax, readBytesMax } from "../limits.ts";
import { batchBytesAt, batchHeaderBytes, stamp, viewOf } from "../record/batch.ts";
import { type CommitOwner, CommitPipeline, type Write } from "./commit.ts";
import {
  compact,
  compactableOf,
  type Compactable,
  type Compacted,
  type CompactedLog,
  type CompactionMeans,
} from "./compaction.ts";
import type { LogEnvironment, Publishing } from "./environment.ts";
import { startFileName } from "./files.ts";
import type { IndexHeader } from "./index-file.ts";
import type { Loss } from "./recovery.ts";
import type {
  Appended,
  Expired,
  LogConfig,
  LogFollower,
  LogRead,
  PartitionLog,
  TimedOffset,
} from "./log.ts";
import { expiredCount, newestTime } from "./retention.ts";
import { type Scrubbed, type ScrubMeans, scrubNext } from "./scrub.ts";
import { takesMore } from "./roll.ts";
import { encodeStart } from "./start-file.ts";
import { findTime } from "./time-search.ts";
import { leaderEpoch } from "./scan.ts";
import { missingRefusal, nothingAt, readCached, readFile } from "./segment-read.ts";
import { type Replacement, SegmentList } from "./segment-list.ts";
import type { Segment, Mark } from "./segment.ts";
import { storageFailure } from "./storage-failure.ts";

/** What opening found; see `open.ts`. Segments in order, the last one appendable or `null`. */
export interface OpenedSegments {
  readonly segments: Segment[];
  readonly isAppendable: boolean;
  /** Nothing is left of a compaction that was interrupted. */
  readonly isSettled: boolean;
  readonly startOffset: Offset;
  readonly losses: readonly Loss[];
}

/** See the head of this file. */
export class SegmentLog implements PartitionLog, CompactedLog, Publishing, CommitOwner {
  /** Invariant: all but the last are complete in memory. */
  readonly #list: SegmentList;
  readonly #pipeline: CommitPipeline;
  #follower: LogFollower | null = null;
  config: LogConfig;
  /** Whether every append so far was durable when it was acknowledged, or was made so since. */
  #isSynced: boolean;
  /** Invariant: start <= visible <= end; moved by `#setOffsets` only. */
  #start: Offset;
  #visible: Offset;
  /** What is before it is being removed, and is not read any more. */
  #goingBelow: Offset = offset(0);
  /** Where the visible end lies. Use: moves with each committed group. */
  #visibleSegment: Segment;
  #visiblePosition: number;
  #visibleBytes = 0;
  /** Acknowledged records that opening found damaged or gone. */
  readonly losses: readonly Loss[];
  /** Why appends are refused for good: closing or deleted. */
  #closed: Refusal | null = null;
  /** The files are closed or going: no publishing that is still due may touch them. */
  #isFinished = false;
  #isDeleted = false;
  /** A roll has failed: its file may be there, so the next batch begins that segment again. */
  #isRollDue = false;
  /** The compaction under way. Never rejects. */
  #compacting: Promise<Compacted | Refusal> | null = null;
  /** What is done with files beside appending and reading, one after another. Never rejects. */
  #chores: Promise<unknown> = nothingToDo;

  constructor(
    readonly environment: LogEnvironment,
    readonly directory: string,
    config: LogConfig,
    opened: OpenedSegments,
  ) {
    this.config = config;
    this.#isSynced = isDurable(config);
    this.#list = new SegmentList(environment, directory, opened.segments, opened.isSettled);
    this.losses = opened.losses;
    const end = this.#list.all.at(-1)?.endOffset ?? offset(0);
    // A log that lost its tail may end before its start, or before the end of a segment that a
    // stray file lies in: those offsets were given away already.
    const next = this.#list.all.reduce(
      (furthest, { endOffset }) => (endOffset > furthest ? endOffset : furthest),
      opened.startOffset,
    );
    if (!opened.isAppendable || next > end) this.#list.begin(next);
    this.#visibleSegment = this.#list.last;
    this.#visiblePosition = this.#list.last.endPosition;
    this.#visible = this.#list.last.endOffset;
    const first = this.#list.all[0]?.base ?? opened.startOffset;
    this.#start = offset(Math.min(Math.max(first, opened.startOffset), this.#visible));
    this.#pipeline = new CommitPipeline(environment, this, config.durability, config.lingerMs);
    // Whoever wrote it last may have been killed before it was due.
    this.#pipeline.syncInTime(this.#list.last);
  }

  get startOffset(): Offset {
    return this.#start;
  }

  get visibleOffset(): Offset {
    return this.#visible;
  }

  get endOffset(): Offset {
    return this.#list.last.endOffset;
  }

  get visibleBytes(): number {
    return this.#visibleBytes;
  }

  get sizeBytes(): number {
    return this.#list.all.reduce((sum, segment) => sum + segment.endPosition, 0);
  }

  get newestMs(): number | null {
    return newestTime(this.segments, this.environment.clock.now());
  }

  get segmentCount(): number {
    return this.#list.all.length;
  }

  get sealedBy(): Refusal | null {
    return this.#pipeline.sealedBy;
  }

  get segments(): readonly Segment[] {
    return this.#list.all;
  }

  append(batch: Uint8Array, given?: Memory): Appended | Refusal {
    assert(batch.length >= batchHeaderBytes, "an append is a whole batch");
    const head = viewOf(batch);
    assert(batchBytesAt(head, 0) === batch.length, "an append is exactly one batch");
    const refusal = this.#closed ?? this.#pipeline.sealedBy ?? this.#overload(batch.length);
    if (refusal) return refusal;
    const records = head.getInt32(23) + 1;
    const segment = this.#segmentFor(batch.length, records);
    const baseOffset = segment.endOffset;
    const piece = this.environment.cache.hold(batch, given);
    const { view } = piece.memory;
    stamp(view, piece.from, baseOffset, leaderEpoch);
    segment.append(piece, view, piece.from);
    const { promise, resolve } = Promise.withResolvers<Refusal | null>();
    this.#pipeline.push({ segment, piece, end: segment.end, settle: resolve });
    return { baseOffset, nextOffset: segment.endOffset, committed: promise };
  }

  read(from: Offset, bytesMax: number): LogRead | Refusal | Promise<LogRead | Refusal> {
    if (this.#isDeleted && this.#closed) return this.#closed;
    if (from < this.#start || from > this.#visible) return this.#outOfRange(from);
    if (from < this.#goingBelow) return this.#outOfRange(from);
    if (from === this.#visible) return nothingAt(from);
    const budget = Math.min(Math.max(bytesMax, 1), readBytesMax);
    const segment = this.#list.at(from);
    const obstacle = this.#list.obstacle(segment);
    if (obstacle instanceof Promise) return obstacle.then(() => this.read(from, bytesMax));
    if (obstacle !== null) return obstacle;
    const limit = this.#limitOf(segment);
    if (from >= limit.offset) return missingRefusal(segment, from, this.#list.after(segment));
    const cached = readCached(segment, from, budget, limit);
    if (cached !== null) this.environment.stats.cacheHits += 1;
    return cached ?? this.#readFile(segment, from, budget, limit);
  }

  async offsetForTime(timestamp: number): Promise<TimedOffset | null | Refusal> {
    return await findTime(this, timestamp);
  }

  trim(before: Offset): Promise<Refusal | null> {
    return this.#storing("trimming", async () => {
      if (before > this.#visible) return this.#outOfRange(before);
      if (before > this.#start) await this.#moveStart(before);
      await this.#dropTrimmed();
      return null;
    });
  }

  expire(now: number): Promise<Expired | Refusal> {
    return this.#storing("deleting old records", () => this.#expire(now));
  }

  rollForCompaction(now: number): Promise<Refusal | null> {
    return this.#storing("beginning a segment", async () => {
      const { lagMsMax = Infinity } = this.config.compaction ?? {};
      const isOverdue = now - this.#list.last.createdMs > lagMsMax;
      if (isOverdue && (await this.#roll())) await this.#publishNow();
      return null;
    });
  }

  compactable(now: number): Compactable | null {
    const { compaction } = this.config;
    if (compaction === undefined || this.#closed !== null) return null;
    return compactableOf(this.segments, compaction, now);
  }

  compact(means: CompactionMeans): Promise<Compacted | Refusal> {
    assert(this.#compacting === null, "one compaction goes on at a time");
    this.#compacting = compact(this, means).finally(() => {
      this.#compacting = null;
    });
    return this.#compacting;
  }

  get stopped(): Refusal | null {
    return this.#closed ?? this.#list.refusal;
  }

  replace(olds: readonly Segment[], header: IndexHeader): Promise<Replacement> {
    return this.#chore(async () => {
      if (this.#closed) return { kind: "undone", refusal: this.#closed };
      const replaced = await this.#list.replace(olds, header);
      const { kind, refusal } = replaced;
      if (kind === "lost") this.#pipeline.seal(`compacting failed: ${refusal}`);
      return replaced;
    });
  }

  scrub(from: Offset, means: ScrubMeans): Promise<Scrubbed | null | Refusal> {
    const isWanted = (): boolean => this.#closed === null && means.isWanted();
    return scrubNext(this.segments, from, { pace: means.pace, isWanted });
  }

  async flush(): Promise<Refusal | null> {
    await this.#pipeline.drained();
    if (!this.#isSynced) await this.#syncUnsealed();
    return this.#pipeline.sealedBy;
  }

  async configure(config: LogConfig): Promise<Refusal | null> {
    this.config = config;
    this.#pipeline.configure(config.durability, config.lingerMs);
    if (!isDurable(config)) this.#isSynced = false;
    else if (!this.#isSynced) {
      await this.#syncUnsealed();
      this.#isSynced = isDurable(this.config) && this.#pipeline.sealedBy === null;
    }
    return this.#pipeline.sealedBy;
  }

  async close(): Promise<void> {
    this.#closed ??= new Refusal("SHUTTING_DOWN", "the broker is shutting down; send again later");
    const refusal = await this.flush();
    this.#isSynced ||= refusal === null;
    await this.publish();
    await this.#compacting;
    await this.#chore(async () => {
      this.#isFinished = true;
      this.#pipeline.stop();
      for (const segment of this.#list.all) await segment.settled();
      await this.environment.files.close(`${this.directory}/`);
    });
  }

  async delete(): Promise<Refusal | null> {
    this.#isFinished = this.#isDeleted = true;
    this.#closed = new Refusal("UNKNOWN_TOPIC_OR_PARTITION", "this topic was deleted");
    this.#pipeline.abandon(this.#closed);
    await this.#pipeline.drained();
    // What it is still writing would lie in the directory of the next topic of this name.
    await this.#compacting;
    return await this.#chore(async () => {
      for (const segment of this.#list.all) await segment.abandon();
      await this.environment.files.close(`${this.directory}/`);
      try {
        await this.environment.disk.remove(this.directory);
        return null;
      } catch (error) {
        return storageFailure("deleting", error);
      }
    });
  }

  follow(follower: LogFollower): void {
    this.#follower = follower;
  }

  /** Writes floors and indexes. What can't be written now is written later or rebuilt at start. */
  publish(): Promise<void> {
    return this.#chore(() => this.#publishNow());
  }

  /** Runs `action` when the chores before it are done. */
  #chore<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#chores.then(action);
    this.#chores = done;
    return done;
  }

  /** The same for what a closed log refuses, and where a disk that fails is a refusal. */
  #storing<T>(what: string, action: () => Promise<T>): Promise<T | Refusal> {
    return this.#chore(async () => {
      if (this.#closed) return this.#closed;
      try {
        return await action();
      } catch (error) {
        return storageFailure(what, error);
      }
    });
  }

  /** Writes down the new start, then believes it. */
  async #moveStart(before: Offset): Promise<void> {
    const path = `${this.directory}/${startFileName}`;
    try {
      await this.environment.disk.writeWhole(path, encodeStart(before));
    } catch (error) {
      const isFull = error instanceof DiskError && error.kind === "full";
      const oldest = this.#list.droppable(this.#visibleSegment);
      const next = this.#list.all[1]?.base ?? this.#visible;
      if (!isFull || oldest === null || next > before) throw error;
      // Room comes only from what is to go: the oldest segment goes first, and then the start. It
      // is not read any more; nobody is told before it is gone for good, also if the power goes.
      this.#goingBelow = next;
      this.#list.all.shift();
      await oldest.remove();
      this.#setOffsets(offset(Math.max(this.#start, next)), this.#visible);
      await this.environment.disk.writeWhole(path, encodeStart(before));
    }
    if (before > this.#start) this.#setOffsets(before, this.#visible);
  }

  /** The visible segment stays, since a failed write goes back to it. */
  #dropTrimmed(): Promise<void> {
    return this.#list.dropBefore(this.#start, this.#visibleSegment);
  }

  async #expire(now: number): Promise<Expired> {
    const { retention } = this.config;
    if (retention === undefined) return { segments: 0, bytes: 0 };
    let count = expiredCount(this.#list.all, retention, now);
    // All of it: what comes next goes to a new file, which also keeps where the offsets go on.
    if (count === this.#list.all.length && !(await this.#roll())) count -= 1;
    const kept = Math.min(count, this.#list.all.indexOf(this.#visibleSegment));
    const bytes = this.#list.all.slice(0, kept).reduce((sum, one) => sum + one.endPosition, 0);
    const start = this.#list.all[kept]?.base ?? this.#start;
    if (kept === 0 || start <= this.#start) return { segments: 0, bytes: 0 };
    await this.#moveStart(start);
    await this.#dropTrimmed();
    return { segments: kept, bytes };
  }

  /**
   * Begins a new segment although no batch comes, so that the last one is finished. Its file is
   * made at once: should all others go, it says where the offsets go on. False: something is on
   * its way to the disk, so this is not the time.
   */
  async #roll(): Promise<boolean> {
    const isBusy = this.endOffset !== this.#visible || this.#pipeline.sealedBy !== null;
    if (isBusy || this.#list.last.endPosition === 0) return false;
    const segment = this.#list.begin(this.#visible);
    this.#visibleSegment = segment;
    this.#visiblePosition = 0;
    await this.environment.files.use(segment.logPath, "append", async () => {});
    await this.environment.disk.syncDirectory(this.directory);
    segment.created = true;
    return true;
  }

  async #publishNow(): Promise<void> {
    if (this.#isFinished) return;
    try {
      for (const segment of [...this.#list.all]) {
        // What was rolled back meanwhile was not stored, and another may have its files now.
        if (segment.sealed || !this.#list.all.includes(segment)) continue;
        if (segment === this.#visibleSegment) {
          const floor = { offset: this.#visible, position: this.#visiblePosition };
          if (segment.created) await segment.publish(floor, "grows", this.#isSynced);
          await this.#dropTrimmed();
          return;
        }
        // The pipeline is past this segment, so all of it was committed; a sync costs nothing
        // where every append was durable.
        await this.#pipeline.sync(segment);
        if (this.#pipeline.sealedBy) return;
        await segment.publish(segment.end, "seal", true);
      }
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.environment.logger.warn("index not written", { error: error.message });
    }
  }

  /** The segment that takes the next batch: the active one, or a new one if that is full or old. */
  #segmentFor(bytes: number, records: number): Segment {
    const active = this.#list.last;
    const now = this.environment.clock.now();
    // It begins with its first batch; and a clock that was ahead then does not make it ageless.
    if (active.endPosition === 0 || now < active.createdMs) active.createdMs = now;
    active.writtenMs = now;
    const takesIt = takesMore(active, this.config, { bytes, records }, now);
    if (active.endPosition === 0 || (takesIt && !this.#isRollDue)) return active;
    this.#isRollDue = false;
    const next = this.#list.begin(active.endOffset);
    next.writtenMs = now;
    return next;
  }

  #overload(bytes: number): Refusal | null {
    const queued = this.#pipeline.queuedBytes;
    if (queued + bytes <= commitQueueBytesMax) return null;
    const message = `${queued} bytes are waiting for the disk; send again when it has caught up`;
    return new Refusal("THROTTLING_QUOTA_EXCEEDED", message);
  }

  async #syncUnsealed(): Promise<void> {
    for (const segment of [...this.#list.all]) {
      if (!segment.sealed) await this.#pipeline.sync(segment);
    }
  }

  committed(last: Write): void {
    const from = last.segment === this.#visibleSegment ? this.#visiblePosition : 0;
    this.#visibleBytes += last.end.position - from;
    this.#visibleSegment = last.segment;
    this.#visiblePosition = last.end.position;
    this.#setOffsets(this.#start, last.end.offset);
    this.environment.publishSoon(this);
    this.#follower?.visible();
  }

  /** Back to the visible end: what lies behind it was never seen and now never will be. */
  rolledBack(): void {
    const mark = { offset: this.#visible, position: this.#visiblePosition };
    this.#isRollDue ||= this.#list.last !== this.#visibleSegment;
    while (this.#list.last !== this.#visibleSegment) this.#list.all.pop();
    this.#visibleSegment.rollBack(mark);
    assert(this.endOffset === this.#visible, "after a roll-back nothing is in flight");
    this.#follower?.rolledBack();
  }

  #setOffsets(start: Offset, visible: Offset): void {
    assert(start >= this.#start, "the start never goes back");
    assert(visible >= this.#visible, "what was seen stays seen");
    assert(start <= visible, "start is at most visible");
    assert(visible <= this.endOffset, "visible is at most the end");
    this.#start = start;
    this.#visible = visible;
  }

  #outOfRange(from: Offset): Refusal {
    const message = `offset ${from} is not in [${this.#start}, ${this.#visible}]`;
    return new Refusal("OFFSET_OUT_OF_RANGE", message);
  }

  #limitOf(segment: Segment): Mark {
    if (segment !== this.#visibleSegment) return segment.end;
    return { offset: this.#visible, position: this.#visiblePosition };
  }

  async #readFile(
    segment: Segment,
    from: Offset,
    bytesMax: number,
    limit: Mark,
  ): Promise<LogRead | Refusal> {
    const { stats, clock } = this.environment;
    const begunAt = clock.monotonic();
    stats.cacheMisses += 1;
    const read = await readFile(segment, from, bytesMax, limit);
    stats.fileReadsMs.observe(clock.monotonic() - begunAt);
    // The segment may have gone while it was read: then that is the answer.
    if (this.#isDeleted && this.#closed) return this.#closed;
    if (from < this.#start) return this.#outOfRange(from);
    // It was replaced meanwhile, and its file may have been another one at the end of reading.
    return segment.isRemoved ? await this.read(from, bytesMax) : read;
  }
}

/** What the chores of all logs begin behind. */
const nothingToDo = Promise.resolve();

const isDurable = ({ durability }: LogConfig): boolean => durability.fsync === "always";
