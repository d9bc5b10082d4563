import { describe, expect, test } from "bun:test";
import { Stop } from "../../src/cli/stop.ts";
import type { StopReason } from "../../src/cli/stop.ts";
import { signalEchoMs } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";

function stopWith() {
  const exits: number[] = [];
  const clock = new ManualClock();
  return { exits, clock, stop: new Stop((code) => exits.push(code), clock) };
}

describe("a command with nothing to finish", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["closed", 0],
    ["unwritable", 1],
  ] as const)("ends at once: %s with %p", (reason, code) => {
    const { exits, stop } = stopWith();
    stop.request(reason);
    expect(exits).toEqual([code]);
    expect(stop.reason).toBe(reason);
  });

  test("is also one whose listener has left", () => {
    const { exits, stop } = stopWith();
    stop.onStop(() => {})();
    stop.request("SIGINT");
    expect(exits).toEqual([130]);
  });
});

describe("a command that listens", () => {
  test("is told the first reason, once, and ends by itself", () => {
    const { exits, stop } = stopWith();
    const heard: StopReason[] = [];
    stop.onStop((reason) => heard.push(reason));
    stop.request("SIGTERM");
    stop.request("closed");
    expect(heard).toEqual(["SIGTERM"]);
    expect(exits).toEqual([]);
    expect(stop.reason).toBe("SIGTERM");
  });

  test("is ended by the second signal, whatever the first reason was", () => {
    for (const first of ["SIGTERM", "closed"] as const) {
      const { exits, stop } = stopWith();
      stop.onStop(() => {});
      stop.request(first);
      stop.request("SIGINT");
      expect(exits).toEqual([130]);
    }
  });

  test("takes one signal that is delivered twice as one, and a later one as a second", () => {
    const { exits, clock, stop } = stopWith();
    stop.onStop(() => {});
    stop.request("SIGINT");
    stop.request("SIGINT");
    expect(exits).toEqual([]);
    clock.advance(signalEchoMs);
    stop.request("SIGINT");
    expect(exits).toEqual([130]);
  });

  test("too late is told at once", () => {
    const { stop } = stopWith();
    const heard: StopReason[] = [];
    stop.onStop(() => {});
    stop.request("SIGINT");
    stop.onStop((reason) => heard.push(reason));
    expect(heard).toEqual(["SIGINT"]);
  });
});

test("a service works on when nobody reads its output, and the first signal is the first", () => {
  const { exits, stop } = stopWith();
  const heard: StopReason[] = [];
  stop.ignoreOutput();
  stop.onStop((reason) => heard.push(reason));
  stop.request("closed");
  stop.request("unwritable");
  stop.request("SIGTERM");
  expect(heard).toEqual(["SIGTERM"]);
  expect(exits).toEqual([]);
});
