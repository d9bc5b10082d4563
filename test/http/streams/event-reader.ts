/**
 * A reader of server-sent events, as a browser's EventSource reads them (WHATWG HTML, "Interpreting
 * an event stream"): it keeps the last id, whether or not an event came with it.
 */
import { until } from "../../support/until.ts";

/** One event that was dispatched. */
export interface StreamEvent {
  readonly name: string;
  readonly id: string;
  readonly data: unknown;
}

/** See the head of this file. */
export class EventReader implements AsyncDisposable {
  readonly events: StreamEvent[] = [];
  /** What to come back with. */
  lastId = "";
  /** The stream has ended: in order, or not. */
  isEnded = false;
  readonly #controller = new AbortController();
  #response: Response | null = null;
  #fields = { name: "", data: "" };

  /** Opens the stream; an error unless it is one. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}) {
    const reader = new EventReader();
    const { signal } = reader.#controller;
    const response = await fetch(url, {
      signal,
      headers: { accept: "text/event-stream", ...headers },
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    reader.#response = response;
    void reader.#follow();
    await until(() => reader.lastId !== "" || reader.#isOpen);
    return reader;
  }

  #isOpen = false;

  get contentType(): string | null {
    return this.#response?.headers.get("content-type") ?? null;
  }

  /** Records: events without a name. */
  get records(): readonly Record<string, unknown>[] {
    const records = this.events.filter(({ name }) => name === "message");
    return records.map(({ data }) => data as Record<string, unknown>);
  }

  /** Their values. */
  get values(): readonly unknown[] {
    return this.records.map(({ value }) => (value as { readonly data: unknown } | null)?.data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await until(() => this.isEnded);
  }

  async #follow(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of this.#response?.body ?? []) {
        this.#isOpen = true;
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.#line(line);
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    this.isEnded = true;
  }

  #line(line: string): void {
    const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === "id") this.lastId = value;
    if (field === "event") this.#fields.name = value;
    if (field === "data") this.#fields.data += value;
    if (line !== "") return;
    const { name, data } = this.#fields;
    this.#fields = { name: "", data: "" };
    if (data === "") return;
    this.events.push({ name: name || "message", id: this.lastId, data: JSON.parse(data) });
  }
}
