import { describe, expect, test } from "bun:test";
import { ScrapeFailure, wantedNames } from "../../src/cli/top-scrape.ts";
import {
  topBucketsMax,
  topDoorsMax,
  topGroupsMax,
  topLineCharactersMax,
  topScrapeBytesMax,
  topTopicsMax,
} from "../../src/limits.ts";
import { families } from "../../src/metrics/families.ts";
import { metricsText, readIn } from "./top-scrapes.ts";

function read(text: string, pieceBytes?: number) {
  const scrape = readIn(text, pieceBytes);
  if (scrape instanceof ScrapeFailure) throw new Error(scrape.message);
  return scrape;
}

const refused = (text: string): string | null => {
  const scrape = readIn(text);
  return scrape instanceof ScrapeFailure ? scrape.message : null;
};

const said = {
  recordsIn: 5,
  topics: { orders: [5, 2] },
  groups: { readers: [3, 1.5, 2] },
  produced: [1, 2, 3],
} as const;

test("all that is asked for is there by these names", () => {
  const known = new Set(families.map(({ name }) => name));
  expect(wantedNames.filter((name) => !known.has(name))).toEqual([]);
});

test.each([1, 2, 7, 1_000_000])("a scrape in pieces of %p bytes is the same", (pieceBytes) => {
  const scrape = read(metricsText({ ...said, topics: { "größe 世界": [5, 2] } }), pieceBytes);
  expect(scrape.version).toBe("1.2.3");
  expect(scrape.values.get("obelisk_batch_records_sum")).toBe(5);
  expect(scrape.values.get("obelisk_disk_usable_bytes")).toBe(1024 ** 3);
  expect([...scrape.doors]).toEqual([
    ["kafka", 3],
    ["native", 0],
  ]);
  const counts = { recordsIn: 5, bytesIn: 500, recordsOut: 2, bytesOut: 200 };
  expect([...scrape.topics]).toEqual([
    ["größe 世界", { ...counts, sizeBytes: 500, partitions: 2 }],
  ]);
  expect([...scrape.groups]).toEqual([
    ["readers", { members: 1, lag: 3, lagSeconds: 1.5, committed: 2 }],
  ]);
  expect([...scrape.latencies.produce]).toEqual([
    [0.001, 1],
    [0.005, 2],
    [Infinity, 3],
  ]);
});

test("requests that bring records are one latency, whatever their door calls them", () => {
  const line = (door: string, request: string): string =>
    `obelisk_request_duration_seconds_bucket{door="${door}",request="${request}",le="1"} 1`;
  const more = [
    line("kafka", "Produce"),
    line("native", "Publish"),
    line("http", "produceRecord"),
    line("kafka", "Fetch"),
    line("kafka", "ProducerFence"),
  ];
  const { latencies } = read(metricsText({ more }));
  expect(latencies.produce.get(1)).toBe(3);
  expect(latencies.fetch.get(1)).toBe(1);
});

test("writes that the device has, and syncs, are one latency; other writes are none", () => {
  const write = "obelisk_log_write_duration_seconds_bucket";
  const more = [
    `${write}{durable="true",le="1"} 2`,
    `${write}{durable="false",le="1"} 4`,
    'obelisk_log_sync_duration_seconds_bucket{le="1"} 8',
  ];
  expect(read(metricsText({ more })).latencies.disk.get(1)).toBe(10);
});

describe("the text format", () => {
  const valueOf = (line: string): number | undefined =>
    read(metricsText({ more: [line] })).values.get("obelisk_partitions");

  test.each([
    ["obelisk_partitions 7", 7],
    ["obelisk_partitions 7 1700000000000", 7],
    ["  obelisk_partitions\t-7.5e-1  ", -0.75],
    ["obelisk_partitions{} 7", 7],
    ['obelisk_partitions{ a = "1" , b="2", } 7', 7],
    ["obelisk_partitions +Inf", Infinity],
    ["obelisk_partitions NaN", undefined],
  ])("%p is a value", (line, value) => {
    expect(valueOf(line)).toBe(value);
  });

  test("escapes in a label are what they stand for, and braces are only text there", () => {
    const more = ['kafka_consumergroup_members{consumergroup="a\\"b\\\\n\\n},{"} 3'];
    expect([...read(metricsText({ more })).groups.keys()]).toEqual(['a"b\\n\n},{']);
  });

  test.each([
    "obelisk_partitions",
    "obelisk_partitions seven",
    "obelisk_partitions 0x10",
    "obelisk_partitions 7 later",
    'obelisk_partitions{a="1" 7',
    'obelisk_partitions{a="1"b="2"} 7',
    "obelisk_partitions{a=1} 7",
    'obelisk_partitions{a="1} 7',
    "<html>",
  ])("%p is refused", (line) => {
    expect(refused(metricsText({ more: [line] }))).toBe(
      "what it says is not in Prometheus's text format",
    );
  });

  test("names that mean nothing here are passed over", () => {
    expect(refused(metricsText({ more: ["go_goroutines 12", "# EOF"] }))).toBeNull();
  });
});

test("metrics of another program are no broker's", () => {
  expect(refused("go_goroutines 12\n")).toBe("what it says is not the metrics of Obelisk");
});

test("a line without end, and a scrape without end, are refused before they fill the memory", () => {
  expect(refused("x".repeat(topLineCharactersMax + 1))).toContain("16,384 characters");
  expect(refused(`${"x".repeat(topLineCharactersMax + 1)} 1\n`)).toContain("16,384 characters");
  const comments = `# ${"x".repeat(1022)}\n`.repeat(topScrapeBytesMax / 1024);
  expect(refused(`${comments}${metricsText({})}`)).toBe("its metrics have more than 64.0 MiB");
});

test("topics, groups, bounds and doors have a limit; what is above it is counted", () => {
  const many = (count: number, line: (at: number) => string): string[] =>
    Array.from({ length: count }, (_, at) => line(at));
  const more = [
    ...many(topTopicsMax + 3, (at) => `kafka_topic_partitions{topic="t${at}"} 1`),
    ...many(topGroupsMax + 2, (at) => `kafka_consumergroup_members{consumergroup="g${at}"} 1`),
    ...many(topBucketsMax + 1, (at) => `obelisk_log_sync_duration_seconds_bucket{le="${at}"} 1`),
    ...many(topDoorsMax + 1, (at) => `obelisk_connections{door="d${at}"} 1`),
    'obelisk_metrics_dropped{kind="topic"} 10',
    'obelisk_metrics_dropped{kind="group"} 20',
  ];
  const scrape = read(metricsText({ more }));
  expect([scrape.topics.size, scrape.topicsDropped]).toEqual([topTopicsMax, 13]);
  expect([scrape.groups.size, scrape.groupsDropped]).toEqual([topGroupsMax, 22]);
  expect(scrape.latencies.disk.size).toBe(topBucketsMax);
  expect(scrape.doors.size).toBe(topDoorsMax);
});
