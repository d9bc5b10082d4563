/**
 * Frames out of arbitrary chunks: a 32-bit length, then that many bytes, over and over. Nothing is
 * allocated on the word of a length: a payload that lies whole in a chunk is a view of it, and one
 * that does not is joined once, when all its bytes have come. A large one is joined as it comes,
 * from a quarter of it on: 100 MiB would hold the event loop for 40 ms when the last byte comes,
 * and chunks that nobody holds can be given back at once instead of to the garbage collector.
 *
 *      0  length   uint32   counts the payload only; its byte order is the protocol's
 *      4  payload
 *
 * Owns the bytes of the frame that has begun and is not complete, and no others. A length over the
 * maximum ends the stream: what follows can't be told apart any more, and is ignored.
 */
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
   * A whole payload, `bytes[start, end)`, not empty. The bytes stay as they are for as long as
   * they are kept, and keep their chunk (up to 512 KiB) in memory. `view` covers all of `bytes`;
   * there is one a chunk.
   */
  frame(bytes: Uint8Array, view: DataView, start: number, end: number): void;
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
  #joined: Uint8Array | null = null;
  #joinedBytes = 0;
  /** Payload bytes that the complete header announces; meaningless before. */
  #announced = 0;
  #completed = 0;
  /** Whether the chunk being fed is held on to, here or by whoever was given a frame of it. */
  #isChunkKept = false;

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
    this.#held.clear();
    this.#joined = null;
  }

  /**
   * Tells the sink of every frame that `chunk` completes. Answers whether the chunk is kept: then
   * it must not change afterwards; else nothing refers to it any more.
   */
  feed(chunk: Uint8Array): boolean {
    if (this.#stopped) return false;
    this.#isChunkKept = false;
    let at = this.#headerHeld > 0 ? this.#continue(chunk) : 0;
    if (chunk.length - at >= headerBytes) at = this.#scan(chunk, at);
    if (at < chunk.length && !this.#stopped) this.#hold(chunk, at);
    return this.#isChunkKept;
  }

  /** Hands over the frames that lie whole in the chunk; where the last of them ends. */
  #scan(chunk: Uint8Array, from: number): number {
    const { littleEndian, payloadBytesMax } = this.framing;
    const view = viewOf(chunk);
    let at = from;
    while (!this.#stopped && chunk.length - at >= headerBytes) {
      const length = view.getUint32(at, littleEndian);
      if (length > payloadBytesMax) {
        this.#refuse(length);
        break;
      }
      const start = at + headerBytes;
      if (length > chunk.length - start) break;
      at = start + length;
      this.#completed += 1;
      if (length === 0) this.sink.emptyFrame();
      else {
        this.#isChunkKept = true;
        this.sink.frame(chunk, view, start, at);
      }
    }
    return at;
  }

  /** Keeps the beginning of a frame: its header, as far as it has come, and what follows. */
  #hold(chunk: Uint8Array, from: number): void {
    const at = this.#takeHeader(chunk, from);
    if (this.#headerHeld === headerBytes) this.#keep(chunk, at, chunk.length);
  }

  /** Goes on with the frame that was held; where in the chunk it ends. */
  #continue(chunk: Uint8Array): number {
    let at = 0;
    if (this.#headerHeld < headerBytes) {
      at = this.#takeHeader(chunk, 0);
      if (this.#headerHeld < headerBytes) return at;
      if (this.#announced > this.framing.payloadBytesMax) {
        this.#refuse(this.#announced);
        return chunk.length;
      }
    }
    const missing = this.#announced - this.#payloadHeld;
    if (missing > chunk.length - at) {
      this.#keep(chunk, at, chunk.length);
      return chunk.length;
    }
    this.#headerHeld = 0;
    this.#completed += 1;
    if (this.#announced === 0) this.sink.emptyFrame();
    else if (this.#payloadHeld === 0) {
      this.#isChunkKept = true;
      this.sink.frame(chunk, viewOf(chunk), at, at + missing);
    } else this.#join(chunk.subarray(at, at + missing));
    return at + missing;
  }

  /** Bytes that are held of the payload. */
  get #payloadHeld(): number {
    return this.#joined === null ? this.#held.bytes : this.#joinedBytes;
  }

  #join(last: Uint8Array): void {
    const payload = this.#joined ?? this.#beginJoining();
    payload.set(last, this.#joinedBytes);
    this.#joined = null;
    this.sink.frame(payload, viewOf(payload), 0, payload.length);
  }

  /** Room for the payload, with what has come of it. */
  #beginJoining(): Uint8Array {
    const payload = Buffer.allocUnsafeSlow(this.#announced);
    this.#held.copyTo(payload);
    this.#joinedBytes = this.#held.bytes;
    this.#held.clear();
    return payload;
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
  #keep(chunk: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const piece = chunk.subarray(start, end);
    if (this.#joined !== null) {
      this.#joined.set(piece, this.#joinedBytes);
      this.#joinedBytes += piece.length;
      return;
    }
    const small = piece.length < copiedBytesMax || piece.length < chunk.buffer.byteLength / 2;
    const isLarge = this.#announced >= joinedBytesMin;
    if (isLarge && (this.#held.bytes + piece.length) * 4 >= this.#announced) {
      this.#joined = this.#beginJoining();
      this.#joined.set(piece, this.#joinedBytes);
      this.#joinedBytes += piece.length;
    } else if (small) this.#held.appendCopy(piece);
    else {
      this.#isChunkKept = true;
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
