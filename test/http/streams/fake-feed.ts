/** A feed whose steps a test makes. */
import type { HttpError } from "../../../src/http/errors.ts";
import type { Feed, FeedStep } from "../../../src/http/streams/feed.ts";
import type { PositionEntry } from "../../../src/http/streams/position.ts";

/** See the head of this file. */
export class FakeFeed implements Feed {
  position = "0:0";
  /** How many steps were asked for. */
  asked = 0;
  readonly acknowledged: (readonly PositionEntry[])[] = [];
  isClosed = false;
  /** What an acknowledgement waits for. */
  committing: Promise<HttpError | null> = Promise.resolve(null);
  #steps: FeedStep[] = [];
  #wake = (): void => {};

  push(...steps: readonly FeedStep[]): void {
    this.#steps.push(...steps);
    this.#wake();
  }

  async next(): Promise<FeedStep> {
    this.asked += 1;
    for (;;) {
      if (this.isClosed) return { kind: "ended", error: null };
      const step = this.#steps.shift();
      if (step !== undefined) return step;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async acknowledge(entries: readonly PositionEntry[]): Promise<HttpError | null> {
    this.acknowledged.push(entries);
    return await this.committing;
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.#wake();
    return Promise.resolve();
  }
}

/** A chunk with this in it. */
export const chunkStep = (data: Uint8Array | string | null): FeedStep => ({
  kind: "chunk",
  chunk: {
    form: typeof data === "string" ? "socket" : "events",
    data,
    next: [],
    count: 1,
    sent: [],
  },
});
