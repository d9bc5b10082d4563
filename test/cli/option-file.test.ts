import { expect, test } from "bun:test";
import { parseOptionFile } from "../../src/cli/option-file.ts";

const entriesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    parseOptionFile("f", text).entries.map(({ name, text: value }) => [name, value]),
  );

test.each([
  ["a plain value", "cache = 64MiB", { cache: "64MiB" }],
  ["no blanks", "cache=64MiB", { cache: "64MiB" }],
  ["many blanks", "  cache \t =  64MiB  ", { cache: "64MiB" }],
  ["Windows line ends", "a = 1\r\nb = 2\r\n", { a: "1", b: "2" }],
  ["a byte order mark", "\ufeffa = 1", { a: "1" }],
  ["a comment behind", "a = 1 # why", { a: "1" }],
  ["nothing but a comment behind", "a = # why", { a: "" }],
  ["a mark inside a word is no comment", "a = x#1", { a: "x#1" }],
  ["an equals sign in the value", "fsync = interval=100", { fsync: "interval=100" }],
  ["quotes", 'a = "x # y " # why', { a: "x # y " }],
  ["empty quotes", 'a = ""', { a: "" }],
  ["lines that say nothing", "\n# a = 1\n   \n", {}],
])("%s", (_, text, expected) => {
  const file = parseOptionFile("f", text);
  expect(file.problems).toEqual([]);
  expect(entriesOf(text)).toEqual(expected);
});

test("each entry knows its line", () => {
  const { entries } = parseOptionFile("f", "# head\n\na = 1\nb = 2");
  expect(entries.map(({ name, line }) => [name, line])).toEqual([
    ["a", 3],
    ["b", 4],
  ]);
});

test("every line that is no assignment is reported, and the others are read", () => {
  const text = '[serve]\na = 1\njust words\n= 3\nb = "open\nc = "x" y\nd\x1b = 1\n';
  const file = parseOptionFile("/etc/o.conf", text);
  expect(file.problems).toEqual([
    "/etc/o.conf, line 1: expected name = value, found: [serve]",
    "/etc/o.conf, line 3: expected name = value, found: just words",
    "/etc/o.conf, line 4: expected name = value, found: = 3",
    '/etc/o.conf, line 5: expected name = value, found: b = "open',
    '/etc/o.conf, line 6: expected name = value, found: c = "x" y',
  ]);
  expect(file.entries.map(({ name }) => name)).toEqual(["a", "d\x1b"]);
});
