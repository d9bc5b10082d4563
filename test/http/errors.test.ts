import { expect, test } from "bun:test";
import { Refusal, type RefusalCode } from "../../src/base/refusal.ts";
import { errorBody, errorOf, groupError, HttpError } from "../../src/http/errors.ts";
import { Mismatch } from "../../src/http/schema.ts";

test.each<[RefusalCode, number, number]>([
  ["UNKNOWN_TOPIC_OR_PARTITION", 404, 40403],
  ["OFFSET_OUT_OF_RANGE", 404, 40411],
  ["TOPIC_ALREADY_EXISTS", 400, 40002],
  ["INVALID_CONFIG", 400, 40002],
  ["MESSAGE_TOO_LARGE", 413, 413],
  ["DISK_FULL", 507, 50003],
  ["KAFKA_STORAGE_ERROR", 500, 50003],
  ["SHUTTING_DOWN", 503, 50302],
  ["THROTTLING_QUOTA_EXCEEDED", 429, 42901],
])("the refusal %s is %d, %d, in its own words", (code, status, errorCode) => {
  expect(errorOf(new Refusal(code, "why"))).toEqual(new HttpError(status, errorCode, "why"));
});

test("an error of a group says what it is about", () => {
  const error = groupError("GROUP_ID_NOT_FOUND", "consumer group");
  expect(error).toEqual(new HttpError(404, 40403, "consumer group: there is no such group"));
});

test("an error that the status alone tells has it as its code", () => {
  expect(HttpError.of(418, "no", { a: "b" })).toEqual(new HttpError(418, 418, "no", { a: "b" }));
});

test("the document's error has a code and a message", () => {
  expect(errorBody.read({ error_code: 1, message: "" })).not.toBeInstanceOf(Mismatch);
});
