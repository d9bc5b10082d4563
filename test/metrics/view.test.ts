import { expect, test } from "bun:test";
import type { Topic } from "../../src/broker/broker.ts";
import type { GroupLag } from "../../src/broker/group-lag.ts";
import {
  metricsGroupPartitionsMax,
  metricsGroupsMax,
  metricsPartitionsMax,
} from "../../src/limits.ts";
import { LoopDelay } from "../../src/metrics/loop-delay.ts";
import { lookAt, type MetricsParts, type View } from "../../src/metrics/view.ts";
import { ManualClock } from "../fake/clock.ts";

/** Looks at topics with so many partitions, and groups that have committed so many. */
async function look(topics: Record<string, number>, groups: Record<string, number>): Promise<View> {
  const clock = new ManualClock();
  const listed = Object.keys(groups).map((groupId) => ({ groupId, groupState: "Empty" }));
  const all = Object.entries(topics).map(([name, count]) => {
    return { name, partitions: Array.from({ length: count }) } as unknown as Topic;
  });
  const of = async (groupId: string): Promise<GroupLag | "GROUP_ID_NOT_FOUND"> => {
    const count = groups[groupId]!;
    if (count < 0) return "GROUP_ID_NOT_FOUND";
    const partitions = Array.from({ length: count });
    return { group: { groupId, members: [] }, partitions } as unknown as GroupLag;
  };
  const parts = {
    clock,
    broker: { topics: () => all, volume: () => Promise.resolve(null) },
    groups: { listGroups: () => Promise.resolve({ errorCode: "NONE", groups: listed }) },
    lags: { of },
    facts: () => Promise.resolve({}),
  } as unknown as MetricsParts;
  return await lookAt(parts, new LoopDelay(clock));
}

const topicsIn = ({ topics }: View): string[] => topics.map(({ name }) => name);
const groupsIn = ({ groups }: View): string[] => groups.map(({ groupId }) => groupId);

test("all that has room is shown", async () => {
  const view = await look({ a: 3, b: metricsPartitionsMax - 3 }, { g: 0, h: 7 });
  expect([topicsIn(view), groupsIn(view)]).toEqual([
    ["a", "b"],
    ["g", "h"],
  ]);
  expect(view.dropped).toEqual({ topic: 0, partition: 0, group: 0 });
  expect([...view.groupStates]).toEqual([["Empty", 2]]);
});

test("a topic that has no room is left out whole, and counted", async () => {
  const view = await look({ a: 3, b: metricsPartitionsMax - 2, c: 5 }, {});
  expect(topicsIn(view)).toEqual(["a", "c"]);
  expect(view.dropped).toMatchObject({ topic: 1, partition: metricsPartitionsMax - 2 });
});

test("a group whose partitions have no room is left out whole, and counted", async () => {
  const view = await look({}, { g: 2, h: metricsGroupPartitionsMax - 1, i: 3 });
  expect(groupsIn(view)).toEqual(["g", "i"]);
  expect(view.dropped.group).toBe(1);
});

test("however many groups there are, so many are looked at; the others are counted", async () => {
  const names = Array.from({ length: metricsGroupsMax + 3 }, (_, at) => `g${at}`);
  const view = await look({}, Object.fromEntries(names.map((name) => [name, 1])));
  expect(view.groups.length).toBe(metricsGroupsMax);
  expect(view.dropped.group).toBe(3);
  expect(view.groupStates.get("Empty")).toBe(metricsGroupsMax + 3);
});

test("a group that has ended meanwhile is neither shown nor dropped", async () => {
  const view = await look({}, { g: 1, gone: -1 });
  expect([groupsIn(view), view.dropped.group]).toEqual([["g"], 0]);
});
