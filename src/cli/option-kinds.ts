/**
 * The kinds of options: texts, switches, choices, whole numbers, sizes and times, each with its
 * bounds and with what it says of them. A kind takes one way of writing a value, not several: only
 * sizes and times have units, and both refuse a unit that could be read in two ways.
 */
import { defineOption } from "./option.ts";
import type { About, Option } from "./option.ts";

/** Any text but the empty one, which is more often an unset variable than a wish. */
export const text = <D extends string | null = string>(about: About<D>): Option<string | D> =>
  defineOption(
    {
      placeholder: "<text>",
      expected: "a text that is not empty",
      range: null,
      parse: (given) => (given === "" || given.includes("\0") ? undefined : given),
      show: (value) => value,
    },
    about,
  );

/** On or off: `--name`, `--no-name`, or `true` and `false` elsewhere. Off by default. */
export const toggle = (about: About<boolean>): Option<boolean> =>
  defineOption<boolean, boolean>(
    {
      placeholder: null,
      expected: "true or false",
      range: null,
      parse: (given) => switchWords.get(given.toLowerCase()),
      show: (value) => (value ? "on" : "off"),
    },
    { default: false, ...about },
  );

const switchWords: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["on", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["off", false],
  ["0", false],
]);

/** One of a few words. */
export const choice = <C extends string, D extends C | null = C>(
  words: readonly C[],
  about: About<D>,
): Option<C | D> =>
  defineOption(
    {
      placeholder: "<choice>",
      expected: `one of ${words.join(", ")}`,
      range: words.join(", "),
      parse: (given) => words.find((word) => word === given),
      show: (value: C) => value,
    },
    about,
  );

/** The edges of a number, both allowed. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

const within = (value: number, bounds: Bounds): number | undefined =>
  value >= bounds.min && value <= bounds.max ? value : undefined;

/** A whole number, in decimal digits. */
export const integer = <D extends number | null = number>(
  about: About<D> & Bounds,
): Option<number | D> =>
  defineOption(
    {
      placeholder: "<number>",
      expected: `a whole number from ${about.min} to ${about.max}`,
      range: `${about.min} to ${about.max}`,
      parse: (given) => (/^[+-]?\d{1,15}$/.test(given) ? within(Number(given), about) : undefined),
      show: String,
    },
    about,
  );

/** A TCP port; 0 takes a free one, `off` (`null`) opens none. */
export const portNumber = (about: About<number>): Option<number | null> =>
  defineOption<number | null, number>(
    {
      placeholder: "<port>",
      expected: "a port from 0 to 65535, or off",
      range: "0 to 65535, off",
      parse(given) {
        if (given === "off") return null;
        return /^\d{1,5}$/.test(given) ? within(Number(given), { min: 0, max: 65_535 }) : undefined;
      },
      show: (value) => (value === null ? "off" : String(value)),
    },
    about,
  );

/** Suffixes of a size. Powers of 1024 throughout: "kB" and its like mean two things, so neither. */
const byteUnits: readonly (readonly [suffix: string, bytes: number])[] = [
  ["TiB", 1024 ** 4],
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
];

/** Bytes as one would type them: `64MiB`, `1000`. */
function sizeText(bytes: number): string {
  const unit = byteUnits.find(([, unitBytes]) => bytes >= unitBytes && bytes % unitBytes === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}

/** Bytes: `64MiB`, `64m` or a plain number. */
export const size = <D extends number | null = number>(
  about: About<D> & Bounds,
): Option<number | D> => {
  const range = `${sizeText(about.min)} to ${sizeText(about.max)}`;
  return defineOption(
    {
      placeholder: "<size>",
      expected: `a size from ${range}, in bytes or with KiB, MiB, GiB, TiB (k, m, g, t)`,
      range,
      parse(given) {
        const match = /^(\d{1,15})(?:([kmgt])(?:ib)?)?$/i.exec(given);
        if (match === null) return undefined;
        const letter = match[2]?.toUpperCase();
        const unit = byteUnits.find(([suffix]) => suffix[0] === letter);
        return within(Number(match[1]) * (unit?.[1] ?? 1), about);
      },
      show: sizeText,
    },
    about,
  );
};

/** Units of a time. */
const timeUnits: readonly (readonly [suffix: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

/** Milliseconds as one would type them: `7d`, `250ms`, `0`. */
function durationText(ms: number): string {
  const unit = timeUnits.find(([, unitMs]) => ms >= unitMs && ms % unitMs === 0);
  return unit === undefined ? String(ms) : `${ms / unit[1]}${unit[0]}`;
}

/**
 * A time, in milliseconds. It needs its unit, for `10` may mean either of two; where the name ends
 * in `-ms`, as Kafka's do, a plain number is clear and is taken.
 */
export const duration = <D extends number | null = number>(
  about: About<D> & Bounds,
): Option<number | D> => {
  const plainAllowed = about.name?.endsWith("-ms") ?? false;
  const range = `${durationText(about.min)} to ${durationText(about.max)}`;
  return defineOption(
    {
      placeholder: "<time>",
      expected: plainAllowed
        ? `a time from ${range}, in milliseconds or with ms, s, m, h, d`
        : `a time from ${range}, with its unit: ms, s, m, h, d`,
      range,
      parse(given) {
        const [, digits, suffix] = /^(\d{1,15})(ms|s|m|h|d)?$/.exec(given) ?? [];
        if (digits === undefined) return undefined;
        const count = Number(digits);
        const unit = timeUnits.find(([name]) => name === suffix);
        if (unit === undefined && !plainAllowed && count !== 0) return undefined;
        return within(count * (unit?.[1] ?? 1), about);
      },
      show: durationText,
    },
    about,
  );
};
