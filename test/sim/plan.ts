/** What a story chooses from its seed before it begins. Pure. */
import type { Random } from "../../src/base/random.ts";
import type { MachineShape } from "./machine.ts";
import type { NetworkHabits } from "./network.ts";
import type { DiskHabits } from "./world.ts";

/**
 * How a life ends.
 * - `power`: what was not synced is kept, dropped, torn, or garbled, each for itself.
 * - `synced`: nothing unsynced is kept. - `kill`: the system keeps all that was written.
 * - `stop`: the broker is asked to stop, and has until its end to do so.
 */
export type End = "power" | "garbled" | "synced" | "kill" | "stop";

/** Others fill the disk, and clear it again. Times are those of the life. */
export interface Filled {
  readonly roomBytes: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One life of the broker, and how it ends. */
export interface LifePlan {
  /** From its start on. */
  readonly lastsMs: number;
  /** Or so many steps of disk and metadata, where that is less; 0: no matter. */
  readonly steps: number;
  /** Steps are only those of the disk that change names: few things are as easily half done. */
  readonly countsNames: boolean;
  readonly end: End;
  /** Steps that stopping takes until the power goes after all; 0: it may end in peace. */
  readonly stopSteps: number;
  readonly disk: DiskHabits;
  /** When the disk has room for no more than a few bytes; `null`: never. */
  readonly filled: Filled | null;
  readonly breakEveryBytes: number;
  /** The wall clock jumps by so much, somewhere in it. */
  readonly jumpMs: number;
}

/** See the head of this file. */
export interface Plan {
  readonly shape: MachineShape;
  readonly network: NetworkHabits;
  readonly lives: readonly LifePlan[];
  readonly pauseMs: number;
  readonly isStalling: boolean;
  /** Members of the group come and go, and all who have gone come back. */
  readonly isRestless: boolean;
  /** Readers look for records by their time, too. */
  readonly isSearching: boolean;
  /** Lives have a full disk, or too many open files, and no other faults of a disk. */
  readonly isScarce: boolean;
  /** Bits flip in files at rest, between lives. */
  readonly isRotting: boolean;
  /** What `fsync` says for the topic that may lose records with the power. */
  readonly looseFsync: string;
}

const of = <T>(random: Random, ...choices: readonly [T, ...T[]]): T =>
  choices[random.below(choices.length)]!;

const ends: readonly [End, ...End[]] = [
  "power",
  "power",
  "garbled",
  "synced",
  "kill",
  "kill",
  "stop",
];

/**
 * The plan of a seed, with the chance that it begins. One story in eight is about the group, and of
 * sixteen one about times of records, one about files that rot, one about want of room, and one
 * about a disk of which anything fails.
 */
export function planOf(seed: number, random: Random): Plan {
  const isRough = random.below(2) === 0;
  const lives = 2 + random.below(5);
  const isRestless = seed % 8 === 1;
  const plan = planAtRandom(random, isRough, lives);
  if (seed % 16 === 13) return scarce(random, plan);
  if (seed % 16 === 11) return failingWidely(plan);
  const [isSearching, isRotting] = [seed % 16 === 3, seed % 16 === 5];
  if (!isRestless) return { ...plan, isSearching, isRotting };
  // Generations take their time: lives are longer, and others do less.
  const long = plan.lives.map((life) => ({ ...life, lastsMs: life.lastsMs + 300, steps: 0 }));
  return { ...plan, isRestless, pauseMs: 25, lives: long.slice(0, 3) };
}

function failingWidely(plan: Plan): Plan {
  const lives = plan.lives.map((life) => ({ ...life, disk: { ...life.disk, failsWidely: true } }));
  return { ...plan, lives };
}

function scarce(random: Random, plan: Plan): Plan {
  const lives = plan.lives.map((life): LifePlan => {
    const isFull = random.below(3) > 0;
    const exhaustOneIn = isFull ? 0 : of(random, 10, 40);
    const refuseOneIn = isFull ? 0 : of(random, 0, 5, 20);
    const disk = { ...life.disk, failOneIn: 0, exhaustOneIn, refuseOneIn };
    // Time for readers to see what became of it.
    const lastsMs = life.lastsMs + 60;
    return { ...life, lastsMs, steps: 0, disk, filled: isFull ? filledIn(lastsMs, random) : null };
  });
  return { ...plan, isScarce: true, lives };
}

/** From the start on, or all of a sudden: then the broker has seen room where there is none. */
function filledIn(lastsMs: number, random: Random): Filled {
  const fromMs = random.below(2) === 0 ? 0 : random.next() * lastsMs;
  const toMs = random.below(3) === 0 ? lastsMs : fromMs + random.next() * (lastsMs - fromMs);
  return { roomBytes: random.below(of(random, 1, 2000, 20_000)), fromMs, toMs };
}

function planAtRandom(random: Random, isRough: boolean, lives: number): Plan {
  return {
    shape: {
      segmentBytes: of(random, 1500, 4000, 12_000, 60_000),
      segmentMs: of(random, 20, 1e9, 1e9),
      cacheBytes: of(random, 1024, 4096, 32 * 1024, 256 * 1024),
      filesOpenMax: of(random, 3, 8, 64),
      lingerMs: of(random, 0, 0, 1, 4),
      turnMsMax: 1,
      lookMs: of(random, 0, 0, 0.002, 0.05),
    },
    network: {
      delayMs: of(random, 0.05, 0.5, 3),
      pipeBytes: of(random, 1024, 16 * 1024, 128 * 1024),
      breakEveryBytes: 0,
    },
    lives: Array.from({ length: lives }, () => lifePlan(random, isRough)),
    pauseMs: of(random, 0.5, 2, 6),
    isStalling: random.below(3) === 0,
    isRestless: false,
    isSearching: false,
    isScarce: false,
    isRotting: false,
    looseFsync: of(random, "never", "interval=3", "interval=20"),
  };
}

function lifePlan(random: Random, isRough: boolean): LifePlan {
  const failOneIn = isRough ? of(random, 0, 60, 150, 400) : 0;
  // What a failed sync has left behind only matters where the system lives on.
  const end = failOneIn > 0 && random.below(2) === 0 ? "kill" : of(random, ...ends);
  const countsNames = random.below(3) === 0;
  const stepsMax = countsNames ? 40 : 400;
  return {
    lastsMs: 2 + random.below(of(random, 10, 40, 100)),
    steps: random.below(2) === 0 ? 1 + random.below(stepsMax) : 0,
    countsNames,
    end,
    stopSteps: random.below(2) === 0 ? 1 + random.below(60) : 0,
    disk: {
      delayMs: of(random, 0.05, 0.2, 1),
      slowOneIn: of(random, 0, 0, 40),
      failOneIn,
      failsWidely: false,
      exhaustOneIn: 0,
      refuseOneIn: 0,
    },
    filled: null,
    breakEveryBytes: isRough ? of(random, 0, 4000, 60_000) : 0,
    jumpMs: random.below(4) === 0 ? (random.below(2) === 0 ? -1 : 1) * random.below(1e9) : 0,
  };
}
