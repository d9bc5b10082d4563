/**
 * The native producer: messages in, promises out, over the original's protocol.
 *
 * Delivery is **at least once**. When the connection breaks, what was sent and not answered is
 * sent again, in its old order; what the broker had stored before the break is then stored twice.
 *
 *     send ──room?──► in flight (frames in the buffer) ──reply──► settled
 *              └─no─► waiting ──room──┘
 *
 * Owns the deliveries, one for each call, in a list from the oldest to the newest. Invariants:
 * - deliveries settle in the order of their calls, and their times run out in that order, too;
 * - a reply belongs to the oldest frame that was sent and not answered;
 * - frames in the buffer are the messages that were taken and not settled, in that order.
 */
import { assert } from "../base/assert.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import { producerWaitingMax } from "../limits.ts";
import { frameBytes, type Message } from "../native/frame.ts";
import { ProducerBuffer } from "./producer-buffer.ts";
import { ProducerError, type ProducerErrorCode } from "./producer-error.ts";
import { ProducerLine } from "./producer-line.ts";
import { MessageEncoder, type ProducerMessage } from "./producer-message.ts";
import { type ProducerOptions, producerPlan } from "./producer-options.ts";
import { ReplyReader } from "./producer-replies.ts";

export type { ProducerMessage } from "./producer-message.ts";
export type { ProducerOptions } from "./producer-options.ts";

/** One call of `send` or `sendBatch`. */
interface Delivery {
  readonly messages: readonly Message[];
  /** Messages put in flight, and of these, messages settled. */
  taken: number;
  settled: number;
  /** Of its messages, the first that was refused, and the broker's word. */
  refusal: { readonly reason: string; readonly index: number } | null;
  /** One of them is stored, or may be. */
  mayBeStored: boolean;
  readonly deadline: number;
  readonly done: (error: ProducerError | null) => void;
  /** Those who wait in `flush`. */
  watchers: (() => void)[];
  next: Delivery | null;
}

/** What is wrong if nothing else is. */
const silence = "no reply came";

/** See the head of this file. */
export class Producer {
  readonly #clock: Clock;
  readonly #deliveryTimeoutMs: number;
  readonly #bytesMax: number;
  readonly #messagesMax: number;
  readonly #encoder: MessageEncoder;
  readonly #line: ProducerLine;
  readonly #buffer = new ProducerBuffer();
  #replies: ReplyReader;

  #oldest: Delivery | null = null;
  #newest: Delivery | null = null;
  /** The first delivery with messages that are not in flight yet, and how many have such. */
  #firstWaiting: Delivery | null = null;
  #waiting = 0;
  #inFlightMessages = 0;

  #closed: Promise<void> | undefined;
  #flushing = false;
  #cancelDeadline: Cancel | undefined;
  /** What went wrong last, for the message of a timeout. */
  #trouble = silence;

  /**
   * Connects with the first message.
   * @throws ProducerError INVALID
   */
  constructor(options: ProducerOptions = {}) {
    const plan = producerPlan(options);
    this.#clock = plan.clock;
    this.#deliveryTimeoutMs = plan.deliveryTimeoutMs;
    this.#bytesMax = plan.inFlightBytesMax;
    this.#messagesMax = plan.inFlightMessagesMax;
    this.#encoder = new MessageEncoder(this.#clock);
    this.#replies = this.#newReplies();
    this.#line = new ProducerLine({
      ...plan,
      events: {
        up: () => this.#write(),
        received: (chunk) => this.#received(chunk),
        writable: () => this.#write(),
        lost: (reason) => this.#lost(reason),
      },
    });
  }

  /**
   * Resolves once the broker has stored the message, as durably as its topic asks; rejects with a
   * {@link ProducerError}. Await it, or `flush` now and then: sends that find no room wait, and
   * there is a limit to how many may.
   */
  send(message: ProducerMessage): Promise<void> {
    const encoded = this.#encoder.encode(message);
    if (encoded instanceof ProducerError) return Promise.reject(encoded);
    return this.#deliver([encoded]);
  }

  /**
   * The same for many messages with one promise, which costs less. Rejects with the first error
   * among them, whose `index` says where; the others were delivered, or were refused as well. A
   * message that no frame can carry (`INVALID`) is found before any is sent.
   */
  sendBatch(messages: readonly ProducerMessage[]): Promise<void> {
    const encoded: Message[] = [];
    if (!Array.isArray(messages)) {
      return Promise.reject(new ProducerError("INVALID", "sendBatch takes a list of messages"));
    }
    for (const [index, message] of messages.entries()) {
      const one = this.#encoder.encode(message, index);
      if (one instanceof ProducerError) return Promise.reject(one);
      encoded.push(one);
    }
    return encoded.length === 0 ? Promise.resolve() : this.#deliver(encoded);
  }

  /** Resolves once everything sent before the call is settled, well or not. */
  flush(): Promise<void> {
    const newest = this.#newest;
    if (newest === null) return Promise.resolve();
    return new Promise((resolve) => newest.watchers.push(resolve));
  }

  /** Takes no more messages, waits until all are settled, and disconnects. */
  close(): Promise<void> {
    this.#closed ??= this.flush().then(() => this.#end());
    return this.#closed;
  }

  /** Disconnects at once; what is not settled rejects with `CLOSED`. */
  abort(): void {
    this.#closed = Promise.resolve();
    this.#end();
    const reason = "the producer was closed";
    while (this.#oldest !== null) {
      this.#giveUp(this.#oldest, "CLOSED", () => reason);
    }
  }

  #deliver(messages: readonly Message[]): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(new ProducerError("CLOSED", "the producer is closed"));
    }
    if (this.#waiting >= producerWaitingMax) {
      const reason = `${this.#waiting} sends wait for room already: await them`;
      return Promise.reject(new ProducerError("OVERLOADED", reason));
    }
    return new Promise((resolve, reject) => {
      const delivery: Delivery = {
        messages,
        taken: 0,
        settled: 0,
        refusal: null,
        mayBeStored: false,
        deadline: this.#clock.monotonic() + this.#deliveryTimeoutMs,
        done: (error) => (error === null ? resolve() : reject(error)),
        watchers: [],
        next: null,
      };
      if (this.#newest === null) this.#oldest = delivery;
      else this.#newest.next = delivery;
      this.#newest = delivery;
      this.#firstWaiting ??= delivery;
      this.#waiting += 1;
      this.#takeWaiting();
      this.#watchDeadline();
    });
  }

  /** Puts messages in flight while there is room. */
  #takeWaiting(): void {
    while (this.#firstWaiting !== null) {
      const delivery = this.#firstWaiting;
      while (delivery.taken < delivery.messages.length) {
        const message = delivery.messages[delivery.taken]!;
        if (!this.#hasRoom(message)) return;
        this.#buffer.append(message);
        delivery.taken += 1;
        this.#inFlightMessages += 1;
        this.#writeSoon();
      }
      this.#firstWaiting = delivery.next;
      this.#waiting -= 1;
    }
  }

  /** The first message always finds room, however small the bounds were set. */
  #hasRoom(message: Message): boolean {
    if (this.#inFlightMessages === 0) return true;
    if (this.#inFlightMessages >= this.#messagesMax) return false;
    return this.#buffer.bytes + frameBytes(message) <= this.#bytesMax;
  }

  /** Writes once this turn's messages are together. */
  #writeSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#inFlightMessages === 0) return;
      if (this.#line.up) this.#write();
      else this.#line.want();
    });
  }

  #write(): void {
    // A closed connection is reported by itself, after this.
    this.#buffer.writeTo(this.#line);
  }

  #received(chunk: Uint8Array): void {
    this.#trouble = silence;
    const fault = this.#replies.feed(chunk);
    if (fault !== null) this.#line.cut(fault);
    this.#takeWaiting();
  }

  #newReplies(): ReplyReader {
    return new ReplyReader({
      acknowledged: (count) => this.#settle(count, null),
      refused: (reason) => this.#settle(1, reason),
    });
  }

  /** Settles the oldest messages; false if that many were not sent. */
  #settle(count: number, refusal: string | null): boolean {
    this.#line.progressed();
    for (let left = count; left > 0; left--) {
      // What is refused now may have been stored when it was sent before.
      const mayBeStored = refusal === null || this.#buffer.isOldestDoubtful;
      if (!this.#buffer.acknowledge()) return false;
      const delivery = this.#oldest;
      assert(delivery !== null, "a frame in the buffer has its delivery");
      if (refusal !== null) delivery.refusal ??= { reason: refusal, index: delivery.settled };
      delivery.mayBeStored ||= mayBeStored;
      this.#inFlightMessages -= 1;
      delivery.settled += 1;
      if (delivery.settled === delivery.messages.length) {
        this.#finish(delivery, refusalOf(delivery));
      }
    }
    return true;
  }

  /** Takes the oldest delivery off the list and settles it. */
  #finish(delivery: Delivery, error: ProducerError | null): void {
    assert(delivery === this.#oldest, "deliveries settle in order");
    this.#oldest = delivery.next;
    if (this.#oldest === null) this.#newest = null;
    delivery.done(error);
    for (const watcher of delivery.watchers) watcher();
  }

  #lost(reason: string): void {
    this.#trouble = reason;
    this.#replies = this.#newReplies();
    this.#buffer.rewind();
    if (this.#inFlightMessages > 0) this.#line.want();
  }

  /** One timer for the oldest delivery; it looks again when it fires. */
  #watchDeadline(): void {
    if (this.#cancelDeadline !== undefined || this.#oldest === null) return;
    const delayMs = Math.max(0, this.#oldest.deadline - this.#clock.monotonic());
    this.#cancelDeadline = this.#clock.after(delayMs, () => {
      this.#cancelDeadline = undefined;
      this.#expire();
      this.#watchDeadline();
    });
  }

  /**
   * Replies are counted, so one that is not awaited any more would be taken for the next one's:
   * the connection goes with the delivery whose time is over, and the others are sent again.
   */
  #expire(): void {
    const now = this.#clock.monotonic();
    if (this.#oldest === null || this.#oldest.deadline > now) return;
    const why = `in ${this.#deliveryTimeoutMs} ms: ${this.#trouble}`;
    this.#line.cut("a reply was overdue");
    while (this.#oldest !== null && this.#oldest.deadline <= now) {
      this.#giveUp(this.#oldest, "TIMEOUT", (mayBeStored) =>
        mayBeStored ? `not acknowledged ${why}` : `not sent ${why}`,
      );
    }
    this.#takeWaiting();
  }

  /** Settles the oldest delivery without its replies. The line is down. */
  #giveUp(
    delivery: Delivery,
    code: ProducerErrorCode,
    messageOf: (mayBeStored: boolean) => string,
  ): void {
    for (; delivery.settled < delivery.taken; delivery.settled++) {
      delivery.mayBeStored ||= this.#buffer.isOldestDoubtful;
      this.#buffer.drop();
      this.#inFlightMessages -= 1;
    }
    if (delivery === this.#firstWaiting) {
      this.#firstWaiting = delivery.next;
      this.#waiting -= 1;
    }
    const { mayBeStored } = delivery;
    this.#finish(delivery, new ProducerError(code, messageOf(mayBeStored), { mayBeStored }));
  }

  #end(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    this.#line.close();
    this.#buffer.rewind();
  }
}

/** `null`: none of its messages was refused. */
function refusalOf({ refusal, messages, mayBeStored }: Delivery): ProducerError | null {
  if (refusal === null) return null;
  const { reason } = refusal;
  const index = messages.length > 1 ? refusal.index : undefined;
  const facts = { reason, index, mayBeStored };
  return new ProducerError("NACK", `the broker refused: ${reason}`, facts);
}
