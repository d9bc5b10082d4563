import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { envelopeLine, templateBytes, templateOption } from "../../src/cli/read-template.ts";
import { nanosecondHeader } from "../../src/record/nanoseconds.ts";
import type { BatchRecord } from "../../src/record/records.ts";
import { textBytes } from "../support/hex.ts";

const place = { topic: "orders", partition: 3 };
const record: BatchRecord = {
  offset: offset(42),
  timestamp: 1_754_705_528_480,
  key: textBytes("user1"),
  value: textBytes("Hello"),
  headers: [],
};

function printed(format: string, changes: Partial<BatchRecord> = {}, nulls = false): Uint8Array {
  const template = templateOption.parse([format]);
  if (template === undefined || template === null) throw new Error(`refused: ${format}`);
  return templateBytes(template, place, { ...record, ...changes }, nulls);
}

const printedText = (format: string, changes?: Partial<BatchRecord>): string =>
  Buffer.from(printed(format, changes)).toString();

describe("a format", () => {
  test("has a place for each fact of a record", () => {
    expect(printedText("%t %p %o %k %K %s %S %T 100%%")).toBe(
      "orders 3 42 user1 5 Hello 5 1754705528480 100%",
    );
  });

  test("writes nothing for what is not there, and says -1 of its length", () => {
    expect(printedText("[%k] %K [%s] %S", { key: null, value: null })).toBe("[] -1 [] -1");
  });

  test("writes NULL for it with -Z, which an empty text is not", () => {
    const text = (changes: Partial<BatchRecord>): string =>
      Buffer.from(printed("[%k] %K [%s] %S", changes, true)).toString();
    expect(text({ key: null, value: null })).toBe("[NULL] -1 [NULL] -1");
    expect(text({ key: textBytes(""), value: textBytes("") })).toBe("[] 0 [] 0");
  });

  test("writes keys and values as they are", () => {
    const value = Uint8Array.of(0, 0xff, 0x25);
    expect(printed("%s%R", { value })).toEqual(Buffer.from([0, 0xff, 0x25, 0, 0, 0, 3]));
    expect(printed("%R", { value: null })).toEqual(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  });

  test("lists headers, but not the one that belongs to the timestamp", () => {
    const headers = [
      { key: "a", value: textBytes("1") },
      nanosecondHeader(7),
      { key: "b", value: null },
    ];
    expect(printedText("%h", { headers })).toBe("a=1,b=NULL");
  });

  test("knows the characters that a shell does not let through", () => {
    expect(printed("\\n\\r\\t\\\\\\x41\\101\\0\\xff☃\\q\\")).toEqual(
      Buffer.from([10, 13, 9, 0x5c, 0x41, 0x41, 0, 0xff, ...textBytes("☃q\\")]),
    );
  });

  test.each(["", "%", "50% of", "%q", "%constructor"])(
    "is refused where it means nothing: %p",
    (given) => {
      expect(templateOption.parse([given])).toBeUndefined();
    },
  );
});

describe("kcat's envelope", () => {
  const envelope = (changes: Partial<BatchRecord> = {}, isAppendTime = false): unknown =>
    JSON.parse(envelopeLine(place, { ...record, ...changes }, { isAppendTime }));

  test("has kcat's fields in kcat's order", () => {
    const headers = [
      { key: "a", value: textBytes("1") },
      { key: "b", value: null },
    ];
    expect(envelopeLine(place, { ...record, headers }, { isAppendTime: true })).toBe(
      '{"topic":"orders","partition":3,"offset":42,"tstype":"logappend","ts":1754705528480,' +
        '"broker":-1,"headers":["a","1","b",null],"key":"user1","payload":"Hello"}',
    );
  });

  test("leaves out what there is not", () => {
    expect(envelope({ timestamp: -1, key: null, value: null })).toEqual({
      topic: "orders",
      partition: 3,
      offset: 42,
      broker: -1,
      key: null,
      payload: null,
    });
  });

  test("says which texts are base64", () => {
    const bytes = Uint8Array.of(0xff);
    expect(envelope({ key: bytes, value: bytes })).toMatchObject({
      key: "/w==",
      keyEncoding: "base64",
      payload: "/w==",
      payloadEncoding: "base64",
    });
  });

  test("has the values of all headers in base64 if one of them is no text", () => {
    const headers = [
      { key: "a", value: textBytes("1") },
      { key: "b", value: Uint8Array.of(0xff) },
      { key: "c", value: null },
    ];
    expect(envelope({ headers })).toMatchObject({
      headers: ["a", "MQ==", "b", "/w==", "c", null],
      headersEncoding: "base64",
    });
  });

  test("has the nanoseconds beyond the milliseconds, and not the header that keeps them", () => {
    const headers = [nanosecondHeader(123_456)];
    expect(envelope({ headers })).toMatchObject({ ts: record.timestamp, tsNanoseconds: 123_456 });
    expect(envelope({ headers })).not.toHaveProperty("headers");
  });
});
