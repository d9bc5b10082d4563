/** Kafka's two ways to change a configuration. */
import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import {
  changedConfig,
  type ConfigAlteration,
  type ConfigOperation,
  type RawConfig,
} from "../../src/broker/config-change.ts";

/** `list` is a list, which is `a,b` where nothing is set; nothing else is one. */
const listOf = (name: string) => (name === "list" ? { fallback: "a,b" } : null);

const before: RawConfig = { size: "10", list: "x,y" };

function change(raw: RawConfig, ...configs: [string, ConfigOperation, string | null][]): unknown {
  const alterations = configs.map(([name, configOperation, value]): ConfigAlteration => {
    return { name, configOperation, value };
  });
  return shown(changedConfig(raw, { kind: "incremental", configs: alterations }, listOf));
}

const replace = (...configs: [string, string | null][]): unknown =>
  shown(
    changedConfig(
      before,
      { kind: "replace", configs: configs.map(([name, value]) => ({ name, value })) },
      listOf,
    ),
  );

const shown = (answer: RawConfig | Refusal): unknown =>
  answer instanceof Refusal ? answer.code : answer;

describe("incrementally", () => {
  test("SET sets, DELETE takes back, and the rest stays", () => {
    expect(change(before, ["size", "SET", "20"])).toEqual({ size: "20", list: "x,y" });
    expect(change(before, ["other", "SET", ""])).toEqual({ ...before, other: "" });
    expect(change(before, ["size", "DELETE", null])).toEqual({ list: "x,y" });
    expect(change(before, ["never.set", "DELETE", "whatever"])).toEqual(before);
    expect(change(before)).toEqual(before);
  });

  test("APPEND adds what is not there", () => {
    expect(change(before, ["list", "APPEND", "z"])).toEqual({ size: "10", list: "x,y,z" });
    expect(change(before, ["list", "APPEND", "y, z"])).toEqual({ size: "10", list: "x,y,z" });
    expect(change(before, ["list", "APPEND", ""])).toEqual(before);
  });

  test("SUBTRACT takes out what is there, down to nothing", () => {
    expect(change(before, ["list", "SUBTRACT", "x,q"])).toEqual({ size: "10", list: "y" });
    expect(change(before, ["list", "SUBTRACT", "y,x"])).toEqual({ size: "10", list: "" });
  });

  test("a list that was never set begins as its default", () => {
    expect(change({}, ["list", "APPEND", "c"])).toEqual({ list: "a,b,c" });
    expect(change({}, ["list", "SUBTRACT", "a"])).toEqual({ list: "b" });
  });

  test.each([
    ["APPEND to what is no list", ["size", "APPEND", "1"], "INVALID_CONFIG"],
    ["SUBTRACT from what is no list", ["size", "SUBTRACT", "1"], "INVALID_CONFIG"],
    ["SET without a value", ["size", "SET", null], "INVALID_REQUEST"],
    ["APPEND without a value", ["list", "APPEND", null], "INVALID_REQUEST"],
  ] as const)("%s is refused", (_, alteration, code) => {
    expect(change(before, [...alteration])).toBe(code);
  });

  test("a name that comes twice is refused", () => {
    expect(change(before, ["size", "SET", "1"], ["size", "DELETE", null])).toBe("INVALID_REQUEST");
  });

  test("what was set is not touched", () => {
    change(before, ["list", "APPEND", "z"], ["size", "DELETE", null]);
    expect(before).toEqual({ size: "10", list: "x,y" });
  });
});

describe("as a whole", () => {
  test("what is not named goes back to its default", () => {
    expect(replace(["size", "20"])).toEqual({ size: "20" });
    expect(replace()).toEqual({});
  });

  test("a name without a value, or twice, is refused", () => {
    expect(replace(["size", null])).toBe("INVALID_REQUEST");
    expect(replace(["size", "1"], ["size", "1"])).toBe("INVALID_REQUEST");
  });
});

test("names that mean something to JavaScript are names like others", () => {
  expect(change({}, ["__proto__", "SET", "1"])).toEqual(Object.fromEntries([["__proto__", "1"]]));
});
