/** Records a second of each topic, from two lists of topics. */
import { useRef } from "preact/hooks";
import type { TopicRow } from "../http/console-api/topics.ts";

interface Past {
  readonly atMs: number;
  readonly rows: readonly TopicRow[];
  readonly rates: ReadonlyMap<string, number>;
}

/** By topic; those that were not there before have none. */
export function useRates(rows: readonly TopicRow[] | undefined): ReadonlyMap<string, number> {
  const past = useRef<Past>({ atMs: 0, rows: [], rates: new Map() });
  if (rows === undefined || rows === past.current.rows) return past.current.rates;
  const { atMs, rows: before } = past.current;
  const now = performance.now();
  const seconds = (now - atMs) / 1_000;
  const ends = new Map(before.map((row) => [row.name, row.end_offsets]));
  const rates = new Map<string, number>();
  for (const { name, end_offsets: end } of rows) {
    const start = ends.get(name);
    if (start !== undefined && end >= start) rates.set(name, (end - start) / seconds);
  }
  past.current = { atMs: now, rows, rates };
  return rates;
}
