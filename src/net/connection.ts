/**
 * One socket: cuts what it receives into frames for its session, writes the session's replies in
 * order, stops reading when session or peer can't keep up, and keeps the deadlines.
 *
 * Owns the queue of replies, the frame that has begun, and its part of the budget.
 *
 *     open ──finish()──► finishing ──close()──► closing ──all sent──► half-closed ──► gone
 *      │  peer's FIN, or the server stops  ▲                peer's FIN, or the deadline
 *      └───────────close()─────────────────┘        and from everywhere: cut off ──► gone
 *
 * - Frames are handed over in `open` only. Later, what comes is read and dropped: a peer that is
 *   still writing its oversized frame must get it out before it can read why it was refused.
 * - The runtime's `write` takes what fits and never queues, and its `end` loses what did not fit
 *   and resets a peer that is still sending. So the queue is ours, and the end is a FIN.
 * - Nothing that a session throws passes `guard`: it costs this connection and no other.
 */
import type { Memory } from "../base/memory.ts";
import type { BudgetWaiter } from "./budget.ts";
import { ByteChain } from "./byte-chain.ts";
import { FrameReader, type Framing } from "./frames.ts";
import type { CutReason, Network, NetworkMember } from "./network.ts";
import { type Endpoint, type Link, type Session, unaddressed } from "./session.ts";

/** Replies up to this size are copied together; larger ones are kept and written as they are. */
const copiedBytesMax = 16 * 1024;
/** Room for the usual replies of one turn, allocated when the first of them comes. */
const slabBytesMin = 1024;

/** What a connection asks of a socket; the runtime's sockets have it. */
export interface RawSocket {
  /** This end of it; a Unix socket has none, nor has one that is closed. */
  readonly localAddress?: string;
  readonly localPort?: number;
  /** Takes up to `length` bytes from `from` on: how many, possibly 0, or -1 if it is closed. */
  write(bytes: Uint8Array, from: number, length: number): number;
  pause(): void;
  resume(): void;
  /** Sends a FIN after what was written; reading goes on. */
  shutdown(): void;
  /** Closes at once, with a reset. */
  terminate(): void;
}

/** How a protocol takes part: its framing, and a session for each connection. */
export interface Protocol {
  readonly framing: Framing;
  open(link: Link): Session;
}

/** Who made reading stop: this peer, owed answers or leaving them unread, or all together. */
type Pause = "self" | "network";

/** See the head of this file. */
export class Connection implements Link, NetworkMember, BudgetWaiter {
  #state: "open" | "finishing" | "closing" | "half-closed" | "gone" = "open";
  readonly #session: Session;
  readonly #frames: FrameReader;
  readonly #replies = new ByteChain(slabBytesMin);
  /** Use: from the first reply of a turn until its flush. */
  #flushing = false;
  /** The socket took less than it was offered; it will tell when it takes more. */
  #full = false;
  #paused: Pause | null = null;
  /** The session has enough to do for now. */
  #held = false;
  /** Taken by the session and not answered; what the frame reader holds. Both in the budget. */
  #reservedBytes = 0;
  #partialBytes = 0;
  /** When bytes came last; when the frame that is held began. Monotonic, as all times here. */
  #receivedAt: number;
  #partialSince = 0;
  /** Since when replies wait, or since the last good piece of them went out; `null`: none wait. */
  #stalledSince: number | null = null;
  #stalledProgress = 0;
  #halfClosedAt = 0;

  /** @param onGone called once, when the socket is gone. */
  constructor(
    private readonly socket: RawSocket,
    readonly peer: string,
    private readonly network: Network,
    protocol: Protocol,
    private readonly onGone: () => void,
  ) {
    this.#receivedAt = network.clock.monotonic();
    this.#session = protocol.open(this);
    this.#frames = new FrameReader(protocol.framing, this.#session);
    network.add(this);
  }

  /** The socket has received bytes. Whoever keeps some of them holds the memory. */
  received(chunk: Memory): void {
    this.network.stats.bytesReceived += chunk.bytes.length;
    if (this.#state !== "open") return;
    const frames = this.#frames;
    const { completed, partialBytes } = frames;
    this.#receivedAt = this.network.clock.monotonic();
    this.guard(() => {
      frames.feed(chunk);
      this.#session.received();
    });
    if (partialBytes === 0 || frames.completed !== completed) {
      this.#partialSince = this.#receivedAt;
    }
    this.#accountPartial();
    this.#steerReading();
  }

  /** The socket takes bytes again. */
  writable(): void {
    this.#full = false;
    this.flush();
  }

  /** No frame is taken from here on; what was taken is answered, then the connection closes. */
  finish(): void {
    if (this.#state !== "open") return;
    this.#state = "finishing";
    this.#stopTaking();
    this.guard(() => this.#session.finish());
  }

  /** The socket is gone, whoever closed it. */
  socketClosed(): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.#frames.stop();
    this.#replies.clear();
    this.network.budget.release(this.#reservedBytes + this.#partialBytes);
    this.#reservedBytes = 0;
    this.#partialBytes = 0;
    this.network.budget.leave(this);
    this.network.remove(this);
    try {
      this.#session.closed();
    } catch (error) {
      this.#logFailure(error);
    }
    this.onGone();
  }

  get local(): Endpoint {
    const { localAddress: host = unaddressed.host, localPort: port = unaddressed.port } =
      this.socket;
    return { host, port };
  }

  get unsentBytes(): number {
    return this.#replies.bytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#state === "half-closed" || this.#state === "gone") return;
    if (bytes.length <= copiedBytesMax) this.#replies.appendCopy(bytes);
    else this.#replies.appendReference(bytes);
    if (this.#full) this.#checkBacklog();
    this.#flushLater();
  }

  reserve(bytes: number): void {
    if (this.#state === "gone") return;
    this.#reservedBytes += bytes;
    this.network.budget.reserve(bytes);
    this.#steerReading();
  }

  release(bytes: number): void {
    if (this.#state === "gone") return;
    this.#reservedBytes -= bytes;
    this.network.budget.release(bytes);
    this.#steerReading();
  }

  hold(isHeld: boolean): void {
    this.#held = isHeld;
    this.#steerReading();
  }

  guard(work: () => void): void {
    if (this.#state === "gone") return;
    try {
      work();
    } catch (error) {
      this.#logFailure(error);
      this.cut("session failed");
    }
  }

  close(reason: string): void {
    if (this.#state !== "open" && this.#state !== "finishing") return;
    this.network.logger.debug("connection closing", { peer: this.peer, reason });
    this.#state = "closing";
    this.#stopTaking();
    this.#flushLater();
  }

  /** Closes at once; what was not sent is lost. */
  cut(reason: CutReason): void {
    if (this.#state === "gone") return;
    this.network.stats.cut[reason] += 1;
    const waiting = this.#replies.bytes;
    const inFlight = this.#reservedBytes + this.#partialBytes;
    this.network.logger.warn("connection cut", { peer: this.peer, reason, waiting, inFlight });
    this.socket.terminate();
    this.socketClosed();
  }

  roomAgain(): void {
    this.#steerReading();
  }

  flush(): void {
    this.#flushing = false;
    if (this.#full || this.#state === "gone") return;
    const taken = this.#replies.writeTo(this.socket);
    // A socket that is closed reports that by itself, after this.
    if (taken < 0) return;
    this.network.stats.bytesSent += taken;
    this.#full = this.#replies.bytes > 0;
    this.#noteProgress(taken);
    if (this.#full) this.#checkBacklog();
    else if (this.#state === "closing") this.#halfClose();
    this.#steerReading();
    if (taken > 0 && this.#replies.bytes <= this.network.limits.replyPauseBytes / 2) {
      this.guard(() => this.#session.sent?.());
    }
  }

  sweep(now: number): void {
    const { connectionIdleMsMax, frameMsMax, replyStalledMsMax } = this.network.limits;
    const owed = this.#reservedBytes + this.#replies.bytes;
    const frameLate = now - this.#partialSince > frameMsMax && !this.#isHeldUp();
    const halfClosedLate = now - this.#halfClosedAt > replyStalledMsMax;
    if (this.#partialBytes > 0 && frameLate) this.cut("frame not completed");
    else if (this.#stalledSince !== null && now - this.#stalledSince > replyStalledMsMax)
      this.cut("replies not read");
    else if (this.#state === "half-closed" && halfClosedLate) this.cut("close not answered");
    else if (owed === 0 && now - this.#receivedAt > connectionIdleMsMax) this.cut("idle");
  }

  #flushLater(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.network.flushSoon(this);
  }

  #halfClose(): void {
    this.#state = "half-closed";
    this.#halfClosedAt = this.network.clock.monotonic();
    this.socket.shutdown();
  }

  #stopTaking(): void {
    this.#frames.stop();
    this.#accountPartial();
    this.#steerReading();
  }

  /**
   * A peer that takes a few bytes now and then is no better than one that takes none: the window
   * begins anew only with a good piece, or when nothing is left.
   */
  #noteProgress(taken: number): void {
    if (!this.#full) {
      this.#stalledSince = null;
      return;
    }
    this.#stalledProgress += taken;
    const progressed = this.#stalledProgress >= this.network.limits.replyProgressBytesMin;
    if (this.#stalledSince !== null && !progressed) return;
    this.#stalledSince = this.network.clock.monotonic();
    this.#stalledProgress = 0;
  }

  #checkBacklog(): void {
    if (this.#replies.bytes > this.network.limits.replyBacklogBytesMax) this.cut("reply backlog");
  }

  #accountPartial(): void {
    if (this.#state === "gone") return;
    const bytes = this.#frames.partialBytes;
    if (bytes > this.#partialBytes) this.network.budget.reserve(bytes - this.#partialBytes);
    else this.network.budget.release(this.#partialBytes - bytes);
    this.#partialBytes = bytes;
  }

  #steerReading(): void {
    if (this.#state === "gone") return;
    const pause = this.#state === "open" ? this.#congestion() : null;
    const before = this.#paused;
    this.#paused = pause;
    if (pause !== null && before === null) {
      this.network.stats.pauses += 1;
      this.socket.pause();
    } else if (pause === null && before !== null) {
      // The peer could not go on with its frame meanwhile: its time begins anew.
      this.#partialSince = this.network.clock.monotonic();
      this.socket.resume();
    }
  }

  /**
   * Whether there is too much to go on reading, and whose fault it is. Reading goes on below half
   * of a bound, so that it does not stop and go with every reply. What the frame reader holds does
   * not count here: its frame could never be completed.
   */
  #congestion(): Pause | null {
    const { limits, budget } = this.network;
    if (this.#held) return "self";
    const share = this.#paused === "self" ? 0.5 : 1;
    if (this.#replies.bytes > limits.replyPauseBytes * share) return "self";
    if (this.#reservedBytes > limits.connectionInFlightBytesMax * share) return "self";
    if (!budget.exceeded) return null;
    const modestBytes = Math.max(limits.connectionInFlightBytesMin, this.network.shareBytes / 2);
    if (this.#heldBytes <= modestBytes) return null;
    budget.wait(this);
    return "network";
  }

  get #heldBytes(): number {
    return this.#reservedBytes + this.#partialBytes;
  }

  /**
   * Whether it is not the peer's doing that its frame does not come. For those that hold more than
   * an equal share, time runs on while all together hold too much: there is always one of these,
   * so that peers which begin frames and stop cannot keep the room for ever.
   */
  #isHeldUp(): boolean {
    if (this.#paused === "network") return this.#heldBytes <= this.network.shareBytes;
    return this.#paused === "self";
  }

  #logFailure(error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    this.network.logger.error("session failed", { peer: this.peer, error: String(error), stack });
  }
}
