/**
 * Frames from their sending to their acknowledgement, in the bytes that go over the wire: what a
 * broken connection did not acknowledge is sent again from here, without being encoded again.
 *
 * Frames lie in blocks, one after another, never across two. Of each block, 0 <= acknowledged <=
 * sent <= used, and doubtful <= used; `acknowledged` always ends at the end of a frame.
 */
import { frameBytes, frameHeaderBytes, putFrame, type Message } from "../native/frame.ts";

/** Blocks are of this size; a frame that is larger gets one of its own. */
const blockBytes = 64 * 1024;

interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  used: number;
  sent: number;
  acknowledged: number;
  /** So far it was sent over connections that are gone. */
  doubtful: number;
}

/** Where frames go: see `ClientSocket.write`. */
export interface ByteTaker {
  write(bytes: Uint8Array, from: number, length: number): number;
}

/** See the head of this file. */
export class ProducerBuffer {
  /** Invariant: there is one, and the first is wholly acknowledged only if it is empty. */
  readonly #blocks: Block[] = [newBlock(blockBytes)];
  /** The first block that is not wholly sent, or the last one. */
  #sending = 0;
  #bytes = 0;

  /** Bytes of the frames that are not acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  append(message: Message): void {
    const needed = frameBytes(message);
    let block = this.#blocks[this.#blocks.length - 1]!;
    if (block.bytes.length - block.used < needed) {
      block = newBlock(Math.max(needed, blockBytes));
      if (this.#bytes === 0) this.#blocks.pop();
      this.#blocks.push(block);
    }
    block.used = putFrame(block.bytes, block.view, block.used, message);
    this.#bytes += needed;
  }

  /** Sends until all is sent or `taker` takes less than it is offered; false if that is closed. */
  writeTo(taker: ByteTaker): boolean {
    for (;;) {
      const block = this.#blocks[this.#sending]!;
      const offered = block.used - block.sent;
      const taken = offered === 0 ? 0 : taker.write(block.bytes, block.sent, offered);
      if (taken < 0) return false;
      block.sent += taken;
      if (taken < offered || this.#sending === this.#blocks.length - 1) return true;
      this.#sending += 1;
    }
  }

  /** Everything that is not acknowledged is to be sent again. */
  rewind(): void {
    for (const block of this.#blocks) {
      block.doubtful = Math.max(block.doubtful, block.sent);
      block.sent = block.acknowledged;
    }
    this.#sending = 0;
  }

  /** Whether the oldest frame went out as a whole before a {@link rewind}: it may have arrived. */
  get isOldestDoubtful(): boolean {
    const block = this.#blocks[0]!;
    const length = firstFrameBytes(block);
    return length > 0 && block.acknowledged + length <= block.doubtful;
  }

  /** Lets go of the oldest frame, if it was sent as a whole; false if it was not. */
  acknowledge(): boolean {
    const block = this.#blocks[0]!;
    const length = firstFrameBytes(block);
    if (length === 0 || block.acknowledged + length > block.sent) return false;
    this.#letGo(block, length);
    return true;
  }

  /** Lets go of the oldest frame, unsent: only between {@link rewind} and `writeTo`. */
  drop(): void {
    const block = this.#blocks[0]!;
    const length = firstFrameBytes(block);
    block.sent += length;
    this.#letGo(block, length);
  }

  #letGo(block: Block, length: number): void {
    block.acknowledged += length;
    this.#bytes -= length;
    if (block.acknowledged < block.used) return;
    if (this.#blocks.length === 1) {
      // Nothing of it is needed any more, and a write never holds on to what it was given.
      block.used = block.sent = block.acknowledged = block.doubtful = 0;
    } else {
      this.#blocks.shift();
      this.#sending = Math.max(0, this.#sending - 1);
    }
  }
}

/** Bytes of the block's oldest frame; 0 if it holds none. */
const firstFrameBytes = (block: Block): number =>
  block.acknowledged === block.used
    ? 0
    : frameHeaderBytes + block.view.getUint32(block.acknowledged, true);

function newBlock(size: number): Block {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  return { bytes, view, used: 0, sent: 0, acknowledged: 0, doubtful: 0 };
}
