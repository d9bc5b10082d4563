/**
 * Cuts a stream of concatenated JSON objects into the bytes of each, however the stream falls into
 * pieces. It counts braces outside of texts and nothing else: whether each is JSON is seen later.
 *
 * Invariant: what is kept is the beginning of one object, at most `bytesMax` long.
 */
import { HttpError } from "./errors.ts";

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const quote = 0x22;
const backslash = 0x5c;

const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** See the head of this file. */
export class JsonSplitter {
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #depth = 0;
  #isText = false;
  #isEscaped = false;

  /** @param bytesMax of one object */
  constructor(private readonly bytesMax: number) {}

  /** The objects that are complete with this piece; 400 for what is no object, 413. */
  push(piece: Uint8Array): readonly Uint8Array[] | HttpError {
    const whole: Uint8Array[] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at]!;
      if (this.#depth === 0) {
        if (isSpace(byte)) continue;
        if (byte !== openBrace) return HttpError.of(400, "the body is no sequence of JSON objects");
        from = at;
        this.#depth = 1;
      } else if (this.#isText) {
        this.#readText(byte);
      } else if (byte === quote) {
        this.#isText = true;
      } else if (byte === openBrace || byte === openBracket) {
        this.#depth += 1;
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#depth -= 1;
        if (this.#depth > 0) continue;
        const tail = piece.subarray(from, at + 1);
        if (this.#keptBytes + tail.length > this.bytesMax) return this.#tooLarge();
        whole.push(this.#complete(tail));
      }
    }
    return this.#keep(piece, from) ?? whole;
  }

  /** 400: the stream has ended within an object. */
  end(): HttpError | null {
    return this.#depth === 0 ? null : HttpError.of(400, "the body ends within a JSON object");
  }

  #readText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) this.#isText = false;
  }

  #complete(tail: Uint8Array): Uint8Array {
    if (this.#keptBytes === 0) return tail;
    const whole = Buffer.concat([...this.#kept, tail]);
    this.#kept = [];
    this.#keptBytes = 0;
    return whole;
  }

  #keep(piece: Uint8Array, from: number): HttpError | null {
    if (this.#depth === 0) return null;
    const rest = piece.subarray(from);
    this.#keptBytes += rest.length;
    if (this.#keptBytes > this.bytesMax) return this.#tooLarge();
    this.#kept.push(rest);
    return null;
  }

  #tooLarge(): HttpError {
    return HttpError.of(413, `a JSON object of more than ${this.bytesMax} bytes`);
  }
}
