/**
 * Bodies of requests: read as they come, never more than is allowed, never longer than is allowed,
 * and counted among the bytes that all doors hold.
 *
 * - A body's announced length is believed where it is too large, and nothing of it is read.
 * - Content codings are not taken (415): a small body could unpack to a large one.
 * - While all doors together hold too much, reading waits: the peer is slowed down by TCP.
 */
import type { Clock } from "../base/clock.ts";
import { quoted } from "../base/printable.ts";
import {
  httpBodyAtOnceBytesMax,
  httpBodyBytesMax,
  httpBodyMsMax,
  shownCharactersMax,
} from "../limits.ts";
import { HttpError } from "./errors.ts";
import { parseExact } from "./exact-json.ts";
import type { BytesBudget, System } from "./services.ts";

/** A body as the runtime has it; one of the two is called, once. */
export interface RawBody {
  /** `null`: there is none. */
  readonly stream: () => ReadableStream<Uint8Array> | null;
  readonly atOnce: () => Promise<Uint8Array>;
}

/** As much of a request as its body needs. */
interface Carrier {
  header(name: string): string | null;
  readonly body: RawBody;
  readonly system: System;
}

const tooLarge = (bytesMax: number): HttpError =>
  HttpError.of(413, `a body of more than ${bytesMax} bytes`);

/** What a stream's reader gives. */
interface ReadPiece {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
}

const noPiece: ReadPiece = { done: true };

/** As much of a stream's reader as is used; its own type differs between two sets of types. */
interface PieceReader {
  read(): Promise<ReadPiece>;
  cancel(): Promise<unknown>;
}

/**
 * A small body as one piece. A stream costs the runtime so much memory that every 26 requests it
 * collected garbage, some 1 ms for which everybody waits; this way, every 150 to 490 (measured).
 */
class OnePiece implements PieceReader {
  #isRead = false;
  /** Ends a read under way. */
  #end: () => void = () => {};

  constructor(private readonly atOnce: () => Promise<Uint8Array>) {}

  read(): Promise<ReadPiece> {
    if (this.#isRead) return Promise.resolve(noPiece);
    this.#isRead = true;
    return new Promise((resolve, reject) => {
      this.#end = () => resolve(noPiece);
      this.atOnce().then(
        (value) => resolve(value.length === 0 ? noPiece : { done: false, value }),
        reject,
      );
    });
  }

  async cancel(): Promise<void> {
    this.#isRead = true;
    this.#end();
  }
}

/** One body. Whoever was given it calls {@link end}, whatever happens. */
export class BodyReader {
  /** What was read and is still counted. */
  #heldBytes = 0;
  #isEnded = false;

  private constructor(
    /** `null`: there is no body. */
    private readonly reader: PieceReader | null,
    private readonly budget: BytesBudget,
    private readonly clock: Clock,
    /** As it was announced; `null`: it comes in chunks, until it ends. */
    readonly announcedBytes: number | null,
  ) {}

  /** The body of a request; 415 if it is coded. */
  static of(request: Carrier): BodyReader | HttpError {
    const { body, system } = request;
    const coding = request.header("content-encoding")?.trim().toLowerCase() ?? "identity";
    if (coding !== "identity") {
      const message = `Content-Encoding ${quoted(coding, shownCharactersMax)} is not taken`;
      return HttpError.of(415, message, { "accept-encoding": "identity" });
    }
    const length = request.header("content-length");
    const isSmall = length !== null && Number(length) <= httpBodyAtOnceBytesMax;
    const reader = isSmall ? new OnePiece(body.atOnce) : (body.stream()?.getReader() ?? null);
    const announced = length ?? (reader === null ? "0" : null);
    const announcedBytes = announced === null ? null : Number(announced);
    return new BodyReader(reader, system.budget, system.clock, announcedBytes);
  }

  /** All of it, which must be complete within `httpBodyMsMax`. 400, 408, 413. */
  async whole(bytesMax = httpBodyBytesMax): Promise<Uint8Array | HttpError> {
    if ((this.announcedBytes ?? 0) > bytesMax) return tooLarge(bytesMax);
    const dueMs = this.clock.monotonic() + httpBodyMsMax;
    const chunks: Uint8Array[] = [];
    for (let bytes = 0; ;) {
      const piece = await this.piece(dueMs - this.clock.monotonic());
      if (piece instanceof HttpError) return piece;
      if (piece === null) return joined(chunks);
      bytes += piece.length;
      if (bytes > bytesMax) return tooLarge(bytesMax);
      chunks.push(piece);
    }
  }

  /**
   * The next piece, as it comes; `null`: that was all. The caller bounds what it keeps, and gives
   * back with {@link release} what it has done with. 400: it broke off; 408: nothing came in time.
   */
  async piece(msMax = httpBodyMsMax): Promise<Uint8Array | null | HttpError> {
    if (this.reader === null || this.#isEnded) return null;
    const dueMs = this.clock.monotonic() + msMax;
    if (this.budget.exceeded && (await this.#room(msMax)) === "late") {
      return HttpError.of(503, "too much is being received; try again", { "retry-after": "1" });
    }
    try {
      const read = await this.#within(dueMs - this.clock.monotonic(), this.reader.read());
      if (read === "late") {
        return HttpError.of(408, `the body did not come within ${httpBodyMsMax} ms`);
      }
      if (read.value === undefined) return null;
      this.#heldBytes += read.value.length;
      this.budget.reserve(read.value.length);
      return read.value;
    } catch (error) {
      return HttpError.of(400, `the body broke off: ${String(error)}`);
    }
  }

  /** Gives back what was counted of so many bytes that were read. */
  release(bytes: number): void {
    const released = Math.min(bytes, this.#heldBytes);
    this.#heldBytes -= released;
    this.budget.release(released);
  }

  /** Nothing more of it is wanted, nor kept. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.release(this.#heldBytes);
    // A stream that has failed refuses to be cancelled: then there is nothing to cancel.
    this.reader?.cancel().catch(() => {});
  }

  async #room(msMax: number): Promise<"room" | "late"> {
    const { promise: room, resolve } = Promise.withResolvers<"room">();
    const waiter = { roomAgain: () => resolve("room") };
    this.budget.wait(waiter);
    const first = await this.#within(msMax, room);
    this.budget.leave(waiter);
    return first;
  }

  /** One promise and no race: every body passes here. */
  #within<T>(msMax: number, waited: Promise<T>): Promise<T | "late"> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(msMax, () => resolve("late"));
      waited.then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
    });
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}

/** The body's JSON value; 400 if it is none, 413. */
export async function jsonIn(reader: BodyReader, bytesMax: number): Promise<unknown> {
  const bytes = await reader.whole(bytesMax);
  return bytes instanceof HttpError ? bytes : parseJson(bytes);
}

const strict = new TextDecoder("utf-8", { fatal: true });

/** Bytes that should be JSON in UTF-8 (RFC 8259 §8.1); 400 if they are not. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return parseExact(strict.decode(bytes));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return HttpError.of(400, `this is no JSON: ${why.slice(0, shownCharactersMax)}`);
  }
}
