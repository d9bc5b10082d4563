/**
 * Records encoded for a stream: as server-sent events, or as one WebSocket message. Each record
 * goes with the position behind it, so that a reader can go on from wherever it was cut off.
 *
 * Source: WHATWG HTML, "Server-sent events".
 */
import type { BatchRecord } from "../../record/records.ts";
import { recordBytes, shownRecord, type Showing } from "../record-data.ts";
import { type PositionEntry, positionText } from "./position.ts";

/** Server-sent events, or WebSocket. */
export type Form = "events" | "socket";

/** Encoded once, sent to everybody who wants the same; nobody changes it. */
export interface Chunk {
  readonly form: Form;
  /** `events`: UTF-8; `socket`: the text of a message; `null`: there is nothing to send. */
  readonly data: Uint8Array | string | null;
  /** Where to go on. */
  readonly next: readonly PositionEntry[];
  /** How many records are in it. */
  readonly count: number;
  /** And of each place of `next`, with the bytes of their keys, values and headers. */
  readonly sent: readonly Sent[];
}

/** What is handed out of one partition. */
interface Sent {
  readonly records: number;
  readonly bytes: number;
}

/** What a chunk is written with. */
export interface ChunkStyle {
  readonly form: Form;
  readonly showing: Showing;
  /** The stream's only topic; `null`: it has several, and records name theirs. */
  readonly topic: string | null;
}

const utf8 = new TextEncoder();

/** One event. @param data as one line, which JSON always is */
export const eventText = (name: string | null, id: string, data: string): string =>
  `${name === null ? "" : `event: ${name}\n`}id: ${id}\ndata: ${data}\n\n`;

/** One message of the broker over a WebSocket. */
export const messageText = (type: string, fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ type, ...fields });

/** Builds one chunk. */
export class ChunkWriter {
  readonly #entries: PositionEntry[];
  readonly #parts: string[] = [];
  #skipped: unknown[] = [];
  readonly #sent: Sent[];
  #count = 0;
  /** UTF-16 units so far. */
  characters = 0;

  /** @param from where it begins */
  constructor(
    private readonly style: ChunkStyle,
    from: readonly PositionEntry[],
  ) {
    this.#entries = [...from];
    this.#sent = from.map(() => ({ records: 0, bytes: 0 }));
  }

  /** A record of the partition at `at`. */
  record(at: number, record: BatchRecord): void {
    const place = this.#move(at, record.offset + 1);
    const shown = { ...this.#placeOf(place), ...shownRecord(record, this.style.showing) };
    this.#count += 1;
    const { records = 0, bytes = 0 } = this.#sent[at] ?? {};
    this.#sent[at] = { records: records + 1, bytes: bytes + recordBytes(record) };
    this.#add(null, JSON.stringify(shown));
  }

  /** Records that are not there any more: retention has taken them before they were read. */
  skip(at: number, from: number, to: number): void {
    const place = this.#move(at, to);
    const skipped = { ...this.#placeOf(place), from, to };
    if (this.style.form === "events") this.#add("skipped", JSON.stringify(skipped));
    else this.#skipped.push(skipped);
  }

  /** Looked at up to here, whether or not there was something to show. */
  passed(at: number, offset: number): void {
    this.#move(at, offset);
  }

  /** The chunk. */
  done(): Chunk {
    const { form, topic } = this.style;
    const next = this.#entries;
    const known = { form, next, count: this.#count, sent: this.#sent };
    if (this.#parts.length === 0 && this.#skipped.length === 0) return { ...known, data: null };
    if (form === "events") return { ...known, data: utf8.encode(this.#parts.join("")) };
    const position = JSON.stringify(positionText(next, topic));
    const skipped = this.#skipped.length === 0 ? "" : `,"skipped":${JSON.stringify(this.#skipped)}`;
    const head = `{"type":"records","position":${position}${skipped}`;
    return { ...known, data: `${head},"records":[${this.#parts.join()}]}` };
  }

  #move(at: number, offset: number): PositionEntry {
    const entry = this.#entries[at] as PositionEntry;
    const moved = { ...entry, offset };
    this.#entries[at] = moved;
    return moved;
  }

  #placeOf({ topic, partition }: PositionEntry): Readonly<Record<string, unknown>> {
    const place = { partition_id: partition };
    return this.style.topic === null ? { topic_name: topic, ...place } : place;
  }

  #add(name: string | null, text: string): void {
    const isEvent = this.style.form === "events";
    const id = isEvent ? positionText(this.#entries, this.style.topic) : "";
    const part = isEvent ? eventText(name, id, text) : text;
    this.#parts.push(part);
    this.characters += part.length;
  }
}
