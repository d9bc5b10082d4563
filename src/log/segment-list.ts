/**
 * The segments of a log, in order of offsets, and the replacing of some of them by one while others
 * read. Invariant: never empty.
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError } from "../disk/disk.ts";
import { swapAttemptsMax, swapRetryMs } from "../limits.ts";
import type { LogEnvironment } from "./environment.ts";
import type { Swap } from "./files.ts";
import type { IndexHeader } from "./index-file.ts";
import { GrowingIndex } from "./index.ts";
import { Segment } from "./segment.ts";
import { decideSwap, removeReplaced, renameCleaned, revokeSwap } from "./swap.ts";

/**
 * What became of replacing segments.
 * - `done`: the cleaned one is in their place.
 * - `undone`: all is as it was, and whoever wrote the cleaned one may remove it.
 * - `unsettled`: either; the next start sees to what is left over.
 * - `lost`: the disk failed on the way, and until the next start nobody can read them.
 */
export type Replacement =
  | { readonly kind: "done"; readonly refusal: null }
  | { readonly kind: "undone" | "unsettled" | "lost"; readonly refusal: Refusal };

/** Segments whose files are being replaced. */
interface Replacing {
  readonly olds: readonly Segment[];
  /** Resolves once others are in their place, or never will be. Never rejects. */
  readonly done: Promise<void>;
  /** Why there is nothing in their place. */
  failed: Refusal | null;
}

/** See the head of this file. The owner calls one method that returns a promise at a time. */
export class SegmentList {
  #replacing: Replacing | null = null;
  /** Something of an earlier swap is left: another one could mix with it. */
  #isUnsettled: boolean;

  constructor(
    private readonly environment: LogEnvironment,
    private readonly directory: string,
    readonly all: Segment[],
    isSettled: boolean,
  ) {
    this.#isUnsettled = !isSettled;
  }

  get last(): Segment {
    const last = this.all.at(-1);
    assert(last !== undefined, "a log has a segment");
    return last;
  }

  /** Adds a segment without records, which begins at `base`. */
  begin(base: Offset): Segment {
    const segment = new Segment(this.environment, this.directory, base, new GrowingIndex());
    this.all.push(segment);
    return segment;
  }

  /** The last segment whose base is at or before `from`; the first if there is none. */
  at(from: Offset): Segment {
    let low = 0;
    let high = this.all.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.all[middle]?.base ?? Infinity) <= from) low = middle;
      else high = middle;
    }
    const found = this.all[low];
    assert(found !== undefined, "a log has a segment");
    return found;
  }

  /** The base of the segment behind `segment`: records may be missing in between. */
  after(segment: Segment): Offset | null {
    return this.all[this.all.indexOf(segment) + 1]?.base ?? null;
  }

  /**
   * What keeps a segment from being read: its files are being replaced, and it is to be looked for
   * again then; or they could not be.
   */
  obstacle(segment: Segment): Promise<void> | Refusal | null {
    const replacing = this.#replacing;
    if (!replacing?.olds.includes(segment)) return null;
    return replacing.failed ?? replacing.done;
  }

  /**
   * The oldest segment, if it may be removed. The one that holds the only files stays, since they
   * say where the offsets go on.
   * @param kept stays as well
   */
  droppable(kept: Segment): Segment | null {
    const [first, second] = this.all;
    if (!first || !second || first === kept) return null;
    return second.created ? first : null;
  }

  /**
   * Removes the segments that lie wholly before `start`, up to `kept` at most.
   * @throws DiskError
   */
  async dropBefore(start: Offset, kept: Segment): Promise<void> {
    for (;;) {
      const oldest = this.droppable(kept);
      if (oldest === null || (this.all[1]?.base ?? Infinity) > start) return;
      await oldest.remove();
      this.all.shift();
    }
  }

  /** Why nothing can be replaced; `null`: it can. */
  get refusal(): Refusal | null {
    if (!this.#isUnsettled) return null;
    const message = "an earlier compaction could not be completed; the next start does that";
    return new Refusal("KAFKA_STORAGE_ERROR", message);
  }

  /** Puts the cleaned segment with this header in the place of `olds`. */
  async replace(olds: readonly Segment[], header: IndexHeader): Promise<Replacement> {
    const [first] = olds;
    assert(first !== undefined, "something is replaced");
    const swap = { base: first.base, end: header.floorOffset };
    const from = this.all.indexOf(first);
    if (!olds.every((old, at) => from >= 0 && this.all[from + at] === old)) {
      const message = "records were deleted meanwhile";
      return { kind: "undone", refusal: new Refusal("OFFSET_OUT_OF_RANGE", message) };
    }
    const undecided = await this.#decide(swap);
    if (undecided !== null) return undecided;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const replacing: Replacing = { olds, done, failed: null };
    this.#replacing = replacing;
    replacing.failed = await this.#rename(olds, swap);
    if (replacing.failed === null) {
      const fresh = new Segment(this.environment, this.directory, first.base, null);
      fresh.becomeSealed(header);
      this.all.splice(from, olds.length, fresh);
      this.#replacing = null;
    }
    resolve();
    if (replacing.failed !== null) return { kind: "lost", refusal: replacing.failed };
    const refusal = await this.#removeOlds(swap);
    return refusal === null ? { kind: "done", refusal } : { kind: "unsettled", refusal };
  }

  async #decide(swap: Swap): Promise<Replacement | null> {
    if (this.refusal !== null) return { kind: "unsettled", refusal: this.refusal };
    try {
      await decideSwap(this.environment, this.directory, swap);
      return null;
    } catch (error) {
      // Whether it was decided can't be told; unless it is revoked, the next start sees to it.
      this.#isUnsettled = true;
      const refusal = refusalOf(error);
      if (!(await this.#isRevoked(swap))) return { kind: "unsettled", refusal };
      this.#isUnsettled = false;
      return { kind: "undone", refusal };
    }
  }

  async #isRevoked(swap: Swap): Promise<boolean> {
    try {
      await revokeSwap(this.environment, this.directory, swap);
      return true;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return false;
    }
  }

  /** From here on the files of `olds` mean others: nobody may read them. */
  async #rename(olds: readonly Segment[], swap: Swap): Promise<Refusal | null> {
    for (const old of olds) await old.abandon();
    for (let attempt = 1; ; attempt++) {
      try {
        await renameCleaned(this.environment, this.directory, swap);
        // Who was reading when it began may have opened the old files again.
        for (const old of olds) await old.closeFiles();
        return null;
      } catch (error) {
        const refusal = refusalOf(error);
        const isPassing = error instanceof DiskError && passing.has(error.kind);
        if (isPassing && attempt < swapAttemptsMax) {
          await new Promise<void>((wake) => this.environment.clock.after(swapRetryMs, wake));
          continue;
        }
        this.#isUnsettled = true;
        return refusal;
      }
    }
  }

  /** What can't be removed now is at the next start. */
  async #removeOlds(swap: Swap): Promise<Refusal | null> {
    try {
      await removeReplaced(this.environment, this.directory, swap);
      return null;
    } catch (error) {
      this.#isUnsettled = true;
      return refusalOf(error);
    }
  }
}

const passing: ReadonlySet<string> = new Set(["full", "exhausted"]);

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof DiskError)) throw error;
  const code = error.kind === "full" ? "DISK_FULL" : "KAFKA_STORAGE_ERROR";
  return new Refusal(code, `replacing segments failed: ${error.message}`);
}
