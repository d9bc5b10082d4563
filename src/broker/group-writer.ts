/**
 * The way of all groups' changes to the store. A transaction waits for the device, and SQLite runs
 * its statements on the calling thread, so changes that come together share one: those of one turn
 * of the event loop, and all that came while the last transaction ran and the event loop had to be
 * left alone for a moment after it.
 *
 * Invariants: changes are stored and applied in the order in which they came, so what is in memory
 * is at all times what is on the device; one transaction at a time; what waits is bounded in rows
 * and bytes, save that a queue which holds nothing takes one change of any size.
 */
import { unreachable } from "../base/assert.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import {
  groupBytesQueuedMax,
  groupEntryOverheadBytes,
  groupRowsQueuedMax,
  groupTransactionPauseMs,
  groupTransactionRowsMax,
} from "../limits.ts";
import type { GroupChange, GroupStore, PartitionName } from "../metadata/metadata.ts";
import { type GroupErrorCode, storeErrorCode } from "./group-errors.ts";
import { protocolBytes } from "./group-members.ts";

interface Queued {
  readonly change: GroupChange;
  readonly rows: number;
  readonly bytes: number;
  /** Makes the change in memory too. */
  readonly apply: () => void;
  readonly resolve: (errorCode: GroupErrorCode) => void;
}

/** See the head of this file. */
export class GroupWriter {
  #queue: Queued[] = [];
  #rows = 0;
  #bytes = 0;
  #isClosed = false;
  /** The transaction under way. */
  #running: Promise<void> | null = null;
  /** The wait for the next one. */
  #wait: Cancel | null = null;
  /** Monotonic time before which there is no other transaction. */
  #pauseEndMs = 0;

  constructor(
    private readonly store: GroupStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Stores one change; `apply` is called when it is on the device, before anything later is.
   * Resolves to COORDINATOR_NOT_AVAILABLE, after which clients come again, if too much is waiting
   * and after {@link close}; or to what the store has refused.
   */
  write(change: GroupChange, apply: () => void): Promise<GroupErrorCode> {
    const [rows, bytes] = sizeOf(change);
    const isFull = this.#rows + rows > groupRowsQueuedMax;
    if (this.#isClosed) return Promise.resolve("COORDINATOR_NOT_AVAILABLE");
    if (this.#rows > 0 && (isFull || this.#bytes + bytes > groupBytesQueuedMax)) {
      this.logger.warn("group changes wait too long", { rows: this.#rows, bytes: this.#bytes });
      return Promise.resolve("COORDINATOR_NOT_AVAILABLE");
    }
    this.#rows += rows;
    this.#bytes += bytes;
    const { promise, resolve } = Promise.withResolvers<GroupErrorCode>();
    this.#queue.push({ change, rows, bytes, apply, resolve });
    this.#arm();
    return promise;
  }

  /** Stores what waits; whatever comes afterwards is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wait?.();
    this.#wait = null;
    await this.#running;
    while (this.#queue.length > 0) await this.#run();
  }

  #arm(): void {
    if (this.#running !== null || this.#wait !== null || this.#isClosed) return;
    if (this.#queue.length === 0) return;
    const delayMs = Math.max(0, this.#pauseEndMs - this.clock.monotonic());
    this.#wait = this.clock.after(delayMs, () => {
      this.#wait = null;
      this.#running = this.#run().then(() => {
        this.#running = null;
        this.#arm();
      });
    });
  }

  async #run(): Promise<void> {
    const group = this.#take();
    const refused = await this.store.apply(lastOnly(group.map(({ change }) => change)));
    const errorCode = refused === null ? "NONE" : storeErrorCode(refused);
    if (refused !== null) {
      this.logger.error("group changes were not stored", { reason: `${refused}` });
    }
    this.#pauseEndMs = this.clock.monotonic() + groupTransactionPauseMs;
    for (const { rows, bytes, apply, resolve } of group) {
      this.#rows -= rows;
      this.#bytes -= bytes;
      if (refused === null) apply();
      resolve(errorCode);
    }
  }

  /** What goes into one transaction: at least one change. */
  #take(): readonly Queued[] {
    let rows = 0;
    let count = 0;
    for (const queued of this.#queue) {
      rows += queued.rows;
      if (count > 0 && rows > groupTransactionRowsMax) break;
      count++;
    }
    const group = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return group;
  }
}

function sizeOf(change: GroupChange): [rows: number, bytes: number] {
  switch (change.kind) {
    case "generation": {
      let rows = 1;
      let bytes = groupEntryOverheadBytes;
      for (const { protocols, assignment } of change.row.members) {
        rows += 1 + protocols.length;
        bytes += groupEntryOverheadBytes + protocolBytes(protocols) + assignment.length;
      }
      return [rows, bytes];
    }
    case "commit": {
      const text = change.offsets.reduce((sum, { metadata }) => sum + metadata.length, 0);
      return [change.offsets.length, change.offsets.length * groupEntryOverheadBytes + text];
    }
    case "forget":
      return [change.partitions.length, change.partitions.length * groupEntryOverheadBytes];
    case "remove":
      return [2, groupEntryOverheadBytes];
    default:
      return unreachable(change);
  }
}

/**
 * The changes without those that others among them undo: consumers commit the same partitions over
 * and over, and when fifty static members come back at once only the last generation counts.
 */
function lastOnly(changes: readonly GroupChange[]): GroupChange[] {
  const removed = new Set<string>();
  const replaced = new Set<string>();
  const partitions = new Set<string>();
  const kept: GroupChange[] = [];
  for (const change of changes.toReversed()) {
    const { groupId } = change;
    if (removed.has(groupId)) continue;
    const isLast = ({ topic, partitionIndex }: PartitionName): boolean => {
      // A topic's name holds no NUL, so this can't be the key of another partition.
      const key = `${groupId}\0${topic}\0${partitionIndex}`;
      return !partitions.has(key) && partitions.add(key) !== undefined;
    };
    switch (change.kind) {
      case "generation":
        if (!replaced.has(groupId)) kept.push(change);
        replaced.add(groupId);
        break;
      case "commit":
        kept.push({ ...change, offsets: change.offsets.toReversed().filter(isLast) });
        break;
      case "forget":
        kept.push({ ...change, partitions: change.partitions.filter(isLast) });
        break;
      case "remove":
        removed.add(groupId);
        kept.push(change);
    }
  }
  return kept.toReversed();
}
