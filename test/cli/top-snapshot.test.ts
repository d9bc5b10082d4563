import { expect, test } from "bun:test";
import { snapshotJson, snapshotText } from "../../src/cli/top-snapshot.ts";
import { firstState, sampled } from "../../src/cli/top-state.ts";
import { plain } from "../../src/cli/terminal.ts";
import { topRowsPrinted } from "../../src/limits.ts";
import { sampleOf } from "./top-scrapes.ts";

const before = sampleOf({ uptime: 10, topics: { orders: [0, 0] }, produced: [0, 0, 0] }, 0);
const state = sampled(
  sampled(firstState("127.0.0.1:8081", 2_000), before),
  sampleOf(
    {
      uptime: 12,
      recordsIn: 200,
      topics: { orders: [200, 100] },
      groups: { readers: [100, 2, 100] },
      produced: [200, 200, 200],
      more: ["obelisk_partitions 2"],
    },
    2_000,
  ),
);
const reading = state.reading!;

test("a snapshot is lines for people, without anything that a terminal would obey", () => {
  const text = snapshotText(state, reading, { columns: 100, style: plain });
  expect(text).toStartWith("127.0.0.1:8081  1.2.3  up 12.0 s\n\nin  100 records/s");
  expect(text).toContain("\n1 topic, 2 partitions\ntopic ");
  expect(text).toMatch(/\norders +100 +50 +9\.77 KiB +4\.88 KiB +19\.5 KiB +2\n/);
  expect(text).toMatch(/\nreaders +100 +2\.0 s +- +1\n$/);
  expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  expect(text).not.toMatch(/ \n/);
});

test("long tables end, and say where", () => {
  const names = Array.from({ length: topRowsPrinted + 5 }, (_, at) => [`t${at}`, [0, 0] as const]);
  const many = sampled(state, sampleOf({ topics: Object.fromEntries(names) }, 4_000));
  const text = snapshotText(many, many.reading!, { columns: 100, style: plain });
  expect(text).toContain(`25 topics, 1 to ${topRowsPrinted} shown\n`);
  expect(text.match(/^t\d/gm)).toHaveLength(topRowsPrinted);
});

test("for a script it is one line of JSON, with all topics and groups", () => {
  const line = snapshotJson(state, reading);
  expect(line.indexOf("\n")).toBe(line.length - 1);
  expect(JSON.parse(line)).toMatchObject({
    source: "127.0.0.1:8081",
    version: "1.2.3",
    seconds: 2,
    recordsIn: 100,
    recordsOut: 50,
    lag: 100,
    connections: { kafka: 3, native: 0 },
    latencySeconds: { produce: { p50: 0.0005, count: 200 }, fetch: { p50: null, count: 0 } },
    topics: [{ topic: "orders", recordsIn: 100, partitions: 2 }],
    groups: [{ group: "readers", lag: 100, lagSeconds: 2 }],
  });
});
