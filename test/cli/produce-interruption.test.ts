import { describe, expect, test } from "bun:test";
import { Interruption } from "../../src/cli/produce-interruption.ts";
import { Stop } from "../../src/cli/stop.ts";
import { ManualClock } from "../fake/clock.ts";

const never = new Promise<string>(() => {});

function begin() {
  const exits: number[] = [];
  const stop = new Stop((code) => exits.push(code), new ManualClock());
  return { exits, stop, interruption: new Interruption(stop) };
}

describe("a wait", () => {
  test("gives what it waits for", async () => {
    const { interruption } = begin();
    expect(await interruption.until(Promise.resolve("value"))).toBe("value");
    expect(interruption.isTriggered).toBeFalse();
  });

  test("fails as what it waits for fails", async () => {
    const { interruption } = begin();
    const failing = interruption.until(Promise.reject(new Error("of this test")));
    await expect(failing).rejects.toThrow("of this test");
  });

  test("ends at a signal", async () => {
    const { interruption, stop, exits } = begin();
    const waiting = interruption.until(never);
    stop.request("SIGINT");
    expect(await waiting).toBeNull();
    expect([interruption.isTriggered, exits]).toEqual([true, []]);
  });

  test("ends when somebody else ends it", async () => {
    const { interruption } = begin();
    const waiting = interruption.until(never);
    interruption.trigger();
    expect(await waiting).toBeNull();
  });

  test("does not begin after that", async () => {
    const { interruption } = begin();
    interruption.trigger();
    expect(await interruption.until(never)).toBeNull();
    expect(await interruption.until(Promise.resolve("value"))).toBeNull();
  });

  test("that was left does not mind how it would have ended", async () => {
    const { interruption } = begin();
    const { promise, reject } = Promise.withResolvers<string>();
    const waiting = interruption.until(promise);
    interruption.trigger();
    expect(await waiting).toBeNull();
    reject(new Error("nobody waits for this"));
    await expect(promise).rejects.toThrow();
  });
});

test("between waits a signal does not end the process, after the end it does", () => {
  const first = begin();
  first.stop.request("SIGINT");
  expect(first.exits).toEqual([]);
  const second = begin();
  second.interruption.close();
  second.stop.request("SIGINT");
  expect(second.exits).toEqual([130]);
});
