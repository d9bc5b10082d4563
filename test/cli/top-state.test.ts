import { describe, expect, test } from "bun:test";
import type { Key } from "../../src/cli/top-keys.ts";
import { ScrapeFailure } from "../../src/cli/top-scrape.ts";
import { failed, firstState, pressed, sampled, shownOf } from "../../src/cli/top-state.ts";
import type { TopState } from "../../src/cli/top-state.ts";
import { topHistoryMax } from "../../src/limits.ts";
import { sampleOf } from "./top-scrapes.ts";

const first = firstState("127.0.0.1:8081", 2_000);
const pageRows = 10;

/** A broker up for so many seconds that takes 100 records in each. */
const at = (seconds: number, topicCount = 1) =>
  sampleOf(
    {
      uptime: seconds,
      recordsIn: seconds * 100,
      topics: Object.fromEntries(
        Array.from({ length: topicCount }, (_, place) => [`t${place}`, [0, 0] as const]),
      ),
    },
    seconds * 1_000,
  );

const after = (state: TopState, ...keys: Exclude<Key, "quit">[]): TopState =>
  keys.reduce((reached, key) => pressed(reached, key, pageRows), state);

describe("samples", () => {
  test("make a history, which has an end", () => {
    let state = first;
    for (let second = 1; second <= topHistoryMax + 5; second++) state = sampled(state, at(second));
    expect(state.history).toHaveLength(topHistoryMax);
    expect(state.history.every(({ recordsIn }) => recordsIn === 100)).toBeTrue();
    expect(sampled(first, at(1)).history.map(({ recordsIn }) => recordsIn)).toEqual([null]);
  });

  test("that fail leave a gap, and what was known; then it says that the broker is back", () => {
    let state = sampled(sampled(first, at(1)), at(2));
    state = failed(state, new ScrapeFailure("nobody listens there"), 4_000);
    state = failed(state, new ScrapeFailure("it is starting"), 6_000);
    expect(state.trouble).toEqual({ sinceMs: 4_000, message: "it is starting" });
    expect(state.reading?.recordsIn).toBe(100);
    expect(state.history.at(-1)?.recordsIn).toBeNull();
    state = sampled(state, at(9));
    expect(state.trouble).toBeNull();
    expect(state.notice?.text).toBe("the broker is back: it was gone for 5.0 s");
    state = sampled(sampled(state, at(11)), at(20));
    expect(state.notice).toBeNull();
  });

  test("of a broker that was restarted say so", () => {
    const state = sampled(sampled(first, at(8)), { ...at(1), atMs: 10_000 });
    expect(state.notice?.text).toBe("it was restarted");
  });

  test("that fail from the beginning make no history", () => {
    const state = failed(first, new ScrapeFailure("nobody listens there"), 1);
    expect([state.history, state.reading]).toEqual([[], null]);
    expect(sampled(state, at(1)).notice).toBeNull();
  });
});

describe("keys", () => {
  const known = sampled(sampled(first, at(1, 25)), at(2, 25));

  test("pause what is shown, while samples go on", () => {
    const paused = sampled(after(known, "pause"), at(3));
    expect(shownOf(paused).history).toHaveLength(2);
    expect(shownOf(after(paused, "pause")).history).toHaveLength(3);
  });

  test("choose the column and the order of the table that was chosen", () => {
    expect(after(known, "sortNext").tables.topics.sortedBy).toBe(1);
    expect(after(known, "sortPrevious").tables.topics.sortedBy).toBe(5);
    expect(after(known, "sortPrevious", "sortNext").tables.topics.sortedBy).toBe(0);
    expect(after(known, "reverse").tables.topics.isReversed).toBeTrue();
    const groups = after(known, "table", "sortPrevious");
    expect([groups.tables.topics.sortedBy, groups.tables.groups.sortedBy]).toEqual([0, 3]);
    expect(after(groups, "table").table).toBe("topics");
  });

  test("scroll between the first row and the last page", () => {
    const from = (...keys: Exclude<Key, "quit">[]): number =>
      after(known, ...keys).tables.topics.from;
    expect(from("up")).toBe(0);
    expect(from("down", "down")).toBe(2);
    expect(from("pageDown")).toBe(10);
    expect(from("pageDown", "pageDown")).toBe(15);
    expect(from("last", "down")).toBe(15);
    expect(from("last", "pageUp")).toBe(5);
    expect(from("last", "first")).toBe(0);
    expect(from("last", "sortNext")).toBe(0);
  });

  test("close the help, whichever they are", () => {
    const help = after(known, "help");
    expect(help.isHelp).toBeTrue();
    const closed = after(help, "sortNext");
    expect([closed.isHelp, closed.tables.topics.sortedBy]).toEqual([false, 0]);
  });
});
