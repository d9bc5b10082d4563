import { describe, expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { Waits } from "../../../src/client/kafka/waits.ts";
import { ManualClock } from "../../fake/clock.ts";
import { turns } from "../../support/until.ts";

const closed = new ClientError("CLOSED", "the client is closed");
const late = (): ClientError => new ClientError("TIMED_OUT", "too late");

/** What became of a promise, once what needs no time has happened. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let found: unknown = "waits";
  promise.then(
    (value) => (found = value ?? "done"),
    (error: unknown) => (found = error instanceof ClientError ? error.code : error),
  );
  await turns(1);
  return found;
}

describe("a pause", () => {
  test("is over when its time is", async () => {
    const clock = new ManualClock();
    const pause = new Waits(clock).pause(100);
    clock.advance(99);
    expect(await outcome(pause)).toBe("waits");
    clock.advance(1);
    expect(await outcome(pause)).toBe("done");
  });

  test("ends with its signal, before or in the middle", async () => {
    const clock = new ManualClock();
    const waits = new Waits(clock);
    const controller = new AbortController();
    const pause = waits.pause(100, controller.signal);
    controller.abort();
    expect(await outcome(pause)).toBe("CLOSED");
    expect(await outcome(waits.pause(100, controller.signal))).toBe("CLOSED");
    expect(clock.pending).toBe(0);
  });
});

describe("a promise with a deadline", () => {
  test("does what it does if it does so in time", async () => {
    const clock = new ManualClock();
    const waits = new Waits(clock);
    expect(await outcome(waits.within(Promise.resolve(7), 100, late))).toBe(7);
    const refused = Promise.reject(new ClientError("INVALID", "no"));
    expect(await outcome(waits.within(refused, 100, late))).toBe("INVALID");
    expect(clock.pending).toBe(0);
  });

  test("is too late afterwards, and then nobody hears of it", async () => {
    const clock = new ManualClock();
    const { promise, reject } = Promise.withResolvers<void>();
    const wait = new Waits(clock).within(promise, 100, late);
    clock.advance(100);
    expect(await outcome(wait)).toBe("TIMED_OUT");
    reject(new Error("unheard"));
    await turns(1);
  });
});

test("closing ends what waits and what comes later, and leaves no timer", async () => {
  const clock = new ManualClock();
  const waits = new Waits(clock);
  const ends = [waits.pause(100), waits.within(new Promise(() => {}), 100, late)].map(outcome);
  waits.close(closed);
  expect(await Promise.all(ends)).toEqual(["CLOSED", "CLOSED"]);
  expect(await outcome(waits.pause(100))).toBe("CLOSED");
  expect(clock.pending).toBe(0);
});
