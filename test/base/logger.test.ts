import { describe, expect, test } from "bun:test";
import { createLogger, logLevels } from "../../src/base/logger.ts";
import type { Logger, LoggerOptions, LogLevel } from "../../src/base/logger.ts";
import { logEventsTrackedMax, logFieldsMax, logRepeatsMax, logWindowMs } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";

/** A logger at 2025-08-09T02:12:08.480Z, and the lines that it wrote. */
function loggerWith(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const clock = new ManualClock();
  const logger = createLogger({
    level: "debug",
    format: "text",
    colours: false,
    clock,
    write: (line) => lines.push(line) > 0,
    ...options,
  });
  return { logger, lines, clock };
}

const time = "2025-08-09T02:12:08.480Z";

describe("text lines", () => {
  test("say when, how important, what, and the fields", () => {
    const { logger, lines } = loggerWith();
    logger.info("topic created", { topic: "user-events", partitions: 3, compacted: false });
    logger.warn("disk nearly full", { freeBytes: 12n, reason: null });
    expect(lines).toEqual([
      `${time} INFO  topic created topic=user-events partitions=3 compacted=false\n`,
      `${time} WARN  disk nearly full freeBytes=12 reason=null\n`,
    ]);
  });

  test("put a value into quotes when it is not one plain word", () => {
    const { logger, lines } = loggerWith();
    logger.info("x", { a: "two words", b: "", c: 'say "hi"', d: "k=v", e: "[::1]:8080" });
    expect(lines).toEqual([
      `${time} INFO  x a="two words" b="" c="say \\"hi\\"" d="k=v" e=[::1]:8080\n`,
    ]);
  });

  test("show an error by its message, and by its name if it has one of its own", () => {
    const { logger, lines } = loggerWith();
    logger.error("failed", { a: new Error("EIO: i/o error"), b: new RangeError("too far") });
    expect(lines).toEqual([`${time} ERROR failed a="EIO: i/o error" b="RangeError: too far"\n`]);
  });

  test("leave out what is undefined", () => {
    const { logger, lines } = loggerWith();
    logger.info("x", { a: undefined, b: 1 });
    expect(lines).toEqual([`${time} INFO  x b=1\n`]);
  });

  test("have colours when asked to, and then only around time, level and names", () => {
    const { logger, lines } = loggerWith({ colours: true });
    logger.error("x", { a: 1 });
    expect(lines).toEqual([`\x1b[2m${time}\x1b[22m \x1b[31mERROR\x1b[0m x \x1b[2ma=\x1b[22m1\n`]);
  });
});

describe("JSON lines", () => {
  test("hold the same as values", () => {
    const { logger, lines } = loggerWith({ format: "json", colours: true });
    logger.info("topic created", { topic: "a b", partitions: 3, on: true, nothing: null });
    expect(lines).toEqual([
      `{"time":"${time}","level":"info","event":"topic created",` +
        `"topic":"a b","partitions":3,"on":true,"nothing":null}\n`,
    ]);
  });

  test("stay JSON whatever the numbers are", () => {
    const { logger, lines } = loggerWith({ format: "json" });
    logger.info("x", { a: Number.NaN, b: Number.NEGATIVE_INFINITY, c: 2n ** 63n, d: 0.5 });
    const { time: _, ...rest } = JSON.parse(lines[0] ?? "");
    expect(rest).toEqual({
      level: "info",
      event: "x",
      a: "NaN",
      b: "-Infinity",
      c: "9223372036854775808",
      d: 0.5,
    });
  });
});

describe("whatever the fields hold", () => {
  const hostile = `x\n${time} ERROR forged\x1b[2J\u2028"\\`;

  test.each(["text", "json"] as const)("an event is one line (%s)", (format) => {
    const { logger, lines } = loggerWith({ format });
    logger.info(hostile, { [hostile]: hostile, error: new Error(hostile) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]*\n$/u);
  });

  test("JSON gives the values back unchanged", () => {
    const { logger, lines } = loggerWith({ format: "json" });
    logger.info("x", { [hostile]: hostile });
    expect(JSON.parse(lines[0] ?? "")[hostile]).toBe(hostile);
  });

  test("a line has an end: long values are cut, many fields are left out, and it says so", () => {
    const { logger, lines } = loggerWith();
    const fields = Object.fromEntries(
      Array.from({ length: logFieldsMax + 1 }, (_, at) => [`f${at}`, "v".repeat(10_000)]),
    );
    logger.info("x", fields);
    expect(lines[0]?.length).toBeLessThan(logFieldsMax * 300);
    expect(lines[0]).toContain("v… (9744 more)");
    expect(lines[0]).toEndWith(" fieldsCut=true\n");
  });
});

describe("levels", () => {
  test.each(logLevels.map((level, at) => [level, logLevels.slice(at)] as const))(
    "%s lets itself and what is more important pass",
    (level, expected) => {
      const { logger, lines } = loggerWith({ level });
      for (const each of logLevels) logger[each]("x");
      const written = lines.map((line) => line.split(" ")[1]?.toLowerCase() ?? "");
      expect(written).toEqual([...expected]);
    },
  );
});

test("bound fields come first, in each event of that logger and of no other", () => {
  const { logger, lines } = loggerWith();
  const connection = logger.with({ peer: "127.0.0.1:1" });
  connection.with({ protocol: "native" }).info("frame", { bytes: 57 });
  connection.info("closed");
  logger.info("done");
  expect(lines).toEqual([
    `${time} INFO  frame peer=127.0.0.1:1 protocol=native bytes=57\n`,
    `${time} INFO  closed peer=127.0.0.1:1\n`,
    `${time} INFO  done\n`,
  ]);
});

describe("an event that repeats", () => {
  const flood = (logger: Logger, level: LogLevel, event: string, count: number): void => {
    for (let at = 0; at < count; at++) logger[level](event);
  };

  test("is written a few times, then counted, and the count is logged at the end", () => {
    const { logger, lines, clock } = loggerWith();
    flood(logger, "warn", "connection refused", logRepeatsMax + 480);
    expect(lines).toHaveLength(logRepeatsMax);
    clock.advance(logWindowMs);
    expect(lines.slice(logRepeatsMax)).toEqual([
      `2025-08-09T02:12:18.480Z WARN  connection refused suppressed=480 windowMs=${logWindowMs}\n`,
    ]);
    logger.warn("connection refused");
    expect(lines).toHaveLength(logRepeatsMax + 2);
    expect(clock.pending).toBe(0);
  });

  test("is one event however its fields differ, but not at another level", () => {
    const { logger, lines } = loggerWith();
    for (let at = 0; at < logRepeatsMax + 5; at++) logger.with({ at }).info("x", { peer: at });
    logger.error("x");
    expect(lines).toHaveLength(logRepeatsMax + 1);
  });

  test("is not held back from whoever debugs", () => {
    const { logger, lines } = loggerWith();
    flood(logger, "debug", "x", logRepeatsMax + 5);
    expect(lines).toHaveLength(logRepeatsMax + 5);
  });

  test("slowly is never held back", () => {
    const { logger, lines, clock } = loggerWith();
    for (let at = 0; at < logRepeatsMax * 3; at++) {
      logger.info("x");
      clock.advance(logWindowMs / 10);
    }
    expect(lines).toHaveLength(logRepeatsMax * 3);
  });

  test("gives its place up, and its count out, when too many others come", () => {
    const { logger, lines, clock } = loggerWith();
    flood(logger, "info", "first", logRepeatsMax + 1);
    for (let at = 0; at < logEventsTrackedMax; at++) logger.info(`event ${at}`);
    const summary = `${time} INFO  first suppressed=1 windowMs=${logWindowMs}\n`;
    expect(lines.filter((line) => line === summary)).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

test("lines that the sink drops are counted, and the count is the first line that it takes", () => {
  let open = false;
  const taken: string[] = [];
  const { logger } = loggerWith({
    write(line) {
      if (open) taken.push(line);
      return open;
    },
  });
  logger.info("a");
  logger.info("b");
  open = true;
  logger.info("c");
  logger.info("d");
  expect(taken).toEqual([
    `${time} WARN  log lines dropped lines=2\n`,
    `${time} INFO  c\n`,
    `${time} INFO  d\n`,
  ]);
});
