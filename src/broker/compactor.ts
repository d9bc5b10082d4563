/**
 * Compacts the logs of all partitions, one at a time: the one first that has most to gain. A log
 * whose compaction fails is told of and left alone for an hour, or for minutes where the disk was
 * full; the others go on.
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Pace } from "../base/pace.ts";
import type { Random } from "../base/random.ts";
import { Refusal } from "../base/refusal.ts";
import {
  backgroundRestMs,
  backgroundSliceMs,
  compactionFullRetryMs,
  compactionRetryMs,
} from "../limits.ts";
import type { Compactable, Compacted } from "../log/compaction.ts";
import type { HostedPartition } from "./partition.ts";
import type { DiskSpace } from "./space.ts";
import type { CompactionFigures, UpkeepFault } from "./upkeep.ts";

/** What can be set. */
export interface CompactorRules {
  /** How often logs are looked over (`log.cleaner.backoff.ms`). */
  readonly checkMs: number;
  /** What the map of keys may take (`log.cleaner.dedupe.buffer.size`). */
  readonly memoryBytes: number;
  /** Read and written (`log.cleaner.io.max.bytes.per.second`). */
  readonly bytesPerSecond: number;
}

/** What it works with. */
export interface CompactorParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly space: DiskSpace;
}

/** A partition and what there is to do. */
interface Candidate {
  readonly partition: HostedPartition;
  readonly compactable: Compactable;
}

/** See the head of this file. */
export class Compactor {
  readonly figures: CompactionFigures = {
    runs: 0,
    lastRunMs: null,
    failures: 0,
    readBytes: 0,
    writtenBytes: 0,
    freedBytes: 0,
    records: 0,
    keptRecords: 0,
    durationMs: 0,
    mapBytesMax: 0,
    setAside: [],
  };
  readonly #pace: Pace;
  #isClosed = false;
  /** Those whose compaction has failed, and until when they are left alone (monotonic clock). */
  readonly #setAside = new Map<HostedPartition, { fault: UpkeepFault; until: number }>();

  constructor(
    private readonly parts: CompactorParts,
    private readonly rules: CompactorRules,
  ) {
    const { bytesPerSecond } = rules;
    const limits = { sliceMs: backgroundSliceMs, restMs: backgroundRestMs, bytesPerSecond };
    this.#pace = new Pace(parts.clock, limits);
  }

  /** What goes on comes to an end soon. */
  close(): void {
    this.#isClosed = true;
    this.#pace.hurry();
  }

  /**
   * Compacts until nothing is due any more.
   * @param partitions all that there are
   * @param now milliseconds since 1970, by a clock that can be believed
   */
  async round(partitions: readonly HostedPartition[], now: number): Promise<void> {
    this.#pace.begin();
    this.#forget(partitions);
    for (const { partition, compactable } of await this.#due(partitions, now)) {
      if (this.#isClosed) return;
      await this.#compact(partition, compactable, now);
    }
  }

  /** What is to be done, the dirtiest log first. */
  async #due(partitions: readonly HostedPartition[], now: number): Promise<Candidate[]> {
    const due: Candidate[] = [];
    for (const partition of partitions) {
      if (this.#isClosed) return [];
      if (this.#setAside.has(partition)) continue;
      const compactable = await partition.compactable(now);
      await this.#pace.spend(0);
      if (compactable?.isDue) due.push({ partition, compactable });
    }
    return due.sort((a, b) => b.compactable.dirtyRatio - a.compactable.dirtyRatio);
  }

  async #compact(partition: HostedPartition, { end }: Compactable, now: number): Promise<void> {
    const { clock, random, space } = this.parts;
    const began = clock.monotonic();
    const compacted = await partition.compact(end, {
      now,
      memoryBytes: this.rules.memoryBytes,
      secret: [random.below(2 ** 32), random.below(2 ** 32)],
      pace: this.#pace,
      hasRoom: async (bytes) => ((await space.volume())?.usableBytes ?? Infinity) >= bytes,
      isWanted: () => !this.#isClosed,
    });
    const durationMs = clock.monotonic() - began;
    this.figures.durationMs += durationMs;
    if (compacted instanceof Refusal) this.#failed(partition, compacted);
    else this.#done(partition, compacted, durationMs);
  }

  #done(partition: HostedPartition, compacted: Compacted, durationMs: number): void {
    const { figures } = this;
    figures.runs += 1;
    figures.lastRunMs = this.parts.clock.now();
    figures.freedBytes += compacted.freedBytes;
    figures.readBytes += compacted.readBytes;
    figures.writtenBytes += compacted.writtenBytes;
    figures.records += compacted.records;
    figures.keptRecords += compacted.keptRecords;
    figures.mapBytesMax = Math.max(figures.mapBytesMax, compacted.mapBytes);
    const { topic, index } = partition;
    const about = { topic, partition: index, ...compacted, durationMs: Math.round(durationMs) };
    this.parts.logger.info("compacted", about);
    if (compacted.keylessRecords === 0) return;
    const { keylessRecords } = compacted;
    const lost = { topic, partition: index, keylessRecords };
    this.parts.logger.warn("records without a key were dropped by compaction", lost);
  }

  #failed(partition: HostedPartition, refusal: Refusal): void {
    // It was deleted, is being closed, or has lost its old records meanwhile.
    if (harmless.has(refusal.code)) return;
    this.figures.failures += 1;
    const { topic, index } = partition;
    const fault = { topic, partition: index, reason: refusal.message };
    // A full disk passes, and compaction is what helps.
    const isFull = refusal.code === "DISK_FULL";
    const retryMs = isFull ? compactionFullRetryMs : compactionRetryMs;
    if (isFull) this.parts.logger.warn("not compacted for want of room", { ...fault, retryMs });
    else
      this.parts.logger.error("not compacted, and left alone for a while", { ...fault, retryMs });
    this.#setAside.set(partition, { fault, until: this.parts.clock.monotonic() + retryMs });
    this.#showSetAside();
  }

  /** Lets go of those that are not there any more, or whose time has come. */
  #forget(partitions: readonly HostedPartition[]): void {
    const now = this.parts.clock.monotonic();
    const there = new Set(partitions);
    for (const [partition, { until }] of this.#setAside) {
      if (now >= until || !there.has(partition)) this.#setAside.delete(partition);
    }
    this.#showSetAside();
  }

  #showSetAside(): void {
    this.figures.setAside = [...this.#setAside.values()].map(({ fault }) => fault);
  }
}

const harmless: ReadonlySet<string> = new Set([
  "SHUTTING_DOWN",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "OFFSET_OUT_OF_RANGE",
]);
