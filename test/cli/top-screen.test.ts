import { expect, test } from "bun:test";
import { Screen } from "../../src/cli/top-screen.ts";

const begin = "\x1b[?2026h";
const end = "\x1b[?2026l";

test("the first frame clears the screen, and draws all lines in one piece", () => {
  const frame = new Screen().frame(["one", "two"]);
  expect(frame).toBe(`${begin}\x1b[0m\x1b[2J\x1b[1;1Hone\x1b[K\x1b[2;1Htwo\x1b[K${end}`);
});

test("later ones write the lines that differ, and nothing if none does", () => {
  const screen = new Screen();
  screen.frame(["one", "two", "three"]);
  expect(screen.frame(["one", "2", "three"])).toBe(`${begin}\x1b[2;1H2\x1b[K${end}`);
  expect(screen.frame(["one", "2", "three"])).toBe("");
});

test("lines that are there no more are emptied", () => {
  const screen = new Screen();
  screen.frame(["one", "two"]);
  expect(screen.frame(["one"])).toBe(`${begin}\x1b[2;1H\x1b[K${end}`);
});

test("a screen on which others have drawn is drawn anew", () => {
  const screen = new Screen();
  screen.frame(["one"]);
  screen.spoil();
  expect(screen.frame(["one"])).toContain("\x1b[2J\x1b[1;1Hone");
});
