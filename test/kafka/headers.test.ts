import { expect, test } from "bun:test";
import { apis } from "../../src/kafka/apis.ts";
import {
  readRequestHeader,
  readResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
} from "../../src/kafka/headers.ts";
import { Malformed, Reader } from "../../src/wire/reader.ts";
import type { Api } from "../../src/wire/table.ts";
import { Writer } from "../../src/wire/writer.ts";
import { readGolden } from "../support/golden.ts";
import { bytesOf } from "../support/hex.ts";

/** What `write` has written, without the length before it. */
function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  writer.begin();
  write(writer);
  return new Uint8Array(Buffer.concat(writer.finish())).subarray(4);
}

/** 1 or 2 by its size; without a client id a request header has 10 bytes, and one for tags. */
const requestVersion = (api: Api, version: number): number =>
  written((writer) => writeRequestHeader(writer, api, version, 7, null)).length - 9;

const responseVersion = (api: Api, version: number): number =>
  written((writer) => writeResponseHeader(writer, api, version, 7)).length - 4;

test("every version of every API has the headers that Kafka gives it", () => {
  const golden = readGolden("wire/header-versions.txt").split("\n");
  const lines = Object.values(apis).flatMap((api: Api) => {
    const [oldest, newest] = api.versions;
    const kafka = golden.find((line) => line.startsWith(`${api.key} ${api.name}: `)) ?? "";
    return Array.from({ length: newest - oldest + 1 }, (_, index) => {
      const version = oldest + index;
      const ours = `${version}=${requestVersion(api, version)}/${responseVersion(api, version)}`;
      return { name: api.name, ours, kafka: kafka.split(" ").find((each) => each === ours) };
    });
  });
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter(({ ours, kafka }) => ours !== kafka)).toEqual([]);
});

test("ApiVersions is answered without tagged fields in its header, in every version", () => {
  expect([0, 2, 3, 4].map((version) => responseVersion(apis.ApiVersions, version))).toEqual([
    0, 0, 0, 0,
  ]);
});

test("a request header is read back as it was written, and the body follows it", () => {
  for (const version of [11, 12]) {
    const header = written((writer) => writeRequestHeader(writer, apis.Fetch, version, -5, "café"));
    const reader = Reader.of(Buffer.concat([header, Uint8Array.of(1, 2, 3)]));
    expect(readRequestHeader(reader)).toEqual({
      requestApiKey: 1,
      requestApiVersion: version,
      correlationId: -5,
      clientId: "café",
    });
    expect(reader.end - reader.at).toBe(3);
  }
});

test("tagged fields of a request header are left out", () => {
  const reader = Reader.of(bytesOf("0001 000c 00000007 0001 61  02 00 01 ff 05 02 eeee"));
  expect(readRequestHeader(reader)).toMatchObject({ correlationId: 7, clientId: "a" });
  expect(reader.at).toBe(reader.end);
});

test("an unknown version of ApiVersions has a header that can be read", () => {
  const reader = Reader.of(bytesOf("0012 0063 00000009 ffff 00"));
  expect(readRequestHeader(reader)).toMatchObject({ requestApiVersion: 99, correlationId: 9 });
  expect(reader.at).toBe(reader.end);
});

test("of an unknown API, key, version and correlation id are told", () => {
  const header = readRequestHeader(Reader.of(bytesOf("03e7 0005 0000002a 0001 78 c0ffee")));
  expect(header).toEqual({
    requestApiKey: 999,
    requestApiVersion: 5,
    correlationId: 42,
    clientId: "x",
  });
});

test("a request header that ends too early is malformed", () => {
  const whole = written((writer) => writeRequestHeader(writer, apis.Fetch, 12, 7, "client"));
  for (let length = 0; length < whole.length; length++) {
    expect(readRequestHeader(Reader.of(whole.subarray(0, length)))).toBeInstanceOf(Malformed);
  }
});

test("a response header is read back as it was written", () => {
  for (const [api, version] of [
    [apis.Fetch, 11],
    [apis.Fetch, 12],
    [apis.ApiVersions, 4],
  ] as const) {
    const header = written((writer) => writeResponseHeader(writer, api, version, 77));
    const reader = Reader.of(header);
    expect(readResponseHeader(reader, api, version)).toEqual({ correlationId: 77 });
    expect(reader.at).toBe(reader.end);
  }
});
