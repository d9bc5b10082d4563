import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Pty } from "../support/pty.ts";

const program = [process.execPath, join(import.meta.dir, "top-terminal-fixture.ts"), "view"];
const entered = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const left = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/** For a program that starts, on a machine that is busy. */
const msMax = 30_000;

describe("the terminal is as it was", () => {
  test.each([
    ["it ends by itself", "q", 0],
    ["the process is ended somewhere", "e", 7],
    ["something throws", "t", 1],
    ["the command fails", "r", 1],
  ] as const)(
    "after %s",
    async (_, key, code) => {
      await using pty = new Pty(program);
      expect(pty.isCooked).toBeTrue();
      await pty.shows("ready 80x24");
      expect(pty.text).toContain(entered);
      expect(pty.isCooked).toBeFalse();
      pty.type(key);
      expect(await pty.ended()).toBe(code);
      await pty.shows(left);
      expect(pty.isCooked).toBeTrue();
      const said = pty.text.indexOf("a defect of this test");
      // What is said on the other screen goes away with it.
      if (code === 1) expect(said).toBeGreaterThan(pty.text.indexOf(left));
    },
    msMax,
  );

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
    ["SIGQUIT", 131],
  ] as const)(
    "after %s",
    async (signal, code) => {
      await using pty = new Pty(program);
      await pty.shows("ready");
      pty.kill(signal);
      expect(await pty.ended()).toBe(code);
      await pty.shows(left);
      expect(pty.isCooked).toBeTrue();
    },
    msMax,
  );
});

test(
  "keys come as they are typed, and a new size is heard of",
  async () => {
    await using pty = new Pty(program, { columns: 90, rows: 30 });
    await pty.shows("ready 90x30");
    pty.type("\x1b[A");
    await pty.shows('typed "\\u001b[A"');
    pty.resize(50, 10);
    await pty.shows("spoiled 50x10");
    pty.type("世");
    await pty.shows('typed "世"');
    pty.type("q");
    expect(await pty.ended()).toBe(0);
  },
  msMax,
);

test(
  "stopped and continued, it takes the terminal again",
  async () => {
    await using pty = new Pty(program);
    await pty.shows("ready");
    pty.kill("SIGCONT");
    await pty.shows("spoiled 80x24");
    expect(pty.text.split(entered)).toHaveLength(3);
    pty.type("q");
    expect(await pty.ended()).toBe(0);
  },
  msMax,
);
