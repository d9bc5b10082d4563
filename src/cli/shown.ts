/** What a cluster tells, as people see it: never what a terminal would obey, and never a guess. */
import { printable } from "../base/printable.ts";
import { shownCharactersMax } from "../limits.ts";
import { counted } from "./counted.ts";
import { humanCount, humanDuration, humanSize } from "./terminal.ts";
import type { TopicTotals } from "./topic-facts.ts";

/** Said of what a cluster does not tell. */
const unknown = "unknown";

/** Names and values that anybody may have made up. */
export const shownText = (text: string | null): string =>
  text === null ? unknown : printable(text, shownCharactersMax);

export const shownNumber = (number: number | null): string =>
  number === null ? unknown : String(number);

export const shownCount = (count: number | null): string =>
  count === null ? unknown : humanCount(count);

export const shownSize = (bytes: number | null): string =>
  bytes === null ? unknown : humanSize(bytes);

export const shownSeconds = (seconds: number | null): string =>
  seconds === null ? unknown : humanDuration(seconds * 1000);

/** `4 partitions, 1,234 records, 5.00 MiB` */
export function totalsText({ partitions, records, bytes }: TopicTotals): string {
  const recordsText = records === null ? "records unknown" : counted(records, "record");
  const sizeText = bytes === null ? "size unknown" : humanSize(bytes);
  return `${counted(partitions, "partition")}, ${recordsText}, ${sizeText}`;
}
