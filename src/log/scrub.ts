/**
 * Reading a finished segment again to see whether the disk still has what was written: every batch
 * from the first to the last, its checksum and its place. Nothing is changed, whatever is found.
 */
import type { Offset } from "../base/brands.ts";
import type { Pace } from "../base/pace.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError } from "../disk/disk.ts";
import { backgroundReadBytes } from "../limits.ts";
import { nextOffsetAt } from "../record/batch.ts";
import { scanBatches, type StoredFault } from "./scan.ts";
import type { Segment } from "./segment.ts";

/** Offsets that can't be read; `toOffset` is exclusive. */
export interface ScrubbedDamage {
  readonly log: string;
  readonly fault: StoredFault | "missing";
  readonly fromOffset: Offset;
  readonly toOffset: Offset;
}

/** What one segment was found to be. */
export interface Scrubbed {
  /** Where the next segment begins; there may be none. */
  readonly nextOffset: Offset;
  readonly bytes: number;
  readonly damages: readonly ScrubbedDamage[];
}

/** What whoever looks after logs lends to it. */
export interface ScrubMeans {
  readonly pace: Pace;
  /** Once it says no, reading comes to an end. */
  readonly isWanted: () => boolean;
}

/**
 * Reads the first finished segment that holds `from` or begins after it; `null`: there is none, or
 * nobody wants to know any more. KAFKA_STORAGE_ERROR: the disk failed.
 */
export async function scrubNext(
  segments: readonly Segment[],
  from: Offset,
  means: ScrubMeans,
): Promise<Scrubbed | null | Refusal> {
  const segment = segments.find(({ endOffset, sealed }) => sealed && endOffset > from);
  if (segment === undefined) return null;
  const walk = new Walk(segment);
  try {
    await walk.run(means);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    const isMissing = error.kind === "missing" || segment.isRemoved;
    if (!isMissing) return new Refusal("KAFKA_STORAGE_ERROR", error.message);
  }
  return means.isWanted() ? walk.result() : null;
}

/** How far the batches of a segment were good, and what was not. */
class Walk {
  #next: Offset;
  readonly #damages: ScrubbedDamage[] = [];

  constructor(private readonly segment: Segment) {
    this.#next = segment.base;
  }

  /** @throws DiskError */
  async run({ pace, isWanted }: ScrubMeans): Promise<void> {
    const { segment } = this;
    const { base, endPosition: to } = segment;
    const file = await segment.environment.disk.open(segment.logPath, "read");
    try {
      const buffer = new Uint8Array(backgroundReadBytes);
      const range = { from: 0, to, base, segmentBase: base, buffer };
      for await (const item of scanBatches(file, range)) {
        if (segment.isRemoved || !isWanted()) return;
        const bytes = item.kind === "damage" ? item.to - item.from : item.bytes.length;
        if (item.kind === "damage") this.#damage(item.fault, item.fromOffset, item.toOffset);
        else this.#next = nextOffsetAt(item.view, item.starts.at(-1) ?? 0);
        await pace.spend(bytes, isWanted);
      }
    } finally {
      await file.close();
    }
  }

  /** A segment that went, or gave way to another one, is none of anybody's business any more. */
  result(): Scrubbed {
    const { endOffset, endPosition, isRemoved } = this.segment;
    if (isRemoved) return { nextOffset: endOffset, bytes: 0, damages: [] };
    if (this.#next < endOffset) this.#damage("missing", this.#next, endOffset);
    return { nextOffset: endOffset, bytes: endPosition, damages: this.#damages };
  }

  #damage(fault: ScrubbedDamage["fault"], fromOffset: Offset, toOffset: Offset | null): void {
    const { logPath: log, endOffset } = this.segment;
    this.#next = toOffset ?? endOffset;
    this.#damages.push({ log, fault, fromOffset, toOffset: this.#next });
  }
}
