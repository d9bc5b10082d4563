/** The system calls of a {@link WholeLife} that change something on the disk, as points of it. */
import type { Random } from "../../../src/base/random.ts";
import { type RunOptions, type StartedBroker, startBroker } from "./broker-process.ts";
import { shuffled } from "./chance.ts";
import { CallCount } from "./strace.ts";
import { WholeLife, wholeLifeOptions } from "./whole-life.ts";

/** The `when`th of these calls by any one thread. */
export interface Point {
  readonly call: string;
  readonly when: number;
}

/** All points of a life that nothing disturbs, and of the start and stop after it. */
export async function pointsOf(data: string): Promise<Record<"life" | "restart", Point[]>> {
  const points: Record<"life" | "restart", Point[]> = { life: [], restart: [] };
  for (const part of ["life", "restart"] as const) {
    using count = new CallCount();
    const broker = await startBroker(data, wholeLifeOptions, { under: count.under });
    await using _ = broker.process;
    const life = new WholeLife();
    const code = await (part === "life" ? life.live(broker) : broker.process.end("SIGTERM"));
    if (code !== 0 || life.violations.length > 0) {
      throw new Error(`an undisturbed life ended with ${code}: ${life.violations.join()}`);
    }
    // The tracer holds it, too, and has written everything once it lets go.
    await broker.process.stderr;
    for (const [call, times] of count.counted()) {
      for (let when = 1; when <= times; when++) points[part].push({ call, when });
    }
  }
  return points;
}

/**
 * All of them in an order of chance in which each call has its turn: most are SQLite's, and few of
 * them would meet a record on its way.
 */
export function inTurns(random: Random, points: readonly Point[]): Point[] {
  const byCall = Map.groupBy(shuffled(random, points), ({ call }) => call);
  const ordered: Point[] = [];
  for (let turn = 0; ordered.length < points.length; turn++) {
    const next = [...byCall.values()].flatMap((each) => each.slice(turn, turn + 1));
    ordered.push(...shuffled(random, next));
  }
  return ordered;
}

/** What became of a life in which something happened at a point. */
export interface Outcome {
  readonly acknowledged: number;
  /** Why that can't be. */
  readonly faults: readonly string[];
}

/** Faulty points that are told of; then it is enough. */
const toldMax = 10;

/** Lives one life after another; what was acknowledged in all of them, and each that went wrong. */
export async function liveAll<Moment>(
  moments: Iterable<Moment>,
  nameOf: (moment: Moment) => string,
  live: (moment: Moment) => Promise<Outcome>,
): Promise<Outcome> {
  let acknowledged = 0;
  const faults: string[] = [];
  for (const moment of moments) {
    try {
      const outcome = await live(moment);
      acknowledged += outcome.acknowledged;
      if (outcome.faults.length > 0) faults.push([nameOf(moment), ...outcome.faults].join("\n  "));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      faults.push(`${nameOf(moment)}\n  ${text}`);
    }
    if (faults.length >= toldMax) break;
  }
  return { acknowledged, faults };
}

/** A broker, unless it ended while it started. */
export async function startOrEnd(data: string, options: RunOptions): Promise<StartedBroker | null> {
  try {
    return await startBroker(data, wholeLifeOptions, options);
  } catch (error) {
    const isEnd = error instanceof Error && /^it ended without|^closed without/.test(error.message);
    if (isEnd) return null;
    throw error;
  }
}
