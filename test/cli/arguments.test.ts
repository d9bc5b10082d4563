import { describe, expect, test } from "bun:test";
import { scanArguments } from "../../src/cli/arguments.ts";
import { integer, text, toggle } from "../../src/cli/option-kinds.ts";

const help = "Helps";
const options = {
  topic: text({ help, short: "t" }),
  count: integer({ help, short: "c", min: -9, max: 9 }),
  json: toggle({ help, short: "J" }),
  exit: toggle({ help, short: "e" }),
  nodes: text({ help }),
};

/** What was given, as `key=text` in the order of the table, then the operands. */
function scan(...args: string[]) {
  const { given, operands, help: wantsHelp, problems } = scanArguments(options, args);
  const texts = Object.keys(options).flatMap((key) =>
    (given.get(key)?.texts ?? []).map((value) => `${key}=${value}`),
  );
  return { texts, operands: [...operands], wantsHelp, problems: [...problems] };
}

describe("options", () => {
  test.each([
    ["a name and a value", ["--topic", "a"], ["topic=a"]],
    ["a name with its value", ["--topic=a"], ["topic=a"]],
    ["a value with an equals sign", ["--topic=a=b"], ["topic=a=b"]],
    ["an empty value", ["--topic="], ["topic="]],
    ["an empty value of its own", ["--topic", ""], ["topic="]],
    ["a letter and a value", ["-t", "a"], ["topic=a"]],
    ["a letter with its value", ["-ta"], ["topic=a"]],
    ["a letter, an equals sign and a value", ["-t=a"], ["topic=a"]],
    ["a negative number", ["--count", "-5", "-c-6"], ["count=-5", "count=-6"]],
    ["a lone dash", ["--topic", "-"], ["topic=-"]],
    ["a switch", ["--json"], ["json=true"]],
    ["a switch turned off", ["--no-json"], ["json=false"]],
    ["a switch with a word", ["--json=false"], ["json=false"]],
    ["letters together", ["-eJ"], ["json=true", "exit=true"]],
    ["letters together, the last with a value", ["-eJta"], ["topic=a", "json=true", "exit=true"]],
    ["a name that begins with no", ["--nodes=a"], ["nodes=a"]],
    ["several times", ["-t", "a", "--topic=b"], ["topic=a", "topic=b"]],
  ])("%s", (_, args, expected) => {
    expect(scan(...args)).toEqual({
      texts: expected,
      operands: [],
      wantsHelp: false,
      problems: [],
    });
  });
});

describe("operands", () => {
  test("stand anywhere", () => {
    expect(scan("a", "--json", "b", "-").operands).toEqual(["a", "b", "-"]);
  });

  test("after two dashes are taken as they are", () => {
    expect(scan("--json", "--", "--topic", "-x", "--")).toEqual({
      texts: ["json=true"],
      operands: ["--topic", "-x", "--"],
      wantsHelp: false,
      problems: [],
    });
  });
});

test.each([["--help"], ["-h"]])("%s is seen among others, even bad ones", (word) => {
  expect(scan("--nonsense", word).wantsHelp).toBe(true);
  expect(scan("--", word).wantsHelp).toBe(false);
});

describe("refused", () => {
  test.each([
    ["an unknown name", ["--topc=a"], "--topc is not an option. Did you mean --topic?"],
    ["an unknown name without a neighbour", ["--xyzzy"], "--xyzzy is not an option."],
    ["three dashes", ["---topic"], "---topic is not an option. Did you mean --topic?"],
    ["an unknown letter", ["-x"], "-x is not an option."],
    ["an unknown letter among others", ["-ex"], "-x is not an option."],
    [
      "no for what is no switch",
      ["--no-topic"],
      "--no-topic is not an option. Did you mean --topic?",
    ],
    ["no with a word", ["--no-json=true"], "--no-json is not an option. Did you mean --json?"],
    ["a value that is missing", ["--topic"], "--topic needs a value: <text>."],
    ["a letter's value that is missing", ["-t"], "-t needs a value: <text>."],
    [
      "an option in the place of a value",
      ["--topic", "--json"],
      "--topic needs a value: <text> (write --topic=… if the value begins with a dash).",
    ],
    [
      "the original's way of writing flags",
      ["-topic=a"],
      "-topic is not an option. Did you mean --topic?",
    ],
    ["an escape sequence", ["--\x1b[2J"], "--\\u001b[2J is not an option."],
  ])("%s", (_, args, expected) => {
    expect(scan(...args).problems).toEqual([expected]);
  });

  test("all at once", () => {
    expect(scan("--a1", "-z", "--topic").problems).toHaveLength(3);
  });
});
