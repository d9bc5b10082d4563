/** One question that a benchmark answers: which load, which figure, who against whom. */
import type { Placement } from "./machine.ts";
import type { Figures, Target } from "./peer.ts";

/** What a scenario works with: a broker that has just started on an empty directory. */
export interface Stand {
  readonly target: Target;
  /** How long it took to start. */
  readonly startMs: number;
  /** A number of records or turns, as many as this run and this peer are to have. */
  readonly count: (full: number) => number;
  /**
   * Does what the figures are about, with so many records; CPU time and bytes written are counted
   * around it.
   */
  readonly metered: <T>(records: number, action: () => Promise<T>) => Promise<T>;
  /** Ends the broker and starts it again on the same data. */
  readonly restart: (signal: "SIGTERM" | "SIGKILL") => Promise<Stand>;
}

/** Names of peers: ours and who it is held against. */
export type Match = readonly [ours: string, theirs: string];

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** The figures that are compared, the one that matters most first; the others are kept. */
  readonly figures: readonly string[];
  readonly matches: readonly Match[];
  readonly placement: Placement;
  /** Figures; `null`: the target has no way to do it. */
  readonly run: (stand: Stand) => Promise<Figures | null>;
}
