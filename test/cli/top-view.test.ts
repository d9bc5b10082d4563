import { describe, expect, test } from "bun:test";
import { coloured, plain } from "../../src/cli/terminal.ts";
import { ScrapeFailure } from "../../src/cli/top-scrape.ts";
import { failed, firstState, pressed, sampled, type TopState } from "../../src/cli/top-state.ts";
import { frameOf } from "../../src/cli/top-view.ts";
import { sampleOf } from "./top-scrapes.ts";

const first = firstState("127.0.0.1:8081", 2_000);

/** A broker with so many topics and groups, after a minute of load. */
function known(topicCount: number, groupCount: number): TopState {
  let state = first;
  for (let second = 2; second <= 60; second += 2) {
    const total = second * second * 10;
    const topics = Array.from({ length: topicCount }, (_, at) => {
      return [`topic-${at}`, [total * (at + 1), total] as const];
    });
    const groups = Array.from({ length: groupCount }, (_, at) => {
      return [`group-${at}`, [at * 10, at, total] as const];
    });
    const said = {
      uptime: second,
      recordsIn: total,
      topics: Object.fromEntries(topics),
      groups: Object.fromEntries(groups),
    };
    state = sampled(state, sampleOf(said, second * 1_000));
  }
  return state;
}

const busy = known(30, 8);
const linesOf = (state: TopState, columns: number, rows: number, nowMs = 60_000): string[] => [
  ...frameOf(state, { columns, rows }, nowMs, plain).lines,
];

describe("whatever the size of the terminal", () => {
  const sizes = [1, 2, 5, 12, 20, 40, 79, 80, 81, 120, 250].flatMap((columns) =>
    [1, 2, 3, 5, 8, 12, 20, 24, 40, 70].map((rows) => ({ columns, rows })),
  );
  const states = [
    first,
    busy,
    known(0, 0),
    pressed(busy, "help", 1),
    pressed(busy, "pause", 1),
    pressed(busy, "table", 1),
    failed(busy, new ScrapeFailure("nobody listens there"), 60_000),
    failed(first, new ScrapeFailure("世界".repeat(100)), 0),
  ];

  test("a frame has as many lines, and none reaches its last column", () => {
    for (const size of sizes) {
      for (const state of states) {
        for (const style of [plain, coloured]) {
          const { lines } = frameOf(state, size, 60_000, style);
          expect(lines.length).toBe(size.rows);
          const widest = Math.max(...lines.map((line) => Bun.stringWidth(line)));
          expect(widest).toBeLessThanOrEqual(Math.max(1, size.columns - 1));
        }
      }
    }
  });

  test("it says whom it watches, and what comes in", () => {
    for (const [columns, rows] of [
      [40, 3],
      [40, 12],
      [80, 24],
      [200, 60],
    ] as const) {
      const text = linesOf(busy, columns, rows).join("\n");
      expect(text).toContain("127.0.0.1:8081");
      expect(text).toMatch(/^in {2}\d[\d,]* records\/s/m);
    }
  });

  test("of 40 columns and 12 rows, the busiest topic is named", () => {
    expect(linesOf(busy, 40, 12).join("\n")).toContain("topic-29");
  });
});

test("a usual terminal has plots, numbers and both tables", () => {
  const lines = linesOf(busy, 100, 36);
  expect(lines[0]).toBe("obelisk top  127.0.0.1:8081  1.2.3  up 1m 00s  every 2.0 s");
  expect(lines.join("\n")).toMatch(/[▁▂▃▄▅▆▇█]{10}/);
  expect(lines.some((line) => line.startsWith("› 30 topics, 1 to "))).toBeTrue();
  expect(lines.some((line) => line.startsWith("  8 groups"))).toBeTrue();
  expect(lines.at(-1)).toContain("q quit");
});

test("a short one has the table that was chosen", () => {
  const topics = linesOf(busy, 100, 14).join("\n");
  expect(topics).toContain("topic-29");
  expect(topics).not.toContain("group-7");
  const groups = linesOf(pressed(busy, "table", 1), 100, 14).join("\n");
  expect(groups).toContain("group-7");
  expect(groups).not.toContain("topic-29");
});

test("before the first answer it says that it asks", () => {
  expect(linesOf(first, 60, 10)[1]).toBe("asking the broker …");
});

test("a broker that is gone is said to be, for how long and why; what was known stays", () => {
  const gone = failed(busy, new ScrapeFailure("nobody listens there"), 60_000);
  const lines = linesOf(gone, 100, 30, 64_500);
  expect(lines[1]).toBe("no answer for 4.5 s, trying again: nobody listens there");
  expect(lines.join("\n")).toContain("topic-29");
  const back = sampled(gone, sampleOf({ uptime: 1 }, 66_000));
  expect(linesOf(back, 100, 30, 66_000)[1]).toBe(
    "the broker is back: it was gone for 6.0 s; it was restarted",
  );
  expect(linesOf(back, 100, 30, 90_000)[1]).not.toContain("back");
});

test("while it is paused it says so, and shows what it showed", () => {
  const paused = pressed(busy, "pause", 1);
  const later = sampled(paused, sampleOf({ uptime: 100, recordsIn: 9_000_000 }, 100_000));
  expect(linesOf(later, 100, 30)[0]).toContain("paused");
  expect(linesOf(later, 100, 30).slice(1)).toEqual(linesOf(busy, 100, 30).slice(1));
});

test("help says every key", () => {
  const text = linesOf(pressed(busy, "help", 1), 80, 24).join("\n");
  for (const word of ["quit", "sort", "scroll", "table", "pause", "p99"]) {
    expect(text).toContain(word);
  }
});

test("there are colours only where they are wanted", () => {
  const gone = failed(busy, new ScrapeFailure("nobody listens there"), 60_000);
  expect(linesOf(gone, 100, 40).join("")).not.toContain("\x1b");
  const { lines } = frameOf(gone, { columns: 100, rows: 40 }, 60_000, coloured);
  expect(lines.join("")).toContain("\x1b[31m");
});

test("a page is what is seen of the table", () => {
  const { lines, pageRows } = frameOf(busy, { columns: 100, rows: 40 }, 60_000, plain);
  expect(lines.filter((line) => line.startsWith("topic-"))).toHaveLength(pageRows);
});
