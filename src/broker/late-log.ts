/**
 * Logs of partitions that could not be opened at the start. Each refuses with the reason, and is
 * tried again now and then, since many reasons pass: too many open files, a full disk, a device
 * that did not answer. Once it is open it is a log like any other.
 *
 * Invariants: of one log, one attempt goes on at a time; none begins after `close` or `delete`,
 * and what an attempt has opened by then is closed or deleted with it.
 */
import type { Offset } from "../base/brands.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { Memory } from "../base/memory.ts";
import { Refusal } from "../base/refusal.ts";
import { logsOpeningMax, partitionReopenMs } from "../limits.ts";
import type { CompactionMeans } from "../log/compaction.ts";
import type { Appended, LogConfig, LogFollower, PartitionLog } from "../log/log.ts";
import type { ScrubMeans } from "../log/scrub.ts";
import { concurrently } from "../base/concurrently.ts";
import { refusingLog } from "./refusing-log.ts";

/** See the head of this file. */
export class LateLog implements PartitionLog {
  #log: PartitionLog;
  #state: "late" | "open" | "ended" = "late";
  /** The last attempt. */
  #attempt: Promise<void> = Promise.resolve();
  #follower: LogFollower | null = null;
  /** What it was told to follow since; `null`: nothing. */
  #config: LogConfig | null = null;

  /** @param refusal why it is not open yet */
  constructor(
    refusal: Refusal,
    private readonly open: () => Promise<PartitionLog | Refusal>,
  ) {
    this.#log = refusingLog(refusal);
  }

  /** Whether it is to be tried again. */
  get isLate(): boolean {
    return this.#state === "late";
  }

  /** Tries to open it. One attempt at a time is the caller's business. */
  tryAgain(): Promise<void> {
    if (this.#state === "late") this.#attempt = this.#open();
    return this.#attempt;
  }

  get startOffset(): Offset {
    return this.#log.startOffset;
  }
  get visibleOffset(): Offset {
    return this.#log.visibleOffset;
  }
  get endOffset(): Offset {
    return this.#log.endOffset;
  }
  get visibleBytes(): number {
    return this.#log.visibleBytes;
  }
  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }
  get segmentCount(): number {
    return this.#log.segmentCount;
  }

  get sealedBy(): Refusal | null {
    return this.#log.sealedBy;
  }

  get newestMs(): number | null {
    return this.#log.newestMs;
  }

  append(batch: Uint8Array, memory?: Memory): Appended | Refusal {
    return this.#log.append(batch, memory);
  }
  read(from: Offset, bytesMax: number): ReturnType<PartitionLog["read"]> {
    return this.#log.read(from, bytesMax);
  }
  offsetForTime(timestamp: number): ReturnType<PartitionLog["offsetForTime"]> {
    return this.#log.offsetForTime(timestamp);
  }
  trim(before: Offset): Promise<Refusal | null> {
    return this.#log.trim(before);
  }
  expire(now: number): ReturnType<PartitionLog["expire"]> {
    return this.#log.expire(now);
  }
  rollForCompaction(now: number): ReturnType<PartitionLog["rollForCompaction"]> {
    return this.#log.rollForCompaction(now);
  }
  compactable(now: number): ReturnType<PartitionLog["compactable"]> {
    return this.#log.compactable(now);
  }
  compact(means: CompactionMeans): ReturnType<PartitionLog["compact"]> {
    return this.#log.compact(means);
  }
  scrub(from: Offset, means: ScrubMeans): ReturnType<PartitionLog["scrub"]> {
    return this.#log.scrub(from, means);
  }
  flush(): Promise<Refusal | null> {
    return this.#log.flush();
  }

  async close(): Promise<void> {
    this.#state = "ended";
    await this.#attempt;
    await this.#log.close();
  }

  async delete(): Promise<Refusal | null> {
    this.#state = "ended";
    await this.#attempt;
    return await this.#log.delete();
  }

  follow(follower: LogFollower): void {
    this.#follower = follower;
    this.#log.follow(follower);
  }

  configure(config: LogConfig): Promise<Refusal | null> {
    this.#config = config;
    return this.#log.configure(config);
  }

  async #open(): Promise<void> {
    const opened = await this.open();
    if (opened instanceof Refusal) {
      this.#log = refusingLog(opened);
      return;
    }
    if (this.#config !== null) await opened.configure(this.#config);
    this.#log = opened;
    if (this.#state === "late") this.#state = "open";
    if (this.#follower === null) return;
    opened.follow(this.#follower);
    this.#follower.visible();
  }
}

/** Sees to it that late logs are tried again. */
export class LateLogs {
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(
    private readonly clock: Clock,
    logs: readonly LateLog[],
  ) {
    this.#later(logs);
  }

  /** No round begins after this; one that goes on ends with the logs. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #later(logs: readonly LateLog[]): void {
    if (this.#closed || logs.length === 0) return;
    this.#cancel = this.clock.after(partitionReopenMs, () => void this.#round(logs));
  }

  async #round(logs: readonly LateLog[]): Promise<void> {
    await concurrently(logs, logsOpeningMax, (log) => log.tryAgain());
    this.#later(logs.filter((log) => log.isLate));
  }
}
