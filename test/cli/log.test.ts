import { expect, test } from "bun:test";
import { openLog } from "../../src/cli/log.ts";
import { coloured } from "../../src/cli/terminal.ts";
import { logQueueBytesMax } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryOutput } from "../fake/world.ts";

test("the log goes to standard error, at its level and in its format", () => {
  const stderr = new MemoryOutput();
  const log = openLog({ stderr, clock: new ManualClock() }, "warn", "json");
  log.info("not this");
  log.warn("but this", { port: 8080 });
  expect(JSON.parse(stderr.text)).toEqual({
    time: "2025-08-09T02:12:08.480Z",
    level: "warn",
    event: "but this",
    port: 8080,
  });
});

test("the log has colours when standard error has", () => {
  const stderr = new MemoryOutput(true, 100, coloured);
  openLog({ stderr, clock: new ManualClock() }, "info", "text").info("x");
  expect(stderr.text).toContain("\x1b[32mINFO ");
});

test("what nobody reads is dropped beyond a limit, and later counted", () => {
  const stderr = new MemoryOutput();
  const log = openLog({ stderr, clock: new ManualClock() }, "info", "text");
  stderr.queuedBytes = logQueueBytesMax;
  log.info("lost");
  expect(stderr.text).toBe("");
  stderr.queuedBytes = 0;
  log.info("kept");
  expect(stderr.text.match(/(?<=Z ).*/g)).toEqual([
    "WARN  log lines dropped lines=1",
    "INFO  kept",
  ]);
});
