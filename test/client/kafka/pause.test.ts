import { expect, test } from "bun:test";
import { Pause } from "../../../src/client/kafka/pause.ts";
import { ScriptedCluster } from "./scripted-cluster.ts";

test("each pause is about twice as long as the one before, until an attempt succeeds", () => {
  const { clock, world } = new ScriptedCluster();
  let over = 0;
  const pause = new Pause(world, () => over++);
  const lengths = [1, 2, 3, 4, 5, 6].map(() => {
    pause.failed();
    expect(pause.isOn).toBe(true);
    const from = clock.monotonic();
    while (pause.isOn) clock.advance(1);
    return clock.monotonic() - from;
  });
  expect(over).toBe(6);
  for (const [at, full] of [100, 200, 400, 800, 1_000, 1_000].entries()) {
    expect(lengths[at]).toBeWithin(full * 0.8, full * 1.2 + 2);
  }
  pause.succeeded();
  pause.failed();
  clock.advance(121);
  expect(pause.isOn).toBe(false);
});

test("a pause that was stopped calls nobody, and leaves no timer", () => {
  const { clock, world } = new ScriptedCluster();
  const pause = new Pause(world, () => expect.unreachable("it was stopped"));
  pause.failed();
  pause.stop();
  expect(pause.isOn).toBe(false);
  expect(clock.pending).toBe(0);
});
