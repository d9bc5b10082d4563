/**
 * A log of the original, seen through a window that moves along it: what lies at a position, and
 * whether it is a whole frame. The window is about a MiB, or as large as one frame.
 */
import type { DiskFile } from "../disk/disk.ts";
import { nativeFrameBytesMax as payloadBytesMax } from "../limits.ts";
import {
  decodePayload,
  frameHeaderBytes,
  payloadBytesMin,
  type PayloadRanges,
} from "../native/frame.ts";

const windowBytes = 1024 * 1024;

/**
 * Why there is no frame at a position.
 * - `truncated`: the file ends within it.
 * - `length`: no frame is as long as its length says.
 * - `format`: its payload does not parse.
 */
export type FrameFault = "truncated" | "length" | "format";

/** See the head of this file. */
export class FrameWindow {
  /** What is in memory; a new array for each window, so that views of an old one stay good. */
  bytes: Uint8Array = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  /** The file position of `bytes[0]`. */
  position = 0;

  constructor(
    private readonly file: DiskFile,
    /** Where the file ends; comes down if it turns out to be shorter. */
    public end: number,
    private readonly topic: Uint8Array,
  ) {}

  /**
   * What keeps the bytes at `position` from being a frame; `null`: they are one, all in memory.
   * @throws DiskError
   */
  async check(position: number): Promise<FrameFault | null> {
    await this.cover(position, frameHeaderBytes);
    if (this.end - position < frameHeaderBytes) return "truncated";
    const length = this.view.getUint32(position - this.position, true);
    if (length < payloadBytesMin || length > payloadBytesMax) return "length";
    await this.cover(position, frameHeaderBytes + length);
    if (position + frameHeaderBytes + length > this.end) return "truncated";
    return this.payloadAt(position - this.position) === null ? "format" : null;
  }

  /** The payload of the frame at `at` in the window, if all of it is there and parses. */
  payloadAt(at: number): PayloadRanges | null {
    const { view } = this;
    if (view.byteLength - at < frameHeaderBytes) return null;
    const length = view.getUint32(at, true);
    const start = at + frameHeaderBytes;
    if (length > payloadBytesMax || length > view.byteLength - start) return null;
    return decodePayload(view, start, start + length);
  }

  /** Whether a frame of this log's topic begins at `position`. @throws DiskError */
  async isOwn(position: number): Promise<boolean> {
    if (position >= this.end || (await this.check(position)) !== null) return false;
    const payload = this.payloadAt(position - this.position);
    return payload !== null && this.isTopic(payload.topicFrom, payload.topicTo);
  }

  /** Whether the bytes [from, to) of the window spell the topic. */
  isTopic(from: number, to: number): boolean {
    const { topic, bytes } = this;
    if (to - from !== topic.length) return false;
    for (let at = 0; at < topic.length; at++) if (topic[at] !== bytes[from + at]) return false;
    return true;
  }

  /**
   * The first position from `from` on where a frame of this topic may begin, looked for within one
   * window; `next` is where to look on, `isCandidate` whether it is worth a closer look.
   * @throws DiskError
   */
  async candidate(from: number): Promise<{ next: number; isCandidate: boolean }> {
    const { topic } = this;
    const frameBytesMin = frameHeaderBytes + payloadBytesMin + topic.length;
    await this.cover(from, frameBytesMin);
    const { view, end } = this;
    const last = view.byteLength - frameBytesMin;
    for (let at = from - this.position; at <= last; at++) {
      const length = view.getUint32(at, true);
      if (length < frameBytesMin - frameHeaderBytes || length > payloadBytesMax) continue;
      if (this.position + at + frameHeaderBytes + length > end) continue;
      if (view.getUint32(at + topicLengthAt, true) !== topic.length) continue;
      if (!this.isTopic(at + topicLengthAt + 4, at + topicLengthAt + 4 + topic.length)) continue;
      return { next: this.position + at, isCandidate: true };
    }
    return { next: Math.max(from, this.position + last + 1), isCandidate: false };
  }

  /** Makes [position, position + length) available, as far as the file goes. */
  private async cover(position: number, length: number): Promise<void> {
    const to = Math.min(this.end, position + length);
    if (position >= this.position && to <= this.position + this.bytes.length) return;
    const wanted = Math.max(0, Math.min(this.end - position, Math.max(length, windowBytes)));
    const bytes = new Uint8Array(wanted);
    const count = await this.file.read(position, bytes);
    if (count < bytes.length) this.end = position + count;
    this.bytes = bytes.subarray(0, count);
    this.view = new DataView(bytes.buffer, 0, count);
    this.position = position;
  }
}

/** Of the topic's length, counted from the frame's begin: behind its length and its timestamp. */
const topicLengthAt = 12;
