import { expect, test } from "bun:test";
import { Signal } from "../../../src/client/kafka/signal.ts";
import { ManualClock } from "../../fake/clock.ts";
import { turns } from "../../support/until.ts";

test("who waits is woken by what happens, by what has happened, or by the time", async () => {
  const clock = new ManualClock();
  const signal = new Signal(clock);
  const woken: string[] = [];
  signal.raise();
  await signal.wait(1_000);
  void signal.wait(1_000).then(() => woken.push("raised"));
  await turns(1);
  expect(woken).toEqual([]);
  signal.raise();
  await turns(1);
  expect(woken).toEqual(["raised"]);
  expect(clock.pending).toBe(0);
  void signal.wait(1_000).then(() => woken.push("late"));
  clock.advance(1_000);
  await turns(1);
  expect(woken).toEqual(["raised", "late"]);
});
