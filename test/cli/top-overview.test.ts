import { expect, test } from "bun:test";
import { cellLines, panelLines } from "../../src/cli/top-overview.ts";
import { readingOf } from "../../src/cli/top-reading.ts";
import { plain } from "../../src/cli/terminal.ts";
import { sampleOf } from "./top-scrapes.ts";

const before = { uptime: 10, recordsIn: 0, topics: { a: [0, 0] } } as const;
const reading = readingOf(
  sampleOf({ ...before, produced: [0, 0, 0] }, 0),
  sampleOf(
    {
      uptime: 12,
      recordsIn: 2_000,
      topics: { a: [2_000, 400] },
      groups: { readers: [1_600, 3, 400] },
      produced: [100, 100, 100],
    },
    2_000,
  ),
);
const point = { recordsIn: 500, recordsOut: 100, lag: 800, produceP99: 0.002 };
const history = [point, { ...point, recordsIn: 1_000 }];

test("throughput, lag and latency stand beside each other where there is room", () => {
  const lines = panelLines({ reading, history }, 93, 2, plain);
  const plotted = (left: string, right: string): string =>
    `${left.padStart(45)}   ${right.padStart(45)}`;
  expect(lines).toEqual([
    "in  1,000 records/s  97.7 KiB/s    peak 1,000   out  200 records/s  19.5 KiB/s       peak 100",
    plotted(" █", "██"),
    plotted("██", "██"),
    "lag  1,600 records  3.0 s behind     peak 800   produce  p50 500 µs  p99 990 µs   peak 2.0 ms",
    plotted("██", "██"),
  ]);
});

test("in a narrow terminal they stand below each other, peaks where they fit", () => {
  const lines = panelLines({ reading, history }, 36, 1, plain);
  expect(lines).toHaveLength(8);
  expect(lines.every((line) => Bun.stringWidth(line) === 36)).toBeTrue();
  expect(lines[0]).toBe("in  1,000 records/s  97.7 KiB/s     ");
  expect(lines[1]!.trimStart()).toBe("▄█");
});

test("without plots there are the numbers alone", () => {
  expect(panelLines({ reading, history }, 36, 0, plain)).toHaveLength(4);
});

test("the rest of the broker is in as many lines as it needs", () => {
  expect(cellLines(reading, 90, plain)).toEqual([
    "cpu 25%   memory 100 MiB   disk room 1.00 GiB   connections 3 (kafka 3)   errors 0",
    "fetch none   to disk none   event loop none",
  ]);
  expect(cellLines(reading, 20, plain).length).toBeGreaterThan(5);
});

test("what needs a person is said in words: no room, partitions that take nothing", () => {
  const more = ["obelisk_partitions_sealed 2", 'obelisk_errors_total{error="x"} 8'];
  const { scrape } = sampleOf({ more, uptime: 12 }, 0);
  const values = new Map([...scrape.values, ["obelisk_disk_usable_bytes", 0] as const]);
  const bad = readingOf(sampleOf({ uptime: 10 }, 0), {
    scrape: { ...scrape, values },
    atMs: 2_000,
  });
  const text = cellLines(bad, 200, plain).join("   ");
  expect(text).toContain("disk room none");
  expect(text).toContain("errors 4.0/s");
  expect(text).toContain("sealed 2 partitions take nothing");
});
