/**
 * Who looks after the logs of all partitions while nobody asks: deletes what retention does not
 * keep, compacts, and reads finished segments again. Each of the three goes from one partition to
 * the next, so that a thousand of them don't fill the thread pool; none waits for another.
 */
import { Pace } from "../base/pace.ts";
import { Refusal } from "../base/refusal.ts";
import {
  backgroundRestMs,
  backgroundSliceMs,
  janitorDelayMs,
  scrubDelayMs,
  scrubPauseMs,
  upkeepFaultsMax,
} from "../limits.ts";
import { Compactor, type CompactorParts, type CompactorRules } from "./compactor.ts";
import type { HostedPartition } from "./partition.ts";
import { Periodic } from "./periodic.ts";
import { Scrubber } from "./scrubber.ts";
import { TrustedTime } from "./trusted-time.ts";
import type { RetentionFigures, UpkeepFault, UpkeepFigures } from "./upkeep.ts";

/** What can be set. */
export interface JanitorRules {
  /** Kafka's `log.retention.check.interval.ms`. */
  readonly retentionCheckMs: number;
  readonly compaction: CompactorRules;
  /** Finished segments are read again, so many bytes a second; 0: they are not. */
  readonly scrubBytesPerSecond: number;
}

/** See the head of this file. */
export class Janitor {
  readonly #retained: RetentionFigures = {
    rounds: 0,
    lastRoundMs: null,
    segments: 0,
    bytes: 0,
    failures: 0,
    faults: [],
  };
  readonly #retentionPace: Pace;
  readonly #time: TrustedTime;
  readonly #compactor: Compactor;
  readonly #retention: Periodic;
  readonly #compaction: Periodic;
  readonly #scrubber: Scrubber | null;
  readonly #scrub: Periodic | null;

  /** @param partitions all that there are, whenever it is asked */
  constructor(
    private readonly parts: CompactorParts,
    rules: JanitorRules,
    private readonly partitions: () => readonly HostedPartition[],
  ) {
    const { clock, logger } = parts;
    this.#time = new TrustedTime(clock, logger, newestOf(partitions()));
    this.#compactor = new Compactor(parts, rules.compaction);
    this.#retentionPace = new Pace(clock, {
      sliceMs: backgroundSliceMs,
      restMs: backgroundRestMs,
      bytesPerSecond: Infinity,
    });
    const { retentionCheckMs } = rules;
    const firstMs = Math.min(janitorDelayMs, retentionCheckMs);
    this.#retention = new Periodic(clock, firstMs, retentionCheckMs, () => this.#retain());
    const { checkMs } = rules.compaction;
    this.#compaction = new Periodic(clock, checkMs, checkMs, () =>
      this.#compactor.round(partitions(), this.#time.now()),
    );
    const { scrubBytesPerSecond: rate } = rules;
    const scrubber = rate > 0 ? new Scrubber(parts, rate) : null;
    const pass = () => scrubber?.pass(partitions()) ?? Promise.resolve();
    this.#scrubber = scrubber;
    this.#scrub = scrubber && new Periodic(clock, scrubDelayMs, scrubPauseMs, pass);
  }

  get figures(): UpkeepFigures {
    const scrub = this.#scrubber?.figures ?? null;
    return { retention: this.#retained, compaction: this.#compactor.figures, scrub };
  }

  /** Lets what is under way come to an end, and begins nothing more. */
  async close(): Promise<void> {
    this.#retentionPace.hurry();
    this.#compactor.close();
    this.#scrubber?.close();
    const works = [this.#retention, this.#compaction, this.#scrub];
    await Promise.all(works.map((work) => work?.close()));
  }

  async #retain(): Promise<void> {
    const retained = this.#retained;
    const now = this.#time.now();
    const faults: UpkeepFault[] = [];
    this.#retentionPace.begin();
    for (const partition of this.partitions()) {
      if (this.#retention.isClosed) return;
      const expired = await partition.expire(now);
      await this.#retentionPace.spend(0);
      if (expired === null) continue;
      const about = { topic: partition.topic, partition: partition.index };
      if (expired instanceof Refusal) {
        retained.failures += 1;
        const fault = { ...about, reason: expired.message };
        this.parts.logger.warn("old records not deleted", fault);
        if (faults.length < upkeepFaultsMax) faults.push(fault);
      } else if (expired.segments > 0) {
        retained.segments += expired.segments;
        retained.bytes += expired.bytes;
        this.parts.logger.info("old records deleted", { ...about, ...expired });
      }
    }
    retained.rounds += 1;
    retained.lastRoundMs = this.parts.clock.now();
    retained.faults = faults;
  }
}

/** The newest time that the logs tell of; `null`: they hold nothing. */
function newestOf(partitions: readonly HostedPartition[]): number | null {
  let newest: number | null = null;
  for (const { log } of partitions) {
    if (log.newestMs !== null) newest = Math.max(newest ?? log.newestMs, log.newestMs);
  }
  return newest;
}
