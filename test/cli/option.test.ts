import { expect, test } from "bun:test";
import { integer, text } from "../../src/cli/option-kinds.ts";
import { optionName, repeated, variableOf, variablesOf } from "../../src/cli/option.ts";

const help = "Helps";

test("an option is called by its key in kebab case, or by the name that it gives itself", () => {
  expect(optionName("nativePort", text({ help }))).toBe("native-port");
  expect(optionName("maxConnectionsPerAddress", text({ help }))).toBe(
    "max-connections-per-address",
  );
  expect(optionName("lingerMs", text({ help, name: "linger" }))).toBe("linger");
});

test("its variable is its name in capitals", () => {
  expect(variableOf("native-port")).toBe("OBELISK_NATIVE_PORT");
  const table = { data: text({ help }), lingerMs: text({ help, name: "linger" }) };
  expect(variablesOf(table)).toEqual(["OBELISK_DATA", "OBELISK_LINGER"]);
});

test("of several texts the last one counts", () => {
  expect(integer({ help, min: 0, max: 9 }).parse(["x", "3"])).toBe(3);
});

test("a repeated option has all of them, and none by default", () => {
  const numbers = repeated(integer({ help, min: 0, max: 9 }));
  expect(numbers.parse(["1", "2"])).toEqual([1, 2]);
  expect(numbers.parse(["1", "x"])).toBeUndefined();
  expect(numbers.fallback).toEqual([]);
});

test("without a default an option must be given; null is a default", () => {
  expect(text({ help }).fallback).toBeUndefined();
  expect(text({ help, default: null }).fallback).toBe(null);
});
