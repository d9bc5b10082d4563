/**
 * Frames out of arbitrary chunks: a 32-bit length, then that many bytes, over and over. Nothing is
 * allocated on the word of a length: a payload that lies whole in a chunk is a view of it, and one
 * that does not is joined once, when all its bytes have come. A large one is joined as it comes,
 * from a quarter of it on: 100 MiB would hold the event loop for 40 ms when the last byte comes,
 * and chunks that nobody holds are freed at once instead of by the garbage collector.
 *
 *      0  length   uint32   counts the payload only; its byte order is the protocol's
 *      4  payload
 *
 * Owns the bytes of the frame that has begun and is not complete, and no others. A length over the
 * maximum ends the stream: what follows can't be told apart any more, and is ignored.
 */
import { Memory } from "../base/memory.ts";
import { ByteChain } from "./byte-chain.ts";

const headerBytes = 4;
/** Held pieces smaller than this are copied together. */
const copiedBytesMax = 4096;
const slabBytesMin = 64;
/** From this size on a payload is joined as it comes. */
const joinedBytesMin = 64 * 1024;

/** How a protocol frames its messages. */
export interface Framing {
  readonly littleEndian: boolean;
  /** The largest payload to believe in. A length is unsigned: a negative one is too large. */
  readonly payloadBytesMax: number;
}

/** Who is told of frames, in the order in which they came. */
export interface FrameSink {
  /**
   * A whole payload, `memory.bytes[start, end)`, not empty. Whoever keeps any of it beyond this
   * call has to hold the memory, which is that of a whole chunk (up to 512 KiB).
   */
  frame(memory: Memory, start: number, end: number): void;
  /** A frame of length 0. */
  emptyFrame(): void;
  /** A length over the maximum; nothing comes after it. */
  oversizedFrame(announcedBytes: number): void;
}

/** See the head of this file. */
export class FrameReader {
  #stopped = false;
  #header = new Uint8Array(headerBytes);
  #headerHeld = 0;
  /** What has come of the payload whose header is complete. */
  readonly #held = new ByteChain(slabBytesMin);
  /** A large payload that is being joined, and how much of it has come; then nothing is held. */
  #joined: Memory | null = null;
  #joinedBytes = 0;
  /** Payload bytes that the complete header announces; meaningless before. */
  #announced = 0;
  #completed = 0;
  /** The chunks that pieces in `#held` refer to. */
  #referred: Memory[] = [];

  constructor(
    private readonly framing: Framing,
    private readonly sink: FrameSink,
  ) {}

  /** Bytes held of a frame that is not complete. */
  get partialBytes(): number {
    return this.#headerHeld + this.#payloadHeld;
  }

  /** Frames handed over so far, empty ones included: whether the one that is held is the same. */
  get completed(): number {
    return this.#completed;
  }

  /** Ignores everything from here on, also within the chunk being fed. */
  stop(): void {
    this.#stopped = true;
    this.#headerHeld = 0;
    this.#joined?.letGo();
    this.#joined = null;
    this.#forgetHeld();
  }

  /** Tells the sink of every frame that `chunk` completes. */
  feed(chunk: Memory): void {
    if (this.#stopped) return;
    const { length } = chunk.bytes;
    let at = this.#headerHeld > 0 ? this.#continue(chunk) : 0;
    if (length - at >= headerBytes) at = this.#scan(chunk, at);
    if (at < length && !this.#stopped) this.#hold(chunk, at);
  }

  /** Hands over the frames that lie whole in the chunk; where the last of them ends. */
  #scan(chunk: Memory, from: number): number {
    const { littleEndian, payloadBytesMax } = this.framing;
    const { bytes, view } = chunk;
    let at = from;
    while (!this.#stopped && bytes.length - at >= headerBytes) {
      const length = view.getUint32(at, littleEndian);
      if (length > payloadBytesMax) {
        this.#refuse(length);
        break;
      }
      const start = at + headerBytes;
      if (length > bytes.length - start) break;
      at = start + length;
      this.#completed += 1;
      if (length === 0) this.sink.emptyFrame();
      else this.sink.frame(chunk, start, at);
    }
    return at;
  }

  /** Keeps the beginning of a frame: its header, as far as it has come, and what follows. */
  #hold(chunk: Memory, from: number): void {
    const at = this.#takeHeader(chunk.bytes, from);
    if (this.#headerHeld === headerBytes) this.#keep(chunk, at);
  }

  /** Goes on with the frame that was held; where in the chunk it ends. */
  #continue(chunk: Memory): number {
    const { bytes } = chunk;
    let at = 0;
    if (this.#headerHeld < headerBytes) {
      at = this.#takeHeader(bytes, 0);
      if (this.#headerHeld < headerBytes) return at;
      if (this.#announced > this.framing.payloadBytesMax) {
        this.#refuse(this.#announced);
        return bytes.length;
      }
    }
    const missing = this.#announced - this.#payloadHeld;
    if (missing > bytes.length - at) {
      this.#keep(chunk, at);
      return bytes.length;
    }
    this.#headerHeld = 0;
    this.#completed += 1;
    if (this.#announced === 0) this.sink.emptyFrame();
    else if (this.#payloadHeld === 0) this.sink.frame(chunk, at, at + missing);
    else this.#join(bytes.subarray(at, at + missing));
    return at + missing;
  }

  /** Bytes that are held of the payload. */
  get #payloadHeld(): number {
    return this.#joined === null ? this.#held.bytes : this.#joinedBytes;
  }

  #join(last: Uint8Array): void {
    const payload = this.#joined ?? this.#beginJoining();
    payload.bytes.set(last, this.#joinedBytes);
    this.#joined = null;
    this.sink.frame(payload, 0, payload.bytes.length);
    payload.letGo();
  }

  /** Room for the payload, with what has come of it. */
  #beginJoining(): Memory {
    const payload = Memory.allocate(this.#announced);
    this.#held.copyTo(payload.bytes);
    this.#joinedBytes = this.#held.bytes;
    this.#forgetHeld();
    return payload;
  }

  #forgetHeld(): void {
    this.#held.clear();
    for (const chunk of this.#referred) chunk.letGo();
    this.#referred = [];
  }

  #takeHeader(chunk: Uint8Array, from: number): number {
    let at = from;
    while (this.#headerHeld < headerBytes && at < chunk.length) {
      this.#header[this.#headerHeld++] = chunk[at++]!;
    }
    if (this.#headerHeld === headerBytes) {
      this.#announced = viewOf(this.#header).getUint32(0, this.framing.littleEndian);
    }
    return at;
  }

  /** A small end of a large chunk is copied rather than holding on to all of the chunk. */
  #keep(chunk: Memory, from: number): void {
    if (from === chunk.bytes.length) return;
    const piece = chunk.bytes.subarray(from);
    if (this.#joined !== null) {
      this.#joined.bytes.set(piece, this.#joinedBytes);
      this.#joinedBytes += piece.length;
      return;
    }
    const small = piece.length < copiedBytesMax || piece.length < chunk.bytes.length / 2;
    const isLarge = this.#announced >= joinedBytesMin;
    if (isLarge && (this.#held.bytes + piece.length) * 4 >= this.#announced) {
      this.#joined = this.#beginJoining();
      this.#joined.bytes.set(piece, this.#joinedBytes);
      this.#joinedBytes += piece.length;
    } else if (small) this.#held.appendCopy(piece);
    else {
      chunk.hold();
      this.#referred.push(chunk);
      this.#held.appendReference(piece);
    }
  }

  #refuse(length: number): void {
    this.stop();
    this.sink.oversizedFrame(length);
  }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
