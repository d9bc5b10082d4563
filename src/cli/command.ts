/**
 * What a command is, and what it gets. A command is one file that exports one value, made by
 * {@link defineCommand} from a description; `commands.ts` lists them. All that a command may touch
 * comes in its {@link Context}, so tests run it without a process.
 */
import type { Clock } from "../base/clock.ts";
import { scanArguments } from "./arguments.ts";
import type { Scan } from "./arguments.ts";
import type { OptionTable, Values } from "./option.ts";
import { parseOptionFile } from "./option-file.ts";
import type { OptionFile } from "./option-file.ts";
import type { Output } from "./output.ts";
import { Misuse, resolveOptions, valueText } from "./resolve.ts";
import type { Operand, OriginOf } from "./resolve.ts";
import type { Stop } from "./stop.ts";

/** How commands end. A signal ends them with 128 plus its number (`stop.ts`). */
export const exitCode = { ok: 0, failed: 1, misuse: 2 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Standard input. */
export interface Input {
  readonly isTerminal: boolean;
  chunks(): AsyncIterable<Uint8Array>;
}

/** The process as commands see it. */
export interface World {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  readonly stop: Stop;
  /** The text of a small file; a string that says why not, in `failure`. */
  readSmallFile(path: string): Promise<{ text: string } | { failure: string }>;
}

/** What a running command gets. */
export interface Context<T extends OptionTable> extends World {
  readonly options: Values<T>;
  readonly operands: readonly string[];
  /** Reports on standard error; `return context.fail("…")` ends a command. */
  readonly fail: (message: string) => ExitCode;
  /** The same without ending. */
  readonly warn: (message: string) => void;
}

/** A line to try. */
export interface Example {
  /** What stands behind the command's name. */
  readonly args: string;
  /** What stands before it, as `echo hello |`. */
  readonly input?: string;
  readonly does: string;
}

/** What a command's file says. */
export interface CommandDescription<T extends OptionTable> {
  readonly name: string;
  /** A few words for the list of commands. */
  readonly summary: string;
  /** What `--help` says beyond that: paragraphs. */
  readonly details?: readonly string[];
  readonly operands?: readonly Operand[];
  /** A table with the key `config` gives the command a file of options. */
  readonly options: T;
  readonly examples: readonly Example[];
  /**
   * A service is stopped by a signal as a matter of course: that is no failure, and who reads its
   * output doesn't matter. Any other command ends with the signal's code.
   */
  readonly isService?: boolean;
  /** Rules over several options: what is wrong, as one sentence, or `null`. */
  refuse?(options: Values<T>, originOf: OriginOf<T>): string | null;
  run(context: Context<T>): Promise<ExitCode>;
}

/** A command whose options are known to be right. */
export interface ReadyCommand {
  run(world: World, path: string): Promise<ExitCode>;
}

/** A command, its types closed over. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly details: readonly string[];
  readonly operands: readonly Operand[];
  readonly options: OptionTable;
  readonly examples: readonly Example[];
  readonly isService: boolean;
  scan(args: readonly string[]): Scan;
  prepare(scan: Scan, world: World): Promise<ReadyCommand | Misuse>;
}

/** Commands under one word: `topics create`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** Makes a command of its description. */
export function defineCommand<T extends OptionTable>(description: CommandDescription<T>): Command {
  const operands = description.operands ?? [];
  return {
    name: description.name,
    summary: description.summary,
    details: description.details ?? [],
    operands,
    options: description.options,
    examples: description.examples,
    isService: description.isService ?? false,
    scan: (args) => scanArguments(description.options, args),
    async prepare(scan, world) {
      const file = await optionFile(description.options, scan, world);
      if (file instanceof Misuse) return file;
      const { environment } = world;
      const resolved = resolveOptions(description.options, operands, { scan, environment, file });
      if (resolved instanceof Misuse) return resolved;
      const { values: options, originOf } = resolved;
      const refused = description.refuse?.(options, originOf) ?? null;
      if (refused !== null) return new Misuse([refused]);
      return {
        run(running, path) {
          const say = (message: string): void => running.stderr.write(`${path}: ${message}\n`);
          const fail = (message: string): ExitCode => {
            say(message);
            return exitCode.failed;
          };
          const warn = (message: string): void => say(`warning: ${message}`);
          const context = { ...running, options, operands: resolved.operands, fail, warn };
          return description.run(context);
        },
      };
    },
  };
}

/** The file that `--config` or its variable names, if the command has that option. */
async function optionFile(
  table: OptionTable,
  scan: Scan,
  world: World,
): Promise<OptionFile | null | Misuse> {
  const given = valueText(table, "config", scan, world.environment);
  if (given === null) return null;
  const read = await world.readSmallFile(given.text);
  if ("text" in read) return parseOptionFile(given.text, read.text);
  return new Misuse([`${given.origin} can't be read: ${read.failure}.`]);
}
