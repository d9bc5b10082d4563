/**
 * Replies of the original protocol out of arbitrary chunks: lines, `OK` or `NACK:` and a reason.
 *
 * Owns the line that has begun. A line that is neither, or longer than any reply, ends the stream:
 * replies are counted, so what follows could be laid at the wrong message's door.
 */

/** Who is told of replies, in order. False: no message was sent that this could answer. */
export interface ReplySink {
  /** The next `count` messages were stored. */
  acknowledged(count: number): boolean;
  /** The next message was refused. */
  refused(reason: string): boolean;
}

/** Longer than `NACK:` and any reason there is. */
const lineBytesMax = 64;

const letterO = 0x4f;
const letterK = 0x4b;
const lineFeed = 0x0a;

const unasked = "more replies than messages";

/** See the head of this file. */
export class ReplyReader {
  readonly #line = new Uint8Array(lineBytesMax);
  #held = 0;

  constructor(private readonly sink: ReplySink) {}

  /** Takes a chunk; what is wrong with it, or `null`. After a fault nothing more may be fed. */
  feed(chunk: Uint8Array): string | null {
    let at = 0;
    while (at < chunk.length) {
      const whole = this.#held === 0 ? acknowledgedAt(chunk, at) : 0;
      if (whole > 0) {
        if (!this.sink.acknowledged(whole)) return unasked;
        at += 3 * whole;
        continue;
      }
      const byte = chunk[at++]!;
      if (byte !== lineFeed) {
        if (this.#held === lineBytesMax) return "a reply is too long";
        this.#line[this.#held++] = byte;
        continue;
      }
      const fault = this.#endLine();
      if (fault !== null) return fault;
    }
    return null;
  }

  #endLine(): string | null {
    const line = new TextDecoder().decode(this.#line.subarray(0, this.#held));
    this.#held = 0;
    if (line === "OK") return this.sink.acknowledged(1) ? null : unasked;
    if (!line.startsWith("NACK:")) return `not a reply: ${JSON.stringify(line)}`;
    return this.sink.refused(line.slice("NACK:".length)) ? null : unasked;
  }
}

/** How many whole lines of `OK` begin at `from`: the usual case, counted where they lie. */
function acknowledgedAt(chunk: Uint8Array, from: number): number {
  let at = from;
  while (chunk[at] === letterO && chunk[at + 1] === letterK && chunk[at + 2] === lineFeed) at += 3;
  return (at - from) / 3;
}
