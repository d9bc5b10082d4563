/**
 * Records as they come, from the topic's live stream (`GET /streams/topics/…`). Each event brings
 * the position behind it: after a pause, or a broker that was away, the stream goes on there.
 *
 * Only the newest rows are kept, as many and as large as a page can bear; what is left out is
 * counted. Rows are kept as they came and read when they are seen: a flood costs the page little.
 */
import { Failure, type Filters, messageOf, streamOf, type WireRecord } from "./api.ts";
import type { StreamEvent } from "./event-splitter.ts";
import { readEvents } from "./event-stream.ts";
import { count, counted } from "./format.ts";
import { viewOf } from "./record.ts";
import type { RecordRow, RecordSource, SourceStatus } from "./record-source.ts";

/** Rows that are kept, and their characters: two bytes each at most. */
const rowsMax = 5_000;
const charactersMax = 64 * 1024 * 1024;
/** The list is drawn at most so often. */
const drawMs = 120;
/** Between attempts to reach the broker. */
const retryMsMin = 1_000;
const retryMsMax = 8_000;

/** Why a stream ends that would not come back by itself. */
const isFinal = (error: unknown): boolean =>
  error instanceof Failure && error.status >= 400 && error.status < 500 && error.status !== 429;

/** A record as it came, and as it was read when somebody saw it. */
interface LiveRow {
  readonly text: string;
  read: RecordRow | null;
}

/** In the place of one that is left out, so that its text can go. */
const noRow: LiveRow = { text: "", read: null };

/** See the head of this file. */
export class LiveSource implements RecordSource {
  /** Newest last. Those before `#first` are left out; the list's front is cut off now and then. */
  #rows: LiveRow[] = [];
  #first = 0;
  /** Of those that are kept. */
  #characters = 0;
  #came = 0;
  /** Those that retention has taken before they were sent. */
  #missed = 0;
  #position = "";
  /** Once it has begun: from then on no record is missed. */
  #isOpen = false;
  #isPaused = false;
  #error: string | null = null;
  #isOver = false;
  #stream: AbortController | null = null;
  #drawing = 0;
  #retrying = 0;
  #retryMs = retryMsMin;

  /** @param partition `null`: all of them */
  constructor(
    private readonly topic: string,
    private readonly partition: number | null,
    private readonly filters: Filters,
    private readonly changed: () => void,
  ) {
    void this.#run();
  }

  get count(): number {
    return this.#rows.length - this.#first;
  }

  get came(): number {
    return this.#came;
  }

  get status(): SourceStatus {
    const left = this.#came - this.count;
    const state = this.#isPaused ? "Paused at" : "Live:";
    const words = [
      this.#isOpen ? `${state} ${counted(this.#came, "record")}` : "Connecting…",
      left > 0 && `the newest ${count(this.count)} are kept, ${count(left)} left out`,
      this.#missed > 0 && `${count(this.#missed)} were deleted before they could be read`,
    ];
    const isBusy = !this.#isPaused && !this.#isOver;
    return {
      words: words.filter((each) => each !== false).join("; "),
      isBusy,
      canGoOn: this.#isPaused || this.#isOver,
      error: this.#error,
    };
  }

  /** The newest first. */
  row(index: number): RecordRow | undefined {
    if (index < 0 || index >= this.count) return undefined;
    const row = this.#rows.at(-1 - index);
    if (row === undefined) return undefined;
    row.read ??= { kind: "record", record: viewOf(JSON.parse(row.text) as WireRecord) };
    return row.read;
  }

  seen(): void {}

  goOn(): void {
    this.#isPaused = false;
    this.#isOver = false;
    this.#error = null;
    void this.#run();
    this.changed();
  }

  pause(): void {
    this.#isPaused = true;
    this.#stop();
    this.changed();
  }

  close(): void {
    this.#isPaused = true;
    this.#stop();
    clearTimeout(this.#drawing);
  }

  #stop(): void {
    this.#stream?.abort();
    this.#stream = null;
    clearTimeout(this.#retrying);
  }

  /** One stream, up to its end; another one later, if this is to go on. */
  async #run(): Promise<void> {
    this.#stop();
    const stream = new AbortController();
    this.#stream = stream;
    try {
      const { topic, partition, filters } = this;
      const wish = { ...filters, partition, offset: this.#position };
      await readEvents(await streamOf(topic, wish, stream.signal), (event) => {
        if (stream === this.#stream) this.#take(event);
      });
      if (stream === this.#stream) this.#error ??= "The stream has ended; it goes on soon.";
    } catch (error) {
      if (stream !== this.#stream) return;
      const isGone = error instanceof Failure && error.status === 404 && this.#position !== "";
      this.#isOver = isFinal(error) && !isGone;
      this.#error = this.#isOver ? messageOf(error) : wordsOf(error);
      // The topic is another one of the same name: all that it has is new.
      if (isGone) this.#position = this.#position === "earliest" ? "" : "earliest";
    }
    if (stream !== this.#stream) return;
    this.changed();
    if (this.#isOver) return;
    this.#retrying = setTimeout(() => void this.#run(), this.#retryMs) as unknown as number;
    this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax);
  }

  #take({ name, id, data }: StreamEvent): void {
    if (this.#error !== null || !this.#isOpen) this.#later();
    this.#isOpen = true;
    this.#error = null;
    this.#retryMs = retryMsMin;
    if (id !== "") this.#position = id;
    if (data === "") return;
    if (name === "") {
      this.#came += 1;
      this.#keep(data);
    } else if (name === "skipped") {
      const { from, to } = JSON.parse(data) as { readonly from: number; readonly to: number };
      this.#missed += to - from;
    } else if (name === "refused") {
      this.#error = (JSON.parse(data) as { readonly message: string }).message;
    }
    this.#later();
  }

  #keep(text: string): void {
    this.#rows.push({ text, read: null });
    this.#characters += text.length;
    while (this.count > 1 && (this.count > rowsMax || this.#characters > charactersMax)) {
      const oldest = this.#rows[this.#first];
      this.#characters -= oldest?.text.length ?? 0;
      this.#rows[this.#first] = noRow;
      this.#first += 1;
    }
    // Not at each record: cutting a list's front moves all of it.
    if (this.#first < rowsMax) return;
    this.#rows = this.#rows.slice(this.#first);
    this.#first = 0;
  }

  #later(): void {
    if (this.#drawing !== 0) return;
    this.#drawing = setTimeout(() => {
      this.#drawing = 0;
      if (!this.#isPaused) this.changed();
    }, drawMs) as unknown as number;
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Failure && error.status > 0
    ? `${error.message} Trying again…`
    : "The broker does not answer. Trying again…";
