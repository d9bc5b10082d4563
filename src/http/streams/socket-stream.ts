/**
 * A feed over a WebSocket. What the broker says, each with its `type`:
 *
 * - `open`: where the stream begins. `records`: some, and the position behind them. `assigned`:
 *   what a group gives this stream to read. `quiet`: nothing has come for long. `acked`: committed
 *   up to there. `refused`: why something can't be; the stream ends, unless that was an
 *   acknowledgement.
 *
 * What a reader of a group may say: `{"type": "ack", "position": "orders/0:16"}`, and no more than
 * one at a time is committed: those that come meanwhile are put together, of as many partitions as
 * a stream can have.
 *
 * A peer that does not take what it gets is sent nothing more until it does; one that takes nothing
 * at all for `streamStalledMsMax` is cut.
 */
import type { Cancel, Clock } from "../../base/clock.ts";
import { streamPartitionsMax, streamStalledMsMax, streamUnsentBytesMax } from "../../limits.ts";
import { errorOf, HttpError } from "../errors.ts";
import { Mismatch, object, oneOf, text } from "../schema.ts";
import { parseJson } from "../request.ts";
import type { SocketLink, SocketSession } from "../socket.ts";
import { messageText } from "./chunk.ts";
import type { Feed, FeedStep } from "./feed.ts";
import { type PositionEntry, positionOf, positionText } from "./position.ts";

const goingAway = 1001;
const policyViolation = 1008;
const internalError = 1011;

const ackType = object({ type: oneOf(["ack"]), position: text() });

const utf8 = new TextEncoder();

/** See the head of this file. */
export class SocketStream implements SocketSession {
  #link: SocketLink | null = null;
  #feed: Feed | null = null;
  #isPumping = false;
  /** Since nothing is taken; what comes to cut it. */
  #stall: Cancel | null = null;
  #unsentBytes = 0;
  /** Acknowledged and not yet committed, by partition; `null`: nothing is being committed. */
  #acks: Map<string, PositionEntry> | null = null;

  /** @param openFeed called when the peer is there */
  constructor(
    private readonly openFeed: () => Feed,
    private readonly clock: Clock,
  ) {}

  open(link: SocketLink): void {
    this.#link = link;
    this.#feed = this.openFeed();
    link.send(messageText("open", { position: this.#feed.position }));
    void this.#pump();
  }

  message(message: string | Uint8Array): void {
    const entries = this.#ackIn(message);
    if (entries instanceof HttpError) {
      return this.#end(policyViolation, entries);
    }
    const strange = entries.filter((entry) => !this.#acks?.has(ackKey(entry)));
    if (strange.length + (this.#acks?.size ?? 0) > streamPartitionsMax) {
      const many = `acknowledgements of more than ${streamPartitionsMax} partitions at a time`;
      return this.#end(policyViolation, HttpError.of(400, many));
    }
    const isBusy = this.#acks !== null;
    this.#acks ??= new Map();
    for (const entry of entries) this.#acks.set(ackKey(entry), entry);
    if (!isBusy) void this.#commit();
  }

  drained(): void {
    void this.#pump();
  }

  closed(): void {
    this.#link = null;
    this.#moved();
    void this.#feed?.close();
  }

  stop(): void {
    this.#link?.close(goingAway, "the broker stops");
    void this.#feed?.close();
  }

  /** Sends what comes, as long as the peer takes it. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#link !== null && this.#feed !== null && !this.#isStalled(this.#link)) {
      const step = await this.#feed.next();
      if (!this.#send(step)) break;
    }
    this.#isPumping = false;
  }

  /** Whether there is too much that was not taken; then it is looked at when something was. */
  #isStalled(link: SocketLink): boolean {
    const { unsentBytes } = link;
    const isMoving = unsentBytes < this.#unsentBytes;
    this.#unsentBytes = unsentBytes;
    if (unsentBytes <= streamUnsentBytesMax) this.#moved();
    else {
      if (isMoving) this.#moved();
      this.#stall ??= this.clock.after(streamStalledMsMax, () => link.cut());
    }
    return unsentBytes > streamUnsentBytesMax;
  }

  #moved(): void {
    this.#stall?.();
    this.#stall = null;
  }

  /** Whether there is more to come. */
  #send(step: FeedStep): boolean {
    const [link, feed] = [this.#link, this.#feed];
    if (link === null || feed === null) return false;
    const message = textFor(step, feed);
    if (message !== null) link.send(message);
    if (step.kind === "refused") this.#end(internalError, errorOf(step.refusal));
    if (step.kind === "ended" && step.error !== null) this.#end(internalError, step.error);
    if (step.kind === "closing") this.stop();
    return step.kind === "chunk" || step.kind === "quiet" || step.kind === "assigned";
  }

  #end(code: number, error: HttpError): void {
    this.#refuse(error);
    this.#link?.close(code, "see the last message");
    void this.#feed?.close();
  }

  #refuse({ errorCode, message }: HttpError): void {
    this.#link?.send(messageText("refused", { error_code: errorCode, message }));
  }

  #ackIn(message: string | Uint8Array): readonly PositionEntry[] | HttpError {
    const value = parseJson(typeof message === "string" ? utf8.encode(message) : message);
    if (value instanceof HttpError) return value;
    const ack = ackType.read(value);
    return ack instanceof Mismatch
      ? HttpError.of(422, ack.message)
      : positionOf(ack.position, null);
  }

  async #commit(): Promise<void> {
    while (this.#acks !== null && this.#acks.size > 0 && this.#feed !== null) {
      const entries = [...this.#acks.values()].sort(inOrder);
      this.#acks.clear();
      const error = await this.#feed.acknowledge(entries);
      if (error !== null) this.#refuse(error);
      else this.#link?.send(messageText("acked", { position: positionText(entries, null) }));
    }
    this.#acks = null;
  }
}

const ackKey = ({ topic, partition }: PositionEntry): string => `${topic}/${partition}`;

/** What is to be sent for a step; `null`: nothing. */
function textFor(step: FeedStep, { position }: Feed): string | Uint8Array | null {
  if (step.kind === "chunk") return step.chunk.data;
  if (step.kind === "quiet") return messageText("quiet", { position });
  if (step.kind !== "assigned") return null;
  return messageText("assigned", { position: positionText(step.position, null) });
}

function inOrder(one: PositionEntry, other: PositionEntry): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
  return one.partition - other.partition;
}
