/**
 * One run of `consume`: polls, prints and commits, until the end is reached, enough was printed,
 * nothing came in time, or a signal came.
 *
 * Delivery is at least once: a commit covers only what standard output has taken. Commits cost a
 * trip to the disk, so they are made when the end is reached, and otherwise once a second.
 */
import { offset } from "../base/brands.ts";
import { quoted } from "../base/printable.ts";
import type { Consumer } from "../client/consumer.ts";
import { ConsumerError, type DamagedRecords } from "../client/consumer-error.ts";
import type { ConsumerMessage } from "../client/consumer-message.ts";
import { consumeCommitMs, pollMessagesDefault, shownCharactersMax } from "../limits.ts";
import { partitionDirectory, topicsDirectory } from "../log/layout.ts";
import type { FoundPartition } from "../reader/directory.ts";
import { nanosecondHeader, nanosecondsPerMillisecond } from "../record/nanoseconds.ts";
import type { BatchRecord } from "../record/records.ts";
import { exitCode, type ExitCode, type World } from "./command.ts";
import { offsetsText } from "./counted.ts";
import { pauseAfter } from "./follow-pace.ts";
import { Interruption } from "./produce-interruption.ts";
import { RecordPrinter, type FormatChoice } from "./read-print.ts";

/** What a run needs of its command. */
export interface ConsumptionContext extends Pick<World, "clock" | "stop" | "stdout"> {
  readonly fail: (message: string) => ExitCode;
  readonly warn: (message: string) => void;
}

/** What was asked for. */
export interface ConsumptionSettings {
  /** The directory, as it was given. */
  readonly data: string;
  /** Each once. */
  readonly topics: readonly string[];
  /** Whether to go back to the oldest messages first. */
  readonly isReset: boolean;
  /** The most messages to print; `null`: all there are. */
  readonly count: number | null;
  readonly commit: boolean;
  /** How long to wait for messages; 0: only what there is when it begins is printed. */
  readonly timeoutMs: number;
  readonly skipDamaged: boolean;
  readonly format: FormatChoice;
}

/** One run, from the first poll to the last commit. */
export class Consumption {
  readonly #interruption: Interruption;
  readonly #printer: RecordPrinter;
  #left: number;
  /** Whether messages were printed, or given up, that are not committed. */
  #hasUncommitted = false;
  /** Partitions that are stuck in front of damage, and were asked since the last messages. */
  readonly #stuck = new Set<string>();
  /** The damage that was told of, by partition. */
  readonly #told = new Map<string, number>();
  #committedAt: number;
  #code: ExitCode = exitCode.ok;

  constructor(
    private readonly context: ConsumptionContext,
    private readonly consumer: Consumer,
    private readonly settings: ConsumptionSettings,
  ) {
    const { stdout, clock, stop } = context;
    this.#interruption = new Interruption(stop);
    this.#printer = new RecordPrinter(stdout, settings.format);
    this.#left = settings.count ?? Infinity;
    this.#committedAt = clock.monotonic();
  }

  async run(): Promise<ExitCode> {
    try {
      if (!(await this.#findTopics())) return exitCode.failed;
      if (this.settings.isReset) await this.#reset();
      await this.#pollAll();
      await this.#commit();
      return this.#code;
    } finally {
      this.#interruption.close();
    }
  }

  async #reset(): Promise<void> {
    for (const topic of this.settings.topics) await this.consumer.reset(topic);
  }

  /** Whether there is something to read, or to wait for. */
  async #findTopics(): Promise<boolean> {
    const { settings } = this;
    const { fail, warn } = this.context;
    let areThere = true;
    for (const topic of settings.topics) {
      if ((await this.consumer.partitions(topic)).length > 0) continue;
      const message = `${settings.data} has no topic ${quoted(topic, shownCharactersMax)}`;
      if (settings.timeoutMs > 0) warn(`${message} yet`);
      else {
        fail(message);
        areThere = false;
      }
    }
    return areThere;
  }

  async #pollAll(): Promise<void> {
    const { clock } = this.context;
    // What comes while it prints is left to the next call, or a poll might never end.
    const ends = this.settings.timeoutMs === 0 ? await this.#ends() : null;
    let foundAt = clock.monotonic();
    while (this.#left > 0 && !this.#interruption.isTriggered) {
      const beganAt = clock.monotonic();
      const messages = await this.#poll();
      if (messages === null) return;
      if (messages.length > 0) {
        await this.#print(messages);
        foundAt = clock.monotonic();
        if (ends !== null && (await this.#hasReached(ends))) return;
        continue;
      }
      const leftMs = this.settings.timeoutMs - (clock.monotonic() - foundAt);
      if (leftMs <= 0) return;
      await this.#commit();
      await this.#pause(Math.min(leftMs, pauseAfter(clock.monotonic() - beganAt, false)));
    }
  }

  /** How far each topic is now, over all its partitions. */
  async #ends(): Promise<ReadonlyMap<string, number>> {
    const ends = new Map<string, number>();
    for (const topic of this.settings.topics) ends.set(topic, await this.consumer.endOffset(topic));
    return ends;
  }

  async #hasReached(ends: ReadonlyMap<string, number>): Promise<boolean> {
    for (const [topic, end] of ends) {
      if ((await this.consumer.currentOffset(topic)) < end) return false;
    }
    return true;
  }

  /** The next messages; `null`: there is no use in going on, and why has been said. */
  async #poll(): Promise<readonly ConsumerMessage[] | null> {
    const { warn, fail } = this.context;
    for (;;) {
      try {
        const max = Math.min(pollMessagesDefault, this.#left);
        const messages = await this.consumer.poll(undefined, max);
        this.#tellWarnings();
        if (messages.length > 0) this.#stuck.clear();
        return messages;
      } catch (error) {
        if (!(error instanceof ConsumerError)) throw error;
        this.#code = exitCode.failed;
        const { damaged } = error;
        if (damaged === undefined) {
          fail(error.message);
          return null;
        }
        const { topic, partition } = damaged;
        if (this.settings.skipDamaged) {
          warn(`${damageText(damaged)}, left out`);
          await this.consumer.skipDamage(topic, partition);
          this.#hasUncommitted = true;
        } else if (this.#isIdleAt(damaged)) return [];
      }
    }
  }

  /** Tells of a partition that is stuck, once; whether all others have been asked since. */
  #isIdleAt(damaged: DamagedRecords): boolean {
    const place = `${damaged.topic}/${damaged.partition}`;
    if (this.#told.get(place) !== damaged.fromOffset) {
      this.#told.set(place, damaged.fromOffset);
      this.context.fail(`${damageText(damaged)}: it stays there; --skip-damaged gives them up`);
    }
    const isSecondTime = this.#stuck.has(place);
    if (isSecondTime) this.#stuck.clear();
    else this.#stuck.add(place);
    return isSecondTime;
  }

  #tellWarnings(): void {
    const { warnings, dropped } = this.consumer.takeWarnings();
    for (const { message } of warnings) this.context.warn(message);
    if (dropped > 0) this.context.warn(`and ${dropped} warnings before these`);
  }

  async #print(messages: readonly ConsumerMessage[]): Promise<void> {
    const { stdout, clock } = this.context;
    for (let from = 0; from < messages.length;) {
      const first = messages[from]!;
      const isOther = (message: ConsumerMessage): boolean =>
        message.topic !== first.topic || message.partition !== first.partition;
      const length = messages.slice(from).findIndex(isOther);
      const to = length < 0 ? messages.length : from + length;
      await this.#printer.print(placeOf(first), null, messages.slice(from, to).map(recordOf));
      from = to;
    }
    await stdout.flush();
    this.#left -= messages.length;
    this.#hasUncommitted = true;
    if (clock.monotonic() - this.#committedAt >= consumeCommitMs) await this.#commit();
  }

  /** Everything that was polled has been printed. */
  async #commit(): Promise<void> {
    const { stop, clock } = this.context;
    const isLost = stop.reason === "closed" || stop.reason === "unwritable";
    if (!this.#hasUncommitted || !this.settings.commit || isLost) return;
    await this.consumer.commit();
    this.#hasUncommitted = false;
    this.#committedAt = clock.monotonic();
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.context.clock.after(delayMs, resolve);
    await this.#interruption.until(promise);
    cancel();
  }
}

function damageText(damaged: DamagedRecords): string {
  const { topic, partition, fromOffset, toOffset } = damaged;
  return `${topic}/${partition}: ${offsetsText(fromOffset, toOffset - 1)} can't be read`;
}

/** Where a message comes from, as the formats of `read` have it. */
const placeOf = ({ topic, partition }: ConsumerMessage): FoundPartition => ({
  topic,
  partition,
  source: { kind: "own", directory: partitionDirectory(topicsDirectory, topic, partition) },
});

/** The message as it lies in its log, with the header that keeps its nanoseconds. */
function recordOf(message: ConsumerMessage): BatchRecord {
  const { timestamp, timestampNs, key, value, headers } = message;
  const rest = Number(timestampNs - BigInt(timestamp) * BigInt(nanosecondsPerMillisecond));
  return {
    offset: offset(message.offset),
    timestamp,
    key,
    value,
    headers: rest === 0 ? headers : [...headers, nanosecondHeader(rest)],
  };
}
