/**
 * One run of `produce`: portions of records from a source to the broker, at a pace, until there
 * are no more, enough were sent, a signal came, or nothing comes of it.
 */
import { produceReportsMax, produceWaitToldMs } from "../limits.ts";
import { counted } from "./counted.ts";
import { exitCode, type ExitCode, type World } from "./command.ts";
import { Interruption } from "./produce-interruption.ts";
import { Pace } from "./produce-pace.ts";
import type { Sender, SenderBegin, Tally } from "./produce-sender.ts";
import type { Portion, Rejection } from "./produce-sources.ts";
import { createProgress, type Progress, type ProgressMode } from "./progress.ts";
import { makeRoom } from "./progress-room.ts";
import { humanCount, humanDuration, humanSize } from "./terminal.ts";

/** What a run needs of its command. */
export interface RunContext extends Pick<World, "clock" | "stop" | "stdout" | "stderr"> {
  readonly fail: (message: string) => ExitCode;
  readonly warn: (message: string) => void;
}

export interface RunOptions {
  /** How long a record may wait for its answer; for what is said when a connection breaks. */
  readonly timeoutMs: number;
  /** The most records to send; `null`: all there are. */
  readonly count: number | null;
  /** Records a second; `null`: as fast as it goes. */
  readonly rate: number | null;
  readonly progress: ProgressMode;
  readonly quiet: boolean;
  readonly json: boolean;
  /** What a record is that has been dealt with: with `--acks 0` nobody says that it is stored. */
  readonly done: "stored" | "sent";
}

/** See the head of this file. */
export class ProduceRun {
  readonly #interruption: Interruption;
  readonly #progress: Progress;
  #sender: Sender | null = null;
  /** Records that were not sent. */
  #rejected = 0;
  #told = 0;
  #hasFailed = false;
  #isNobodyThere = false;
  /** Nothing more is to be told of the connection. */
  #isOver = false;

  constructor(
    private readonly context: RunContext,
    private readonly options: RunOptions,
    private readonly begin: SenderBegin,
  ) {
    const { clock, stderr, stop } = context;
    const { progress, count, done } = options;
    this.#interruption = new Interruption(stop);
    this.#progress = createProgress({
      stderr,
      clock,
      mode: progress,
      label: done,
      unit: "records",
      total: count,
    });
  }

  /** Resolves when all that was sent is settled. */
  async run(portions: AsyncGenerator<Portion, void>): Promise<ExitCode> {
    const { clock, fail } = this.context;
    const startedAt = clock.monotonic();
    const sender = await this.#interruption.until(this.#beginSender());
    if (sender !== null) {
      await this.#sendAll(sender, portions);
      await this.#settle(sender);
      this.#isOver = true;
      await sender.close();
    }
    this.#interruption.close();
    this.#progress.finish();
    const untold = this.#told - produceReportsMax;
    if (untold > 0) fail(`and ${humanCount(untold)} more messages like these`);
    const isSilent = this.#isNobodyThere || sender === null;
    if (!isSilent) this.#summarize(sender.tally, clock.monotonic() - startedAt);
    return this.#hasFailed ? exitCode.failed : exitCode.ok;
  }

  /** Waits for what is under way. Whoever has ended it is told why it does not end. */
  async #settle(sender: Sender): Promise<void> {
    const { clock, stop, warn } = this.context;
    let cancel = (): void => {};
    const forget = stop.onStop((reason) => {
      if (reason !== "SIGINT" && reason !== "SIGTERM") return;
      cancel = clock.after(produceWaitToldMs, () => {
        const wait = humanDuration(this.options.timeoutMs);
        this.#say(() =>
          warn(`waiting for up to ${wait} for what is under way; again, and it is given up`),
        );
      });
    });
    await sender.flush();
    cancel();
    forget();
  }

  async #beginSender(): Promise<Sender | null> {
    this.#sender = await this.begin({
      settled: () => this.#progress.report(this.#sender?.tally.stored ?? 0),
      failed: (message) => this.#fail(message),
      halt: (message) => {
        if (this.#interruption.isTriggered) return;
        this.#fail(message);
        this.#interruption.trigger();
      },
      hopeless: (message) => this.#giveUp(message),
      nobodyThere: (message) => {
        this.#isNobodyThere = true;
        this.#giveUp(message);
      },
      lost: (reason) => this.#lost(reason),
      back: () => {
        if (!this.#isOver) this.#say(() => this.context.warn("connected again"));
      },
    });
    return this.#sender;
  }

  async #sendAll(sender: Sender, portions: AsyncGenerator<Portion, void>): Promise<void> {
    const pace = new Pace(this.options.rate, this.context.clock);
    let left = this.options.count ?? Infinity;
    while (left > 0 && !this.#interruption.isTriggered) {
      const portion = await this.#next(portions);
      if (portion === null) break;
      for (const rejection of portion.rejected) this.#reject(portion, rejection);
      left -= await this.#sendPortion(sender, portion, left, pace);
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
  async #sendPortion(
    sender: Sender,
    portion: Portion,
    countMax: number,
    pace: Pace,
  ): Promise<number> {
    const { records } = portion;
    const end = Math.min(records.length, countMax);
    let at = 0;
    while (at < end && !this.#interruption.isTriggered) {
      const count = Math.min(end - at, sender.batchRecords, pace.allowed);
      const obstacle = count === 0 ? pace.wait() : sender.room(records.slice(at, at + count));
      if (obstacle !== null) {
        await this.#interruption.until(obstacle);
        continue;
      }
      sender.send(portion, at, count);
      pace.take(count);
      at += count;
    }
    return at;
  }

  #reject(portion: Portion, { number, reason }: Rejection): void {
    this.#rejected += 1;
    this.#fail(`${portion.placeOf(number)}: not sent: ${reason}`);
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
    this.#sender?.abort();
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

  #summarize(sent: Tally, tookMs: number): void {
    const { stdout, stderr } = this.context;
    const { json, quiet, done } = this.options;
    const { stored, refused, unknown, bytes } = sent;
    const tally = { stored, refused: refused + this.#rejected, unknown, bytes };
    const seconds = Math.round(tookMs) / 1000;
    if (json) stdout.write(`${JSON.stringify({ ...tally, seconds })}\n`);
    else if (!quiet) stderr.write(`${summaryText(tally, done, tookMs)}\n`);
  }
}

function summaryText(tally: Tally, done: RunOptions["done"], tookMs: number): string {
  const { stored, refused, unknown, bytes } = tally;
  const perSecond = (amount: number): number => Math.round((amount * 1000) / Math.max(1, tookMs));
  const parts = [
    `${counted(stored, "record")} ${done}, ${humanSize(bytes)} in ${humanDuration(tookMs)} ` +
      `(${humanCount(perSecond(stored))} records/s, ${humanSize(perSecond(bytes))}/s)`,
  ];
  if (refused > 0) parts.push(`${humanCount(refused)} not stored`);
  if (unknown > 0) parts.push(`${humanCount(unknown)} of unknown fate`);
  return parts.join("; ");
}
