import { expect, test } from "bun:test";
import { topicColumns } from "../../src/cli/top-columns.ts";
import type { TopicReading } from "../../src/cli/top-reading.ts";
import { tableLines } from "../../src/cli/top-table.ts";
import { plain } from "../../src/cli/terminal.ts";

const topic = (name: string, recordsIn: number): TopicReading => ({
  topic: name,
  recordsIn,
  recordsOut: 2,
  bytesIn: recordsIn * 100,
  bytesOut: 200,
  sizeBytes: 4_096,
  partitions: 3,
});
const topics = Array.from({ length: 5 }, (_, at) => topic(`topic-${at}`, at * 1_000));
const seen = { sortedBy: 0, isReversed: false, from: 0 };
const lines = (width: number, count: number, change: Partial<typeof seen> = {}): string[] =>
  tableLines(
    "5 topics",
    topicColumns,
    topics,
    { ...seen, ...change },
    { width, lines: count },
    plain,
  );

test("a table has its head, its columns and as many rows as there is room for", () => {
  expect(lines(90, 4)).toEqual(
    [
      "5 topics, 1 to 2 shown",
      "topic             in/s▼      out/s    bytes in   bytes out       size  partitions",
      "topic-4           4,000        2.0    391 KiB       200 B   4.00 KiB           3",
      "topic-3           3,000        2.0    293 KiB       200 B   4.00 KiB           3",
    ].map((line) => line.replace("391", " 391").replace("293", " 293")),
  );
});

test("where all are shown, it does not say which", () => {
  expect(lines(90, 20)[0]).toBe("5 topics");
  expect(lines(90, 20)).toHaveLength(7);
});

test("in a narrow one columns go, those of least worth first, and the sorted one last", () => {
  expect(lines(40, 3)[1]).toBe("topic             in/s▼      out/s");
  expect(lines(40, 3, { sortedBy: 3 })[1]).toBe("topic              in/s  bytes out▼".slice(0, 40));
  expect(lines(24, 3)[1]).toBe("topic             in/s▼");
  expect(lines(12, 3)[1]).toBe("topic");
});

test("it goes no further down than to its last row", () => {
  expect(lines(40, 4, { from: 1 })[0]).toBe("5 topics, 2 to 3 shown");
  expect(lines(40, 4, { from: 99 })[0]).toBe("5 topics, 4 to 5 shown");
});

test("the other way round says so", () => {
  const [, titles, first] = lines(40, 3, { isReversed: true });
  expect(titles).toContain("in/s▲");
  expect(first).toContain("topic-0");
});

test("names are what anybody made up: nothing in them drives the terminal", () => {
  const rows = [topic("a\x1b[2Jb\nc", 1)];
  const table = tableLines("t", topicColumns, rows, seen, { width: 60, lines: 9 }, plain);
  expect(table).toHaveLength(3);
  expect(table.join("")).not.toMatch(/\p{Cc}/u);
});

test.each([0, 1, 2])("with room for %p lines it has no more", (count) => {
  expect(lines(80, count)).toHaveLength(count);
});
