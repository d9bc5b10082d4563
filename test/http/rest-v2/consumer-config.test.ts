import { expect, test } from "bun:test";
import type { HttpError } from "../../../src/http/errors.ts";
import { consumerRequestType, settingsOf } from "../../../src/http/rest-v2/consumer-config.ts";
import { Mismatch } from "../../../src/http/schema.ts";

function settings(body: unknown) {
  const asked = consumerRequestType.read(body);
  return asked instanceof Mismatch ? asked : settingsOf(asked);
}

const defaults = {
  format: "binary",
  reset: "latest",
  autoCommit: true,
  minBytes: 1,
  waitMs: 1_000,
};

test.each([
  [{}, {}],
  [{ format: "JSON" }, { format: "json" }],
  [{ "auto.offset.reset": "earliest" }, { reset: "earliest" }],
  [{ "auto.commit.enable": "false" }, { autoCommit: false }],
  [{ "auto.commit.enable": false }, { autoCommit: false }],
  [{ "fetch.min.bytes": "100" }, { minBytes: 100 }],
  [{ responseMinBytes: 7 }, { minBytes: 7 }],
  [{ "fetch.min.bytes": -1 }, { minBytes: Infinity }],
  [{ "fetch.min.bytes": 0 }, { minBytes: 1 }],
  [{ "consumer.request.timeout.ms": "30000" }, { waitMs: 30_000 }],
  [{ requestWaitMs: 5 }, { waitMs: 5 }],
  [{ id: null, format: null, "auto.offset.reset": null }, {}],
])("%j", (body, expected) => {
  const expectation: object = { ...defaults, ...expected };
  expect(Object(settings(body))).toEqual(expectation);
});

test.each([
  [{ format: "avro" }, 42204],
  [{ format: "xml" }, 422],
  [{ "auto.offset.reset": "begin" }, 42204],
  [{ "auto.commit.enable": "yes" }, 42204],
  [{ "fetch.min.bytes": -2 }, 40001],
  [{ "fetch.min.bytes": "many" }, 40001],
  [{ "fetch.min.bytes": 10_000_001 }, 40001],
  [{ "consumer.request.timeout.ms": -1 }, 40001],
])("%j is refused with %d", (body, errorCode) => {
  const refused = settings(body) as HttpError;
  expect([refused.status, refused.errorCode]).toEqual([422, errorCode]);
});

test("a setting that is unknown is a mismatch", () => {
  expect(settings({ "auto.offset.rest": "earliest" })).toBeInstanceOf(Mismatch);
});
