/**
 * From what people gave to typed values. Each option is looked for in the arguments, then in the
 * environment, then in the file, and else has its default; every refusal says where its value came
 * from. One pass collects all problems, so that nobody mends them one by one.
 *
 * Pure: arguments, environment and the file's content are handed in.
 */
import { quoted } from "../base/printable.ts";
import { shownCharactersMax } from "../limits.ts";
import type { Given, Scan } from "./arguments.ts";
import { optionName, variableOf } from "./option.ts";
import type { Option, OptionTable, Values } from "./option.ts";
import type { OptionFile } from "./option-file.ts";
import { suggestion } from "./suggest.ts";

/** Says where the value of an option came from: `--host`, `OBELISK_HOST`, … */
export type OriginOf<T extends OptionTable> = (key: keyof T) => string;

/** All that was wrong, one sentence each. Never empty. */
export class Misuse {
  constructor(readonly problems: readonly string[]) {}
}

/** An argument that is no option, such as a topic or a directory. */
export interface Operand {
  /** As help shows it: `directory`. */
  readonly name: string;
  readonly help: string;
  /** `one` must be there, `optional` need not, `many` takes all that follow, at least none. */
  readonly count: "one" | "optional" | "many";
}

const show = (text: string): string => quoted(text, shownCharactersMax);

/** Everything that values are taken from. */
export interface Sources {
  readonly scan: Scan;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: OptionFile | null;
}

/** What a command runs with. */
export interface Resolved<T extends OptionTable> {
  readonly values: Values<T>;
  readonly operands: readonly string[];
  readonly originOf: OriginOf<T>;
}

/** The value of every option, or all reasons why there is none. */
export function resolveOptions<T extends OptionTable>(
  table: T,
  operands: readonly Operand[],
  sources: Sources,
): Resolved<T> | Misuse {
  const problems = [...sources.scan.problems];
  const fromFile = givenByFile(table, sources.file, problems);
  const values: Record<string, unknown> = {};
  const origins = new Map<keyof T, string>();
  for (const [key, option] of Object.entries(table)) {
    const name = optionName(key, option);
    const given =
      sources.scan.given.get(key) ??
      givenByEnvironment(name, sources.environment) ??
      fromFile.get(key);
    if (given === undefined) {
      values[key] = option.fallback;
      if (option.fallback === undefined) {
        problems.push(`--${name} is needed: ${option.help} (or set ${variableOf(name)}).`);
      }
      continue;
    }
    if (given.texts.length === 0) continue;
    origins.set(key, given.origin);
    values[key] = option.parse(given.texts);
    if (values[key] === undefined) problems.push(refusalOf(option, given));
  }
  checkOperands(operands, sources.scan.operands, problems);
  if (problems.length > 0) return new Misuse(problems);
  return {
    // The loop has put there, under each key of the table, what its own option parsed.
    values: values as Values<T>,
    operands: sources.scan.operands,
    originOf: (key) => origins.get(key) ?? `--${optionName(String(key), tableEntry(table, key))}`,
  };
}

/** The table's own entry: `key` is one of its keys by type. */
const tableEntry = <T extends OptionTable>(table: T, key: keyof T): Option<unknown> =>
  table[key] as Option<unknown>;

function refusalOf(option: Option<unknown>, given: Given): string {
  const bad = given.texts.find((text) => option.parse([text]) === undefined);
  const text = option.repeats ? (bad ?? "") : (given.texts.at(-1) ?? "");
  return `${given.origin} is ${show(text)}: expected ${option.expected}.`;
}

/** The text that arguments or environment give for one option, before it is parsed. */
export function valueText(
  table: OptionTable,
  key: string,
  scan: Scan,
  environment: Sources["environment"],
): { readonly text: string; readonly origin: string } | null {
  const option = table[key];
  if (option === undefined) return null;
  const given = scan.given.get(key) ?? givenByEnvironment(optionName(key, option), environment);
  const text = given?.texts.at(-1);
  return given === undefined || text === undefined ? null : { text, origin: given.origin };
}

/** A variable that is set to nothing counts as not set: that is how containers unset one. */
function givenByEnvironment(name: string, environment: Sources["environment"]): Given | undefined {
  const variable = variableOf(name);
  const text = environment[variable];
  return text === undefined || text === "" ? undefined : { texts: [text], origin: variable };
}

function givenByFile(
  table: OptionTable,
  file: OptionFile | null,
  problems: string[],
): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  if (file === null) return given;
  problems.push(...file.problems);
  const keys = new Map(
    Object.entries(table).map(([key, option]) => [optionName(key, option), key]),
  );
  // The file can't name another file: the first has been chosen already.
  keys.delete("config");
  for (const { name, text, line } of file.entries) {
    const where = `${file.path}, line ${line}`;
    const key = keys.get(name);
    if (key === undefined) {
      problems.push(
        `${where}: ${show(name)} is not an option.${suggestion(name, [...keys.keys()])}`,
      );
      continue;
    }
    const before = given.get(key);
    if (before === undefined) given.set(key, { texts: [text], origin: `${where}: ${name}` });
    else if (table[key]?.repeats === true) before.texts.push(text);
    else problems.push(`${where}: ${name} is set a second time.`);
  }
  return given;
}

function checkOperands(
  operands: readonly Operand[],
  given: readonly string[],
  problems: string[],
): void {
  const missing = operands[given.length];
  if (missing !== undefined && missing.count === "one") {
    problems.push(`<${missing.name}> is missing: ${missing.help}.`);
  }
  const extra = given[operands.length];
  if (extra !== undefined && operands.at(-1)?.count !== "many") {
    problems.push(`${show(extra)} is one argument too many.`);
  }
}

/** Variables that begin with `OBELISK_` and that none of `known` is. */
export const unknownVariables = (
  environment: Sources["environment"],
  known: ReadonlySet<string>,
): string[] =>
  Object.keys(environment)
    .filter((name) => name.startsWith("OBELISK_") && !known.has(name))
    .sort();
