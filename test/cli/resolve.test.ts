import { describe, expect, test } from "bun:test";
import { scanArguments } from "../../src/cli/arguments.ts";
import { parseOptionFile } from "../../src/cli/option-file.ts";
import { choice, integer, text } from "../../src/cli/option-kinds.ts";
import { repeated } from "../../src/cli/option.ts";
import { Misuse, resolveOptions, unknownVariables, valueText } from "../../src/cli/resolve.ts";
import type { Operand } from "../../src/cli/resolve.ts";

const help = "Helps";
const options = {
  config: text({ help, default: null }),
  port: integer({ help, default: 8080, min: 0, max: 65_535 }),
  level: choice(["low", "high"], { help, default: null }),
  header: repeated(text({ help })),
};

interface Given {
  readonly args?: string[];
  readonly environment?: Record<string, string>;
  readonly file?: string;
  readonly operands?: Operand[];
}

const resolve = ({ args = [], environment = {}, file, operands = [] }: Given) =>
  resolveOptions(options, operands, {
    scan: scanArguments(options, args),
    environment,
    file: file === undefined ? null : parseOptionFile("o.conf", file),
  });

function valuesOf(given: Given) {
  const resolved = resolve(given);
  return resolved instanceof Misuse ? resolved.problems : resolved.values;
}

function problemsOf(given: Given): readonly string[] {
  const resolved = resolve(given);
  return resolved instanceof Misuse ? resolved.problems : [];
}

describe("where a value comes from", () => {
  const args = ["--port=1"];
  const environment = { OBELISK_PORT: "2" };
  const file = "port = 3";

  test.each([
    ["flags before all", { args, environment, file }, 1, "--port"],
    ["then variables", { environment, file }, 2, "OBELISK_PORT"],
    ["then the file", { file }, 3, "o.conf, line 1: port"],
    ["then the default", {}, 8080, "--port"],
    [
      "a variable that is set to nothing is not set",
      { environment: { OBELISK_PORT: "" } },
      8080,
      "--port",
    ],
  ])("%s", (_, given, port, origin) => {
    const resolved = resolve(given);
    if (resolved instanceof Misuse) throw new Error(resolved.problems.join("\n"));
    expect(resolved.values.port).toBe(port);
    expect(resolved.originOf("port")).toBe(origin);
  });

  test("each option by itself", () => {
    expect(valuesOf({ args, environment: { OBELISK_LEVEL: "high" }, file })).toEqual({
      config: null,
      port: 1,
      level: "high",
      header: [],
    });
  });

  test("a value that loses is not looked at", () => {
    expect(problemsOf({ args, environment: { OBELISK_PORT: "x" } })).toEqual([]);
  });

  test("a repeated option takes all of one source and none of the next", () => {
    const given = { args: ["--header=a", "--header", "b"], file: "header = c\nheader = d" };
    expect(valuesOf(given)).toMatchObject({ header: ["a", "b"] });
    expect(valuesOf({ file: given.file })).toMatchObject({ header: ["c", "d"] });
  });
});

describe("refused", () => {
  const range = "expected a whole number from 0 to 65535.";

  test.each([
    ["a flag", { args: ["--port", "65536"] }, `--port is "65536": ${range}`],
    ["a variable", { environment: { OBELISK_PORT: "x y" } }, `OBELISK_PORT is "x y": ${range}`],
    ["a line of the file", { file: "\nport = 1k" }, `o.conf, line 2: port is "1k": ${range}`],
    [
      "one of several",
      { args: ["--header=a", "--header="] },
      '--header is "": expected a text that is not empty.',
    ],
    ["a choice", { args: ["--level=mid"] }, '--level is "mid": expected one of low, high.'],
    [
      "an unknown name in the file",
      { file: "prot = 1" },
      'o.conf, line 1: "prot" is not an option. Did you mean port?',
    ],
    [
      "the file's own name in the file",
      { file: "config = x" },
      'o.conf, line 1: "config" is not an option.',
    ],
    [
      "a name twice in the file",
      { file: "port = 1\nport = 2" },
      "o.conf, line 2: port is set a second time.",
    ],
    [
      "a bad line in the file",
      { file: "port" },
      "o.conf, line 1: expected name = value, found: port",
    ],
    ["an escape sequence", { args: ["--port=\x1b[2J"] }, `--port is "\\u001b[2J": ${range}`],
    ["an argument that nobody expects", { args: ["a"] }, '"a" is one argument too many.'],
  ])("%s", (_, given: Given, expected) => {
    expect(problemsOf(given)).toEqual([expected]);
  });

  test("all at once, in the order of flags, file, table and operands", () => {
    const given = {
      args: ["--x", "--port=x", "a"],
      environment: { OBELISK_LEVEL: "mid" },
      file: "y = 1",
    };
    expect(problemsOf(given)).toEqual([
      "--x is not an option.",
      'o.conf, line 1: "y" is not an option.',
      `--port is "x": ${range}`,
      'OBELISK_LEVEL is "mid": expected one of low, high.',
      '"a" is one argument too many.',
    ]);
  });

  test("an option that must be given, unless it stood there without its value", () => {
    const table = { topic: text({ help: "Topic to read" }) };
    const given = (args: string[]) =>
      resolveOptions(table, [], { scan: scanArguments(table, args), environment: {}, file: null });
    expect(given([])).toEqual(
      new Misuse(["--topic is needed: Topic to read (or set OBELISK_TOPIC)."]),
    );
    expect(given(["--topic"])).toEqual(new Misuse(["--topic needs a value: <text>."]));
  });
});

describe("operands", () => {
  const one: Operand = { name: "topic", help: "The topic", count: "one" };
  const optional: Operand = { name: "directory", help: "Where", count: "optional" };
  const many: Operand = { name: "file", help: "Files", count: "many" };

  test.each([
    [[one], [], ["<topic> is missing: The topic."]],
    [[one], ["a"], []],
    [[one], ["a", "b"], ['"b" is one argument too many.']],
    [[optional], [], []],
    [[optional], ["a", "b"], ['"b" is one argument too many.']],
    [[one, many], ["a"], []],
    [[one, many], ["a", "b", "c"], []],
    [[one, many], [], ["<topic> is missing: The topic."]],
  ])("%j with %j", (operands, args, expected) => {
    expect(problemsOf({ operands, args })).toEqual(expected);
  });
});

test("the text of one option can be asked for before the rest is known", () => {
  const of = (args: string[], environment = {}) =>
    valueText(options, "config", scanArguments(options, args), environment);
  expect(of(["--config", "a", "--port=x"])).toEqual({ text: "a", origin: "--config" });
  expect(of([], { OBELISK_CONFIG: "b" })).toEqual({ text: "b", origin: "OBELISK_CONFIG" });
  expect(of([])).toBe(null);
  expect(valueText({}, "config", scanArguments({}, []), { OBELISK_CONFIG: "b" })).toBe(null);
});

test("variables of ours that nothing listens to are found, those of others are not ours", () => {
  const environment = { OBELISK_PROT: "1", OBELISK_PORT: "1", PATH: "/", obelisk_port: "1" };
  expect(unknownVariables(environment, new Set(["OBELISK_PORT"]))).toEqual(["OBELISK_PROT"]);
});
