/**
 * One round of reading for a Fetch: its partitions in their order, until the answer is full.
 *
 * - The first batch of the first partition that has any is taken whatever its size: who has less
 *   room than one batch would never get on. After that all bounds hold.
 * - What is in memory is read at once; only a read from the disk makes the round a promise.
 * - What is read from the disk is in the budget from the beginning of the read until the round is
 *   released: however many rounds read at once, together they hold no more than that.
 */
import type { Offset } from "../base/brands.ts";
import type { Memory } from "../base/memory.ts";
import { Refusal } from "../base/refusal.ts";
import type { Partition } from "../broker/broker.ts";
import { type ErrorName, refusalErrors } from "./errors.ts";
import type { Services } from "./handler.ts";
import type { NextRead, ReadAhead } from "./read-ahead.ts";
import { noUuid } from "../wire/table.ts";

/** What a client wants of one partition. */
export interface WantedPartition {
  /** Empty where it is named by id. */
  readonly topic: string;
  /** {@link noUuid} where it is named by name. */
  readonly topicId: string;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: Offset;
  readonly partitionMaxBytes: number;
}

/** What was found. */
export interface FetchedPartition {
  readonly wanted: WantedPartition;
  readonly error: ErrorName;
  /** `undefined`: there is no such partition. */
  readonly partition: Partition | undefined;
  readonly records: readonly Uint8Array[];
  readonly bytes: number;
  /** How many records these are, from the offset asked for on. */
  readonly count: number;
}

/** A partition of which more would be taken, once there is more. */
export interface MorePartition {
  readonly partition: Partition;
  readonly nextOffset: Offset;
  readonly bytesMax: number;
}

const nothing = { records: [], bytes: 0, count: 0 };

/** See the head of this file. */
export class FetchRound {
  readonly results: FetchedPartition[] = [];
  readonly more: MorePartition[] = [];
  bytes = 0;
  hasError = false;
  /** What the records found lie in; held until somebody lets go. */
  readonly memories: Memory[] = [];
  /** The last records from the disk, and where these go on. */
  #fromDisk: { readonly bytes: number; readonly next: NextRead } | null = null;
  /** Taken of the budget: what was read from the disk, and what is being read. */
  #heldBytes = 0;

  /** @param bytesMax for the whole answer, one batch aside */
  constructor(
    private readonly services: Services,
    private readonly wanted: readonly WantedPartition[],
    private readonly bytesMax: number,
    private readonly ahead: ReadAhead,
  ) {}

  /** Reads all partitions; once. Never rejects. */
  run(): this | Promise<this> {
    while (this.results.length < this.wanted.length) {
      const wanted = this.wanted[this.results.length]!;
      const waiting = this.#read(wanted);
      if (waiting !== null) return waiting.then(() => this.run());
    }
    return this;
  }

  /** Where to read on, if all records are of one partition and from the disk. */
  get next(): NextRead | null {
    const last = this.#fromDisk;
    return last !== null && last.bytes === this.bytes ? last.next : null;
  }

  /** Gives back what it holds of the budget: it has been answered. */
  release(): void {
    this.services.fetchBudget.give(this.#heldBytes);
    this.#heldBytes = 0;
  }

  /** The same, and nobody will look at the records. */
  drop(): void {
    this.release();
    for (const memory of this.memories) memory.letGo();
  }

  /** Adds the result for one partition; a promise if it has to wait for it. */
  #read(wanted: WantedPartition): Promise<void> | null {
    const partition = this.#find(wanted);
    if (typeof partition === "string") return this.#fail(wanted, partition, undefined);
    const fault = partition.leaderEpochFault(wanted.currentLeaderEpoch);
    if (fault !== null) return this.#fail(wanted, refusalErrors[fault.code], partition);
    const room = Math.min(wanted.partitionMaxBytes, this.bytesMax - this.bytes);
    if (room <= 0 && this.bytes > 0) return this.#add(wanted, partition, nothing);
    // What comes while this is being read counts as more.
    const end = partition.highWatermark;
    const granted = this.services.fetchBudget.grant(Math.max(room, 1));
    const from = wanted.fetchOffset;
    const read =
      this.ahead.take({ partition, from, bytesMax: granted }) ?? partition.read(from, granted);
    if (!(read instanceof Promise)) return this.#take(wanted, partition, read, granted, end);
    this.#hold(granted);
    return read.then((found) => {
      this.#hold((found instanceof Refusal ? 0 : found.bytes) - granted);
      const before = this.bytes;
      this.#take(wanted, partition, found, granted, end);
      const bytes = this.bytes - before;
      if (found instanceof Refusal || bytes === 0) return;
      const bytesMax = Math.max(Math.min(wanted.partitionMaxBytes, this.bytesMax), 1);
      this.#fromDisk = { bytes, next: { partition, from: found.nextOffset, bytesMax } };
    });
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.services.fetchBudget.take(bytes);
  }

  #find(wanted: WantedPartition): Partition | ErrorName {
    const { broker, topicIds } = this.services;
    const byId = wanted.topicId !== noUuid;
    const topic = byId ? topicIds.find(wanted.topicId) : broker.topic(wanted.topic);
    if (topic === undefined) return byId ? "UNKNOWN_TOPIC_ID" : "UNKNOWN_TOPIC_OR_PARTITION";
    return topic.partitions[wanted.partition] ?? "UNKNOWN_TOPIC_OR_PARTITION";
  }

  #take(
    wanted: WantedPartition,
    partition: Partition,
    read: Awaited<ReturnType<Partition["read"]>>,
    room: number,
    end: Offset,
  ): null {
    if (read instanceof Refusal) {
      return this.#fail(wanted, refusalErrors[read.code], partition);
    }
    // A batch that is larger than the room is taken only if it is the first one.
    if (read.bytes > room && this.bytes > 0) {
      for (const memory of read.memories) memory.letGo();
      return this.#add(wanted, partition, nothing);
    }
    for (const memory of read.memories) this.memories.push(memory);
    const bytesMax = wanted.partitionMaxBytes - read.bytes;
    const { nextOffset } = read;
    if (nextOffset >= end && bytesMax > 0) this.more.push({ partition, nextOffset, bytesMax });
    const count = read.bytes > 0 ? nextOffset - wanted.fetchOffset : 0;
    return this.#add(wanted, partition, { records: read.chunks, bytes: read.bytes, count });
  }

  #add(
    wanted: WantedPartition,
    partition: Partition,
    found: Pick<FetchedPartition, "records" | "bytes" | "count">,
  ): null {
    const { records, bytes, count } = found;
    this.results.push({ wanted, error: "NONE", partition, records, bytes, count });
    this.bytes += bytes;
    return null;
  }

  #fail(wanted: WantedPartition, error: ErrorName, partition: Partition | undefined): null {
    this.results.push({ wanted, error, partition, ...nothing });
    this.hasError = true;
    return null;
  }
}
