/** What a round of torture leaves to chance: how the broker is set, what it is sent, and when. */
import type { Random } from "../../../src/base/random.ts";
import { until } from "../../support/until.ts";
import type { Load } from "./load.ts";
import type { LoadShape, Way } from "./load-shape.ts";

/** Options of `serve` that change how records come to the disk. */
export function serveOptions(random: Random): string[] {
  return [
    ...["--partitions", oneOf(random, ["1", "4"])],
    ...["--segment-bytes", oneOf(random, ["64KiB", "1MiB", "1GiB"])],
    ...["--linger", oneOf(random, ["0", "0", "2ms"])],
    ...["--cache", oneOf(random, ["1MiB", "64MiB"])],
  ];
}

/**
 * Old topics, and one that is created in this round; native producers and Kafka's side by side.
 */
export function loadShape(random: Random, round: number): LoadShape {
  return {
    topics: [
      { name: "orders", hasKeys: true },
      { name: "clicks", hasKeys: true },
      { name: "lines", hasKeys: false },
      { name: "metrics", hasKeys: false },
      { name: `round-${round}`, hasKeys: random.below(2) === 0 },
    ],
    windowFrames: oneOf(random, [8, 64, 512]),
    valueBytes: mixedValueBytes,
    // Some producer's records are acknowledged, or a load would never come to its moment.
    ways: ["acks=all", "native", ...shuffled(random, allWays)],
  };
}

const allWays: readonly Way[] = ["native", "acks=all", "acks=1", "acks=0"];

export function shuffled<T>(random: Random, given: readonly T[]): T[] {
  const left = [...given];
  return given.flatMap(() => left.splice(random.below(left.length), 1));
}

/** Mostly small, some of many kilobytes, now and then a very large one. */
export function mixedValueBytes(random: Random): number {
  const die = random.below(1000);
  if (die < 900) return random.below(400);
  if (die < 995) return random.below(16 * 1024);
  return random.below(256 * 1024);
}

/** No moment is later than this after the beginning of the load. */
const momentMsMax = 300;

/** In every other round there is something to lose. */
export const acknowledgedMin = (round: number): number => (round % 2 === 0 ? 100 : 0);

/**
 * Resolves at a random moment of the load: early, in the middle of things, or at a time; but not
 * before so many records are acknowledged.
 */
export async function randomMoment(load: Load, random: Random, least: number): Promise<void> {
  await until(() => load.acknowledged >= least);
  const from = performance.now();
  const kind = oneOf(random, ["sent", "acknowledged", "time"] as const);
  // As often between 1 and 10 as between 1,000 and 10,000.
  const count = Math.floor(10 ** (random.next() * 4));
  const ms = kind === "time" ? random.below(momentMsMax) : momentMsMax;
  await until(() => performance.now() - from >= ms || (kind !== "time" && load[kind] >= count));
}

export function oneOf<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[random.below(choices.length)] ?? choices[0];
}
