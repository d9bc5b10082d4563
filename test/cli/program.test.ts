import { describe, expect, test } from "bun:test";
import { defineCommand } from "../../src/cli/command.ts";
import type { ExitCode } from "../../src/cli/command.ts";
import { text, toggle } from "../../src/cli/option-kinds.ts";
import { runProgram } from "../../src/cli/program.ts";
import type { Registry } from "../../src/cli/program.ts";
import type { StopReason } from "../../src/cli/stop.ts";
import { MemoryWorld } from "../fake/world.ts";
import type { MemoryWorldOptions } from "../fake/world.ts";

/** A command that says by what name it ran, and with what. */
const echo = (name: string) =>
  defineCommand({
    name,
    summary: `say ${name}`,
    operands: [{ name: "word", help: "Words", count: "many" }],
    options: { data: text({ help: "Where", default: null }), loud: toggle({ help: "Loudly" }) },
    examples: [],
    async run({ options, operands, stdout }) {
      stdout.write(`${name} ${JSON.stringify(options)} ${operands.join(",")}\n`);
      return 0;
    },
  });

/** A command during whose run `reasons` happen, and which then returns `code`. */
const stopped = (code: ExitCode, reasons: readonly StopReason[], isService: boolean) =>
  defineCommand({
    name: "stopped",
    summary: "is stopped",
    options: {},
    examples: [],
    isService,
    async run({ stop }) {
      stop.onStop(() => {});
      for (const reason of reasons) stop.request(reason);
      return code;
    },
  });

const topics = { name: "topics", summary: "see topics", commands: [echo("list"), echo("create")] };

const registry: Registry = {
  serve: async () => echo("serve"),
  read: async () => echo("read"),
  topics: async () => topics,
  version: async () => echo("version"),
};

/** Runs `line` (words apart by blanks) and returns all that could be seen of it. */
async function call(line: string, options: MemoryWorldOptions = {}, calledAs = "obelisk") {
  const world = new MemoryWorld(options);
  const args = line === "" ? [] : line.split(" ");
  const code = await runProgram({ calledAs, args }, registry, world);
  return { code, out: world.stdout.text, error: world.stderr.text };
}

const values = '{"data":null,"loud":false}';

describe("which command is meant", () => {
  test.each([
    ["none: serve", "", `serve ${values} \n`],
    ["only options: serve", "--loud", 'serve {"data":null,"loud":true} \n'],
    ["a name", "read a b", `read ${values} a,b\n`],
    ["a name in a group", "topics create a", `create ${values} a\n`],
    ["--version", "--version", `version ${values} \n`],
    ["-V", "-V", `version ${values} \n`],
    ["options behind two dashes", "read -- --loud", `read ${values} --loud\n`],
  ])("%s", async (_, line, out) => {
    expect(await call(line)).toEqual({ code: 0, out, error: "" });
  });

  test("called as obelisk-reader, it reads, whatever the arguments are", async () => {
    expect((await call("topics", {}, "obelisk-reader")).out).toBe(`read ${values} topics\n`);
    expect((await call("", {}, "obelisk-reader")).out).toBe(`read ${values} \n`);
  });
});

describe("help", () => {
  test.each([
    ["help", "obelisk: a message broker in one executable\n"],
    ["--help", "obelisk: a message broker in one executable\n"],
    ["-h", "obelisk: a message broker in one executable\n"],
    ["read --help", "obelisk read: say read\n"],
    ["read --nonsense -h", "obelisk read: say read\n"],
    ["help read", "obelisk read: say read\n"],
    ["--loud --help", "obelisk serve: say serve\n"],
    ["topics --help", "obelisk topics: see topics\n"],
    ["topics create --help", "obelisk topics create: say create\n"],
    ["help topics", "obelisk topics: see topics\n"],
    ["help topics create", "obelisk topics create: say create\n"],
  ])("%s", async (line, head) => {
    const { code, out, error } = await call(line);
    expect(out).toStartWith(head);
    expect([code, error]).toEqual([0, ""]);
  });

  test("of the reader names the reader", async () => {
    const { out } = await call("--help", {}, "obelisk-reader");
    expect(out).toStartWith("obelisk-reader: say read\n");
    expect(out).toContain("  obelisk-reader [word …] [options]\n");
  });
});

describe("a wrong call ends with 2, says why on standard error, and where help is", () => {
  test.each([
    [
      "raed",
      'obelisk: "raed" is not a command. Did you mean read?\n' +
        "Run 'obelisk --help' to see what there is.\n",
    ],
    [
      "__proto__",
      "obelisk: \"__proto__\" is not a command.\nRun 'obelisk --help' to see what there is.\n",
    ],
    [
      "help nothing",
      "obelisk: \"nothing\" is not a command.\nRun 'obelisk --help' to see what there is.\n",
    ],
    [
      "topics",
      "obelisk topics: one of its commands is needed: list, create.\n" +
        "Run 'obelisk topics --help' to see what there is.\n",
    ],
    [
      "topics creat",
      'obelisk topics: "creat" is not a command. Did you mean create?\n' +
        "Run 'obelisk topics --help' to see what there is.\n",
    ],
    [
      "topics create --luod --data",
      "obelisk topics create: --luod is not an option. Did you mean --loud?\n" +
        "obelisk topics create: --data needs a value: <text>.\n" +
        "Run 'obelisk topics create --help' to see what there is.\n",
    ],
    [
      "--luod",
      "obelisk serve: --luod is not an option. Did you mean --loud?\n" +
        "Run 'obelisk serve --help' to see what there is.\n",
    ],
  ])("%s", async (line, error) => {
    expect(await call(line)).toEqual({ code: 2, out: "", error });
  });
});

describe("variables of ours", () => {
  test("that no option has are a warning, with the nearest that one has", async () => {
    expect(await call("read", { environment: { OBELISK_DATE: "x", OBELISK_XYZZY: "1" } })).toEqual({
      code: 0,
      out: `read ${values} \n`,
      error:
        "obelisk read: warning: OBELISK_DATE is set, but no option has that name: " +
        "it has no effect. Did you mean OBELISK_DATA?\n" +
        "obelisk read: warning: OBELISK_XYZZY is set, but no option has that name: " +
        "it has no effect.\n",
    });
  });

  test("that another command has are no slip", async () => {
    const other = defineCommand({
      name: "other",
      summary: "other",
      options: { depth: text({ help: "Depth", default: null }) },
      examples: [],
      run: async () => 0,
    });
    const more: Registry = { ...registry, other: async () => other };
    const world = new MemoryWorld({ environment: { OBELISK_DEPTH: "1" } });
    await runProgram({ calledAs: "obelisk", args: ["read"] }, more, world);
    expect(world.stderr.text).toBe("");
  });
});

describe("how a stopped command ends", () => {
  test.each([
    ["a client by SIGINT", 0, ["SIGINT"], false, 130],
    ["a client by SIGTERM", 0, ["SIGTERM"], false, 143],
    ["a client whose reader has gone", 0, ["closed"], false, 0],
    ["a client whose output fails", 0, ["unwritable"], false, 1],
    ["a client that failed as well", 1, ["SIGINT"], false, 1],
    ["a service by SIGTERM", 0, ["SIGTERM"], true, 0],
    ["a service that could not end well", 1, ["SIGTERM"], true, 1],
    ["a service whose reader has gone", 0, ["closed"], true, 0],
  ] as const)("%s", async (_, code, reasons, isService, expected) => {
    const world = new MemoryWorld();
    const one: Registry = { stopped: async () => stopped(code, reasons, isService) };
    expect(await runProgram({ calledAs: "obelisk", args: ["stopped"] }, one, world)).toBe(expected);
    expect(world.exits).toEqual([]);
  });
});
