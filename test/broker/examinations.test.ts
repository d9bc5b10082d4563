import { expect, test } from "bun:test";
import { LoopShare } from "../../src/base/loop-share.ts";
import type { Steps } from "../../src/base/steps.ts";
import { Examinations } from "../../src/broker/examinations.ts";
import { ManualClock } from "../fake/clock.ts";

/** A clock by which each step takes a millisecond. */
class SteppingClock extends ManualClock {
  steps = 0;
  override monotonic(): number {
    return super.monotonic() + this.steps;
  }
}

class World {
  readonly clock = new SteppingClock();
  readonly examinations = new Examinations(new LoopShare(this.clock, 3));
  /** The steps of each turn. */
  readonly turns: string[][] = [];
  readonly results: string[] = [];

  constructor() {
    const { clock, turns } = this;
    const after = clock.after.bind(clock);
    clock.after = (delayMs, action) =>
      after(delayMs, () => {
        turns.push([]);
        action();
      });
  }

  *steps(name: string, count: number): Steps<string> {
    for (let at = 0; at < count; at++) {
      this.clock.steps += 1;
      this.turns.at(-1)?.push(`${name}${at}`);
      if (at < count - 1) yield;
    }
    return name;
  }

  take(steps: Steps<string>): void {
    this.examinations.take(steps, (result) => {
      try {
        this.results.push(result());
      } catch (error) {
        this.results.push(String(error));
      }
    });
  }
}

test("one batch after another is looked at, a few steps a turn", () => {
  const world = new World();
  world.take(world.steps("a", 2));
  world.take(world.steps("b", 4));
  world.take(world.steps("c", 1));
  expect(world.results).toEqual([]);
  world.clock.advance(0);
  expect(world.results).toEqual(["a", "b", "c"]);
  expect(world.turns.filter((turn) => turn.length > 0)).toEqual([
    ["a0", "a1", "b0"],
    ["b1", "b2", "b3"],
    ["c0"],
  ]);
  expect(world.clock.pending).toBe(0);
});

test("what a step throws is its own batch's", () => {
  const world = new World();
  function* failing(): Steps<string> {
    yield;
    throw new Error("no");
  }
  world.take(failing());
  world.take(world.steps("b", 1));
  world.clock.advance(0);
  expect(world.results).toEqual(["Error: no", "b"]);
});

test("what comes when all is done is looked at as well", () => {
  const world = new World();
  world.take(world.steps("a", 1));
  world.clock.advance(0);
  world.take(world.steps("b", 2));
  world.clock.advance(0);
  expect(world.results).toEqual(["a", "b"]);
});
