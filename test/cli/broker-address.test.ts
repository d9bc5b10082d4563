import { describe, expect, test } from "bun:test";
import { addressText, brokerAddress, brokerAddresses } from "../../src/cli/broker-address.ts";

const option = brokerAddress({ default: { host: "127.0.0.1", port: 8080 }, help: "The broker" });

describe("an address", () => {
  test.each([
    ["localhost:8080", { host: "localhost", port: 8080 }],
    ["10.0.0.1:1", { host: "10.0.0.1", port: 1 }],
    ["a-b.example:65535", { host: "a-b.example", port: 65_535 }],
    ["[::1]:9092", { host: "::1", port: 9092 }],
  ])("%s", (given, address) => {
    expect(option.parse([given])).toEqual(address);
    expect(addressText(address)).toBe(given);
  });

  test.each([
    ["localhost"],
    [":8080"],
    ["localhost:"],
    ["localhost:0"],
    ["localhost:65536"],
    ["localhost:http"],
    ["::1:8080"],
    ["[localhost]:8080"],
    ["http://localhost:8080"],
    ["local host:8080"],
  ])("%s is none", (given) => {
    expect(option.parse([given])).toBeUndefined();
  });
});

test("the default is shown as one would type it", () => {
  expect(option.defaultText).toBe("127.0.0.1:8080");
});

describe("brokers", () => {
  const brokers = brokerAddresses({ default: null, help: "The brokers" });

  test.each([
    ["one:1,two:2", ["one:1", "two:2"]],
    ["one:1, [::1]:2", ["one:1", "[::1]:2"]],
    ["one", ["one:9092"]],
    ["[::1]", ["[::1]:9092"]],
  ])("%s", (given, addresses) => {
    expect(brokers.parse([given])?.map(addressText)).toEqual(addresses);
  });

  test.each([["one:1,"], [",one:1"], ["one:x"], ["one:1;two:2"], ["http://one:1"]])(
    "%s are none",
    (given) => {
      expect(brokers.parse([given])).toBeUndefined();
    },
  );
});
