import { expect, test } from "bun:test";
import { mediaTypeOf, negotiate } from "../../src/http/media.ts";

test.each([
  ["application/json", "application/json"],
  ["Application/JSON; charset=utf-8", "application/json"],
  ["application/vnd.kafka.json.v2+json", "application/vnd.kafka.json.v2+json"],
  ["json", null],
  ["text/html\u0007", null],
  ["", null],
  [null, null],
])("the type in %p", (header, expected) => {
  expect(mediaTypeOf(header)).toBe(expected);
});

const offered = ["application/json", "text/plain"];

test.each([
  [null, "application/json"],
  ["", "application/json"],
  ["*/*", "application/json"],
  ["text/plain", "text/plain"],
  ["TEXT/PLAIN", "text/plain"],
  ["text/*", "text/plain"],
  ["text/plain;q=0.5, application/json;q=0.4", "text/plain"],
  ["text/plain;q=0.5, */*", "application/json"],
  ["*/*, application/json;q=0", "text/plain"],
  ["text/html", null],
  ["text/plain;q=0", null],
  ["text/plain;q=x", null],
  [",;,", null],
])("what %p accepts", (accept, expected) => {
  expect(negotiate(accept, offered)).toBe(expected);
});
