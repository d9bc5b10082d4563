/**
 * The original's message as bytes, little endian throughout. Both directions work on bytes where
 * they lie. See PROTOCOL.md for a worked example.
 *
 *      0  length        uint32   of the payload: what follows
 *      4  timestamp     int64    nanoseconds since 1970; here as high * 2^32 + low, see
 *                                record/nanoseconds.ts
 *     12  topicLength   uint32   topic, UTF-8
 *         keyLength     uint32   key; empty means: no key
 *         valueLength   uint32   value
 *
 * The lengths are a peer's word: each is held against the bytes that are left before it is used,
 * and the value must end where the payload does.
 */
import { putNanoseconds } from "../record/nanoseconds.ts";

/** Bytes of the length before each payload. */
export const frameHeaderBytes = 4;
/** The smallest payload that parses: a timestamp and three lengths of 0. */
export const payloadBytesMin = 20;

/** Where the parts of a payload lie, as positions in the view that it was decoded from. */
export interface PayloadRanges {
  /** The int64 of the timestamp, its upper half signed, its lower half not. */
  readonly timestampHigh: number;
  readonly timestampLow: number;
  readonly topicFrom: number;
  readonly topicTo: number;
  readonly keyFrom: number;
  readonly keyTo: number;
  readonly valueFrom: number;
  readonly valueTo: number;
}

/** The parts of the payload in `view[start, end)`; `null` if it does not parse. */
export function decodePayload(view: DataView, start: number, end: number): PayloadRanges | null {
  if (end - start < payloadBytesMin) return null;
  const topicFrom = start + 12;
  const topicLength = view.getUint32(start + 8, true);
  // Two lengths follow the topic, and one the key.
  if (topicLength > end - topicFrom - 8) return null;
  const topicTo = topicFrom + topicLength;
  const keyFrom = topicTo + 4;
  const keyLength = view.getUint32(topicTo, true);
  if (keyLength > end - keyFrom - 4) return null;
  const keyTo = keyFrom + keyLength;
  const valueFrom = keyTo + 4;
  if (view.getUint32(keyTo, true) !== end - valueFrom) return null;
  return {
    timestampHigh: view.getInt32(start + 4, true),
    timestampLow: view.getUint32(start, true),
    topicFrom,
    topicTo,
    keyFrom,
    keyTo,
    valueFrom,
    valueTo: end,
  };
}

/** A message to encode. */
export interface Message {
  /** Milliseconds since 1970, whole, at most `nanosecondMillisecondsMax` either side. */
  readonly timestamp: number;
  /** Nanoseconds beyond that: 0 to 999,999. */
  readonly nanoseconds: number;
  /** UTF-8. */
  readonly topic: Uint8Array;
  /** Empty: no key. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Bytes of the message's frame, its length included. */
export const frameBytes = (message: Message): number =>
  frameHeaderBytes +
  payloadBytesMin +
  message.topic.length +
  message.key.length +
  message.value.length;

/** Writes the message's frame at `at`; where it ends. `view` covers `into`. */
export function putFrame(into: Uint8Array, view: DataView, at: number, message: Message): number {
  view.setUint32(at, frameBytes(message) - frameHeaderBytes, true);
  putNanoseconds(view, at + 4, message.timestamp, message.nanoseconds);
  let to = putSized(into, view, at + 12, message.topic);
  to = putSized(into, view, to, message.key);
  return putSized(into, view, to, message.value);
}

function putSized(into: Uint8Array, view: DataView, at: number, bytes: Uint8Array): number {
  view.setUint32(at, bytes.length, true);
  into.set(bytes, at + 4);
  return at + 4 + bytes.length;
}

/** The message's frame, in memory of its own. */
export function encodeFrame(message: Message): Uint8Array {
  const frame = new Uint8Array(frameBytes(message));
  putFrame(frame, new DataView(frame.buffer), 0, message);
  return frame;
}
