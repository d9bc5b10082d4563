import { describe, expect, test } from "bun:test";
import { Known } from "../../../src/client/kafka/known.ts";
import { ManualClock } from "../../fake/clock.ts";
import { turns } from "../../support/until.ts";

/** Counts how often it is asked. */
class Source {
  asked = 0;
  readonly ask = (): Promise<number> => Promise.resolve(++this.asked);
}

describe("what is known", () => {
  test("is asked for once, however many want it", async () => {
    const known = new Known<number>(new ManualClock(), 10, 1_000);
    const source = new Source();
    const found = await Promise.all([known.get("a", source.ask), known.get("a", source.ask)]);
    expect([...found, await known.get("a", source.ask)]).toEqual([1, 1, 1]);
  });

  test("is asked for again when it is old, counted from the answer", async () => {
    const clock = new ManualClock();
    const known = new Known<number>(clock, 10, 1_000);
    const source = new Source();
    const { promise, resolve } = Promise.withResolvers<number>();
    const first = known.get("a", () => promise);
    clock.advance(5_000);
    resolve(0);
    expect(await first).toBe(0);
    clock.advance(999);
    expect(known.has("a")).toBeTrue();
    expect(await known.get("a", source.ask)).toBe(0);
    clock.advance(1);
    expect(known.has("a")).toBeFalse();
    expect(await known.get("a", source.ask)).toBe(1);
  });

  test("is asked for again when it was forgotten, or what was asked went wrong", async () => {
    const known = new Known<number>(new ManualClock(), 10, 1_000);
    const source = new Source();
    await known.get("a", source.ask);
    known.forget("a");
    expect(await known.get("a", source.ask)).toBe(2);
    const failure = known.get("b", () => Promise.reject(new Error("no")));
    expect(failure).rejects.toThrow("no");
    await failure.catch(() => {});
    expect(await known.get("b", source.ask)).toBe(3);
  });

  test("is not what was forgotten while the question was under way", async () => {
    const known = new Known<number>(new ManualClock(), 10, 1_000);
    const { promise, resolve } = Promise.withResolvers<number>();
    const old = known.get("a", () => promise);
    known.forget("a");
    const source = new Source();
    const fresh = known.get("a", source.ask);
    resolve(-1);
    expect([await old, await fresh, await known.get("a", source.ask)]).toEqual([-1, 1, 1]);
  });

  test("has room for so many; then the oldest goes", async () => {
    const known = new Known<number>(new ManualClock(), 2, 1_000);
    const source = new Source();
    for (const name of ["a", "b", "c"]) await known.get(name, source.ask);
    expect(await known.get("b", source.ask)).toBe(2);
    expect(await known.get("a", source.ask)).toBe(4);
  });

  test("can be learned in another way", async () => {
    const known = new Known<number>(new ManualClock(), 2, 1_000);
    const source = new Source();
    await known.get("a", source.ask);
    known.learn("a", 9);
    await turns(1);
    expect(await known.get("a", source.ask)).toBe(9);
  });
});
