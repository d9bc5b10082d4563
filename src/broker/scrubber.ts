/**
 * Reads all finished segments of all partitions again and again, slowly, and tells of damage while
 * there still may be a backup. Each pass begins with another partition, so that a broker which is
 * restarted often comes to all of them.
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Pace } from "../base/pace.ts";
import type { Random } from "../base/random.ts";
import { Refusal } from "../base/refusal.ts";
import { backgroundRestMs, backgroundSliceMs, scrubDamagesMax } from "../limits.ts";
import type { HostedPartition } from "./partition.ts";
import type { FoundDamage, ScrubFigures } from "./upkeep.ts";

/** What it works with. */
export interface ScrubberParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}

/** See the head of this file. */
export class Scrubber {
  readonly figures: ScrubFigures = {
    passes: 0,
    lastPassMs: null,
    segments: 0,
    bytes: 0,
    failures: 0,
    damages: [],
  };
  readonly #pace: Pace;
  #isClosed = false;
  /** What this pass has found; bounded. */
  #found: FoundDamage[] = [];

  constructor(
    private readonly parts: ScrubberParts,
    bytesPerSecond: number,
  ) {
    const limits = { sliceMs: backgroundSliceMs, restMs: backgroundRestMs, bytesPerSecond };
    this.#pace = new Pace(parts.clock, limits);
  }

  /** What goes on comes to an end soon. */
  close(): void {
    this.#isClosed = true;
    this.#pace.hurry();
  }

  /** Reads everything once. */
  async pass(partitions: readonly HostedPartition[]): Promise<void> {
    this.#found = [];
    this.#pace.begin();
    const first = this.parts.random.below(Math.max(1, partitions.length));
    for (const partition of [...partitions.slice(first), ...partitions.slice(0, first)]) {
      await this.#scrub(partition);
      await this.#pace.spend(0);
      if (this.#isClosed) return;
    }
    this.figures.passes += 1;
    this.figures.lastPassMs = this.parts.clock.now();
    this.figures.damages = this.#found;
  }

  async #scrub(partition: HostedPartition): Promise<void> {
    const means = { pace: this.#pace, isWanted: () => !this.#isClosed };
    const { topic, index, log } = partition;
    for (let at = log.startOffset; ;) {
      const scrubbed = await log.scrub(at, means);
      if (scrubbed === null || this.#isClosed) return;
      if (scrubbed instanceof Refusal) {
        this.figures.failures += 1;
        const about = { topic, partition: index, reason: scrubbed.message };
        this.parts.logger.warn("a segment could not be read again", about);
        return;
      }
      this.figures.segments += 1;
      this.figures.bytes += scrubbed.bytes;
      for (const damage of scrubbed.damages) this.#tell({ topic, partition: index, ...damage });
      at = scrubbed.nextOffset;
    }
  }

  #tell(damage: FoundDamage): void {
    this.parts.logger.error("damage found: these records can't be read any more", { ...damage });
    const isKnown = this.figures.damages.some(
      ({ log, fromOffset }) => log === damage.log && fromOffset === damage.fromOffset,
    );
    if (this.#found.length < scrubDamagesMax) this.#found.push(damage);
    if (!isKnown && this.figures.damages.length < scrubDamagesMax) {
      this.figures.damages = [...this.figures.damages, damage];
    }
  }
}
