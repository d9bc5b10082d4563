import { expect, test } from "bun:test";
import { RunQueue, type Fate } from "../../src/native/run-queue.ts";
import { randomForTest } from "../support/seed.ts";

const ok: Fate = { reply: "OK" };

test("frames leave from the front, and only when their reply is known", () => {
  const runs = new RunQueue();
  const first: Fate = { reply: null };
  const second: Fate = { reply: null };
  runs.push(first, 10);
  runs.push(second, 20);
  second.reply = "OK";
  expect(runs.takeKnown()).toBeNull();
  first.reply = "PUBLISH_FAILED";
  expect(runs.takeKnown()).toEqual({ reply: "PUBLISH_FAILED", frames: 1, bytes: 10 });
  expect(runs.takeKnown()).toEqual({ reply: "OK", frames: 1, bytes: 20 });
  expect(runs.takeKnown()).toBeNull();
  expect(runs.empty).toBe(true);
});

test("neighbours with one reply leave together, whatever batch they were in", () => {
  const runs = new RunQueue();
  const batch: Fate = { reply: null };
  for (let frame = 0; frame < 5; frame++) runs.push(frame === 2 ? ok : batch, 1);
  batch.reply = "OK";
  expect(runs.takeKnown()).toEqual({ reply: "OK", frames: 5, bytes: 5 });
});

test("a frame whose fate is undecided takes no neighbour with it", () => {
  const runs = new RunQueue();
  const run = runs.pushUndecided(1);
  runs.push(ok, 1);
  expect(runs.takeKnown()).toBeNull();
  run.fate = { reply: "PUBLISH_FAILED" };
  expect(runs.takeKnown()?.frames).toBe(1);
  expect(runs.takeKnown()?.frames).toBe(1);
});

test("no frame is lost or answered twice, however long the queue gets", () => {
  const random = randomForTest();
  const runs = new RunQueue();
  const waiting: Fate[] = [];
  let pushed = 0;
  let taken = 0;
  for (let step = 0; step < 20_000; step++) {
    const fate: Fate = { reply: null };
    waiting.push(fate);
    for (let frames = 1 + random.below(3); frames > 0; frames--, pushed++) runs.push(fate, 2);
    while (waiting.length > 0 && random.below(20) > 9) waiting.shift()!.reply = "OK";
    if (random.below(3) === 0) {
      const known = runs.takeKnown();
      if (known !== null && known.bytes !== 2 * known.frames) expect(known.bytes).toBe(-1);
      taken += known?.frames ?? 0;
    }
  }
  for (const fate of waiting) fate.reply = "OK";
  taken += runs.takeKnown()?.frames ?? 0;
  expect(taken).toBe(pushed);
  expect(runs.empty).toBe(true);
});
