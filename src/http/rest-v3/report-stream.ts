/**
 * A streamed body and the stream of its reports, both going on at the same time: the next piece is
 * read while earlier ones are on their way to the disk, and reports leave in the order of the
 * records. What is read and not yet reported is bounded, so a peer that reads no reports is not
 * read from either.
 *
 * Invariant: the reader is ended once nothing more is read, whatever the reason.
 */
import type { Cancel } from "../../base/clock.ts";
import { httpStreamPiecesMax } from "../../limits.ts";
import { HttpError } from "../errors.ts";
import type { BodyReader } from "../request.ts";

/** Takes a piece; its records' reports when they are stored, or why it goes no further. */
type Take = (piece: Uint8Array) => Promise<Uint8Array | HttpError>;

/** See the head of this file. */
export class ReportStream {
  /** Reports on their way, in order. */
  readonly #coming: Promise<Uint8Array | HttpError>[] = [];
  #isRead = false;
  /** Wakes whoever waits: for something to come, or for room. */
  #wake: () => void = () => {};

  constructor(
    private readonly reader: Pick<BodyReader, "piece" | "release" | "end">,
    private readonly take: Take,
    /** Asked at the end of the body: whether it has ended within something. */
    private readonly atEnd: () => HttpError | null,
    /** The report of why it goes no further. */
    private readonly lastReport: (fault: HttpError) => Uint8Array,
  ) {}

  /** The reports. @param onEnd registers what ends the reading: the peer, or the door */
  open(onEnd: (cancel: Cancel) => () => void): ReadableStream<Uint8Array> {
    const forget = onEnd(() => this.reader.end());
    void this.#read().finally(forget);
    return new ReadableStream<Uint8Array>({
      pull: (controller) => this.#pull(controller),
      cancel: () => {
        this.reader.end();
        this.#wake();
      },
    });
  }

  async #read(): Promise<void> {
    for (;;) {
      while (this.#coming.length >= httpStreamPiecesMax) await this.#woken();
      const piece = await this.reader.piece();
      if (piece === null || piece instanceof HttpError) {
        const fault = piece ?? this.atEnd();
        if (fault !== null) this.#coming.push(Promise.resolve(fault));
        break;
      }
      const report = this.take(piece).finally(() => this.reader.release(piece.length));
      this.#coming.push(report);
      this.#wake();
    }
    this.#isRead = true;
    this.reader.end();
    this.#wake();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      while (this.#coming.length === 0 && !this.#isRead) await this.#woken();
      const [next] = this.#coming;
      if (next === undefined) return controller.close();
      const report = await next;
      void this.#coming.shift();
      this.#wake();
      if (report instanceof HttpError) {
        controller.enqueue(this.lastReport(report));
        this.reader.end();
        return controller.close();
      }
      // A piece may have brought no record to its end.
      if (report.length > 0) return controller.enqueue(report);
    }
  }

  #woken(): Promise<void> {
    const before = this.#wake;
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {};
        before();
        resolve();
      };
    });
  }
}
