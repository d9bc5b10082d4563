import { describe, expect, test } from "bun:test";
import { defineCommand } from "../../src/cli/command.ts";
import type { ReadyCommand } from "../../src/cli/command.ts";
import { integer, text } from "../../src/cli/option-kinds.ts";
import { Misuse } from "../../src/cli/resolve.ts";
import { MemoryWorld } from "../fake/world.ts";

const command = defineCommand({
  name: "sum",
  summary: "add numbers",
  options: {
    config: text({ help: "File", default: null }),
    low: integer({ help: "Lowest", default: 0, min: 0, max: 9 }),
    high: integer({ help: "Highest", default: 9, min: 0, max: 9 }),
  },
  examples: [],
  refuse(options, originOf) {
    if (options.low <= options.high) return null;
    return `${originOf("low")} is above ${originOf("high")}.`;
  },
  async run({ options, operands, stdout, fail, warn }) {
    warn("only a test");
    stdout.write(String(options.low + options.high + operands.length));
    return fail("it ends badly");
  },
});

async function prepare(world: MemoryWorld, ...args: string[]): Promise<ReadyCommand | Misuse> {
  return command.prepare(command.scan(args), world);
}

async function problemsOf(world: MemoryWorld, ...args: string[]): Promise<readonly string[]> {
  const prepared = await prepare(world, ...args);
  return prepared instanceof Misuse ? prepared.problems : [];
}

test("a command that is ready runs with its values and reports under its own path", async () => {
  const world = new MemoryWorld();
  const ready = await prepare(world, "--low=3", "--high=4");
  if (ready instanceof Misuse) throw new Error(ready.problems.join("\n"));
  expect(await ready.run(world, "obelisk sum")).toBe(1);
  expect(world.stdout.text).toBe("7");
  expect(world.stderr.text).toBe("obelisk sum: warning: only a test\nobelisk sum: it ends badly\n");
});

test("its rule over several options is asked last, and can name where they came from", async () => {
  const world = new MemoryWorld({ environment: { OBELISK_LOW: "7" } });
  expect(await problemsOf(world, "--high=4")).toEqual(["OBELISK_LOW is above --high."]);
  expect(await problemsOf(world, "--high=x")).toHaveLength(1);
});

describe("the file of options", () => {
  const files = { "a.conf": "low = 5\n", "b.conf": "low = 6\n", "bad.conf": "hgih = 5\n" };

  test.each([
    ["is named by the flag", ["--config", "a.conf", "--high=0"], {}, "a.conf, line 1: low"],
    ["or by the variable", ["--high=0"], { OBELISK_CONFIG: "b.conf" }, "b.conf, line 1: low"],
    [
      "by the flag before the variable",
      ["--config=a.conf", "--high=0"],
      { OBELISK_CONFIG: "b.conf" },
      "a.conf, line 1: low",
    ],
  ])("%s", async (_, args, environment, origin) => {
    const world = new MemoryWorld({ files, environment });
    expect(await problemsOf(world, ...args)).toEqual([`${origin} is above --high.`]);
  });

  test("must be there when it is named", async () => {
    const world = new MemoryWorld({ environment: { OBELISK_CONFIG: "none.conf" } });
    expect(await problemsOf(world)).toEqual(["OBELISK_CONFIG can't be read: no such file."]);
  });

  test("is checked as a whole", async () => {
    const world = new MemoryWorld({ files });
    expect(await problemsOf(world, "--config=bad.conf")).toEqual([
      'bad.conf, line 1: "hgih" is not an option. Did you mean high?',
    ]);
  });
});
