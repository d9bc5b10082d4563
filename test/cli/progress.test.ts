import { describe, expect, test } from "bun:test";
import { createProgress } from "../../src/cli/progress.ts";
import type { ProgressOptions } from "../../src/cli/progress.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryOutput } from "../fake/world.ts";

const MiB = 1024 * 1024;

function progressOn(stderr: MemoryOutput, options: Partial<ProgressOptions> = {}) {
  const clock = new ManualClock();
  const progress = createProgress({
    stderr,
    clock,
    mode: "auto",
    label: "checking",
    unit: "bytes",
    total: 100 * MiB,
    ...options,
  });
  return { clock, progress };
}

describe("on a terminal", () => {
  test("one line is drawn over, ten times a second at most, and cleared at the end", () => {
    const stderr = new MemoryOutput(true);
    const { clock, progress } = progressOn(stderr);
    progress.report(0);
    clock.advance(1_000);
    progress.report(10 * MiB);
    progress.report(11 * MiB);
    clock.advance(99);
    progress.report(12 * MiB);
    clock.advance(1);
    progress.report(12 * MiB);
    progress.finish();
    progress.finish();
    expect(stderr.text.replaceAll("\x1b[K", "<end>\n")).toBe(
      "\rchecking: 10%, 10.0 MiB of 100 MiB, 10.0 MiB/s, 9.0 s left<end>\n" +
        "\rchecking: 12%, 12.0 MiB of 100 MiB, 10.3 MiB/s, 8.5 s left<end>\n" +
        "\r<end>\n",
    );
  });

  test("the line never reaches the last column, where it would wrap", () => {
    const stderr = new MemoryOutput(true, 20);
    const { clock, progress } = progressOn(stderr);
    clock.advance(1_000);
    progress.report(MiB);
    expect(stderr.text).toBe("\rchecking: 1%, 1.00 \x1b[K");
  });

  test("records are counted, and without a total there is no end to name", () => {
    const stderr = new MemoryOutput(true);
    const { clock, progress } = progressOn(stderr, { unit: "records", total: null });
    clock.advance(2_000);
    progress.report(5_000);
    expect(stderr.text).toBe("\rchecking: 5,000 records, 2,500 records/s\x1b[K");
  });

  test("work that is quick shows nothing", () => {
    const stderr = new MemoryOutput(true);
    const { progress } = progressOn(stderr);
    progress.report(100 * MiB);
    progress.finish();
    expect(stderr.text).toBe("");
  });

  test("nothing is drawn after the end", () => {
    const stderr = new MemoryOutput(true);
    const { clock, progress } = progressOn(stderr);
    progress.finish();
    clock.advance(1_000);
    progress.report(MiB);
    expect(stderr.text).toBe("");
  });
});

describe("elsewhere", () => {
  test("there is nothing", () => {
    const stderr = new MemoryOutput(false);
    const { clock, progress } = progressOn(stderr);
    clock.advance(60_000);
    progress.report(50 * MiB);
    progress.finish();
    expect(stderr.text).toBe("");
  });

  test("lines come every five seconds when asked for", () => {
    const stderr = new MemoryOutput(false);
    const { clock, progress } = progressOn(stderr, { mode: "plain" });
    for (let done = 0; done <= 12 * MiB; done += MiB) {
      progress.report(done);
      clock.advance(1_000);
    }
    progress.finish();
    expect(stderr.text).toBe(
      "checking: 5%, 5.00 MiB of 100 MiB, 1.00 MiB/s, 1m 35s left\n" +
        "checking: 10%, 10.0 MiB of 100 MiB, 1.00 MiB/s, 1m 30s left\n",
    );
  });

  test("nothing is nothing even on a terminal when asked for", () => {
    const stderr = new MemoryOutput(true);
    const { clock, progress } = progressOn(stderr, { mode: "off" });
    clock.advance(60_000);
    progress.report(MiB);
    expect(stderr.text).toBe("");
  });
});

test("work that doesn't move has no end to name, and nothing to do is all done", () => {
  const stderr = new MemoryOutput(true);
  const { clock, progress } = progressOn(stderr);
  clock.advance(1_000);
  progress.report(0);
  expect(stderr.text).toBe("\rchecking: 0%, 0 B of 100 MiB, 0 B/s\x1b[K");
  const empty = new MemoryOutput(true);
  const none = progressOn(empty, { total: 0 });
  none.clock.advance(1_000);
  none.progress.report(0);
  expect(empty.text).toStartWith("\rchecking: 100%, 0 B of 0 B, 0 B/s");
});
