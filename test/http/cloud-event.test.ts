import { describe, expect, test } from "bun:test";
import {
  eventHeaders,
  isCloudEvent,
  mediaTypeIn,
  recordOfEvent,
} from "../../src/http/cloud-event.ts";
import { HttpError } from "../../src/http/errors.ts";
import { mediaTypeOf } from "../../src/http/media.ts";
import type { RecordHeader } from "../../src/record/records.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const shown = (headers: readonly RecordHeader[]) =>
  headers.map(({ key, value }) => `${key}=${new TextDecoder().decode(value ?? new Uint8Array())}`);

const request = (headers: Readonly<Record<string, string>>) => ({
  header: (name: string) => headers[name] ?? null,
  headerNames: () => Object.keys(headers),
});

const event = {
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-source": "/shop",
  "ce-type": "paid",
  "content-type": "application/json",
};

describe("an event in binary mode", () => {
  test("becomes headers, a value and a key", () => {
    const sent = request({
      ...event,
      "ce-subject": "caf%C3%A9",
      "ce-partitionkey": "k",
      accept: "*/*",
    });
    const record = recordOfEvent(sent, encode("{}"));
    if (record instanceof HttpError) throw new Error(record.message);
    expect(shown(record.headers)).toEqual([
      "content-type=application/json",
      "ce_specversion=1.0",
      "ce_id=1",
      "ce_source=/shop",
      "ce_type=paid",
      "ce_subject=café",
      "ce_partitionkey=k",
    ]);
    expect([record.key, record.value]).toEqual([encode("k"), encode("{}")]);
  });

  test("without data has no value", () => {
    expect(recordOfEvent(request(event), new Uint8Array())).toMatchObject({
      value: null,
      key: null,
    });
  });

  test.each(["ce-id", "ce-source", "ce-type"])("without %s is none", (name) => {
    const { [name as "ce-id"]: _, ...rest } = event;
    const fault = recordOfEvent(request(rest), new Uint8Array());
    expect(fault).toEqual(HttpError.of(422, `a CloudEvent has ${name}`));
  });

  test("comes back as it was sent", () => {
    const sent = {
      ...event,
      "ce-subject": "50%25%20caf%C3%A9%22",
      "ce-time": "2024-01-01T00:00:00Z",
    };
    const record = recordOfEvent(request(sent), encode("x"));
    if (record instanceof HttpError) throw new Error(record.message);
    const { "content-type": type, ...attributes } = sent;
    expect(eventHeaders(record.headers)).toEqual(attributes);
    expect(mediaTypeIn(record.headers)).toBe(type);
  });
});

test("an event in structured mode is the value as a whole", () => {
  const sent = request({ "content-type": "application/cloudevents+json; charset=utf-8" });
  expect(isCloudEvent(sent, mediaTypeOf(sent.header("content-type")))).toBeTrue();
  const record = recordOfEvent(sent, encode("{}"));
  if (record instanceof HttpError) throw new Error(record.message);
  expect(shown(record.headers)).toEqual([
    "content-type=application/cloudevents+json; charset=utf-8",
  ]);
});

test("a request without any of it is no event", () => {
  expect(isCloudEvent(request({}), "application/json")).toBeFalse();
});

test("headers of records that could break an answer are encoded, or left out", () => {
  const headers = [
    { key: "ce_subject", value: encode("a\r\nset-cookie: b") },
    { key: "ce_bad\r\nname", value: encode("x") },
    { key: "ce_", value: encode("x") },
    { key: "content-type", value: encode("text/html\r\nx: y") },
  ];
  expect(eventHeaders(headers)).toEqual({ "ce-subject": "a%0D%0Aset-cookie:%20b" });
  expect(mediaTypeIn(headers)).toBeNull();
  expect(mediaTypeIn([])).toBeNull();
});
