import { describe, expect, test } from "bun:test";
import { confirm, whyNotAsked } from "../../src/cli/confirm.ts";
import { MemoryWorld } from "../fake/world.ts";

const doomed = [
  { name: "a", about: "has 1 record", deed: "delete it" },
  { name: "b", about: "has 2 records", deed: "delete it" },
];

describe("the name has to be typed", () => {
  test.each([
    ["every one of them", "a\nb\n", null],
    ["also as a terminal of Windows sends it", "a\r\nb\r\n", null],
    ["also without a last line break", "a\nb", null],
    ["not another", "a\nc\n", '"c" is not b'],
    ["not nothing", "\n", '"" is not a'],
    ["and somebody has to answer", "a\n", "there was no answer"],
  ])("%s", async (_, typed, fault) => {
    expect(await confirm(doomed, new MemoryWorld({ stdin: typed }))).toBe(fault);
  });
});

test("the question says what would become of it", async () => {
  const world = new MemoryWorld({ stdin: "a\n" });
  await confirm(doomed.slice(0, 1), world);
  expect(world.stderr.text).toBe("a has 1 record. Type its name to delete it: ");
});

test("nobody is asked who has said yes, and nobody can be without a terminal", () => {
  const { stdin } = new MemoryWorld();
  expect(whyNotAsked(true, stdin)).toBeNull();
  expect(whyNotAsked(false, { ...stdin, isTerminal: true })).toBeNull();
  expect(whyNotAsked(false, stdin)).toContain("--yes");
});
