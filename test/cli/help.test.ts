import { describe, expect, test } from "bun:test";
import { defineCommand } from "../../src/cli/command.ts";
import { commandHelp, groupHelp, programHelp } from "../../src/cli/help.ts";
import { choice, integer, text, toggle } from "../../src/cli/option-kinds.ts";
import { repeated } from "../../src/cli/option.ts";
import { coloured, plain } from "../../src/cli/terminal.ts";
import { brokerOptions } from "../../src/options.ts";
import { expectGolden } from "../support/golden.ts";

const sheet = { style: plain, columns: 100 };

const feed = defineCommand({
  name: "feed",
  summary: "give the animals their food",
  details: [
    "Reads the names of animals from its arguments, one after another, and gives each of them " +
      "what it likes best, until there is nothing left.",
    "An animal that has gone is reported.",
  ],
  operands: [
    { name: "animal", help: "Who is to be fed", count: "one" },
    { name: "guest", help: "Who else may come", count: "many" },
  ],
  options: {
    keeper: text({ short: "k", placeholder: "<name>", help: "Who feeds" }),
    bowls: integer({ default: 1, min: 1, max: 9, help: "How many bowls, each of them full" }),
    menu: choice(["hay", "fish"], { default: null, help: "What there is" }),
    tag: repeated(text({ placeholder: "<key=value>", help: "Note on the bowl" })),
    quiet: toggle({ short: "q", help: "Don't wake the others" }),
    water: toggle({ default: true, help: "Give water too" }),
  },
  examples: [
    { args: "lion --keeper ann", does: "one animal" },
    {
      args: "lion seal --keeper ann",
      input: "cat bowl |",
      does: "two of them, from standard input",
    },
  ],
  run: async () => 0,
});

const group = {
  name: "zoo",
  summary: "look after a zoo",
  commands: [feed, { ...feed, name: "lock", summary: "close the gates" }],
};

test("the help of a command", () => {
  expectGolden("cli/help-command.txt", commandHelp("obelisk zoo feed", feed, sheet));
});

test("the help of a group", () => {
  expectGolden("cli/help-group.txt", groupHelp("obelisk zoo", group, sheet));
});

test("the help of the program", () => {
  expectGolden("cli/help-program.txt", programHelp("obelisk", [group, feed], "zoo", sheet));
});

test("the help of the broker's options", () => {
  const serve = defineCommand({
    name: "serve",
    summary: "run the broker",
    options: brokerOptions,
    examples: [],
    run: async () => 0,
  });
  expectGolden("cli/help-broker-options.txt", commandHelp("obelisk serve", serve, sheet));
});

describe("lines", () => {
  const widest = (columns: number): number => {
    const help = commandHelp("obelisk zoo feed", feed, { style: plain, columns });
    return Math.max(...help.split("\n").map((line) => line.length));
  };

  test("fit the terminal, and stay readable on a wide or a tiny one", () => {
    expect(widest(80)).toBeLessThanOrEqual(80);
    expect(widest(500)).toBeLessThanOrEqual(100);
    expect(widest(10)).toBeLessThanOrEqual(60);
  });

  test("end without blanks", () => {
    expect(commandHelp("obelisk zoo feed", feed, sheet)).not.toMatch(/ \n/);
  });

  test("read the same with colours, once those are taken away", () => {
    const shown = commandHelp("obelisk zoo feed", feed, { style: coloured, columns: 100 });
    expect(shown).toContain("\x1b[1mOptions\x1b[22m");
    expect(Bun.stripANSI(shown)).toBe(commandHelp("obelisk zoo feed", feed, sheet));
  });
});
