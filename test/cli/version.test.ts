import { expect, test } from "bun:test";
import { commands } from "../../src/cli/commands.ts";
import { runProgram } from "../../src/cli/program.ts";
import { MemoryWorld } from "../fake/world.ts";

async function outputOf(...args: string[]): Promise<string> {
  const world = new MemoryWorld();
  expect(await runProgram({ calledAs: "obelisk", args }, commands, world)).toBe(0);
  return world.stdout.text;
}

test("the version is one line: which build, and what it runs on", async () => {
  expect(await outputOf("version")).toBe(
    `obelisk ${await packageVersion()} (from source, bun ${Bun.version}, ` +
      `${process.platform}-${process.arch})\n`,
  );
});

test("for a script it is one JSON object", async () => {
  expect(JSON.parse(await outputOf("version", "--json"))).toEqual({
    version: await packageVersion(),
    commit: null,
    bun: Bun.version,
    platform: process.platform,
    arch: process.arch,
  });
});

async function packageVersion(): Promise<string> {
  const path = new URL("../../package.json", import.meta.url).pathname;
  return (await Bun.file(path).json()).version;
}
