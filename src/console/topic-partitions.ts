/** The partitions of a topic, however many. */
import { h, type ComponentChild } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Partitions } from "../http/console-api/topics.ts";
import { bytes, count } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { badge, waiting } from "./parts.ts";

interface Row {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
  /** Why it takes no records; `null`: it does. */
  readonly sealed: string | null;
}

const columns: readonly Column<Row>[] = [
  { name: "Part.", isNumber: true, cell: ({ partition }) => String(partition) },
  { name: "First offset", isNumber: true, isMinor: true, cell: ({ start }) => count(start) },
  { name: "End offset", isNumber: true, cell: ({ end }) => count(end) },
  { name: "Records", isNumber: true, cell: ({ start, end }) => count(end - start) },
  { name: "Size", isNumber: true, cell: (row) => bytes(row.bytes) },
  {
    name: "State",
    cell: ({ sealed }) =>
      sealed === null
        ? badge("ok", "good")
        : h("span", { title: sealed }, badge("sealed", "bad"), ` ${sealed}`),
  },
];

export function TopicPartitions(props: {
  readonly topic: string;
  readonly partitions: Partitions | null;
}): ComponentChild {
  const { topic, partitions } = props;
  const [selected, select] = useState(0);
  const sealed = useMemo(
    () => new Map(partitions?.sealed.map(({ partition, reason }) => [partition, reason])),
    [partitions],
  );
  if (partitions === null) return waiting(8);
  const { start_offsets: starts, end_offsets: ends } = partitions;
  return h(Grid<Row>, {
    label: `Partitions of ${topic}`,
    kind: "partitions-grid",
    columns,
    count: ends.length,
    row: (index) => ({
      partition: index,
      start: starts[index] ?? 0,
      end: ends[index] ?? 0,
      bytes: partitions.bytes[index] ?? 0,
      sealed: sealed.get(index) ?? null,
    }),
    selected,
    select,
  });
}
