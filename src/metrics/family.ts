/**
 * What a metric is here: a row with its name, its meaning, and how to read its values off a
 * {@link View}. Rows are data, so that tests can hold their names to the conventions, and a
 * dashboard's queries to the rows.
 *
 * Conventions (prometheus.io, "Metric and label naming"): `obelisk_` first, base units last, then
 * `_total` for counters. Labels take few values, of this program's choosing; topics, partitions and
 * groups aside, whose number `view.ts` bounds. What a client calls itself is never a label.
 */
import type { Histogram } from "../base/histogram.ts";
import type { View } from "./view.ts";

export type Labels = Readonly<Record<string, string>>;

/** One line. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** What a histogram's lines have behind its name. */
  readonly suffix?: "_bucket" | "_count" | "_sum";
}

export type FamilyType = "counter" | "gauge" | "histogram" | "untyped";

/** All lines of one name. */
export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  /** Made while they are written, a few at a time. */
  readonly samples: (view: View) => Iterable<Sample>;
}

/** The one value of a family without labels; `null`: it is not known. */
export const one = (value: number | null): readonly Sample[] =>
  value === null ? [] : [{ labels: {}, value }];

/** A value for each of few labels. */
export function* each(
  label: string,
  values: Iterable<readonly [string, number]>,
): Iterable<Sample> {
  for (const [name, value] of values) yield { labels: { [label]: name }, value };
}

/** A histogram's lines. @param unit what the values are divided by: 1000 makes seconds of ms */
export function* distribution(
  { bounds, counts, sum }: Histogram,
  labels: Labels = {},
  unit = 1,
): Iterable<Sample> {
  let count = 0;
  for (const [place, inside] of counts.entries()) {
    count += inside;
    const bound = bounds[place];
    const le = bound === undefined ? "+Inf" : String(bound / unit);
    yield { labels: { ...labels, le }, value: count, suffix: "_bucket" };
  }
  yield { labels, value: sum / unit, suffix: "_sum" };
  yield { labels, value: count, suffix: "_count" };
}
