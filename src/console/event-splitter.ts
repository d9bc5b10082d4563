/**
 * Server-sent events out of the text of a stream, as this broker writes them. Pure.
 *
 * Source: WHATWG HTML, "Server-sent events".
 */

/** One event; without data it only says where the stream is. */
export interface StreamEvent {
  readonly name: string;
  readonly id: string;
  readonly data: string;
}

/** Splits what comes into events. */
export class EventSplitter {
  #rest = "";

  /** The events that are whole now. */
  take(text: string): readonly StreamEvent[] {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map(eventOf);
  }
}

function eventOf(block: string): StreamEvent {
  const fields = { event: "", id: "", data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(": ");
    const name = line.slice(0, at);
    if (name === "event" || name === "id" || name === "data") fields[name] = line.slice(at + 2);
  }
  return { name: fields.event, id: fields.id, data: fields.data };
}
