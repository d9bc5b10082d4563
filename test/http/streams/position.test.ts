import { expect, test } from "bun:test";
import type { HttpError } from "../../../src/http/errors.ts";
import { positionOf, positionText } from "../../../src/http/streams/position.ts";
import { streamPartitionsMax } from "../../../src/limits.ts";

const entry = (topic: string, partition: number, offset: number) => ({ topic, partition, offset });

test.each([
  ["t", [entry("t", 0, 16), entry("t", 1, 3)], "0:16,1:3"],
  [null, [entry("a", 0, 16), entry("a", 1, 3), entry("b", 0, 2)], "a/0:16,1:3,b/0:2"],
  ["t", [entry("t", 12, 999_999_999_999_999)], "12:999999999999999"],
])("topic %p: %j is %s, and back", (topic, entries, text) => {
  expect(positionText(entries, topic)).toBe(text);
  expect(positionOf(text, topic)).toEqual(entries);
});

test.each([
  ["", "t"],
  ["0", "t"],
  ["0:", "t"],
  ["0:-1", "t"],
  ["0:1;1:2", "t"],
  ["0:1,", "t"],
  ["u/0:1", "t"],
  ["0:1", null],
  ["a b/0:1", null],
  ["0:9999999999999999", "t"],
  [
    Array(streamPartitionsMax + 1)
      .fill("0:1")
      .join(),
    "t",
  ],
])("%s is none", (text, topic) => {
  expect((positionOf(text, topic) as HttpError).status).toBe(400);
});
