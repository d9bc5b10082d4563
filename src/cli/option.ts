/**
 * One option: how its text becomes a value, within which bounds, and how people are told of it;
 * and tables of options (`options.ts` for the broker, one in each command), from which the parser,
 * the help and the static types derive. The usual kinds of options are in `option-kinds.ts`.
 *
 * Pure: nothing here knows where a text came from.
 */
import { assert } from "../base/assert.ts";

/** What a table says of one option; made by {@link defineOption}. */
export interface Option<T> {
  /** Its name, if it is not its key in the table ("nativePort" is `--native-port`). */
  readonly name: string | null;
  /** One letter: `-b`. */
  readonly short: string | null;
  /** Stands for the value in help, as in `--cache <size>`; `null`: a switch that takes none. */
  readonly placeholder: string | null;
  /** One sentence, without its full stop. */
  readonly help: string;
  /** Completes "expected …" when a value is refused. */
  readonly expected: string;
  /** The same in a few words for help, as "0 to 65535"; `null` if the rest of it says enough. */
  readonly range: string | null;
  /** The default as one would type it; `null` if there is nothing to show. */
  readonly defaultText: string | null;
  /** The value if nobody gives one; `undefined` if somebody must. */
  readonly fallback: T | undefined;
  /** Whether each occurrence counts; otherwise the last one does. */
  readonly repeats: boolean;
  /** The value of the texts given (at least one), `undefined` if one of them is out of bounds. */
  parse(texts: readonly string[]): T | undefined;
}

/**
 * What every option says of itself. Without a `default` it must be given; with `null`, leaving it
 * out is a value of its own.
 */
export interface About<D> {
  readonly help: string;
  readonly name?: string;
  readonly short?: string;
  readonly placeholder?: string;
  readonly default?: D;
}

/** A kind of value: everything about an option that does not differ from one to the next. */
export interface Kind<T> {
  readonly placeholder: string | null;
  readonly expected: string;
  readonly range: string | null;
  parse(text: string): T | undefined;
  show(value: T): string;
}

/** An option of any kind. The default must be one that the kind accepts. */
export function defineOption<T, D extends T | null>(kind: Kind<T>, about: About<D>): Option<T | D> {
  const given: T | null | undefined = about.default;
  const defaultText = given === undefined || given === null ? null : kind.show(given);
  if (defaultText !== null) {
    assert(kind.parse(defaultText) !== undefined, `a default is out of bounds: ${defaultText}`);
  }
  return {
    name: about.name ?? null,
    short: about.short ?? null,
    placeholder: about.placeholder ?? kind.placeholder,
    help: about.help,
    expected: kind.expected,
    range: kind.range,
    defaultText,
    fallback: about.default,
    repeats: false,
    parse: (texts) => kind.parse(texts.at(-1) ?? ""),
  };
}

/** An option that may be given several times; its value is the list, empty by default. */
export const repeated = <T>(item: Option<T>): Option<readonly T[]> => ({
  ...item,
  defaultText: null,
  fallback: [],
  repeats: true,
  parse(texts) {
    const values: T[] = [];
    for (const given of texts) {
      const value = item.parse([given]);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  },
});

/** The options of one command, by the key under which it finds their values. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** What a command gets: the value of each option of its table. */
export type Values<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never;
};

/** `nativePort` → `native-port`. */
export const optionName = (key: string, option: Option<unknown>): string =>
  option.name ?? key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `native-port` → `OBELISK_NATIVE_PORT`. */
export const variableOf = (name: string): string =>
  `OBELISK_${name.toUpperCase().replaceAll("-", "_")}`;

/** The environment variables that a table listens to. */
export const variablesOf = (table: OptionTable): string[] =>
  Object.entries(table).map(([key, option]) => variableOf(optionName(key, option)));
