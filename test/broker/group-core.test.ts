/** Whatever happens to a group: all short histories, and many long ones. */
import { expect, test } from "bun:test";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { GroupModel } from "./group-model.ts";

/** A group to which all of `history` has happened. */
function after(history: readonly string[]): GroupModel {
  const model = new GroupModel();
  for (const event of history) model.happen(event);
  return model;
}

/** Runs `body`, and says of its error what had happened before. */
function told(history: readonly string[], body: () => void): void {
  try {
    body();
  } catch (error) {
    throw new Error(`after ${history.join("; ")}: ${String(error)}`, { cause: error });
  }
}

test("in every short history each request has one answer and each generation one assignment", () => {
  const seen = new Set<string>();
  let histories: (readonly string[])[] = [[]];
  const statesMax = rounds(1_500, 20_000);
  while (histories.length > 0 && seen.size < statesMax) {
    const longer: (readonly string[])[] = [];
    for (const history of histories) {
      for (const event of after(history).events()) {
        const next = [...history, event];
        told(next, () => {
          const model = after(next);
          const state = model.fingerprint();
          if (seen.has(state) || seen.size >= statesMax) return;
          seen.add(state);
          longer.push(next);
          model.comeToRest();
          after(next).close();
        });
      }
    }
    histories = longer;
  }
  expect(seen.size).toBe(statesMax);
}, 120_000);

test.each([
  ["s joins; time passes; s syncs; stored; s restarts; s restarts; not stored; not stored"],
  ["s joins; time passes; s syncs; stored; s restarts; s restarts; stored; not stored"],
])("in a history that once led to another state than the stored one: %s", (history) => {
  expect(() => after(history.split("; "))).not.toThrow();
});

test("in long random histories as well", () => {
  const random = randomForTest();
  for (let run = rounds(150, 5_000); run > 0; run--) {
    const model = new GroupModel();
    const history: string[] = [];
    const failuresMax = random.next() < 0.5 ? 0.1 : 1;
    for (let length = 20 + random.below(200); length > 0; length--) {
      const events = model.events();
      // Half of the groups live on a good machine, or few would ever be stable.
      const event = events[random.below(events.length)] ?? "crash";
      if (/crash|not stored/.test(event) && random.next() > failuresMax) continue;
      history.push(event);
      told(history, () => model.happen(event));
    }
    told(history, () => (random.next() < 0.5 ? model.comeToRest() : model.close()));
  }
}, 120_000);
