import { expect, test } from "bun:test";
import { CallQueue } from "../../src/client/call-queue.ts";
import { consumerCallsWaitingMax } from "../../src/limits.ts";

const queue = (): CallQueue => new CallQueue((message) => new Error(message));

test("calls are carried out one after another, whatever became of the one before", async () => {
  const calls = queue();
  const told: string[] = [];
  const run = (name: string, ticks: number): Promise<string> =>
    calls.run(async () => {
      for (let left = ticks; left > 0; left--) await Promise.resolve();
      told.push(name);
      if (name === "bad") throw new Error("bad");
      return name;
    });
  const [slow, bad, quick] = [run("slow", 9), run("bad", 3), run("quick", 0)];
  const over = calls.over.then(() => told.push("over"));
  await expect(bad).rejects.toThrow("bad");
  expect([await slow, await quick]).toEqual(["slow", "quick"]);
  await over;
  expect(told).toEqual(["slow", "bad", "quick", "over"]);
});

test("those for which there is no room are refused, until others have ended", async () => {
  const calls = queue();
  const first = Promise.withResolvers<void>();
  const waiting = Array.from({ length: consumerCallsWaitingMax }, () =>
    calls.run(() => first.promise),
  );
  await expect(calls.run(async () => {})).rejects.toThrow("1000 calls wait already: await them");
  first.resolve();
  await Promise.all(waiting);
  expect(await calls.run(async () => "room")).toBe("room");
});
