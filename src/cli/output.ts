/**
 * Standard output or standard error of a command: what is written queues, and one write to the
 * descriptor at a time is in flight, in the thread pool, so that a slow reader never stops the
 * event loop. (`process.stdout` costs 7 ms to make, and queues without bound.)
 *
 * Owned data: the queue. Invariants: bytes leave in the order in which they came; after the first
 * failure nothing is written any more, and `onFailure` has been called once.
 */
import { write as writeToDescriptor, writeSync } from "node:fs";
import { outputQueueBytesMax } from "../limits.ts";
import type { Style } from "./terminal.ts";

/** Where a command writes. Methods never throw: failures go to whoever made the output. */
export interface Output {
  readonly isTerminal: boolean;
  /** Width of the terminal; 100 where there is none. */
  readonly columns: number;
  /** Colours if this is a terminal that wants them. */
  readonly style: Style;
  /** Bytes written here that the descriptor has not taken yet. */
  readonly queuedBytes: number;
  /** Queues `chunk`. Whoever writes much awaits {@link ready} in between. */
  write(chunk: string | Uint8Array): void;
  /** `null` if there is room; otherwise resolves once there is. */
  ready(): Promise<void> | null;
  /** Resolves once the descriptor has taken (or refused) all that was written before. */
  flush(): Promise<void>;
}

export interface OutputOptions {
  readonly isTerminal: boolean;
  readonly style: Style;
  columns(): number;
  /** Told of the first failed write; `code` is the system's, as `EPIPE`. */
  onFailure(code: string, message: string): void;
}

/** How long to wait when a descriptor that was made non-blocking has no room. */
const retryMs = 1;

/** An output on an open descriptor. */
export class DescriptorOutput implements Output {
  readonly isTerminal: boolean;
  readonly style: Style;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #pump: Promise<void> | null = null;
  #failed = false;

  constructor(
    private readonly descriptor: number,
    private readonly options: OutputOptions,
  ) {
    this.isTerminal = options.isTerminal;
    this.style = options.style;
  }

  get columns(): number {
    return this.options.columns();
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(chunk: string | Uint8Array): void {
    if (this.#failed || chunk.length === 0) return;
    // Bytes are copied: they may be views of a buffer that is read into again.
    const bytes = Buffer.from(chunk);
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pump ??= this.#run();
  }

  ready(): Promise<void> | null {
    return this.#queuedBytes < outputQueueBytesMax ? null : this.flush();
  }

  async flush(): Promise<void> {
    await this.#pump;
  }

  /** Writes what is queued before it returns, as far as the descriptor takes it: for last words. */
  flushNow(): void {
    try {
      for (const bytes of this.#queue) writeSync(this.descriptor, bytes);
    } catch (error) {
      // There is nobody left to tell.
      void error;
    }
    this.#queue = [];
  }

  async #run(): Promise<void> {
    // What is written in one turn of the event loop leaves in one write.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const bytes = this.#queue.length === 1 ? this.#queue[0] : Buffer.concat(this.#queue);
      this.#queue = [];
      await this.#writeAll(bytes ?? new Uint8Array());
      this.#queuedBytes = this.#queue.reduce((sum, waiting) => sum + waiting.length, 0);
    }
    this.#pump = null;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length && !this.#failed) {
      const outcome = await this.#writeSome(bytes, written);
      if (typeof outcome === "number") written += outcome;
      else if (outcome.code === "EAGAIN") await Bun.sleep(retryMs);
      else this.#fail(outcome);
    }
  }

  #writeSome(bytes: Uint8Array, from: number): Promise<number | NodeJS.ErrnoException> {
    return new Promise((resolve) => {
      writeToDescriptor(this.descriptor, bytes, from, bytes.length - from, null, (error, count) =>
        resolve(error ?? count),
      );
    });
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failed = true;
    this.#queue = [];
    this.options.onFailure(error.code ?? "", error.message);
  }
}
