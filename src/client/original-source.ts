/**
 * A log of the original as the source of a consumer. A message's offset is its number, which only
 * walking from the first one tells; so places on the way are remembered, one for each MiB or so,
 * and the log is walked once, as far as it is asked for.
 */
import { offset, type Offset } from "../base/brands.ts";
import type { Refusal } from "../base/refusal.ts";
import type { Disk } from "../disk/disk.ts";
import type { OriginalLog } from "../original/layout.ts";
import {
  walkMessages,
  type OriginalDamage,
  type OriginalMessage,
  type Place,
} from "../original/messages.ts";
import { recordOfOriginal } from "../record/original.ts";
import type { BatchRecord } from "../record/records.ts";
import type { PartitionSource, RecordRun, SourceRead } from "./partition-source.ts";

/** See the head of this file. */
export class OriginalSource implements PartitionSource {
  readonly startOffset: Offset = offset(0);
  readonly generation = 0;
  /** In order; the first is the beginning. */
  readonly #places: Place[] = [{ number: 0, position: 0 }];

  constructor(
    private readonly disk: Disk,
    private readonly log: OriginalLog,
  ) {}

  refresh(): Promise<Refusal | null> {
    return Promise.resolve(null);
  }

  /** `bytesMax` does not matter: what comes is a window of the walk. */
  async read(from: Offset): Promise<SourceRead> {
    for await (const item of walkMessages(this.disk, this.log, this.#placeBefore(from))) {
      if (item.kind === "stopped") return item.refusal;
      if (item.kind === "index") continue;
      if (item.kind === "damage" && isUnfinished(item)) return "end";
      const end = item.kind === "messages" ? item.end : item.to;
      this.#remember(end);
      if (end.number <= from) continue;
      if (item.kind === "messages") return new OriginalRun(item.messages, from, end);
      return {
        kind: "damage",
        fromOffset: from,
        toOffset: offset(item.to.number),
        message:
          `messages ${item.from.number} to ${item.to.number - 1} can't be read (${item.fault}): ` +
          `bytes ${item.from.position} to ${item.to.position - 1} of ${this.log.logPath}`,
      };
    }
    return "end";
  }

  async visibleEnd(): Promise<Offset | Refusal> {
    let end = this.#places.at(-1)?.number ?? 0;
    for await (const item of walkMessages(this.disk, this.log, this.#places.at(-1))) {
      if (item.kind === "stopped") return item.refusal;
      if (item.kind === "index" || (item.kind === "damage" && isUnfinished(item))) continue;
      const place = item.kind === "messages" ? item.end : item.to;
      this.#remember(place);
      end = place.number;
    }
    return offset(end);
  }

  stored(): OriginalSource {
    return this;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #placeBefore(from: Offset): Place {
    const at = this.#places.findLastIndex((place) => place.number <= from);
    return this.#places[at] ?? { number: 0, position: 0 };
  }

  #remember(place: Place): void {
    if (place.position > (this.#places.at(-1)?.position ?? 0)) this.#places.push(place);
  }
}

/** A torn tail: somebody writes it just now, or never will. */
const isUnfinished = (damage: OriginalDamage): boolean =>
  damage.isTail && damage.fault === "truncated";

class OriginalRun implements RecordRun {
  readonly kind = "run";
  readonly damage = null;
  readonly nextOffset: Offset;
  #at: number;

  constructor(
    private readonly messages: readonly OriginalMessage[],
    from: Offset,
    end: Place,
  ) {
    this.nextOffset = offset(end.number);
    this.#at = messages.findIndex((message) => message.number >= from);
  }

  next(): BatchRecord | null {
    const message = this.messages[this.#at];
    if (message === undefined) return null;
    this.#at += 1;
    return recordOfOriginal(message);
  }
}
