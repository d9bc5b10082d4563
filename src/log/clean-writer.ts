/**
 * Writes the segment that compaction makes of one or several: batches with gaps between them go in,
 * a log without gaps comes out. The offsets of a gap belong to the batch before it, whose last
 * offset is moved; where that batch must stay as it is, and at the beginning, a batch without
 * records takes them. So what is missing was left out on purpose, and a checksum says so; offsets
 * are as contiguous as before, and everything that looks for lost records goes on finding them.
 *
 * Its files have names that end in `.cleaned`: nobody sees them before a swap (`swap.ts`).
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/brands.ts";
import type { DiskFile } from "../disk/disk.ts";
import { cleanBufferBytes, cleanSyncBytes } from "../limits.ts";
import { baseOffsetAt, nextOffsetAt, seal, viewOf } from "../record/batch.ts";
import { gapBatch } from "./clean-batch.ts";
import type { LogEnvironment } from "./environment.ts";
import { segmentFileKinds } from "./files.ts";
import type { IndexHeader } from "./index-file.ts";
import { GrowingIndex } from "./index.ts";
import { leaderEpoch } from "./scan.ts";
import { Segment } from "./segment.ts";

/** How a batch that is added may be changed. */
export interface AddedBatch {
  /** It was made anew, and has no checksum yet. */
  readonly isUnsealed: boolean;
  /** Its last offset may be moved. */
  readonly isExtensible: boolean;
}

/** See the head of this file. Use: `begin`, `add` in order of offsets, `finish`. */
export class CleanWriter {
  readonly #segment: Segment;
  #buffer = new Uint8Array(cleanBufferBytes);
  #view = viewOf(this.#buffer);
  #used = 0;
  /** Where the last batch begins in the buffer; -1: nothing is in it. It is not indexed yet. */
  #last = -1;
  #lastIs: AddedBatch = { isUnsealed: false, isExtensible: false };
  /** The offset behind the last batch. */
  #next: Offset;
  #unsyncedBytes = 0;

  constructor(
    private readonly environment: LogEnvironment,
    directory: string,
    /** The first of the segments that it replaces. */
    first: Segment,
  ) {
    const index = new GrowingIndex();
    this.#segment = new Segment(environment, directory, first.base, index, segmentFileKinds);
    // Readers know a log by when its segments were begun.
    this.#segment.createdMs = first.createdMs;
    this.#next = first.base;
  }

  /** Removes what an earlier attempt has left. @throws DiskError */
  async begin(): Promise<void> {
    await this.abandon();
  }

  /** Adds a whole batch; its bytes are free once this has resolved. @throws DiskError */
  async add(batch: Uint8Array, how: AddedBatch): Promise<void> {
    const base = baseOffsetAt(viewOf(batch), 0);
    assert(base >= this.#next, "batches come in the order of offsets");
    if (base > this.#next) await this.#leaveOut(base);
    await this.#put(batch, how);
  }

  /**
   * Brings the segment to the device, up to before `end`.
   * @param cleaned see `IndexHeader.cleaned`
   * @throws DiskError
   */
  async finish(end: Offset, cleaned: boolean): Promise<IndexHeader> {
    if (end > this.#next) await this.#leaveOut(end);
    this.#settle();
    await this.#flush();
    await this.#use((file) => file.sync());
    await this.environment.disk.syncDirectory(this.#segment.directory);
    assert(this.#segment.endOffset === end, "the segment reaches its end");
    return await this.#segment.writeSealed(cleaned);
  }

  /** Removes all that was written. @throws DiskError */
  async abandon(): Promise<void> {
    const { directory, base } = this.#segment;
    await new Segment(this.environment, directory, base, null, segmentFileKinds).remove();
  }

  /** Nothing is left of the offsets up to `to`. */
  async #leaveOut(to: Offset): Promise<void> {
    if (this.#last >= 0 && this.#lastIs.isExtensible) {
      this.#view.setInt32(this.#last + 23, to - baseOffsetAt(this.#view, this.#last) - 1);
      this.#lastIs = { isUnsealed: true, isExtensible: true };
      this.#next = to;
    } else {
      const gap = gapBatch(this.#next, to, leaderEpoch);
      await this.#put(gap, { isUnsealed: true, isExtensible: true });
    }
  }

  async #put(batch: Uint8Array, how: AddedBatch): Promise<void> {
    this.#settle();
    if (this.#used + batch.length > this.#buffer.length) await this.#flush();
    if (batch.length > this.#buffer.length) {
      this.#buffer = new Uint8Array(batch.length);
      this.#view = viewOf(this.#buffer);
    }
    this.#buffer.set(batch, this.#used);
    this.#last = this.#used;
    this.#lastIs = how;
    this.#used += batch.length;
    this.#next = nextOffsetAt(this.#view, this.#last);
  }

  /** The last batch is as it will be: seals and indexes it. */
  #settle(): void {
    if (this.#last < 0) return;
    if (this.#lastIs.isUnsealed) seal(this.#buffer, this.#view, this.#last);
    this.#segment.noteBatch(this.#view, this.#last);
    this.#last = -1;
  }

  async #flush(): Promise<void> {
    assert(this.#last < 0, "what is written will not change any more");
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#unsyncedBytes += bytes.length;
    // Little by little: a sync of much at once would keep producers waiting for theirs.
    const syncs = this.#unsyncedBytes >= cleanSyncBytes;
    await this.#use(async (file) => {
      if (bytes.length > 0) await file.append([bytes]);
      if (syncs) await file.sync();
    });
    if (syncs) this.#unsyncedBytes = 0;
    this.#used = 0;
  }

  #use(action: (file: DiskFile) => Promise<void>): Promise<void> {
    return this.environment.files.use(this.#segment.logPath, "append", action);
  }
}
