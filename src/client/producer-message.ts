/** Messages as programs give them, made ready for the wire. */
import type { Clock } from "../base/clock.ts";
import { nativeFrameBytesMax } from "../limits.ts";
import { frameBytes, frameHeaderBytes, type Message } from "../native/frame.ts";
import { nanosecondMillisecondsMax, nanosecondsPerMillisecond } from "../record/nanoseconds.ts";
import { isBytes, isRecord, isText } from "./given.ts";
import { ProducerError } from "./producer-error.ts";

/** A message to send. Text goes as UTF-8; bytes must not change before the promise settles. */
export interface ProducerMessage {
  readonly topic: string;
  /** Messages of one key go to one partition, in order. None, or empty: to any partition. */
  readonly key?: string | Uint8Array;
  readonly value: string | Uint8Array;
  /** A number: whole milliseconds since 1970. A bigint: nanoseconds. Left out: now. */
  readonly timestamp?: number | bigint;
}

const nothing = new Uint8Array(0);
const utf8 = new TextEncoder();
const nanoseconds = BigInt(nanosecondsPerMillisecond);

/** Encodes texts, and remembers the topic: a producer usually has few. */
export class MessageEncoder {
  #topic = "";
  #topicBytes = nothing;

  constructor(private readonly clock: Clock) {}

  /** The message with its parts as bytes; INVALID if no frame can carry it. */
  encode(given: ProducerMessage, index?: number): Message | ProducerError {
    if (!isRecord(given)) {
      return new ProducerError("INVALID", "a message has a topic and a value", { index });
    }
    const key = bytesOf(given.key ?? nothing);
    const value = bytesOf(given.value);
    if (!isText(given.topic) || !isBytes(key) || !isBytes(value)) {
      const reason = "a topic is text, a key and a value are text or bytes";
      return new ProducerError("INVALID", reason, { index });
    }
    if (given.topic !== this.#topic) {
      this.#topicBytes = utf8.encode(given.topic);
      this.#topic = given.topic;
    }
    const { timestamp = Math.floor(this.clock.now()) } = given;
    const time = typeof timestamp === "bigint" ? splitTime(timestamp) : [timestamp, 0];
    const [milliseconds = Number.NaN, remainder = 0] = time;
    const message: Message = {
      timestamp: milliseconds,
      nanoseconds: remainder,
      topic: this.#topicBytes,
      key,
      value,
    };
    const inRange = Math.abs(milliseconds) <= nanosecondMillisecondsMax;
    if (!Number.isInteger(milliseconds) || !inRange) {
      const reason = "a timestamp is whole milliseconds, or bigint nanoseconds that fit 64 bits";
      return new ProducerError("INVALID", reason, { index });
    }
    const size = frameBytes(message) - frameHeaderBytes;
    if (size > nativeFrameBytesMax) {
      const reason = `a message of ${size} bytes; the limit is ${nativeFrameBytesMax}`;
      return new ProducerError("INVALID", reason, { index });
    }
    return message;
  }
}

const bytesOf = (given: string | Uint8Array): Uint8Array =>
  typeof given === "string" ? utf8.encode(given) : given;

/** Nanoseconds as whole milliseconds, rounded down, and the rest. */
function splitTime(time: bigint): [milliseconds: number, remainder: number] {
  const rest = ((time % nanoseconds) + nanoseconds) % nanoseconds;
  return [Number((time - rest) / nanoseconds), Number(rest)];
}
