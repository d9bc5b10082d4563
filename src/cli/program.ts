/**
 * The program: which command was meant, is it given rightly, run it, and what its end means for
 * the shell. Pure but for the world that is handed in.
 */
import { printable } from "../base/printable.ts";
import { shownCharactersMax } from "../limits.ts";
import { exitCode } from "./command.ts";
import type { Command, CommandGroup, World } from "./command.ts";
import { commandHelp, groupHelp, programHelp } from "./help.ts";
import { variablesOf } from "./option.ts";
import { Misuse, unknownVariables } from "./resolve.ts";
import { stopCodes } from "./stop.ts";
import { nearest, suggestion } from "./suggest.ts";

/** All commands by name, each loaded when it is needed. */
export type Registry = Readonly<Record<string, () => Promise<Command | CommandGroup>>>;

/** One call of the program. */
export interface Call {
  /** The name by which it was called, without its directory. */
  readonly calledAs: string;
  readonly args: readonly string[];
}

const programName = "obelisk";
/** Called by this name, the program is its `read` command. */
const readerName = "obelisk-reader";
const readerCommand = "read";
/** What to do when no command is named. */
const defaultCommand = "serve";

const isHelp = (argument: string | undefined): boolean =>
  argument === "--help" || argument === "-h";

/** Runs one call to its end and returns the exit code; what was written may still be queued. */
export async function runProgram(call: Call, registry: Registry, world: World): Promise<number> {
  if (call.calledAs === readerName) {
    return runNamed(readerName, readerCommand, call.args, registry, world);
  }
  const [first, ...rest] = call.args;
  if (first === "help" && rest.length > 0) {
    return runProgram({ ...call, args: [...rest, "--help"] }, registry, world);
  }
  if (first === "help" || isHelp(first)) {
    const commands = await Promise.all(Object.values(registry).map((load) => load()));
    world.stdout.write(programHelp(programName, commands, defaultCommand, world.stdout));
    return exitCode.ok;
  }
  if (first === "--version" || first === "-V") {
    return runProgram({ ...call, args: ["version", ...rest] }, registry, world);
  }
  if (first === undefined || first.startsWith("-")) {
    const path = `${programName} ${defaultCommand}`;
    return runNamed(path, defaultCommand, call.args, registry, world);
  }
  return runNamed(`${programName} ${first}`, first, rest, registry, world);
}

/** @param path how people call the command: it heads its messages and its help */
async function runNamed(
  path: string,
  name: string,
  args: readonly string[],
  registry: Registry,
  world: World,
): Promise<number> {
  const load = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (load === undefined) {
    return misuse(programName, [unknownCommand(name, Object.keys(registry))], programName, world);
  }
  const found = await load();
  if (!("commands" in found)) return runCommand(path, found, args, registry, world);
  const [first = "", ...rest] = args;
  if (isHelp(first)) {
    world.stdout.write(groupHelp(path, found, world.stdout));
    return exitCode.ok;
  }
  const names = found.commands.map((command) => command.name);
  const command = found.commands.find((one) => one.name === first);
  if (command !== undefined) {
    return runCommand(`${path} ${first}`, command, rest, registry, world);
  }
  const problem =
    first === "" || first.startsWith("-")
      ? `one of its commands is needed: ${names.join(", ")}.`
      : unknownCommand(first, names);
  return misuse(path, [problem], path, world);
}

async function runCommand(
  path: string,
  command: Command,
  args: readonly string[],
  registry: Registry,
  world: World,
): Promise<number> {
  const scan = command.scan(args);
  if (scan.help) {
    world.stdout.write(commandHelp(path, command, world.stdout));
    return exitCode.ok;
  }
  await warnOfVariables(path, command, registry, world);
  const ready = await command.prepare(scan, world);
  if (ready instanceof Misuse) return misuse(path, ready.problems, path, world);
  if (command.isService) world.stop.ignoreOutput();
  const code = await ready.run(world, path);
  const reason = world.stop.reason;
  const stopped = reason !== null && !command.isService;
  return stopped && code === exitCode.ok ? stopCodes[reason] : code;
}

function unknownCommand(name: string, names: readonly string[]): string {
  const shown = printable(name, shownCharactersMax);
  return `"${shown}" is not a command.${suggestion(name, [...names, "help"])}`;
}

function misuse(path: string, problems: readonly string[], helpPath: string, world: World): number {
  for (const problem of problems) world.stderr.write(`${path}: ${problem}\n`);
  world.stderr.write(`Run '${helpPath} --help' to see what there is.\n`);
  return exitCode.misuse;
}

/** A variable that nothing listens to is most likely a slip, and silently has no effect. */
async function warnOfVariables(
  path: string,
  command: Command,
  registry: Registry,
  world: World,
): Promise<void> {
  const own = new Set(variablesOf(command.options));
  if (unknownVariables(world.environment, own).length === 0) return;
  const loaded = await Promise.all(Object.values(registry).map((load) => load()));
  const all = loaded.flatMap((found) => ("commands" in found ? found.commands : [found]));
  const known = new Set(all.flatMap(({ options }) => variablesOf(options)));
  for (const variable of unknownVariables(world.environment, known)) {
    const meant = nearest(variable, [...known]);
    const hint = meant === null ? "" : ` Did you mean ${meant}?`;
    world.stderr.write(
      `${path}: warning: ${printable(variable, shownCharactersMax)} is set, but no option ` +
        `has that name: it has no effect.${hint}\n`,
    );
  }
}
