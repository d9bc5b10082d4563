/**
 * One segment: a file of batches with its two indexes, and what is in memory of them.
 *
 * A segment is *active* while it is the last of its log: appends add to it, its index grows in
 * memory and is written out beside the log now and then. It is *sealed* once a later segment
 * exists and its last byte is durable: from then on none of its files changes, and its index is
 * memory-mapped when somebody reads it.
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/brands.ts";
import { DiskError, type DiskFile } from "../disk/disk.ts";
import { indexGapBytesMax, indexIntervalBytes } from "../limits.ts";
import { baseOffsetAt, batchBytesAt, maxTimestampAt, nextOffsetAt } from "../record/batch.ts";
import { CachedRange, type CachedPiece } from "./cache.ts";
import type { LogEnvironment } from "./environment.ts";
import { segmentFileName, segmentFilePrefix, type SegmentFileKind } from "./files.ts";
import {
  decodeIndexHeader,
  encodeIndexHeader,
  encodeTimeHeader,
  indexEntryBytes,
  indexHeaderBytes,
  isTimeHeader,
  timeEntryBytes,
  timeHeaderBytes,
  type IndexHeader,
} from "./index-file.ts";
import { GrowingIndex, MappedIndex, type SegmentIndex } from "./index.ts";
import { scanBatches } from "./scan.ts";

/** Index files are read in pieces of this size: most are shorter; asking for it costs a call. */
const indexReadBytes = 16 * 1024;
const nothing = new Uint8Array(0);
const allNamed: readonly SegmentFileKind[] = [];

/** A point in a segment: the record with this offset begins, or will begin, at this position. */
export interface Mark {
  readonly offset: Offset;
  readonly position: number;
}

/** See the head of this file. */
export class Segment {
  readonly cached = new CachedRange();

  /** The end of what was appended. Use: `append` and `rollBack`. */
  endOffset: Offset;
  endPosition = 0;
  /** The newest record's time, ms since 1970, or more; -1 before the first. Never goes down. */
  maxTimestamp = -1;
  /** When the segment was begun, wall time. */
  createdMs: number;
  /** By when all of it had been written: its last append, or when it was found. Wall time. */
  writtenMs: number;
  /** Whether the file is known to be in its directory, durably. */
  created = false;
  /** Whether the sealed index is written. Invariant: from then on the files do not change. */
  sealed = false;
  /** Compacted; see `IndexHeader.cleaned`. Only where it is sealed. */
  cleaned = false;
  /** The open file that the last group went through; another one is looked at first. */
  writtenThrough: DiskFile | null = null;
  /** Its files are going or gone: nothing may write or make them again. */
  isRemoved = false;

  /** `null`: not in memory; a sealed segment maps or rebuilds it when it is needed. */
  #index: SegmentIndex | null;
  /** The index while it grows; `null` once sealed. */
  #growing: GrowingIndex | null;
  /** How many entries of the growing index are in the files already. */
  #entriesWritten = 0;
  #timesWritten = 0;
  /** Whether the files may hold entries behind those, from before the last start. */
  #hasOldEntries = false;
  /** The making of a new index that is under way. */
  #rebuilding: Promise<SegmentIndex> | null = null;

  constructor(
    readonly environment: LogEnvironment,
    readonly directory: string,
    readonly base: Offset,
    growing: GrowingIndex | null,
    /** Those of its files that have replaced others and are not renamed yet. */
    private readonly unnamed: readonly SegmentFileKind[] = allNamed,
  ) {
    this.endOffset = base;
    this.createdMs = this.writtenMs = environment.clock.now();
    this.#growing = growing;
    this.#index = growing;
  }

  // Paths are made when they are asked for: they would be most of what an idle log holds.
  get logPath(): string {
    return this.#path("log");
  }

  get #indexPath(): string {
    return this.#path("idx");
  }

  get #timeIndexPath(): string {
    return this.#path("timeindex");
  }

  #path(kind: SegmentFileKind): string {
    return `${this.directory}/${segmentFileName(this.base, kind, this.unnamed)}`;
  }

  get bytes(): number {
    return this.endPosition;
  }

  get end(): Mark {
    return { offset: this.endOffset, position: this.endPosition };
  }

  /** Notes a stamped batch at the segment's end; `piece` is its copy in the cache. */
  append(piece: CachedPiece, view: DataView, at: number): void {
    assert(this.#growing !== null, "a sealed segment takes no batches");
    this.cached.add(piece, this.endPosition);
    this.noteBatch(view, at);
  }

  /** Notes a batch that lies in the file at the segment's end, and indexes it. */
  noteBatch(view: DataView, at: number): void {
    const growing = this.#growing;
    const bytes = batchBytesAt(view, at);
    if (growing && this.endPosition - growing.lastPosition >= indexIntervalBytes) {
      const relative = baseOffsetAt(view, at) - this.base;
      growing.add(relative, this.endPosition);
      if (this.maxTimestamp >= 0) growing.addTime(this.maxTimestamp, relative);
    }
    this.endPosition += bytes;
    this.endOffset = nextOffsetAt(view, at);
    this.maxTimestamp = Math.max(this.maxTimestamp, maxTimestampAt(view, at));
  }

  /** Forgets everything at and after `mark`, which no reader has seen. */
  rollBack(mark: Mark): void {
    this.endOffset = mark.offset;
    this.endPosition = mark.position;
    this.cached.truncate(mark.position);
    this.#growing?.truncate(mark.offset - this.base, mark.position);
    this.#entriesWritten = Math.min(this.#entriesWritten, this.#growing?.count ?? 0);
    this.#timesWritten = Math.min(this.#timesWritten, this.#growing?.timeCount ?? 0);
  }

  /**
   * Takes over what the index files say, from where it last left off: at recovery, and for readers
   * of a directory that somebody else writes. `null`: there is no sound header.
   * @throws DiskError
   */
  async loadIndex(): Promise<IndexHeader | null> {
    const growing = this.#growing;
    assert(growing !== null, "a sealed segment's index is mapped");
    const { base } = this;
    const begun = this.#entriesWritten * indexEntryBytes;
    const head =
      begun === 0
        ? await this.#readWhole(this.#indexPath)
        : await this.#readIndex(this.#indexPath, 0, indexHeaderBytes);
    const header = decodeIndexHeader(head, base);
    if (header === null) return null;
    const entries =
      begun === 0
        ? head.subarray(indexHeaderBytes)
        : await this.#readIndex(this.#indexPath, indexHeaderBytes + begun, Infinity);
    this.#hasOldEntries = true;
    growing.load(entries, base, header.floorPosition);
    this.#entriesWritten = growing.count;
    // None of its entries is behind the last one of the other.
    if (growing.count === 0) return header;
    const times = await this.#readWhole(this.#timeIndexPath);
    if (isTimeHeader(times, base)) {
      const from = timeHeaderBytes + this.#timesWritten * timeEntryBytes;
      growing.loadTimes(times.subarray(from), base, growing.last.relativeOffset);
      this.#timesWritten = growing.timeCount;
    }
    return header;
  }

  /** The header of the `.idx` file; `null` where it is missing, damaged or somebody else's. */
  async readIndexHeader(): Promise<IndexHeader | null> {
    return decodeIndexHeader(
      await this.#readIndex(this.#indexPath, 0, indexHeaderBytes),
      this.base,
    );
  }

  /** Starts over at the last boundary that lies within `bytes`; what follows is then scanned. */
  beginAtLastBoundary(bytes: number): void {
    const growing = this.#growing;
    assert(growing !== null, "a sealed segment is not scanned");
    growing.truncate(0xffff_ffff, bytes);
    const { relativeOffset, position } = growing.last;
    this.rollBack({ offset: (this.base + relativeOffset) as Offset, position });
  }

  /**
   * Starts over where recovery begins to scan. What is below a floor that says so was on the device
   * before the header was: like all of the log it is checked when it is read, and a start of many
   * partitions needs not read any of it. A power cut may have left a new header before old entries,
   * and then what they leave out is indexed anew.
   */
  beginRecovery(header: IndexHeader | null, bytes: number): void {
    this.beginAtLastBoundary(bytes);
    if (!header?.durable || bytes < header.floorPosition) return;
    const { floorOffset: offset, floorPosition: position } = header;
    if (position - this.endPosition <= indexGapBytesMax) this.rollBack({ offset, position });
  }

  /** Takes the header's word for the whole segment: nobody will write it again. */
  becomeSealed(header: IndexHeader): void {
    assert(header.sealed, "only a sealed header speaks for a whole segment");
    this.created = true;
    this.createdMs = header.createdMs;
    this.cleaned = header.cleaned;
    this.maxTimestamp = header.maxTimestamp;
    this.endOffset = header.floorOffset;
    this.endPosition = header.floorPosition;
    this.#growing = null;
    this.#index = null;
    this.sealed = true;
  }

  /** An index file as a whole, which is one call; nothing if there is none. */
  #readWhole(path: string): Promise<Uint8Array> {
    return unlessMissing(this.environment.disk.readWhole(path));
  }

  /** The bytes of an index file from `from` on, `bytesMax` at most; none if there is no file. */
  #readIndex(path: string, from: number, bytesMax: number): Promise<Uint8Array> {
    return unlessMissing(
      this.environment.files.use(path, "read", async (file) => {
        const pieces: Uint8Array[] = [];
        for (let read = 0; read < bytesMax;) {
          const piece = new Uint8Array(Math.min(indexReadBytes, bytesMax - read));
          const count = await file.read(from + read, piece);
          pieces.push(piece.subarray(0, count));
          if (count < piece.length) break;
          read += count;
        }
        return pieces.length === 1 ? (pieces[0] ?? nothing) : Buffer.concat(pieces);
      }),
    );
  }

  /** The index, if it can be had without waiting. */
  indexNow(): SegmentIndex | null {
    return (this.#index ??= this.#map());
  }

  /**
   * The index, rebuilt from the log if its files are missing, damaged or somebody else's.
   * @throws DiskError when the log itself can't be read
   */
  async indexReady(): Promise<SegmentIndex> {
    return this.indexNow() ?? (await this.rebuildIndex());
  }

  /**
   * Makes the index anew from the log, and writes it; not being able to write is no error. Whoever
   * asks meanwhile gets the same one.
   */
  async rebuildIndex(): Promise<SegmentIndex> {
    const rebuilding = (this.#rebuilding ??= this.#rebuild());
    try {
      return await rebuilding;
    } finally {
      this.#rebuilding = null;
    }
  }

  /** Resolves when nothing is being written that nobody waits for. */
  async settled(): Promise<void> {
    await this.#rebuilding?.catch((error: unknown) => {
      if (!(error instanceof DiskError)) throw error;
    });
  }

  async #rebuild(): Promise<SegmentIndex> {
    const rebuilt = new Segment(this.environment, this.directory, this.base, new GrowingIndex());
    await this.environment.files.use(this.logPath, "read", async (file) => {
      const { base, endPosition: to } = this;
      const range = { from: 0, to, base, segmentBase: base };
      for await (const item of scanBatches(file, range)) {
        if (item.kind === "damage") rebuilt.endPosition = item.to;
        else for (const at of item.starts) rebuilt.noteBatch(item.view, at);
      }
    });
    this.environment.logger.warn("index rebuilt", { log: this.logPath });
    this.maxTimestamp = Math.max(this.maxTimestamp, rebuilt.maxTimestamp);
    this.#index = rebuilt.#index;
    await this.#writeRebuilt(rebuilt);
    return rebuilt.#growing ?? new GrowingIndex();
  }

  /** Forgets a mapped index; it is mapped again when it is needed. */
  unmap(): void {
    if (this.sealed) this.#index = null;
  }

  /**
   * Writes the index entries up to `floor` and the header that says so; with `seal`, for good.
   * Readers of the directory see the log up to the floor.
   * @param isDurable everything below the floor is on the device
   * @throws DiskError
   */
  async publish(floor: Mark, how: "grows" | "seal", isDurable: boolean): Promise<void> {
    const growing = this.#growing;
    if (growing === null || this.isRemoved) return;
    const seal = how === "seal";
    await this.#cutOldEntries();
    if (seal) await this.#writeTimes(growing, floor, seal);
    await this.environment.files.use(this.#indexPath, "update", async (file) => {
      // A full disk may have no room for more entries, which readers can do without.
      if (!seal) await file.writeAt(0, this.#header(floor, seal, isDurable));
      const from = this.#entriesWritten;
      const to = growing.countThrough(floor.position);
      if (to > from) {
        const entries = growing.encode(this.base, from, to);
        await file.writeAt(indexHeaderBytes + from * indexEntryBytes, entries);
        this.#entriesWritten = to;
      }
      if (!seal) return;
      await file.truncate(indexHeaderBytes + to * indexEntryBytes);
      await file.writeAt(0, this.#header(floor, seal, isDurable));
      await file.sync();
    });
    if (seal) await this.#finish();
    else await this.#writeTimes(growing, floor, seal);
  }

  /**
   * Entries behind those that were taken over are of records that the log has lost. They are sound
   * in themselves, and would lead readers astray once the floor has passed them.
   */
  async #cutOldEntries(): Promise<void> {
    if (!this.#hasOldEntries) return;
    const files: [path: string, bytes: number][] = [
      [this.#indexPath, indexHeaderBytes + this.#entriesWritten * indexEntryBytes],
      [this.#timeIndexPath, timeHeaderBytes + this.#timesWritten * timeEntryBytes],
    ];
    for (const [path, bytes] of files) {
      if ((await this.#readIndex(path, bytes, 1)).length === 0) continue;
      await this.environment.files.use(path, "update", (file) => file.truncate(bytes));
    }
    this.#hasOldEntries = false;
  }

  async #writeTimes(growing: GrowingIndex, floor: Mark, seal: boolean): Promise<void> {
    const relative = floor.offset - this.base;
    if (seal && relative > 0 && this.maxTimestamp >= 0)
      growing.addTime(this.maxTimestamp, relative);
    const from = this.#timesWritten;
    const to = growing.timeCountThrough(relative);
    if (to === from && !seal) return;
    await this.environment.files.use(this.#timeIndexPath, "update", async (file) => {
      if (from === 0) await file.writeAt(0, encodeTimeHeader(this.base));
      const entries = growing.encodeTimes(this.base, from, to);
      await file.writeAt(timeHeaderBytes + from * timeEntryBytes, entries);
      this.#timesWritten = to;
      if (!seal) return;
      await file.truncate(timeHeaderBytes + to * timeEntryBytes);
      await file.sync();
    });
  }

  /** Removes the three files, the log last: what is left of a removal is never taken for damage. */
  async remove(): Promise<void> {
    const { disk } = this.environment;
    await this.abandon();
    for (const path of [this.#timeIndexPath, this.#indexPath, this.logPath])
      await disk.remove(path);
    await disk.syncDirectory(this.directory);
  }

  /** Lets go of files, maps and memory, for good: the files are about to be removed. */
  async abandon(): Promise<void> {
    this.isRemoved = true;
    await this.settled();
    await this.closeFiles();
    this.cached.clear();
    this.release();
  }

  /** Closes its files; whoever uses one opens it anew, which may then be another file. */
  async closeFiles(): Promise<void> {
    await this.environment.files.close(`${this.directory}/${segmentFilePrefix(this.base)}`);
  }

  /** Lets go of the mapped index; nobody may be looking anything up. */
  release(): void {
    if (this.#index instanceof MappedIndex) this.#index.release(this.environment.disk);
    if (this.#growing === null) this.#index = null;
  }

  /** From here on the index is read through a map: the growing one and the files are let go. */
  async #finish(): Promise<void> {
    await this.environment.disk.syncDirectory(this.directory);
    this.#growing = null;
    this.#index = null;
    this.sealed = true;
    await this.closeFiles();
  }

  #header(floor: Mark, seal: boolean, isDurable: boolean): Uint8Array {
    return encodeIndexHeader({
      base: this.base,
      sealed: seal,
      durable: isDurable,
      cleaned: this.cleaned,
      createdMs: this.createdMs,
      floorOffset: floor.offset,
      floorPosition: floor.position,
      maxTimestamp: Math.min(this.maxTimestamp, Number.MAX_SAFE_INTEGER),
    });
  }

  #map(): SegmentIndex | null {
    if (!this.sealed || this.isRemoved) return null;
    try {
      const { disk } = this.environment;
      const index = disk.map(this.#indexPath);
      const header = decodeIndexHeader(index, this.base);
      if (header === null || !header.sealed) return null;
      const times = disk.map(this.#timeIndexPath);
      if (!isTimeHeader(times, this.base)) return null;
      this.environment.noteMapped(this);
      return new MappedIndex(this.base, index, times);
    } catch (error) {
      if (error instanceof DiskError) return null;
      throw error;
    }
  }

  /**
   * Writes both indexes of a segment that was made as a whole, and will not change any more.
   * @throws DiskError
   */
  async writeSealed(cleaned: boolean): Promise<IndexHeader> {
    const growing = this.#growing;
    assert(growing !== null, "it was not sealed yet");
    this.cleaned = cleaned;
    const { index, times } = this.#encode(growing);
    for (const [path, bytes] of [
      [this.#timeIndexPath, times],
      [this.#indexPath, index],
    ] as const) {
      await this.environment.disk.writeWhole(path, bytes);
    }
    const header = decodeIndexHeader(index, this.base);
    assert(header !== null, "what was written can be read");
    return header;
  }

  /** Both files as they are once the segment is sealed. */
  #encode(growing: GrowingIndex): { index: Uint8Array; times: Uint8Array } {
    const relative = this.endOffset - this.base;
    if (relative > 0 && this.maxTimestamp >= 0) growing.addTime(this.maxTimestamp, relative);
    const times = growing.encodeTimes(this.base, 0, growing.timeCount);
    const entries = growing.encode(this.base, 0, growing.count);
    return {
      times: Buffer.concat([encodeTimeHeader(this.base), times]),
      index: Buffer.concat([this.#header(this.end, true, true), entries]),
    };
  }

  /** Replaces both files as a whole, so that a map of the old ones stays what it was. */
  async #writeRebuilt(rebuilt: Segment): Promise<void> {
    const growing = rebuilt.#growing;
    const isUnwanted = this.isRemoved || this.environment.isReadOnly;
    if (!this.sealed || growing === null || isUnwanted) return;
    const { disk, logger } = this.environment;
    const { index, times } = this.#encode(growing);
    try {
      await disk.writeWhole(this.#timeIndexPath, times);
      await disk.writeWhole(this.#indexPath, index);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      logger.warn("rebuilt index not written", { log: this.logPath, error: error.message });
    }
  }
}

async function unlessMissing(reading: Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof DiskError && error.kind === "missing") return nothing;
    throw error;
  }
}
