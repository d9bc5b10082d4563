/**
 * Walking the messages of one log of the original, from any place in it, past whatever damage.
 *
 * Its frames have no checksum: damage is noticed where the lengths of a frame no longer fit, and a
 * changed value is not. A message's number is how many come before it in the file, whatever the
 * index says; behind damage it is the index's word, or one more where there is none. So the same
 * files always give the same numbers.
 */
import type { Refusal } from "../base/refusal.ts";
import { DiskError, type Disk, type DiskFile } from "../disk/disk.ts";
import { frameHeaderBytes, type PayloadRanges } from "../native/frame.ts";
import { FrameWindow, type FrameFault } from "./frame-window.ts";
import { readingRefused, type OriginalLog } from "./layout.ts";
import { Positions } from "./positions.ts";

/** One message. Its bytes are views that stay good; never store into them. */
export interface OriginalMessage {
  readonly number: number;
  /** Of its frame in the file. */
  readonly position: number;
  /** Nanoseconds since 1970 as high * 2^32 + low: see record/nanoseconds.ts. */
  readonly timestampHigh: number;
  readonly timestampLow: number;
  /** As its frame spells it: the topic of its log, unless somebody mixed files. */
  readonly topic: string;
  /** Empty: no key. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A place between messages: `number` of them lie before `position`. */
export interface Place {
  readonly number: number;
  readonly position: number;
}

/** Messages that lie one after another. */
export interface MessageRun {
  readonly kind: "messages";
  readonly messages: readonly OriginalMessage[];
  /** Behind the last of them. */
  readonly end: Place;
}

/** Bytes that are no messages. */
export interface OriginalDamage {
  readonly kind: "damage";
  readonly from: Place;
  /** Where reading goes on; at the end of the file nothing more follows. */
  readonly to: Place;
  readonly fault: FrameFault;
  /** Whether the file ends here. `truncated` then is a write that never finished. */
  readonly isTail: boolean;
}

/** What is wrong with the `.idx` file: told at the end of a walk from the first message on. */
export interface IndexFinding {
  readonly kind: "index";
  /** `short`, `long`: fewer or more entries than messages. `wrong`: one points elsewhere. */
  readonly fault: "missing" | "wrong" | "short" | "long";
  readonly entries: number;
  readonly messages: number;
  /** Messages that their entry does not point at, and the first of them. */
  readonly wrongEntries: number;
  readonly firstWrong: number | null;
}

/** Reading failed; nothing follows. */
export interface Stopped {
  readonly kind: "stopped";
  readonly refusal: Refusal;
}

export type OriginalItem = MessageRun | OriginalDamage | IndexFinding | Stopped;

const firstPlace: Place = { number: 0, position: 0 };
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Walks `log` from `from`, a place that an earlier walk has named, to the end of its file. */
export async function* walkMessages(
  disk: Disk,
  log: OriginalLog,
  from: Place = firstPlace,
): AsyncGenerator<OriginalItem, void, undefined> {
  const files: DiskFile[] = [];
  const open = async (path: string): Promise<DiskFile> => {
    const file = await disk.open(path, "read");
    files.push(file);
    return file;
  };
  try {
    const file = await open(log.logPath);
    const index = log.indexBytes === null ? null : await open(log.indexPath);
    yield* new Walk(
      new FrameWindow(file, await file.size(), new TextEncoder().encode(log.topic)),
      await Positions.open(index),
      log,
      from,
    ).run();
  } catch (error) {
    yield { kind: "stopped", refusal: readingRefused(error) };
  } finally {
    for (const file of files) await closeQuietly(file);
  }
}

/** A file that was only read loses nothing if closing fails. */
async function closeQuietly(file: DiskFile): Promise<void> {
  try {
    await file.close();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

class Walk {
  #number: number;
  #position: number;
  #wrongEntries = 0;
  #firstWrong: number | null = null;
  /** Whether the file ends with damage. */
  #isTorn = false;

  constructor(
    private readonly window: FrameWindow,
    private readonly positions: Positions,
    private readonly log: OriginalLog,
    private readonly from: Place,
  ) {
    this.#number = from.number;
    this.#position = from.position;
  }

  async *run(): AsyncGenerator<OriginalItem, void, undefined> {
    const { window } = this;
    while (this.#position < window.end) {
      const fault = await window.check(this.#position);
      yield fault === null ? await this.#messages() : await this.#damage(fault);
    }
    const finding = this.#indexFinding();
    if (finding !== null) yield finding;
  }

  get #place(): Place {
    return { number: this.#number, position: this.#position };
  }

  /** The messages from here on that the window holds; there is one. */
  async #messages(): Promise<MessageRun> {
    const { window } = this;
    const messages: OriginalMessage[] = [];
    let at = this.#position - window.position;
    for (;;) {
      const payload = window.payloadAt(at);
      if (payload === null) break;
      const position = window.position + at;
      messages.push(this.#message(position, payload));
      if (!this.positions.holds(this.#number)) await this.positions.load(this.#number);
      this.#compare(position);
      at = payload.valueTo;
      this.#number += 1;
    }
    this.#position = window.position + at;
    return { kind: "messages", messages, end: this.#place };
  }

  #message(position: number, payload: PayloadRanges): OriginalMessage {
    const { bytes } = this.window;
    const { topicFrom, topicTo } = payload;
    const isOwn = this.window.isTopic(topicFrom, topicTo);
    return {
      number: this.#number,
      position,
      timestampHigh: payload.timestampHigh,
      timestampLow: payload.timestampLow,
      topic: isOwn ? this.log.topic : utf8.decode(bytes.subarray(topicFrom, topicTo)),
      key: bytes.subarray(payload.keyFrom, payload.keyTo),
      value: bytes.subarray(payload.valueFrom, payload.valueTo),
    };
  }

  #compare(position: number): void {
    if (this.#number >= this.positions.count) return;
    if (this.positions.at(this.#number) === position) return;
    this.#wrongEntries += 1;
    this.#firstWrong ??= this.#number;
  }

  async #damage(fault: FrameFault): Promise<OriginalDamage> {
    const from = this.#place;
    await this.positions.load(from.number);
    const isIndexed = this.positions.at(from.number) === from.position;
    const found = await this.#resumption(fault, isIndexed);
    this.#isTorn = found === null;
    this.#position = found ?? this.window.end;
    this.#number = (isIndexed ? await this.#numberAt(this.#position) : null) ?? from.number + 1;
    return { kind: "damage", from, to: this.#place, fault, isTail: found === null };
  }

  /**
   * Where messages go on behind damage. First what the index and the frame's own length say, the
   * nearer one: so a frame that somebody stored as another's value is not taken for a message.
   * Where neither knows, byte by byte.
   */
  async #resumption(fault: FrameFault, isIndexed: boolean): Promise<number | null> {
    const indexed = isIndexed ? await this.#indexed() : null;
    const own = fault === "format" ? await this.#behind() : null;
    if (indexed !== null || own !== null) return Math.min(indexed ?? Infinity, own ?? Infinity);
    return await this.#searched();
  }

  /** The first later entry of the index that points at a message. */
  async #indexed(): Promise<number | null> {
    for (let number = this.#number + 1; number < this.positions.count; number++) {
      await this.positions.load(number);
      const position = this.positions.at(number);
      if (position > this.#position && (await this.window.isOwn(position))) return position;
    }
    return null;
  }

  /** Behind the frame here, if its length may be believed because a message follows it. */
  async #behind(): Promise<number | null> {
    const { window } = this;
    if ((await window.check(this.#position)) !== "format") return null;
    const length = window.view.getUint32(this.#position - window.position, true);
    const position = this.#position + frameHeaderBytes + length;
    return (await window.isOwn(position)) ? position : null;
  }

  async #searched(): Promise<number | null> {
    const { window } = this;
    for (let from = this.#position + 1; from < window.end;) {
      const { next, isCandidate } = await window.candidate(from);
      if (isCandidate && (await window.isOwn(next))) return next;
      from = isCandidate ? next + 1 : Math.max(next, from + 1);
    }
    return null;
  }

  /** The number of the message at `position`, if the index knows it. */
  async #numberAt(position: number): Promise<number | null> {
    for (let number = this.#number + 1; number < this.positions.count; number++) {
      await this.positions.load(number);
      const found = this.positions.at(number);
      if (found === position) return number;
      if (found > position) return null;
    }
    return null;
  }

  #indexFinding(): IndexFinding | null {
    if (this.from.position !== 0) return null;
    const wrongEntries = this.#wrongEntries;
    const firstWrong = this.#firstWrong;
    const { count: entries, tornBytes } = this.positions;
    // What never became a whole message at the end has a number, but nobody indexes it.
    const messages = this.#number - (this.#isTorn ? 1 : 0);
    let fault: IndexFinding["fault"];
    if (this.log.indexBytes === null) fault = "missing";
    else if (this.#wrongEntries > 0) fault = "wrong";
    else if (entries < messages) fault = "short";
    else if (entries > messages || tornBytes > 0) fault = "long";
    else return null;
    return { kind: "index", fault, entries, messages, wrongEntries, firstWrong };
  }
}
