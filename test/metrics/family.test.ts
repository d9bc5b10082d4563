import { expect, test } from "bun:test";
import { Histogram } from "../../src/base/histogram.ts";
import { distribution, each, one } from "../../src/metrics/family.ts";

test("a histogram's lines count up, in the unit of the metric, and end with all of them", () => {
  const histogram = new Histogram([1, 250]);
  for (const value of [0.5, 1, 200, 1_000]) histogram.observe(value);
  const lines = [...distribution(histogram, { door: "kafka" }, 1000)];
  expect(lines).toEqual([
    { labels: { door: "kafka", le: "0.001" }, value: 2, suffix: "_bucket" },
    { labels: { door: "kafka", le: "0.25" }, value: 3, suffix: "_bucket" },
    { labels: { door: "kafka", le: "+Inf" }, value: 4, suffix: "_bucket" },
    { labels: { door: "kafka" }, value: 1.2015, suffix: "_sum" },
    { labels: { door: "kafka" }, value: 4, suffix: "_count" },
  ]);
});

test("what is not known has no line", () => {
  expect([...one(null)]).toEqual([]);
  expect([...one(0)]).toEqual([{ labels: {}, value: 0 }]);
  expect([...each("kind", new Map([["full", 2]]))]).toEqual([
    { labels: { kind: "full" }, value: 2 },
  ]);
});
