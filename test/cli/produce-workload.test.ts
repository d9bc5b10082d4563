import { expect, test } from "bun:test";
import { type WorkloadName, workloads, workloadTopic } from "../../src/cli/produce-workload.ts";

/** Count, and topic, key, value and pause of two records. */
const shown = (name: WorkloadName): unknown[] => {
  const { count, key, value, pauseMs } = workloads[name];
  const at = (number: number) =>
    `${workloadTopic(number)} ${key(number)} ${value(number)} ${pauseMs(number)}`;
  return [count, at(0), at(4)];
};

test.each<[WorkloadName, unknown[]]>([
  [
    "size",
    [150, "topic-0 batch-user0 Size test message 0 0", "topic-1 batch-user4 Size test message 4 0"],
  ],
  [
    "time",
    [
      5,
      "topic-0 time-user0 Time test message 0 2000",
      "topic-1 time-user4 Time test message 4 2000",
    ],
  ],
  [
    "realistic",
    [20, "topic-0 real-user0 Realistic message 0 50", "topic-1 real-user4 Realistic message 4 130"],
  ],
])("%s sends what the original's test client sends", (name, expected) => {
  expect(shown(name)).toEqual(expected);
});

test("a longer workload has no longer pauses", () => {
  const pauses = Array.from({ length: 100 }, (_, number) => workloads.realistic.pauseMs(number));
  expect([Math.min(...pauses), Math.max(...pauses)]).toEqual([50, 430]);
});
