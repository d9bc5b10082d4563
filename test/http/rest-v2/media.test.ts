import { expect, test } from "bun:test";
import { consumerMediaTypes, v2Json } from "../../../src/http/rest-v2/media.ts";

test("consumers take every embedded type: clients send the same headers to all", () => {
  expect(consumerMediaTypes).toEqual([
    "application/vnd.kafka.v2+json",
    "application/vnd.kafka.binary.v2+json",
    "application/vnd.kafka.json.v2+json",
    "application/vnd.kafka.avro.v2+json",
    "application/vnd.kafka.jsonschema.v2+json",
    "application/vnd.kafka.protobuf.v2+json",
  ]);
});

test.each([
  ["application/json", "application/json"],
  ["application/vnd.kafka.json.v2+json", "application/vnd.kafka.json.v2+json"],
  ["*/*", "application/vnd.kafka.v2+json"],
])("who accepts %s gets %s", (accepted, mediaType) => {
  expect(v2Json([], accepted).content).toEqual({ kind: "json", value: [], mediaType });
});
