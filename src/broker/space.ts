/**
 * The room on the volume: whether producers may go on. Below the reserve they are refused at once,
 * so that consumers' offsets, topic deletions and the shutdown still find room; above it again,
 * they go on without anybody's help.
 *
 * The volume is asked at most every `diskProbeMs`, and only while appends come or while it is low;
 * in between, what was taken is subtracted from the last answer. A disk that is full in spite of
 * this (a quota, somebody else's files) is found by the log that cannot write, which refuses that
 * append with DISK_FULL and tries again with the next one.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError, type Disk } from "../disk/disk.ts";
import { diskProbeMs } from "../limits.ts";
import type { Volume } from "./broker.ts";

/** See the head of this file. */
export class DiskSpace {
  /** Bytes above the reserve at the last probe, less what was taken since. */
  #room = Number.POSITIVE_INFINITY;
  /** The answer to producers while the room is used up. */
  #low: Refusal | null = null;
  /** Whether a probe or the timer for the next one is under way. */
  #watching = false;
  /** Whether anything was taken since the last probe. */
  #taken = false;
  #closed = false;
  #cancel: Cancel = () => {};

  /** @param reserveBytes what stays free for everything but records */
  constructor(
    private readonly disk: Disk,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly reserveBytes: number,
  ) {}

  /** Asks the volume now; afterwards {@link refusal} knows. Never rejects. */
  async probe(): Promise<void> {
    try {
      this.#settle((await this.disk.volume()).freeBytes - this.reserveBytes);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      // Without an answer producers go on: a log that finds the disk full says so itself.
      this.logger.warn("free disk space is unknown", { error });
      this.#settle(Number.POSITIVE_INFINITY);
    }
  }

  /** Usable is what is free above the reserve; `null`: the volume does not say. Never rejects. */
  async volume(): Promise<Volume | null> {
    try {
      const { totalBytes, freeBytes } = await this.disk.volume();
      return { totalBytes, usableBytes: Math.max(0, freeBytes - this.reserveBytes) };
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return null;
    }
  }

  /** DISK_FULL while the room is used up. */
  get refusal(): Refusal | null {
    return this.#low;
  }

  /** Takes room for `bytes` that are about to be appended, or DISK_FULL. The hot path. */
  take(bytes: number): Refusal | null {
    this.#taken = true;
    if (!this.#watching) this.#watch();
    if (this.#low !== null) return this.#low;
    this.#room -= bytes;
    if (this.#room < 0) this.#settle(this.#room);
    return this.#low;
  }

  /** No probe begins after this. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #watch(): void {
    this.#watching = true;
    this.#taken = false;
    void this.probe().then(() => {
      if (this.#closed) return;
      this.#cancel = this.clock.after(diskProbeMs, () => {
        this.#watching = false;
        if (this.#taken || this.#low !== null) this.#watch();
      });
    });
  }

  #settle(room: number): void {
    this.#room = room;
    if (room >= 0) {
      if (this.#low !== null) this.logger.info("disk space is back, producers go on");
      this.#low = null;
      return;
    }
    if (this.#low !== null) return;
    const reserveBytes = this.reserveBytes;
    this.logger.error("disk space is low, producers are refused", { reserveBytes });
    this.#low = new Refusal(
      "DISK_FULL",
      `fewer than ${reserveBytes} bytes are free, which are kept for everything but records; ` +
        "free some space: producers then go on by themselves",
    );
  }
}
