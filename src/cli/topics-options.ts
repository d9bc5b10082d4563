/** What the commands of `topics` have in common: where the topics are, and how they are counted. */
import type { TopicSummary } from "../http/control.ts";
import { brokerOptions } from "../options.ts";
import { text, toggle } from "./option-kinds.ts";
import { humanCount, humanSize } from "./terminal.ts";

/** In the table of each of them. */
export const topicsOptions = {
  data: text({
    default: brokerOptions.data.fallback ?? "",
    placeholder: "<directory>",
    help: "Data directory; the broker that runs there is asked, and if none runs, its files",
  }),
  json: toggle({ help: "Print JSON, on one line" }),
};

/** Said by each of them. */
export const topicsDetail =
  "Works on the data directory, not on a port: a running broker is asked over the control socket " +
  "in it. Without one, the command takes the directory for a moment.";

/** A topic in numbers. */
export interface TopicTotals {
  readonly partitions: number;
  readonly records: number;
  readonly bytes: number;
}

export function totalsOf({ partitions }: TopicSummary): TopicTotals {
  let records = 0;
  let bytes = 0;
  for (const partition of partitions) {
    records += partition.records;
    bytes += partition.bytes;
  }
  return { partitions: partitions.length, records, bytes };
}

/** `4 partitions, 1,234 records, 5.00 MiB` */
export function totalsText({ partitions, records, bytes }: TopicTotals): string {
  const counted = (count: number, word: string): string =>
    `${humanCount(count)} ${word}${count === 1 ? "" : "s"}`;
  return [counted(partitions, "partition"), counted(records, "record"), humanSize(bytes)].join(
    ", ",
  );
}
