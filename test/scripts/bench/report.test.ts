import { expect, test } from "bun:test";
import { again } from "../../../scripts/bench/contest.ts";
import { curvePlot } from "../../../scripts/bench/curve-plot.ts";
import { type CurveFinding, curveTable } from "../../../scripts/bench/curves.ts";
import { isLoss } from "../../../scripts/bench/gate.ts";
import { plotOf } from "../../../scripts/bench/plot.ts";
import { findingsOf, markdownOf, verdictOf } from "../../../scripts/bench/report.ts";
import type { Report } from "../../../scripts/bench/report.ts";
import type { Sample } from "../../../scripts/bench/run.ts";
import type { Scenario } from "../../../scripts/bench/scenario.ts";
import { rounded } from "../../../scripts/bench/statistics.ts";
import { expectGolden } from "../../support/golden.ts";

const scenario: Scenario = {
  id: "P3",
  title: "produce <100 B>",
  figures: ["records/s", "p99 µs"],
  matches: [
    ["ours", "theirs"],
    ["ours", "absent"],
  ],
  placement: "free",
  run: () => Promise.resolve(null),
};

const sample = (rate: number, foreignShare = 0): Sample => ({
  figures: { "records/s": rate },
  records: 1_000_000,
  cpuSeconds: 0.5,
  writtenBytes: 110_000_000,
  residentBytesMax: 64 * 2 ** 20,
  foreignShare,
});

const samples = new Map([
  ["ours", [200, 210, 190, 220, 205, 195].map((rate) => sample(rate * 1000))],
  [`ours${again}`, [201, 208, 195, 215, 206, 190].map((rate) => sample(rate * 1000))],
  ["theirs", [100, 104, 96, 111, 99, 97].map((rate) => sample(rate * 1000, 0.2))],
]);
const troubles = new Map([["absent", "not installed: --install absent"]]);
const found = findingsOf({ scenario, samples, troubles }, new Set(), 1);

const ratio = (low: number, high: number, pairs = 12) => ({ low, high, median: low, pairs });

const curve: CurveFinding = {
  curve: "partitions",
  title: "by partitions",
  axis: "partitions",
  figure: "records/s",
  series: {
    obelisk: [
      { at: 1, values: [1_000_000, 900_000, 1_100_000] },
      { at: 1000, values: [500_000] },
    ],
    kafka: [{ at: 1, values: [400_000] }],
  },
  troubles: ["kafka at 1000 partitions: no time was left"],
};

const report: Report = {
  machine: { processor: "A processor", cores: 2, memoryGib: 24, kernel: "6.1", load: 0.25 },
  settings: { scale: 1, seed: 1 },
  ceilings: { "produced records/s of 100 B": 2_740_000 },
  peers: [
    { name: "ours", description: "us", acknowledges: "after fsync", installedBytes: 117e6 },
    { name: "theirs", description: "them", acknowledges: "before fsync", installedBytes: NaN },
  ],
  ...found,
  curves: [curve],
  runs: { P3: Object.fromEntries(samples) },
};

test("each figure that was measured is compared, and who is missing is named with the reason", () => {
  expect(found.findings.map(({ theirs, figure }) => [theirs, figure])).toEqual([
    [`ours${again}`, "records/s"],
    ["theirs", "records/s"],
  ]);
  expect(found.findings[1]?.ratio.median).toBeCloseTo(2, 1);
  expect(found.omissions).toEqual([
    { scenario: "P3", ours: "ours", theirs: "absent", why: "not installed: --install absent" },
  ]);
});

test("the document has a table, the peers, what is missing, and what disturbed it", () => {
  expectGolden("scripts/bench.txt", markdownOf(report));
});

test("the pictures", () => {
  expectGolden("scripts/bench.svg", plotOf(found.findings));
  expectGolden("scripts/curves.svg", curvePlot([curve]));
});

test("a point that a peer lacks is a dash in the table of a curve", () => {
  const latency = {
    ...curve,
    figure: "p99 µs",
    series: { obelisk: [{ at: 1000, values: [99.6] }] },
  };
  expect(curveTable([curve, latency])).toEqual([
    "| partitions | obelisk, records/s | kafka, records/s | obelisk, p99 µs |",
    "| --- | --- | --- | --- |",
    "| 1 | 1,000,000 | 400,000 | – |",
    "| 1,000 | 500,000 | – | 99.6 |",
  ]);
});

test("who is ahead is only said of intervals on one side of one, and of enough pairs", () => {
  expect(verdictOf(ratio(1.01, 2))).toBe("ahead");
  expect(verdictOf(ratio(0.5, 0.99))).toBe("behind");
  expect(verdictOf(ratio(0.99, 1.5))).toBe("even");
  expect(verdictOf(ratio(3, 4, 5))).toBe("too few");
});

test("a loss is only one that enough pairs prove by a margin", () => {
  expect(isLoss(ratio(0.8, 0.949))).toBe(true);
  expect(isLoss(ratio(0.8, 0.96))).toBe(false);
  expect(isLoss(ratio(0.5, 0.6, 5))).toBe(false);
});

test("numbers have three digits that mean something", () => {
  expect([1_234_567, 99.54, 0.012345, 0, NaN].map(rounded)).toEqual([
    "1,234,567",
    "99.5",
    "0.0123",
    "0",
    "–",
  ]);
});
