import { describe, expect, test } from "bun:test";
import { readingOf } from "../../src/cli/top-reading.ts";
import { type Said, sampleOf } from "./top-scrapes.ts";

/** Two looks, `elapsed` seconds apart by the watcher's clock. */
const between = (before: Said, now: Said, elapsed = 2) =>
  readingOf(sampleOf(before, 1_000), sampleOf(now, 1_000 + elapsed * 1_000));

describe("rates", () => {
  test("are what came between two samples, by the broker's own clock", () => {
    const reading = between(
      { uptime: 10, recordsIn: 100, topics: { orders: [100, 50] } },
      { uptime: 12, recordsIn: 300, topics: { orders: [300, 70] } },
      2.5,
    );
    expect(reading).toMatchObject({
      seconds: 2,
      isRestarted: false,
      recordsIn: 100,
      bytesIn: 10_000,
      recordsOut: 10,
      bytesOut: 1_000,
      cpu: 0.25,
      errors: 0,
    });
    const [orders] = reading.topics;
    expect(orders).toMatchObject({ topic: "orders", recordsIn: 100, recordsOut: 10 });
    expect(orders).toMatchObject({ sizeBytes: 30_000, partitions: 2 });
  });

  test("need two samples; the rest is known from the first on", () => {
    const reading = readingOf(null, sampleOf({ recordsIn: 5, topics: { a: [5, 0] } }, 0));
    expect(reading).toMatchObject({ seconds: null, recordsIn: null, recordsOut: null, cpu: null });
    expect(reading).toMatchObject({ errors: null, topicCount: 1, residentBytes: 104_857_600 });
    expect(reading.topics[0]).toMatchObject({ recordsIn: null, sizeBytes: 500 });
  });

  test("without the broker's clock are by that of the watcher", () => {
    const still = { ...sampleOf({ recordsIn: 100 }, 0) };
    const later = sampleOf({ recordsIn: 300 }, 4_000);
    for (const { scrape } of [still, later]) {
      (scrape.values as Map<string, number>).delete("obelisk_uptime_seconds");
    }
    expect(readingOf(still, later)).toMatchObject({ seconds: 4, recordsIn: 50 });
    expect(readingOf(later, still)).toMatchObject({ isRestarted: true, recordsIn: null });
  });

  test("of a topic that is new are not known; what went out of it is in the sum", () => {
    const reading = between(
      { uptime: 10, topics: { a: [0, 0] } },
      { uptime: 12, topics: { a: [0, 20], b: [8, 6] } },
    );
    expect(reading.topics[1]).toMatchObject({ topic: "b", recordsOut: null });
    expect(reading.recordsOut).toBe(13);
  });

  test("of a topic that may have had no room before are not in the sum", () => {
    const more = ['obelisk_metrics_dropped{kind="topic"} 1'];
    const reading = between(
      { uptime: 10, topics: { a: [0, 0] }, more },
      { uptime: 12, topics: { a: [0, 20], b: [8, 6_000_000] } },
    );
    expect(reading.recordsOut).toBe(10);
  });

  test("of a topic that was made anew are not known, and never negative", () => {
    const reading = between(
      { uptime: 10, topics: { a: [100, 100] } },
      { uptime: 12, topics: { a: [10, 4] } },
    );
    expect(reading.topics[0]).toMatchObject({ recordsIn: null, recordsOut: null });
    expect(reading.recordsOut).toBe(2);
  });
});

describe("a broker that was restarted", () => {
  const counted = { recordsIn: 100, topics: { a: [100, 0] } } as const;
  const unknown = { isRestarted: true, seconds: null, recordsIn: null, recordsOut: null };

  test("is told by an uptime that fell", () => {
    expect(between({ ...counted, uptime: 10 }, { ...counted, uptime: 1 })).toMatchObject(unknown);
  });

  test("is told by its start where it was away for longer than it had been up", () => {
    const reading = between({ ...counted, uptime: 10 }, { ...counted, uptime: 30 }, 60);
    expect(reading).toMatchObject(unknown);
  });

  test("is not suspected because a look took its time", () => {
    const reading = between({ ...counted, uptime: 10 }, { ...counted, uptime: 12 }, 6);
    expect(reading).toMatchObject({ isRestarted: false, recordsIn: 0 });
  });
});

describe("latencies", () => {
  const latency = (before: Said["produced"], now: Said["produced"]) =>
    between(
      { uptime: 1, ...(before !== undefined && { produced: before }) },
      { uptime: 3, ...(now !== undefined && { produced: now }) },
    ).latencies.produce;

  test("are of the requests since the last look, taken to lie evenly between bounds", () => {
    const { p50, p99, count } = latency([1_000, 1_000, 1_000], [1_010, 1_100, 1_100]);
    expect(count).toBe(100);
    expect(p50).toBeCloseTo(0.001 + (0.004 * 40) / 90);
    expect(p99).toBeCloseTo(0.001 + (0.004 * 89) / 90);
  });

  test("above the last bound are said to lie on it", () => {
    expect(latency([0, 0, 0], [0, 0, 10])).toEqual({ p50: 0.005, p99: 0.005, count: 10 });
  });

  test("of nothing are none", () => {
    expect(latency([5, 5, 5], [5, 5, 5])).toEqual({ p50: null, p99: null, count: 0 });
    expect(latency(undefined, undefined)).toEqual({ p50: null, p99: null, count: 0 });
  });

  test("of a kind that nobody asked for before count from zero", () => {
    expect(latency(undefined, [10, 10, 10])).toEqual({ p50: 0.0005, p99: 0.00099, count: 10 });
  });
});

test("lag is the sum of all groups, and the oldest record of any", () => {
  const reading = between(
    { uptime: 10, groups: { fast: [0, 0, 100], slow: [60, 4, 40] } },
    { uptime: 12, groups: { fast: [5, 0.5, 160], slow: [70, 6, 40] } },
  );
  expect(reading).toMatchObject({ lag: 75, lagSeconds: 6 });
  expect(reading.groups).toEqual([
    { group: "fast", members: 1, lag: 5, lagSeconds: 0.5, committed: 30 },
    { group: "slow", members: 1, lag: 70, lagSeconds: 6, committed: 0 },
  ]);
  expect(between({ uptime: 10 }, { uptime: 12 })).toMatchObject({ lag: null, lagSeconds: null });
});
