/**
 * How the values of configurations are written: each kind of text, what it means, and what is
 * allowed. Types are those that Kafka's DescribeConfigs names.
 */

export type ConfigType = "boolean" | "string" | "int" | "long" | "double" | "list";

/** One kind of value. */
export interface ConfigKind<T> {
  readonly type: ConfigType;
  /** Which texts are allowed; completes "allowed: ...". */
  readonly allowed: string;
  /** The text without what makes no difference, as it is stored and shown. */
  clean(text: string): string;
  /** What a clean text means; `null`: it is not allowed. */
  parse(text: string): T | null;
}

/** The largest int64: Kafka's way to say never, or any. */
export const longMax = 2n ** 63n - 1n;

const trimmed = (text: string): string => text.trim();

/** A whole number. Kafka's longs reach beyond what is exact here, where they are all "for ever". */
export function whole(
  type: "int" | "long",
  min: number,
  max: number | bigint = type === "int" ? 0x7fff_ffff : longMax,
): ConfigKind<number> {
  return {
    type,
    allowed: `whole numbers from ${min} to ${max}`,
    clean: trimmed,
    parse(text) {
      if (!/^-?\d{1,19}$/.test(text)) return null;
      const value = BigInt(text);
      if (value < min || value > max) return null;
      return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
    },
  };
}

/** A whole number, or one more that lies outside of the range. */
export function wholeOr(other: number, min: number, max: number): ConfigKind<number> {
  const range = whole("int", min, max);
  return {
    ...range,
    allowed: `${range.allowed}, and ${other}`,
    parse: (text) => (text === String(other) ? other : range.parse(text)),
  };
}

/** A number from 0 to 1. */
export const ratio: ConfigKind<number> = {
  type: "double",
  allowed: "numbers from 0 to 1",
  clean: trimmed,
  parse(text) {
    if (!/^\d{1,17}(\.\d{0,17})?$|^\.\d{1,17}$/.test(text)) return null;
    const value = Number(text);
    return value <= 1 ? value : null;
  },
};

export const toggle: ConfigKind<boolean> = {
  type: "boolean",
  allowed: "true, false",
  clean: (text) => text.trim().toLowerCase(),
  parse: (text) => (text === "true" ? true : text === "false" ? false : null),
};

/** A switch that nothing here could obey if it were on. */
export const onlyFalse = (because: string): ConfigKind<boolean> => ({
  ...toggle,
  allowed: `false, since ${because}`,
  parse: (text) => (text === "false" ? false : null),
});

/** One of several words. */
export function choice<const T extends string>(...words: readonly T[]): ConfigKind<T> {
  return {
    type: "string",
    allowed: words.join(", "),
    clean: trimmed,
    parse: (text) => words.find((word) => word === text) ?? null,
  };
}

const items = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

const listOf = <T>(
  allowed: string,
  parse: (items: readonly string[]) => readonly T[] | null,
): ConfigKind<readonly T[]> => ({
  type: "list",
  allowed,
  clean: (text) => items(text).join(","),
  parse: (text) => parse(items(text)),
});

/** Any of several words, each at most once, with commas between. */
export const words = <const T extends string>(...allowed: readonly T[]): ConfigKind<readonly T[]> =>
  listOf(`a list of ${allowed.join(", ")}`, (found) => {
    const known = found.flatMap((item) => allowed.find((word) => word === item) ?? []);
    const isSound = known.length === found.length && new Set(known).size === known.length;
    return isSound ? known : null;
  });

/** Replicas whose replication is slowed down (Kafka, `ThrottledReplicaListValidator`). */
export const throttledReplicas = listOf<string>("*, or a list of <partition>:<broker>", (found) => {
  const isAll = found.length === 1 && found[0] === "*";
  return isAll || found.every((item) => /^\d{1,9}:\d{1,9}$/.test(item)) ? found : null;
});
