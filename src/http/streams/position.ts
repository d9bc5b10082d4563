/**
 * Where a reader of several partitions stands, as one text: the id of a server-sent event, what a
 * WebSocket acknowledges, and where to begin again.
 *
 *     position  = entry *("," entry)
 *     entry     = [topic "/"] partition ":" offset     without a topic: that of the entry before
 *
 * The offset is of the next record that is wanted. A stream of one topic names none at all:
 * `0:16,1:3`; one of a group does: `orders/0:16,1:3,users/0:2`.
 */
import { quoted } from "../../base/printable.ts";
import { shownCharactersMax, streamPartitionsMax } from "../../limits.ts";
import { HttpError } from "../errors.ts";

/** One partition's part. */
export interface PositionEntry {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What is written of entries; those of one topic stand together. @param topic the stream's own */
export function positionText(entries: readonly PositionEntry[], topic: string | null): string {
  let named = topic;
  const parts = entries.map((entry) => {
    const prefix = entry.topic === named ? "" : `${entry.topic}/`;
    named = entry.topic;
    return `${prefix}${entry.partition}:${entry.offset}`;
  });
  return parts.join(",");
}

/** The same, back; 400 for what is no position. */
export function positionOf(
  text: string,
  topic: string | null,
): readonly PositionEntry[] | HttpError {
  const entries: PositionEntry[] = [];
  let named = topic;
  const parts = text.split(",", streamPartitionsMax + 1);
  if (parts.length > streamPartitionsMax) {
    return HttpError.of(400, `a position of more than ${streamPartitionsMax} partitions`);
  }
  for (const part of parts) {
    const [, given, partition, offset] = /^(?:([\w.-]+)\/)?(\d{1,9}):(\d{1,15})$/.exec(part) ?? [];
    named = given ?? named;
    if (partition === undefined || named === null || (topic !== null && named !== topic)) {
      const shown = quoted(text, shownCharactersMax);
      return HttpError.of(400, `${shown} is no position; as 0:16,1:3, from an event's id`);
    }
    entries.push({ topic: named, partition: Number(partition), offset: Number(offset) });
  }
  return entries;
}
