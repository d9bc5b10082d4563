/**
 * One run of `consume`: polls, prints and commits, until the end is reached, enough was printed,
 * nothing came in time, or a signal came.
 *
 * Delivery is at least once: a commit covers only what standard output has taken. Commits cost a
 * trip to the disk, so they are made when the end is reached, and otherwise once a second.
 */
import { offset } from "../base/brands.ts";
import type { ConsumerMessage } from "../client/consumer-message.ts";
import { consumeCommitMs, pollMessagesDefault } from "../limits.ts";
import { nanosecondHeader, nanosecondsPerMillisecond } from "../record/nanoseconds.ts";
import type { BatchRecord } from "../record/records.ts";
import type { ConsumptionContext, MessageSource } from "./consume-source.ts";
import type { Interruption } from "./produce-interruption.ts";
import { RecordPrinter, type FormatChoice } from "./read-print.ts";

/** What was asked for. */
export interface ConsumptionSettings {
  /** The most messages to print; `null`: all there are. */
  readonly count: number | null;
  /** How long to wait for messages. */
  readonly idleMsMax: number;
  readonly format: FormatChoice;
}

/** One run, from the first poll to the last commit. */
export class Consumption {
  readonly #printer: RecordPrinter;
  #left: number;
  #committedAt: number;

  constructor(
    private readonly context: ConsumptionContext,
    private readonly source: MessageSource,
    private readonly interruption: Interruption,
    private readonly settings: ConsumptionSettings,
  ) {
    this.#printer = new RecordPrinter(context.stdout, settings.format);
    this.#left = settings.count ?? Infinity;
    this.#committedAt = context.clock.monotonic();
  }

  /** How it ends, its source says. */
  async run(): Promise<void> {
    if (!(await this.source.begin())) return;
    await this.#pollAll();
    await this.#commit();
  }

  async #pollAll(): Promise<void> {
    const { source, interruption, settings } = this;
    const { clock } = this.context;
    let foundAt = clock.monotonic();
    while (this.#left > 0 && !interruption.isTriggered) {
      const beganAt = clock.monotonic();
      const max = Math.min(pollMessagesDefault, this.#left);
      const leftMs = Math.max(0, settings.idleMsMax - (beganAt - foundAt));
      const messages = await source.poll(max, leftMs);
      if (messages === null) return;
      if (messages.length > 0) {
        await this.#print(messages);
        foundAt = clock.monotonic();
      }
      const isIdle = messages.length === 0;
      if (await source.isAtEnd(isIdle)) return;
      if (!isIdle) continue;
      const now = clock.monotonic();
      const stillMs = settings.idleMsMax - (now - foundAt);
      if (stillMs <= 0) return;
      await this.#commit();
      await source.pause(now - beganAt, stillMs);
    }
  }

  async #print(messages: readonly ConsumerMessage[]): Promise<void> {
    const { stdout, clock } = this.context;
    for (let from = 0; from < messages.length;) {
      const first = messages[from]!;
      const isOther = (message: ConsumerMessage): boolean =>
        message.topic !== first.topic ||
        message.partition !== first.partition ||
        message.isAppendTime !== first.isAppendTime;
      const length = messages.slice(from).findIndex(isOther);
      const to = length < 0 ? messages.length : from + length;
      const records = messages.slice(from, to).map(recordOf);
      await this.#printer.print(first, null, records, first.isAppendTime);
      from = to;
    }
    await stdout.flush();
    this.#left -= messages.length;
    if (this.#isOutputLost) return;
    this.source.printed(messages);
    if (clock.monotonic() - this.#committedAt >= consumeCommitMs) await this.#commit();
  }

  async #commit(): Promise<void> {
    if (this.#isOutputLost) return;
    await this.source.commit();
    this.#committedAt = this.context.clock.monotonic();
  }

  /** Standard output takes nothing any more: nobody knows what of the last messages it took. */
  get #isOutputLost(): boolean {
    const { reason } = this.context.stop;
    return reason === "closed" || reason === "unwritable";
  }
}

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
