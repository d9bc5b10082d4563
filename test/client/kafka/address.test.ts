import { describe, expect, test } from "bun:test";
import { addressText, parseAddress } from "../../../src/client/kafka/address.ts";

describe("an address of a broker", () => {
  test("is a name or a number, and a port", () => {
    expect(parseAddress("localhost:9092")).toEqual({ host: "localhost", port: 9092 });
    expect(parseAddress(" 10.0.0.1:1 ")).toEqual({ host: "10.0.0.1", port: 1 });
    expect(parseAddress("[::1]:65535")).toEqual({ host: "::1", port: 65_535 });
  });

  test("is written as it was read", () => {
    for (const text of ["localhost:9092", "[fe80::1%eth0]:9092"]) {
      expect(addressText(parseAddress(text))).toBe(text);
    }
  });

  test.each([
    "",
    "localhost",
    ":9092",
    "a:0",
    "a:65536",
    "a:x",
    "::1:9092",
    "kafka://a:1",
    "a b:1",
  ])("is not %j", (text) => {
    expect(() => parseAddress(text)).toThrow(`"${text}" is no address of a broker`);
  });
});
