/**
 * Long polls: fetches that wait until enough bytes can be read from some partitions, or until their
 * time is up. The append that brings the last byte wakes them; nobody looks again and again, and a
 * wait has one timer, however many partitions it watches.
 *
 * How bytes are counted: the caller has read, and says how much it has and where each read ended;
 * from there on, whatever becomes visible counts, up to what the caller would take of that
 * partition. Bytes that came while the caller was reading end the wait at once: it reads again.
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/brands.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { waitedPartitionsMax, waitsMax } from "../limits.ts";

/**
 * Why a wait has ended.
 * - `bytes`: there are enough, or more than when the caller has read.
 * - `time`: they did not come; also for waits that were too many to be started.
 * - `changed`: a partition was deleted, or lost its records at that offset: reading it says so.
 * - `cancelled`: the caller does not want to know any more.
 * - `closing`: the broker stops.
 */
export type WaitEnd = "bytes" | "time" | "changed" | "cancelled" | "closing";

/** A partition that can be watched. */
export interface Watched {
  readonly highWatermark: Offset;
  /** Who watches it; kept by {@link Waiters}, told by the partition. */
  readonly watches: Watches;
}

/** What a fetch waits for. */
export interface WaitFor {
  /** Those of which more would be taken. */
  readonly partitions: readonly {
    readonly partition: Watched;
    /** Where reading it has ended. */
    readonly nextOffset: Offset;
    /** How many bytes more of it would be taken. */
    readonly bytesMax: number;
  }[];
  /** How many bytes are missing, over all of them; at least one. */
  readonly bytes: number;
  readonly maxWaitMs: number;
}

/** A wait under way. */
export interface Wait {
  /** Never rejects. */
  readonly ended: Promise<WaitEnd>;
  /** Ends it; it costs nothing afterwards. */
  cancel(): void;
}

/** One partition of one wait. */
interface Watch {
  readonly wait: OpenWait;
  readonly watches: Watches;
  readonly from: Offset;
  /** How many bytes of this partition may still count. */
  bytesLeft: number;
}

/** Who watches one partition. */
export class Watches {
  readonly #watches = new Set<Watch>();

  /** So many bytes can be read that could not be read before. */
  arrived(bytes: number): void {
    for (const watch of this.#watches) {
      const counted = Math.min(bytes, watch.bytesLeft);
      watch.bytesLeft -= counted;
      watch.wait.count(counted);
    }
  }

  /** Records before `start` are gone. */
  trimmed(start: Offset): void {
    for (const watch of this.#watches) if (watch.from < start) watch.wait.end("changed");
  }

  /** The partition ends. */
  end(why: WaitEnd): void {
    for (const watch of this.#watches) watch.wait.end(why);
  }

  add(watch: Watch): void {
    this.#watches.add(watch);
  }

  remove(watch: Watch): void {
    this.#watches.delete(watch);
  }
}

class OpenWait implements Wait {
  readonly ended: Promise<WaitEnd>;
  readonly #resolve: (end: WaitEnd) => void;
  readonly #watches: Watch[] = [];
  #isEnded = false;
  cancelTimer: Cancel = () => {};

  /** @param bytes how many are missing */
  constructor(
    private bytes: number,
    private readonly onEnd: (watchCount: number) => void,
  ) {
    const { promise, resolve } = Promise.withResolvers<WaitEnd>();
    this.ended = promise;
    this.#resolve = resolve;
  }

  /** Returns how many partitions are watched. */
  watch(wanted: WaitFor): number {
    for (const { partition, nextOffset, bytesMax } of wanted.partitions) {
      const { watches } = partition;
      const watch = { wait: this, watches, from: nextOffset, bytesLeft: bytesMax };
      watches.add(watch);
      this.#watches.push(watch);
    }
    return this.#watches.length;
  }

  count(bytes: number): void {
    this.bytes -= bytes;
    if (this.bytes <= 0) this.end("bytes");
  }

  end(why: WaitEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.cancelTimer();
    for (const watch of this.#watches) watch.watches.remove(watch);
    this.onEnd(this.#watches.length);
    this.#resolve(why);
  }

  cancel(): void {
    this.end("cancelled");
  }
}

/** See the head of this file. */
export class Waiters {
  /** Waits under way, and the partitions that they watch. */
  #count = 0;
  #watchedCount = 0;

  /** @param countMax waits at a time; @param watchedMax partitions that they watch, in all */
  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly countMax = waitsMax,
    private readonly watchedMax = waitedPartitionsMax,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** Begins a wait, which may have ended already. */
  wait(wanted: WaitFor): Wait {
    assert(wanted.bytes > 0, "a wait is for something");
    const { partitions, maxWaitMs } = wanted;
    const isTooMany = this.#count >= this.countMax;
    const isWoken = this.#watchedCount + partitions.length <= this.watchedMax;
    const wait = new OpenWait(wanted.bytes, (watchCount) => {
      this.#count -= 1;
      this.#watchedCount -= watchCount;
    });
    this.#count += 1;
    const hasMore = partitions.some(({ partition, nextOffset, bytesMax }) => {
      return bytesMax > 0 && partition.highWatermark > nextOffset;
    });
    if (hasMore) wait.end("bytes");
    else if (maxWaitMs <= 0 || isTooMany) wait.end("time");
    else {
      wait.cancelTimer = this.clock.after(maxWaitMs, () => wait.end("time"));
      if (isWoken) this.#watchedCount += wait.watch(wanted);
    }
    if (isTooMany) this.logger.warn("a fetch does not wait: too many do");
    else if (!isWoken) this.logger.warn("a fetch is not woken: too many partitions are watched");
    return wait;
  }
}
