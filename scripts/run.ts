/**
 * Everything that is done with this code, as one program: `sh scripts/bun.sh scripts/run.ts
 * <subcommand>`. To add one, write its file beside this one and name it below.
 */
import { bench } from "./bench.ts";
import { build } from "./build.ts";
import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { docs } from "./docs.ts";
import { fuzzing } from "./fuzz.ts";
import { kafkaDiff } from "./kafka-diff.ts";
import { simulate } from "./simulate.ts";
import { start } from "./start.ts";
import { test } from "./test.ts";
import { torture } from "./torture.ts";

const commands: Readonly<Record<string, Command>> = {
  start,
  test,
  check,
  build,
  docs,
  bench,
  simulate,
  torture,
  fuzz: fuzzing,
  "kafka-diff": kafkaDiff,
};

const [name = "", ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  const lines = Object.entries(commands).map(([each, { summary }]) => {
    return `  ${each.padEnd(12)}${summary}\n`;
  });
  process.stderr.write(`Subcommands of scripts/run.ts:\n${lines.join("")}`);
}
process.exitCode = (await command?.run(args)) ?? 2;
