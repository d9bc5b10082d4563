/** Reading a log of the original, its messages made into records as the import makes them. */
import { offset } from "../base/brands.ts";
import type { Disk } from "../disk/disk.ts";
import { walkMessages, type Place } from "../original/messages.ts";
import type { OriginalLog } from "../original/layout.ts";
import { recordOfOriginal } from "../record/original.ts";
import type { FoundPartition } from "./directory.ts";
import type { ReadItem } from "./item.ts";
import { selectsRecord, type Selection } from "./selection.ts";

/** What is read: one log and what is wanted of it. */
export interface OriginalReading {
  readonly disk: Disk;
  readonly found: FoundPartition;
  readonly log: OriginalLog;
  readonly selection: Selection;
  /** Somebody may be writing the last message just now: a torn tail is waited for, not told. */
  readonly isFollowed: boolean;
}

export const firstPlace: Place = { number: 0, position: 0 };

/** Reads from `from` to the end of the file, or to the selection's; returns where it stopped. */
export async function* readOriginal(
  reading: OriginalReading,
  from: Place,
): AsyncGenerator<ReadItem, Place, undefined> {
  const { disk, found, log, selection } = reading;
  const end = selection.toOffset ?? Infinity;
  let place = from;
  for await (const item of walkMessages(disk, log, from)) {
    if (item.kind === "stopped") {
      yield { kind: "stopped", found, refusal: item.refusal };
      break;
    }
    if (item.kind === "index") continue;
    if (item.kind === "messages") {
      const records = item.messages
        .map(recordOfOriginal)
        .filter((each) => selectsRecord(selection, each));
      if (records.length > 0) yield { kind: "records", found, batch: null, records };
      place = item.end;
    } else {
      if (item.isTail && reading.isFollowed) break;
      place = item.to;
      const isWanted = item.to.number > (selection.fromOffset ?? 0) && item.from.number < end;
      if (isWanted) yield damageOf(found, log, item);
    }
    if (place.number >= end) break;
  }
  return place;
}

/** How many messages the log has. */
export async function countOriginal(disk: Disk, log: OriginalLog): Promise<number> {
  let count = 0;
  for await (const item of walkMessages(disk, log)) {
    if (item.kind === "messages") count = item.end.number;
    else if (item.kind === "damage") count = item.to.number;
  }
  return count;
}

function damageOf(
  found: FoundPartition,
  log: OriginalLog,
  item: {
    readonly fault: "truncated" | "length" | "format";
    readonly from: Place;
    readonly to: Place;
  },
): ReadItem {
  const { fault, from, to } = item;
  const damage = {
    path: log.logPath,
    fault,
    fromPosition: from.position,
    toPosition: to.position,
    fromOffset: offset(from.number),
    toOffset: offset(to.number),
  };
  return { kind: "damage", found, damage };
}
