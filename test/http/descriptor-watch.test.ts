import { expect, test } from "bun:test";
import type { ListenFailure } from "../../src/base/listen-failure.ts";
import { DescriptorWatch } from "../../src/http/descriptor-watch.ts";
import { httpDescriptorsMs } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { turns } from "../support/until.ts";

/** A watch over 800 descriptors, of which 100 should be free, and what it does to the door. */
function opened() {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const done: string[] = [];
  const world = { clock, logger, done, used: 0, failure: null as ListenFailure | null };
  const door = {
    shut: (isCutting: boolean) => void done.push(isCutting ? "cut" : "shut"),
    reopen: () => {
      done.push("reopened");
      return world.failure;
    },
  };
  const used = (): Promise<number> => Promise.resolve(world.used);
  const watch = new DescriptorWatch({ clock, logger, door, descriptorsMax: 800, used });
  const look = async (now: number): Promise<string[]> => {
    world.used = now;
    clock.advance(httpDescriptorsMs);
    await turns(1);
    return done.splice(0);
  };
  return { ...world, world, watch, look };
}

test("the door is left alone while there is enough", async () => {
  const { look, logger } = opened();
  expect([await look(10), await look(700)]).toEqual([[], []]);
  expect(logger.events).toEqual([]);
});

test("it is closed where little is left, cut where next to nothing is, and opens later", async () => {
  const { look, logger } = opened();
  expect(await look(701)).toEqual(["shut"]);
  expect(await look(750)).toEqual(["shut"]);
  expect(await look(751)).toEqual(["cut"]);
  expect(await look(Infinity)).toEqual(["cut"]);
  expect(await look(601)).toEqual([]);
  expect(await look(600)).toEqual(["reopened"]);
  expect(await look(600)).toEqual([]);
  expect(logger.events.map(({ event, fields }) => [event, fields["descriptorsFree"]])).toEqual([
    ["http closed for a while", 99],
    ["http opened again", 200],
  ]);
});

test("a port that another has taken meanwhile is tried again", async () => {
  const { look, logger, world } = opened();
  await look(800);
  world.failure = { message: "it is taken" } as ListenFailure;
  expect(await look(0)).toEqual(["reopened"]);
  world.failure = null;
  expect([await look(0), await look(0)]).toEqual([["reopened"], []]);
  expect(logger.named("http not opened yet")).toHaveLength(1);
});

test("one that is closed looks no more, whatever was under way", async () => {
  const { watch, clock, done } = opened();
  clock.advance(httpDescriptorsMs);
  watch.close();
  await turns(1);
  expect([clock.pending, done]).toEqual([0, []]);
});
