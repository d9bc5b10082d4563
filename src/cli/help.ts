/**
 * Help: of the program, of a group of commands, of one command; all of it from their descriptions,
 * so that it can't say anything else than what is true.
 */
import type { Command, CommandGroup } from "./command.ts";
import { optionName, variableOf } from "./option.ts";
import type { Option } from "./option.ts";
import type { Operand } from "./resolve.ts";
import { wrap } from "./terminal.ts";
import type { Style } from "./terminal.ts";

/** How help is to look. */
export interface Sheet {
  readonly style: Style;
  readonly columns: number;
}

/** Wider lines are hard to read, narrower ones can't hold two columns. */
const columnsMax = 100;
const columnsMin = 60;
/** The left one of two columns; longer entries get a line of their own. */
const leftColumnMax = 30;

/** Two columns: entries, and what is said of each. */
function entries(rows: readonly (readonly [left: string, right: string])[], sheet: Sheet): string {
  const total = Math.max(columnsMin, Math.min(columnsMax, sheet.columns));
  const widest = Math.max(...rows.map(([left]) => left.length));
  const indent = Math.min(leftColumnMax, widest) + 4;
  return rows
    .map(([left, right]) => {
      const [first = "", ...more] = wrap(right, total - indent);
      const fits = left.length <= indent - 4;
      const head = fits ? `  ${left.padEnd(indent - 4)}  ${first}` : `  ${left}`;
      const rest = (fits ? more : [first, ...more]).map((line) => " ".repeat(indent) + line);
      return [head, ...rest].map((line) => `${line.trimEnd()}\n`).join("");
    })
    .join("");
}

const heading = (title: string, sheet: Sheet): string => `\n${sheet.style.bold(title)}\n`;

const paragraph = (text: string, sheet: Sheet): string =>
  `\n${wrap(text, Math.max(columnsMin, Math.min(columnsMax, sheet.columns))).join("\n")}\n`;

const operandText = (operand: Operand): string => {
  if (operand.count === "one") return ` <${operand.name}>`;
  return operand.count === "many" ? ` [${operand.name} …]` : ` [${operand.name}]`;
};

function optionRow(key: string, option: Option<unknown>): readonly [string, string] {
  const name = optionName(key, option);
  const short = option.short === null ? "    " : `-${option.short}, `;
  const isSwitch = option.placeholder === null;
  const canTurnOff = option.defaultText === "on" && isSwitch;
  const value = isSwitch ? "" : ` ${option.placeholder}`;
  const left = `${short}--${canTurnOff ? "[no-]" : ""}${name}${value}`;
  const notes: string[] = [];
  if (option.range !== null) notes.push(option.range);
  if (option.fallback === undefined) notes.push("must be given");
  else if (canTurnOff || !isSwitch) notes.push(`default ${option.defaultText ?? "none"}`);
  if (option.repeats) notes.push("may be repeated");
  notes.push(variableOf(name));
  return [left, `${option.help}. (${notes.join("; ")})`];
}

/** @param path how the command is called, as `obelisk topics create` */
export function commandHelp(path: string, command: Command, sheet: Sheet): string {
  const { operands, examples } = command;
  const usage = `${path}${operands.map(operandText).join("")} [options]`;
  const rows = Object.entries(command.options).map(([key, option]) => optionRow(key, option));
  const parts = [
    `${sheet.style.bold(path)}: ${command.summary}\n`,
    ...command.details.map((text) => paragraph(text, sheet)),
    heading("Usage", sheet),
    `  ${usage}\n`,
  ];
  if (operands.length > 0) {
    const described = operands.map(({ name, help }) => [`<${name}>`, `${help}.`] as const);
    parts.push(heading("Arguments", sheet), entries(described, sheet));
  }
  const helpRow = ["-h, --help", "Show this."] as const;
  parts.push(heading("Options", sheet), entries([...rows, helpRow], sheet));
  if (examples.length > 0) {
    const lines = examples.map(({ args, input, does }) => {
      const words = [...(input === undefined ? [] : [input]), path, args];
      return `  ${sheet.style.dim(`# ${does}`)}\n  ${words.join(" ").trimEnd()}\n`;
    });
    parts.push(heading("Examples", sheet), lines.join("\n"));
  }
  return parts.join("");
}

const summaries = (commands: readonly (Command | CommandGroup)[]): (readonly [string, string])[] =>
  commands.map(({ name, summary }) => [name, summary] as const);

/** Help of `topics` and its like. */
export function groupHelp(path: string, group: CommandGroup, sheet: Sheet): string {
  return [
    `${sheet.style.bold(path)}: ${group.summary}\n`,
    heading("Usage", sheet),
    `  ${path} <command> [options]\n`,
    heading("Commands", sheet),
    entries(summaries(group.commands), sheet),
    `\nRun '${path} <command> --help' to see the options of one.\n`,
  ].join("");
}

/** Help of the whole program. */
export function programHelp(
  program: string,
  commands: readonly (Command | CommandGroup)[],
  defaultCommand: string,
  sheet: Sheet,
): string {
  const help = ["help", "Show this, or the help of a command: help <command>."] as const;
  const rule =
    "Options come from flags, then from OBELISK_* variables, then from a file (serve --config), " +
    "then from their defaults.";
  return [
    `${sheet.style.bold(program)}: a message broker in one executable\n`,
    heading("Usage", sheet),
    `  ${program} [command] [options]\n`,
    `  ${program} [options]  is  ${program} ${defaultCommand} [options]\n`,
    heading("Commands", sheet),
    entries([...summaries(commands), help], sheet),
    paragraph(rule, sheet),
    `\nRun '${program} <command> --help' to see the options of one.\n`,
  ].join("");
}
