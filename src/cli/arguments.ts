/**
 * The arguments of a command, split into options and operands, before any value is looked at:
 * `--name value`, `--name=value`, `--no-name` for switches, `-n value`, `-nvalue`, several
 * one-letter switches together, and `--` before operands that begin with a dash.
 *
 * Owned data: one scan. Invariant: every argument ends up in exactly one of options, operands and
 * problems.
 */
import { printable } from "../base/printable.ts";
import { shownCharactersMax } from "../limits.ts";
import { optionName } from "./option.ts";
import type { OptionTable } from "./option.ts";
import { suggestion } from "./suggest.ts";

/** The texts that were given for one option, and where. */
export interface Given {
  /** In order; empty if the option stood there without its value. */
  readonly texts: string[];
  /** Of the last one. */
  origin: string;
}

/** What the arguments say, before any value is looked at. */
export interface Scan {
  readonly given: ReadonlyMap<string, Given>;
  readonly operands: readonly string[];
  /** `--help` or `-h` was among them: nothing else matters then. */
  readonly help: boolean;
  readonly problems: readonly string[];
}

/** A value may be `-` or a negative number; anything else with a dash is the next option. */
const looksLikeOption = (argument: string): boolean => /^-(?:-|[^\d.])/.test(argument);

/** See the head of this file. */
export function scanArguments(table: OptionTable, args: readonly string[]): Scan {
  const scanner = new Scanner(table, args);
  scanner.run();
  return scanner;
}

/** The one pass over the arguments; afterwards it is its own result. */
class Scanner implements Scan {
  readonly given = new Map<string, Given>();
  readonly operands: string[] = [];
  readonly problems: string[] = [];
  help = false;
  #next = 0;
  readonly #byName = new Map<string, string>();
  readonly #byLetter = new Map<string, string>();

  constructor(
    private readonly table: OptionTable,
    private readonly args: readonly string[],
  ) {
    for (const [key, option] of Object.entries(table)) {
      this.#byName.set(optionName(key, option), key);
      if (option.short !== null) this.#byLetter.set(option.short, key);
    }
  }

  run(): void {
    while (this.#next < this.args.length) {
      const argument = this.args[this.#next++] ?? "";
      if (argument === "--") {
        this.operands.push(...this.args.slice(this.#next));
        return;
      }
      if (argument === "--help" || argument === "-h") this.help = true;
      else if (argument.startsWith("--")) this.#long(argument.slice(2));
      else if (argument.startsWith("-") && argument !== "-") this.#letters(argument.slice(1));
      else this.operands.push(argument);
    }
  }

  #long(body: string): void {
    const equals = body.indexOf("=");
    const name = equals < 0 ? body : body.slice(0, equals);
    const attached = equals < 0 ? null : body.slice(equals + 1);
    const key = this.#byName.get(name);
    if (key !== undefined) return this.#take(key, `--${name}`, attached);
    const positive = this.#byName.get(name.replace(/^no-/, ""));
    const isSwitch = positive !== undefined && this.table[positive]?.placeholder === null;
    if (isSwitch && attached === null) return this.#set(positive, `--${name}`, "false");
    const hint = suggestion(`--${name}`, this.#names());
    this.problems.push(`--${printable(name, shownCharactersMax)} is not an option.${hint}`);
  }

  #letters(body: string): void {
    // The original's flags had one dash (Go's style): -topic=x must not become -t "opic=x".
    const [word = ""] = body.split("=");
    if (word.length > 1 && this.#byName.has(word)) {
      this.problems.push(`-${word} is not an option. Did you mean --${word}?`);
      return;
    }
    for (let at = 0; at < body.length; at++) {
      const letter = body.charAt(at);
      const key = this.#byLetter.get(letter);
      if (key === undefined) {
        this.problems.push(`-${printable(letter, 1)} is not an option.`);
        return;
      }
      if (this.table[key]?.placeholder === null) {
        this.#set(key, `-${letter}`, "true");
        continue;
      }
      const rest = body.slice(at + 1).replace(/^=/, "");
      return this.#take(key, `-${letter}`, rest === "" ? null : rest);
    }
  }

  #take(key: string, origin: string, attached: string | null): void {
    if (attached !== null) return this.#set(key, origin, attached);
    const placeholder = this.table[key]?.placeholder ?? null;
    if (placeholder === null) return this.#set(key, origin, "true");
    const next = this.args[this.#next];
    if (next !== undefined && !looksLikeOption(next)) {
      this.#next++;
      return this.#set(key, origin, next);
    }
    const joined = origin.startsWith("--") ? `${origin}=…` : `${origin}…`;
    const hint = next === undefined ? "" : ` (write ${joined} if the value begins with a dash)`;
    this.problems.push(`${origin} needs a value: ${placeholder}${hint}.`);
    // Known to have been meant, so that it isn't also reported as missing.
    this.given.set(key, { texts: [], origin });
  }

  #set(key: string, origin: string, text: string): void {
    const given = this.given.get(key);
    if (given === undefined) this.given.set(key, { texts: [text], origin });
    else {
      given.texts.push(text);
      given.origin = origin;
    }
  }

  #names(): string[] {
    return ["--help", ...[...this.#byName.keys()].map((name) => `--${name}`)];
  }
}
