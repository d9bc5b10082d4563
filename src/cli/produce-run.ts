/**
 * One run of `produce`: portions of records from a source to the broker, at a pace, until there
 * are no more, enough were sent, a signal came, or nothing comes of it.
 */
import { dialNative } from "../client/native-connection.ts";
import { Producer } from "../client/producer.ts";
import { nativeFrameBytesMax, produceReportsMax } from "../limits.ts";
import type { BrokerAddress } from "./broker-address.ts";
import { exitCode, type ExitCode, type World } from "./command.ts";
import { watchedDial } from "./produce-dial.ts";
import { Interruption } from "./produce-interruption.ts";
import { Pace } from "./produce-pace.ts";
import { Sender, type Tally } from "./produce-sender.ts";
import type { Portion } from "./produce-sources.ts";
import { createProgress, type Progress, type ProgressMode } from "./progress.ts";
import { makeRoom } from "./progress-room.ts";
import { humanCount, humanDuration, humanSize } from "./terminal.ts";

/** What a run needs of its command. */
export interface RunContext extends Pick<World, "clock" | "stop" | "stdout" | "stderr"> {
  readonly fail: (message: string) => ExitCode;
  readonly warn: (message: string) => void;
}

export interface RunOptions {
  readonly broker: BrokerAddress;
  readonly timeoutMs: number;
  /** The most records to send; `null`: all there are. */
  readonly count: number | null;
  /** Records a second; `null`: as fast as it goes. */
  readonly rate: number | null;
  readonly progress: ProgressMode;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** See the head of this file. */
export class ProduceRun {
  readonly #producer: Producer;
  readonly #sender: Sender;
  readonly #interruption: Interruption;
  readonly #progress: Progress;
  /** Records that no frame can carry. */
  #oversized = 0;
  #told = 0;
  #hasFailed = false;
  #isNobodyThere = false;
  /** Nothing more is to be told of the connection. */
  #isOver = false;

  constructor(
    private readonly context: RunContext,
    private readonly options: RunOptions,
  ) {
    const { clock, stderr, stop } = context;
    const { broker, timeoutMs, progress, count } = options;
    this.#interruption = new Interruption(stop);
    this.#progress = createProgress({
      stderr,
      clock,
      mode: progress,
      label: "stored",
      unit: "records",
      total: count,
    });
    this.#producer = new Producer({
      ...broker,
      clock,
      deliveryTimeoutMs: timeoutMs,
      dial: watchedDial(dialNative, {
        hopeless: (reason) => {
          this.#isNobodyThere = true;
          this.#giveUp(reason);
        },
        lost: (reason) => this.#lost(reason),
        back: () => this.#say(() => context.warn("connected again")),
      }),
    });
    this.#sender = new Sender(this.#producer, {
      settled: () => this.#progress.report(this.#sender.tally.stored),
      failed: (message) => this.#fail(message),
      hopeless: (message) => this.#giveUp(message),
    });
  }

  /** Resolves when all that was sent is settled. */
  async run(portions: AsyncGenerator<Portion, void>): Promise<ExitCode> {
    const { clock, fail } = this.context;
    const startedAt = clock.monotonic();
    await this.#sendAll(portions);
    await this.#producer.flush();
    this.#isOver = true;
    await this.#producer.close();
    this.#interruption.close();
    this.#progress.finish();
    const untold = this.#told - produceReportsMax;
    if (untold > 0) fail(`and ${humanCount(untold)} more messages like these`);
    if (!this.#isNobodyThere) this.#summarize(clock.monotonic() - startedAt);
    return this.#hasFailed ? exitCode.failed : exitCode.ok;
  }

  async #sendAll(portions: AsyncGenerator<Portion, void>): Promise<void> {
    const pace = new Pace(this.options.rate, this.context.clock);
    let left = this.options.count ?? Infinity;
    while (left > 0 && !this.#interruption.isTriggered) {
      const portion = await this.#next(portions);
      if (portion === null) break;
      for (const number of portion.oversized) this.#refuse(portion.placeOf(number));
      left -= await this.#sendPortion(portion, left, pace);
    }
    void portions.return();
  }

  /** The next portion; `null` if there is none, or it is not wanted any more. */
  async #next(portions: AsyncGenerator<Portion, void>): Promise<Portion | null> {
    try {
      const next = await this.#interruption.until(portions.next());
      return next?.value ?? null;
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      this.#fail(`the input can't be read any further: ${error.message}`);
      return null;
    }
  }

  /** Sends at most `countMax` of a portion; how many it sent. */
  async #sendPortion(portion: Portion, countMax: number, pace: Pace): Promise<number> {
    const end = Math.min(portion.messages.length, countMax);
    let at = 0;
    while (at < end && !this.#interruption.isTriggered) {
      const count = Math.min(end - at, this.#sender.batchRecords, pace.allowed);
      const obstacle = count === 0 ? pace.wait() : this.#sender.room();
      if (obstacle !== null) {
        await this.#interruption.until(obstacle);
        continue;
      }
      this.#sender.send(portion, at, count);
      pace.take(count);
      at += count;
    }
    return at;
  }

  #refuse(place: string): void {
    this.#oversized += 1;
    const most = humanCount(nativeFrameBytesMax);
    this.#fail(`${place}: not sent: with the topic's name it has more than ${most} bytes`);
  }

  #lost(reason: string): void {
    if (this.#isOver) return;
    const wait = humanDuration(this.options.timeoutMs);
    this.#say(() => {
      this.context.warn(`the connection broke (${reason}); trying again for up to ${wait}`);
    });
  }

  /** Ends the run, for a reason that is told once. */
  #giveUp(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#fail(reason);
    this.#interruption.trigger();
    this.#producer.abort();
  }

  #fail(message: string): void {
    this.#hasFailed = true;
    this.#say(() => this.context.fail(message));
  }

  /** Says it, if not too much was said already. */
  #say(message: () => void): void {
    this.#told += 1;
    if (this.#told > produceReportsMax) return;
    void makeRoom(this.context.stderr, this.options.progress);
    message();
  }

  #summarize(tookMs: number): void {
    const { stdout, stderr } = this.context;
    const { json, quiet } = this.options;
    const { stored, refused, unknown, bytes } = this.#sender.tally;
    const tally = { stored, refused: refused + this.#oversized, unknown, bytes };
    const seconds = Math.round(tookMs) / 1000;
    if (json) stdout.write(`${JSON.stringify({ ...tally, seconds })}\n`);
    else if (!quiet) stderr.write(`${summaryText(tally, tookMs)}\n`);
  }
}

function summaryText(tally: Tally, tookMs: number): string {
  const { stored, refused, unknown, bytes } = tally;
  const perSecond = (amount: number): number => Math.round((amount * 1000) / Math.max(1, tookMs));
  const parts = [
    `${humanCount(stored)} ${stored === 1 ? "record" : "records"} stored, ${humanSize(bytes)} in ` +
      `${humanDuration(tookMs)} (${humanCount(perSecond(stored))} records/s, ` +
      `${humanSize(perSecond(bytes))}/s)`,
  ];
  if (refused > 0) parts.push(`${humanCount(refused)} refused`);
  if (unknown > 0) parts.push(`${humanCount(unknown)} of unknown fate`);
  return parts.join("; ");
}
