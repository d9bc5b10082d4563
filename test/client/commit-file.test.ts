import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Commits, decodeCommits, encodeCommits } from "../../src/client/commit-file.ts";
import { textBytes } from "../support/hex.ts";

function example(): Commits {
  const commits = new Commits();
  commits.set("payments", 0, { offset: offset(7), marks: [] });
  commits.set("orders", 10, { offset: offset(2 ** 53 - 1), marks: [] });
  commits.set("orders", 9, {
    offset: offset(42),
    marks: [
      { offset: offset(41), check: 2_774_861_263 },
      { offset: offset(3), check: 0 },
    ],
  });
  return commits;
}

const text =
  '{"version":1,"group":"billing","commits":[' +
  '{"topic":"orders","partition":9,"offset":42,"marks":[[41,2774861263],[3,0]]},' +
  '{"topic":"orders","partition":10,"offset":9007199254740991,"marks":[]},' +
  '{"topic":"payments","partition":0,"offset":7,"marks":[]}],"check":"';

test("commits are one line of JSON, by topic and partition, with a checksum", () => {
  const encoded = encodeCommits("billing", example());
  expect(encoded.startsWith(text)).toBeTrue();
  expect(encoded.slice(text.length)).toMatch(/^[0-9a-f]{8}"\}\n$/);
  expect(() => JSON.parse(encoded)).not.toThrow();
});

test("what was written is read again, and another group's file is told from a damaged one", () => {
  const bytes = textBytes(encodeCommits("billing", example()));
  const decoded = decodeCommits(bytes, "billing");
  if (typeof decoded === "string") throw new Error(decoded);
  expect(decoded.all()).toEqual(example().all());
  expect(decodeCommits(bytes, "audit")).toBe("it belongs to group billing");
  const none = textBytes(encodeCommits("g", new Commits()));
  expect(decodeCommits(none, "g")).toBeInstanceOf(Commits);
});

const strange = [
  "",
  "null",
  "[]",
  "{}",
  '{"version":1,"group":"g","commits":{}}',
  '{"version":2,"group":"g","commits":[]}',
  '{"version":1,"group":"g","commits":[null]}',
  '{"version":1,"group":"g","commits":[{"topic":1,"partition":0,"offset":0,"marks":[]}]}',
  '{"version":1,"group":"g","commits":[{"topic":"t","partition":-1,"offset":0,"marks":[]}]}',
  '{"version":1,"group":"g","commits":[{"topic":"t","partition":0,"offset":1.5,"marks":[]}]}',
  '{"version":1,"group":"g","commits":[{"topic":"t","partition":0,"offset":1,"marks":[7]}]}',
  '{"version":1,"group":"g","commits":[{"topic":"t","partition":0,"offset":1,"marks":[[1]]}]}',
];

test.each(strange)("what is no commit file is refused: %s", (content) => {
  expect(decodeCommits(textBytes(content), "g")).toBeString();
});

test("the same content written another way is refused: nobody writes it so", () => {
  const encoded = encodeCommits("g", example());
  expect(decodeCommits(textBytes(encoded.replace('"commits":', '"commits": ')), "g")).toBeString();
  expect(decodeCommits(textBytes(encoded.trim()), "g")).toBeString();
  expect(decodeCommits(textBytes(`${encoded}\n`), "g")).toBeString();
});

test("a copy is changed by itself", () => {
  const commits = example();
  const copy = commits.copy();
  copy.set("orders", 9, { offset: offset(50), marks: [] });
  expect(commits.get("orders", 9)?.offset).toBe(offset(42));
  expect(copy.get("orders", 9)?.offset).toBe(offset(50));
  expect(commits.get("orders", 1)).toBeNull();
});
