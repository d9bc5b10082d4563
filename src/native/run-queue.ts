/**
 * The replies that a connection owes, in the order of its frames. Neighbouring frames with one
 * fate are one run, so that a chunk of a thousand frames for one partition costs one entry.
 *
 * Invariant: runs leave from the front only, and only when their fate is known.
 */
import type { Reply } from "./replies.ts";

/** What becomes of frames; the reply is `null` until it is known. */
export interface Fate {
  reply: Reply | null;
}

/** Neighbouring frames with one fate. */
export interface Run {
  fate: Fate;
  frames: number;
  bytes: number;
}

/** Frames at the front of the queue that get the same reply. */
export interface KnownRun {
  readonly reply: Reply;
  frames: number;
  bytes: number;
}

/** Runs that have left are cut off the list in pieces of at least this many. */
const takenRunsMax = 1024;

/** See the head of this file. */
export class RunQueue {
  #runs: Run[] = [];
  #first = 0;

  get empty(): boolean {
    return this.#first === this.#runs.length;
  }

  /** Adds one frame: to the last run if it has the same fate, else as a new run. */
  push(fate: Fate, bytes: number): void {
    const last = this.empty ? undefined : this.#runs[this.#runs.length - 1];
    if (last !== undefined && last.fate === fate) {
      last.frames += 1;
      last.bytes += bytes;
    } else {
      this.#runs.push({ fate, frames: 1, bytes });
    }
  }

  /** Adds one frame as a run of its own, whose fate is decided later. */
  pushUndecided(bytes: number): Run {
    const run: Run = { fate: { reply: null }, frames: 1, bytes };
    this.#runs.push(run);
    return run;
  }

  /** Takes the frames at the front that get one reply; `null` if the first reply is not known. */
  takeKnown(): KnownRun | null {
    let known: KnownRun | null = null;
    for (; this.#first < this.#runs.length; this.#first++) {
      const { fate, frames, bytes } = this.#runs[this.#first]!;
      if (fate.reply === null) break;
      known ??= { reply: fate.reply, frames: 0, bytes: 0 };
      if (fate.reply !== known.reply) break;
      known.frames += frames;
      known.bytes += bytes;
    }
    if (this.empty) {
      this.#runs = [];
      this.#first = 0;
    } else if (this.#first >= takenRunsMax) {
      this.#runs = this.#runs.slice(this.#first);
      this.#first = 0;
    }
    return known;
  }
}
