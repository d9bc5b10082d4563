/**
 * One connection of the original protocol: frames in, records in batches to the broker, replies
 * out, one a frame and in the order of the frames.
 *
 *     chunk ──frames──► lane (topic) ──► group (partition) ──received()──► append ──► committed
 *                         │  topic not there yet: wait                                  │
 *     replies ◄────────── runs, in the order of frames ◄────────────────────────────────┘
 *
 * - What one chunk brings for one partition becomes one batch (a full batch aside): the costs of
 *   appending, of the commit and of the reply are per group, and not per frame.
 * - `OK` is sent only after the log has committed the record.
 * - A topic that does not exist is created by its first frame. Its frames wait for it, those of
 *   later chunks behind them; other topics' records go on, only their replies wait their turn.
 *   Creations are asked for a few at a time, so that one connection leaves room for the others'.
 * - A name too long for a topic is refused unread: nothing of it is kept.
 *
 * Owns the runs: a run is neighbouring frames with one fate. Invariants: the sum of the runs'
 * frames is the number of frames without a reply, and the sum of their bytes what is reserved of
 * the link. No group is open when a method returns, except between frames of one chunk.
 */
import type { Broker, Partition, Topic } from "../broker/broker.ts";
import { assert } from "../base/assert.ts";
import type { Memory } from "../base/memory.ts";
import { partitionForKey } from "../base/murmur2.ts";
import { Refusal } from "../base/refusal.ts";
import {
  batchBytesMax,
  frameOverheadBytes,
  nativeConnectionTopicsMax,
  nativeTopicsCreatingMax,
  nativeWaitingOverheadBytes,
} from "../limits.ts";
import { encodeHeaders, type BatchBuilder } from "../record/builder.ts";
import { millisecondsOf, nanosecondHeader, nanosecondRemainder } from "../record/nanoseconds.ts";
import { decodePayload, type PayloadRanges } from "./frame.ts";
import type { NativeProtocol } from "./protocol.ts";
import { replyToRefusal, sendReplies, type Reply } from "./replies.ts";
import { RunQueue, type Fate, type Run } from "./run-queue.ts";
import { topicNameBytesMax, type TopicNames } from "./topic-names.ts";

/** What a session needs of its connection; see `Link` in `net/session.ts`. */
export interface NativeLink {
  readonly peer: string;
  send(bytes: Uint8Array): void;
  reserve(bytes: number): void;
  release(bytes: number): void;
  guard(work: () => void): void;
  close(reason: string): void;
}

/** Records of one chunk for one partition: one batch, or several if one is full. */
interface Group {
  readonly lane: Lane;
  readonly partition: Partition;
  readonly builder: BatchBuilder;
  /** That of the records in the builder now. */
  fate: Fate;
}

/** A frame whose topic is being created: its payload, copied, and its place among the replies. */
interface WaitingFrame {
  readonly payload: Uint8Array;
  readonly run: Run;
}

/** One topic, as this connection writes to it. */
interface Lane {
  readonly name: string;
  /** Looked up anew for each chunk, so that a topic deleted or re-created is noticed. */
  topic: Topic | undefined;
  lookedUp: number;
  /** Not `null` while the topic is being created. */
  waiting: WaitingFrame[] | null;
  /** Where records without a key go: to one partition for one chunk, then to the next one. */
  keyless: number;
  keylessUsed: boolean;
  /** Open groups, by partition. */
  readonly groups: (Group | undefined)[];
}

/** Fates that are known at once. Shared, so that neighbours fall into one run. */
const atOnce: Readonly<Record<Reply, Fate>> = {
  OK: { reply: "OK" },
  CORRUPTED: { reply: "CORRUPTED" },
  INVALID_FORMAT: { reply: "INVALID_FORMAT" },
  PROTOCOL_ERROR: { reply: "PROTOCOL_ERROR" },
  PUBLISH_FAILED: { reply: "PUBLISH_FAILED" },
};

/** See the head of this file. */
export class NativeSession {
  readonly #broker: Broker;
  readonly #names: TopicNames;
  readonly #lanes = new Map<string, Lane>();
  /** The lane of the frame before: usually that of the next one. */
  #lane: Lane | undefined;
  /** The open groups of all lanes, in the order of their first records. */
  #open: Group[] = [];
  #chunks = 0;
  /** Creations under way, and the lanes that wait until these are done. */
  #creating = 0;
  readonly #toCreate = new Set<Lane>();
  readonly #runs = new RunQueue();
  /** Taken since the last `received`, and not yet reserved. */
  #takenBytes = 0;
  /** Why the connection closes once all is answered; `null`: it stays. */
  #ending: string | null = null;

  constructor(
    private readonly protocol: NativeProtocol,
    private readonly link: NativeLink,
  ) {
    this.#broker = protocol.broker;
    this.#names = protocol.names;
  }

  frame({ bytes, view }: Memory, start: number, end: number): void {
    const payload = decodePayload(view, start, end);
    if (payload !== null && payload.topicTo - payload.topicFrom > topicNameBytesMax) {
      this.#note(atOnce.PUBLISH_FAILED, end - start);
      return;
    }
    const name = payload && this.#names.at(bytes, payload.topicFrom, payload.topicTo);
    if (payload === null || name === null) {
      this.#note(atOnce.INVALID_FORMAT, end - start);
      return;
    }
    const lane = this.#laneOf(name);
    if (lane.topic !== undefined && lane.waiting === null) {
      this.#note(this.#put(lane, lane.topic, bytes, payload), end - start);
      return;
    }
    const charged = this.#charge(end - start + nativeWaitingOverheadBytes);
    const run = this.#runs.pushUndecided(charged);
    this.#wait(lane, { payload: bytes.slice(start, end), run });
  }

  emptyFrame(): void {
    this.#note(atOnce.CORRUPTED, 0);
  }

  oversizedFrame(announcedBytes: number): void {
    this.#note(atOnce.PROTOCOL_ERROR, 0);
    this.#ending = `a frame of ${announcedBytes} bytes was announced`;
  }

  received(): void {
    this.#chunks += 1;
    this.link.reserve(this.#takenBytes);
    this.#takenBytes = 0;
    this.#appendAll();
    this.#answer();
    if (this.#lanes.size > nativeConnectionTopicsMax) this.#forgetLanes();
  }

  finish(): void {
    this.#ending ??= "no more frames";
    this.#answer();
  }

  /** Nothing to undo: what was appended stays, and the link takes back what was reserved. */
  closed(): void {}

  #laneOf(name: string): Lane {
    let lane = this.#lane;
    if (lane === undefined || lane.name !== name) {
      lane = this.#lanes.get(name) ?? this.#openLane(name);
      this.#lane = lane;
    }
    if (lane.lookedUp !== this.#chunks) {
      lane.lookedUp = this.#chunks;
      lane.topic = this.#broker.topic(name);
    }
    return lane;
  }

  #openLane(name: string): Lane {
    const lane: Lane = {
      name,
      topic: undefined,
      lookedUp: -1,
      waiting: null,
      keyless: this.protocol.nextFirstPartition(),
      keylessUsed: false,
      groups: [],
    };
    this.#lanes.set(name, lane);
    return lane;
  }

  #forgetLanes(): void {
    for (const lane of this.#lanes.values()) {
      if (lane.waiting === null) this.#forget(lane);
    }
  }

  #forget(lane: Lane): void {
    if (this.#lane === lane) this.#lane = undefined;
    this.#lanes.delete(lane.name);
  }

  /** Frames for a topic that is not there: the first one asks for it, all wait for it. */
  #wait(lane: Lane, frame: WaitingFrame): void {
    if (lane.waiting !== null) {
      lane.waiting.push(frame);
      return;
    }
    lane.waiting = [frame];
    this.#toCreate.add(lane);
    this.#create();
  }

  /** Asks for the topics of the lanes that have waited longest, a few at a time. */
  #create(): void {
    for (const lane of this.#toCreate) {
      if (this.#creating === nativeTopicsCreatingMax) return;
      this.#toCreate.delete(lane);
      this.#creating += 1;
      void this.#broker.ensureTopic(lane.name).then((topic) => {
        this.link.guard(() => {
          this.#creating -= 1;
          this.#goOn(lane, topic);
          this.#create();
        });
      });
    }
  }

  /** The topic is there, or won't be. Within one step, so that no later frame gets between. */
  #goOn(lane: Lane, topic: Topic | Refusal): void {
    const frames = lane.waiting ?? [];
    lane.waiting = null;
    if (topic instanceof Refusal) {
      for (const { run } of frames) run.fate = atOnce[replyToRefusal[topic.code]];
      this.#forget(lane);
    } else {
      for (const { payload, run } of frames) {
        const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
        const ranges = decodePayload(view, 0, payload.length);
        assert(ranges !== null, "a payload that parsed once parses again");
        run.fate = this.#put(lane, topic, payload, ranges);
      }
      this.#appendAll();
    }
    this.#answer();
  }

  /** Adds the record to its partition's open group; the group's fate is the frame's. */
  #put(lane: Lane, topic: Topic, bytes: Uint8Array, payload: PayloadRanges): Fate {
    const count = topic.partitions.length;
    let index = 0;
    if (payload.keyFrom === payload.keyTo) {
      index = lane.keyless % count;
      lane.keylessUsed = true;
    } else if (count > 1) {
      index = partitionForKey(bytes.subarray(payload.keyFrom, payload.keyTo), count);
    }
    const group = lane.groups[index] ?? this.#openGroup(lane, topic, index);
    if (append(group.builder, bytes, payload)) return group.fate;
    this.#append(group);
    if (append(group.builder, bytes, payload)) return group.fate;
    return this.#putAlone(group, bytes, payload);
  }

  /** A record larger than its topic takes goes alone, so that nothing else is refused with it. */
  #putAlone(group: Group, bytes: Uint8Array, payload: PayloadRanges): Fate {
    const { builder, fate } = group;
    const topicBytesMax = builder.bytesMax;
    builder.bytesMax = batchBytesMax;
    const fits = append(builder, bytes, payload);
    assert(fits, "the largest frame fits a batch of its own");
    this.#append(group);
    builder.bytesMax = topicBytesMax;
    return fate;
  }

  #openGroup(lane: Lane, topic: Topic, index: number): Group {
    const partition = topic.partitions[index];
    assert(partition !== undefined, "a partition is chosen among those there are");
    const builder = this.protocol.takeBuilder();
    builder.bytesMax = topic.config.values["max.message.bytes"];
    const group: Group = { lane, partition, builder, fate: { reply: null } };
    lane.groups[index] = group;
    this.#open.push(group);
    return group;
  }

  /** Closes all open groups and hands their batches to the logs. */
  #appendAll(): void {
    for (const group of this.#open) {
      const { lane, partition, builder } = group;
      this.#append(group);
      this.protocol.giveBuilder(builder);
      lane.groups[partition.index] = undefined;
      if (lane.keylessUsed) lane.keyless += 1;
      lane.keylessUsed = false;
    }
    this.#open = [];
  }

  /** Hands over what the group has gathered, if anything; what follows has a fate of its own. */
  #append(group: Group): void {
    const { partition, builder, fate } = group;
    if (builder.recordsCount === 0) return;
    group.fate = { reply: null };
    const { stats, clock } = this.protocol;
    const begunAt = clock.monotonic();
    const appended = partition.append(builder.buildInPlace());
    builder.clear();
    if (appended instanceof Refusal) {
      fate.reply = replyToRefusal[appended.code];
      return;
    }
    void appended.committed.then((refusal) => {
      this.link.guard(() => {
        stats.answered("Publish", clock.monotonic() - begunAt);
        fate.reply = refusal === null ? "OK" : replyToRefusal[refusal.code];
        this.#answer();
      });
    });
  }

  /** What a frame counts for, in bytes; reserved by the end of the chunk. */
  #charge(payloadBytes: number): number {
    const bytes = payloadBytes + frameOverheadBytes;
    this.#takenBytes += bytes;
    return bytes;
  }

  #note(fate: Fate, payloadBytes: number): void {
    this.#runs.push(fate, this.#charge(payloadBytes));
  }

  /** Sends the replies that are known and whose turn it is. */
  #answer(): void {
    let bytes = 0;
    for (let run = this.#runs.takeKnown(); run !== null; run = this.#runs.takeKnown()) {
      sendReplies(run.reply, run.frames, (piece) => this.link.send(piece));
      if (run.reply !== "OK") this.protocol.stats.failed(run.reply, run.frames);
      bytes += run.bytes;
    }
    if (bytes > 0) this.link.release(bytes);
    if (this.#ending !== null && this.#runs.empty) this.link.close(this.#ending);
  }
}

/** The one header of a record with nanoseconds; its last four bytes are their number. */
const nanosecondHeaders = encodeHeaders([nanosecondHeader(0)]);
const nanosecondHeadersView = new DataView(nanosecondHeaders.buffer);

/** Adds the record to the batch, its nanoseconds in a header; false if the batch is full. */
function append(builder: BatchBuilder, bytes: Uint8Array, payload: PayloadRanges): boolean {
  const { timestampHigh, timestampLow, keyTo, valueFrom, valueTo } = payload;
  const timestamp = millisecondsOf(timestampHigh, timestampLow);
  const remainder = nanosecondRemainder(timestampHigh, timestampLow);
  const keyFrom = payload.keyFrom === keyTo ? -1 : payload.keyFrom;
  if (remainder === 0) {
    return builder.appendRange(timestamp, bytes, keyFrom, keyTo, valueFrom, valueTo);
  }
  nanosecondHeadersView.setUint32(nanosecondHeaders.length - 4, remainder);
  const headers = nanosecondHeaders;
  return builder.appendRange(timestamp, bytes, keyFrom, keyTo, valueFrom, valueTo, headers);
}
