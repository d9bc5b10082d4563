import { expect, test } from "bun:test";
import { keysIn } from "../../src/cli/top-keys.ts";

test.each([
  ["q", ["quit"]],
  ["\x03", ["quit"]],
  [" ", ["pause"]],
  ["\x1b[C\x1b[D", ["sortNext", "sortPrevious"]],
  ["\x1bOC\x1bOD", ["sortNext", "sortPrevious"]],
  ["\x1b[A\x1b[Bjk", ["up", "down", "down", "up"]],
  ["\x1b[5~\x1b[6~\x1b[H\x1b[F", ["pageUp", "pageDown", "first", "last"]],
  ["\tsSr?", ["table", "sortNext", "sortPrevious", "reverse", "help"]],
] as const)("%j means %j", (text, keys) => {
  expect(keysIn(text)).toEqual([...keys]);
});

test("what means nothing is passed over, its letters included", () => {
  expect(keysIn("\x1b[1;5q\x1b[20~\x1bOs世x\x1b")).toEqual([]);
});
