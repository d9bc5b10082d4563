/**
 * How far long work has come, on standard error: one line that is drawn over on a terminal, lines
 * now and then for a file, or nothing.
 *
 * Drawn only when the work reports, so there is no timer to stop; work that stands still shows its
 * last state. A command that prints to the same terminal meanwhile calls `finish` first.
 */
import type { Clock } from "../base/clock.ts";
import { choice } from "./option-kinds.ts";
import type { Output } from "./output.ts";
import { humanCount, humanDuration, humanSize } from "./terminal.ts";

const progressModes = ["auto", "plain", "off"] as const;
export type ProgressMode = (typeof progressModes)[number];

/** For the table of a command that works for long. */
export const progressOption = choice(progressModes, {
  placeholder: "<mode>",
  default: "auto",
  help: "How far it has come: a line on a terminal, a line every 5 seconds, or nothing",
});

export interface Progress {
  /** Reports all that is done so far. Cheap: may be called for every batch. */
  report(done: number): void;
  /** Clears the line. Nothing is drawn afterwards. */
  finish(): void;
}

export interface ProgressOptions {
  readonly stderr: Output;
  readonly clock: Clock;
  readonly mode: ProgressMode;
  /** What is being done: "checking". */
  readonly label: string;
  /** What is counted: bytes are shown in their units, anything else by its name ("records"). */
  readonly unit: string;
  /** `null`: nobody knows. */
  readonly total: number | null;
}

const redrawMs = 100;
const plainMs = 5_000;
/** The rate is that of about the last three seconds. */
const rateMemoryMs = 3_000;

const silent: Progress = { report: () => {}, finish: () => {} };

/** A progress that fits the terminal, or the lack of one. */
export function createProgress(options: ProgressOptions): Progress {
  const { stderr, clock, mode } = options;
  const isLine = mode === "auto" && stderr.isTerminal;
  if (!isLine && mode !== "plain") return silent;
  const intervalMs = isLine ? redrawMs : plainMs;
  const rate = new Rate(clock.monotonic());
  let nextAt = clock.monotonic() + intervalMs;
  let isDrawn = false;
  let isFinished = false;
  return {
    report(done) {
      const now = clock.monotonic();
      if (now < nextAt || isFinished) return;
      nextAt = now + intervalMs;
      const text = describe(options, done, rate.update(done, now));
      // One column stays free: a terminal may wrap when the last one is filled.
      if (isLine) stderr.write(`\r${text.slice(0, stderr.columns - 1)}\x1b[K`);
      else stderr.write(`${text}\n`);
      isDrawn = isLine;
    },
    finish() {
      if (isDrawn) stderr.write("\r\x1b[K");
      isDrawn = false;
      isFinished = true;
    },
  };
}

function describe(options: ProgressOptions, done: number, perSecond: number): string {
  const { label, unit, total } = options;
  const amount = (count: number): string =>
    unit === "bytes" ? humanSize(count) : humanCount(count);
  const word = unit === "bytes" ? "" : ` ${unit}`;
  const speed = `${amount(Math.round(perSecond))}${word}/s`;
  if (total === null) return `${label}: ${amount(done)}${word}, ${speed}`;
  const percent = total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
  const left = perSecond > 0 ? Math.max(0, total - done) / perSecond : null;
  const end = left === null ? "" : `, ${humanDuration(left * 1000)} left`;
  return `${label}: ${percent}%, ${amount(done)} of ${amount(total)}${word}, ${speed}${end}`;
}

/** A rate that forgets: each step moves it by as much as it is long. */
class Rate {
  #done = 0;
  #at: number;
  #perMs: number | null = null;

  constructor(now: number) {
    this.#at = now;
  }

  /** Units per second, now that `done` are done. */
  update(done: number, now: number): number {
    const ms = now - this.#at;
    if (ms > 0) {
      const step = (done - this.#done) / ms;
      const weight = this.#perMs === null ? 1 : 1 - Math.exp(-ms / rateMemoryMs);
      this.#perMs = (this.#perMs ?? 0) * (1 - weight) + step * weight;
      this.#done = done;
      this.#at = now;
    }
    return (this.#perMs ?? 0) * 1000;
  }
}
