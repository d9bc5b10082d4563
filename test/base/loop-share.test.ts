import { expect, test } from "bun:test";
import { LoopShare } from "../../src/base/loop-share.ts";
import { ManualClock } from "../fake/clock.ts";

/** Work takes the time that it says. */
class BusyClock extends ManualClock {
  #workedMs = 0;

  override monotonic(): number {
    return super.monotonic() + this.#workedMs;
  }

  work(durationMs: number): void {
    this.#workedMs += durationMs;
  }
}

function world(turnMsMax = 8): { clock: BusyClock; share: LoopShare } {
  const clock = new BusyClock();
  return { clock, share: new LoopShare(clock, turnMsMax) };
}

test("a share is spent by the pieces of a turn together, and there is a new one in the next", () => {
  const { clock, share } = world();
  share.run(() => clock.work(5));
  expect(share.isSpent).toBeFalse();
  expect(share.run(() => (clock.work(3), "result"))).toBe("result");
  expect(share.isSpent).toBeTrue();
  clock.advance(0);
  expect(share.isSpent).toBeFalse();
});

test("time between pieces is nobody's", () => {
  const { clock, share } = world();
  share.run(() => clock.work(1));
  clock.work(100);
  expect(share.isSpent).toBeFalse();
});

test("a piece within another is counted once, and sees what the other has taken", () => {
  const { clock, share } = world();
  const seen: boolean[] = [];
  share.run(() => {
    share.run(() => clock.work(5));
    seen.push(share.isSpent);
    clock.work(2);
    seen.push(share.isSpent);
    clock.work(1);
    seen.push(share.isSpent);
  });
  expect(seen).toEqual([false, false, true]);
});

test("what a piece throws comes out, and its time counts", () => {
  const { clock, share } = world();
  const failing = (): never => {
    clock.work(9);
    throw new Error("no");
  };
  expect(() => share.run(failing)).toThrow("no");
  expect(share.isSpent).toBeTrue();
  clock.advance(0);
  share.run(() => clock.work(1));
  expect(share.isSpent).toBeFalse();
});

test("what waits goes on in the order of asking, as far as a turn has time", () => {
  const { clock, share } = world();
  const done: string[] = [];
  const piece = (name: string, durationMs: number): void => {
    share.later(() => share.run(() => (clock.work(durationMs), done.push(name))));
  };
  piece("a", 5);
  piece("b", 5);
  piece("c", 1);
  piece("d", 20);
  piece("e", 1);
  expect(done).toEqual([]);
  const turns: string[][] = [];
  // One turn each time: what is left asks for the next one, whose time has come as well.
  const after = clock.after.bind(clock);
  clock.after = (delayMs, action) =>
    after(delayMs, () => {
      const before = done.length;
      action();
      turns.push(done.slice(before));
    });
  share.later(() => {});
  clock.advance(0);
  expect(done).toEqual(["a", "b", "c", "d", "e"]);
  expect(turns).toEqual([["c", "d"], ["e"]]);
});

test("what was asked for while a turn goes on waits for the one after it", () => {
  const { clock, share } = world();
  const done: string[] = [];
  share.later(() => {
    done.push("first");
    share.later(() => done.push("second"));
    expect(done).toEqual(["first"]);
  });
  clock.advance(0);
  expect(done).toEqual(["first", "second"]);
});

test("who waits no more is not called", async () => {
  const { clock, share } = world();
  const done: string[] = [];
  share.later(() => done.push("a"))();
  share.later(() => done.push("b"));
  const turn = share.laterTurn().then(() => done.push("c"));
  clock.advance(0);
  await turn;
  expect(done).toEqual(["b", "c"]);
});

test("a little work asks for no timer", () => {
  const { clock, share } = world();
  for (let times = 0; times < 1000; times++) share.run(() => clock.work(0.001));
  expect(clock.pending).toBe(0);
  for (let times = 0; times < 2; times++) share.run(() => clock.work(1));
  expect(clock.pending).toBe(1);
});

test("a long list is worked on over as many turns as it needs, some of it at a time", async () => {
  const { clock, share } = world();
  const seen: number[] = [];
  const items = Array.from({ length: 10 }, (_, index) => index);
  const all = share.each(items, (item) => (clock.work(3), seen.push(item)), 2);
  const ends: number[] = [];
  for (let turns = 0; turns < 3; turns++) {
    await Promise.resolve();
    ends.push(seen.length);
    clock.advance(0);
  }
  await all;
  expect(ends).toEqual([4, 8, 10]);
  expect(seen).toEqual(items);
});
