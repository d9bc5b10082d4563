/**
 * How people name places in a log: kcat's offsets, and points that are an offset or a time. And
 * what a set of such options selects.
 */
import { defineOption, type About, type Option } from "./option.ts";
import type { Selection } from "../reader/selection.ts";

/** A point of a log: an offset, or a time in milliseconds since 1970. */
export interface Point {
  readonly kind: "offset" | "time";
  readonly value: number;
}

/** One of kcat's offsets. `last`: the newest so many. */
export interface KcatOffset {
  readonly kind: "from" | "last" | "fromTime" | "toTime";
  readonly value: number;
}

/** An offset, or a time as RFC 3339 has it, or as `@` and milliseconds. */
export const point = <D extends Point | null>(about: About<D>): Option<Point | D> =>
  defineOption<Point, D>(
    {
      placeholder: "<offset or time>",
      expected:
        "an offset, a time as 2025-08-09 or 2025-08-09T02:12:08Z, or @ and milliseconds since 1970",
      range: null,
      parse: parsePoint,
      show: ({ kind, value }) => (kind === "offset" ? String(value) : `@${value}`),
    },
    about,
  );

function parsePoint(given: string): Point | undefined {
  if (/^\d{1,15}$/.test(given)) return { kind: "offset", value: Number(given) };
  const milliseconds = /^@(\d{1,15})$/.exec(given)?.[1];
  if (milliseconds !== undefined) return { kind: "time", value: Number(milliseconds) };
  // Without its zone a time could be read in two ways. A date alone is one of UTC.
  const rfc = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/i;
  const value = rfc.test(given) ? Date.parse(given.replace(" ", "T")) : Number.NaN;
  return Number.isNaN(value) ? undefined : { kind: "time", value };
}

/** As kcat's `-o`, without `stored`: a directory stores no offsets of kcat's. */
export const kcatOffset = (about: About<never>): Option<KcatOffset> =>
  defineOption<KcatOffset, never>(
    {
      placeholder: "<offset>",
      expected: "beginning, end, an offset, -<count> from the end, s@<time> or e@<time>",
      range: "beginning, end, <n>, -<n>, s@<time>, e@<time>",
      parse: parseKcatOffset,
      show: () => "",
    },
    about,
  );

/** As kcat's `-o`. `stored`: what a group has committed. */
export const groupOffset = (about: About<never>): Option<KcatOffset | "stored"> =>
  defineOption<KcatOffset | "stored", never>(
    {
      placeholder: "<offset>",
      expected: "beginning, end, stored, an offset, -<count> from the end, s@<time> or e@<time>",
      range: "beginning, end, stored, <n>, -<n>, s@<time>, e@<time>",
      parse: (given) => (given === "stored" ? given : parseKcatOffset(given)),
      show: () => "",
    },
    about,
  );

function parseKcatOffset(given: string): KcatOffset | undefined {
  if (given === "beginning") return { kind: "from", value: 0 };
  if (given === "end") return { kind: "last", value: 0 };
  const [, prefix = "", rest = ""] = /^(-|[se]@)?([^@].*)$/.exec(given) ?? [];
  const kind = kinds.get(prefix);
  const isTime = kind === "fromTime" || kind === "toTime";
  // Milliseconds, as kcat has them, or a time for people.
  const value = isTime ? (parsePoint(rest)?.value ?? Number.NaN) : digitsOf(rest);
  return kind === undefined || Number.isNaN(value) ? undefined : { kind, value };
}

const digitsOf = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN);

const kinds: ReadonlyMap<string, KcatOffset["kind"]> = new Map([
  ["", "from"],
  ["-", "last"],
  ["s@", "fromTime"],
  ["e@", "toTime"],
]);

/** The values of the options that choose records. */
export interface ChosenRecords {
  readonly topic: readonly string[];
  readonly partition: readonly number[];
  readonly offset: readonly KcatOffset[];
  readonly from: Point | null;
  readonly to: Point | null;
  readonly key: string | null;
  readonly keyPrefix: string | null;
}

/** What is selected; a text says which of the options contradict each other. */
export function selectionOf(chosen: ChosenRecords): Selection | string {
  const bounds = new Map<keyof Selection, number>();
  const named: [keyof Selection, number][] = chosen.offset.map(({ kind, value }) => [
    boundNames[kind],
    value,
  ]);
  if (chosen.from !== null) {
    named.push([chosen.from.kind === "offset" ? "fromOffset" : "fromTime", chosen.from.value]);
  }
  if (chosen.to !== null) {
    named.push([chosen.to.kind === "offset" ? "toOffset" : "toTime", chosen.to.value]);
  }
  for (const [bound, value] of named) {
    if (bounds.has(bound)) return "--offset, --from and --to name the same bound twice.";
    bounds.set(bound, value);
  }
  if (beginnings.filter((name) => bounds.has(name)).length > 1) {
    return "--offset and --from name two places to begin at: only one can be.";
  }
  if (chosen.key !== null && chosen.keyPrefix !== null) {
    return "--key and --key-prefix contradict each other.";
  }
  const utf8 = new TextEncoder();
  return {
    ...(chosen.topic.length === 0 ? {} : { topics: chosen.topic }),
    ...(chosen.partition.length === 0 ? {} : { partitions: chosen.partition }),
    ...Object.fromEntries(bounds),
    ...(chosen.key === null ? {} : { key: utf8.encode(chosen.key) }),
    ...(chosen.keyPrefix === null ? {} : { keyPrefix: utf8.encode(chosen.keyPrefix) }),
  };
}

const beginnings: readonly (keyof Selection)[] = ["fromOffset", "last", "fromTime"];

const boundNames = {
  from: "fromOffset",
  last: "last",
  fromTime: "fromTime",
  toTime: "toTime",
} as const;
