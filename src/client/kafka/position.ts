/**
 * How far one assigned partition has been read.
 *
 *     committed ≤ offset ≤ fetchOffset
 *                 │        └ what is fetched next
 *                 └ what the program is given next
 *
 * Invariants: an offset moves forward by reading only, and anywhere by `seek`, which begins another
 * `turn`: what was fetched in an earlier one is nobody's any more. A position that was dropped is
 * never assigned again; the partition gets another.
 */
import { offset, type Offset } from "../../base/brands.ts";
import { noUuid } from "../../wire/table.ts";
import type { ClientWorld } from "./client-world.ts";
import { Pause } from "./pause.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** See the head of this file. */
export class Position implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** False for good once the partition was revoked, lost or given back. */
  isAssigned = true;
  isPaused = false;
  /** What the group has committed as far as this consumer knows; -1: nothing known. */
  committed = -1;
  /** Whether it was polled, or sought, since it was found. */
  hasMoved = false;
  /** The offset that the log did not have: it is found by the `from` policy, not by a commit. */
  outOfRange: number | null = null;
  /** The topic is another than the one of that offset: nothing of it was read yet. */
  isRecreated = false;
  /** Pieces that were fetched and not read yet. */
  piecesWaiting = 0;
  /** The leader epoch of the last record, or of the commit; -1: unknown. */
  recordEpoch = -1;
  /** Up to this leader epoch the log is known to hold what was read. */
  checkedEpoch = -1;
  /** Between attempts to find it or to fetch. */
  readonly pause: Pause;
  #offset: Offset | null = null;
  #fetchOffset: Offset | null = null;
  #turn = 0;
  /** Of the topic that the offset is of; `noUuid`: not known. */
  #topicId = noUuid;

  constructor(where: TopicPartition, world: ClientWorld, wake: () => void) {
    this.topic = where.topic;
    this.partition = where.partition;
    this.pause = new Pause(world, wake);
  }

  /** The next record's; `null`: not found yet. */
  get offset(): Offset | null {
    return this.#offset;
  }

  /** `null`: nothing may be fetched until what is there has been read, or until it is found. */
  get fetchOffset(): Offset | null {
    return this.#fetchOffset;
  }

  get turn(): number {
    return this.#turn;
  }

  /** Whether there is something to ask the leader for. */
  get isFetchable(): boolean {
    return this.isAssigned && !this.isPaused && this.#fetchOffset !== null && !this.pause.isOn;
  }

  /** Goes somewhere else. */
  seek(to: number, recordEpoch = -1): void {
    this.#offset = offset(to);
    this.#fetchOffset = this.#offset;
    this.recordEpoch = recordEpoch;
    this.checkedEpoch = -1;
    this.outOfRange = null;
    this.isRecreated = false;
    this.#topicId = noUuid;
    this.#restart();
  }

  /**
   * It is about to be fetched from the topic of this id. If its offset is of another, which had the
   * same name, that offset means nothing any more: false.
   */
  belongsTo(topicId: string): boolean {
    const isSame = this.#topicId === noUuid || topicId === noUuid || topicId === this.#topicId;
    if (isSame) this.#topicId = topicId;
    else {
      this.forget();
      this.committed = -1;
      this.isRecreated = true;
    }
    return isSame;
  }

  /** What was fetched and not read is fetched again. */
  refetch(): void {
    this.#fetchOffset = this.#offset;
    this.#restart();
  }

  /** The log does not have this offset: another has to be found. */
  forget(): void {
    this.outOfRange = this.#offset;
    this.#offset = null;
    this.#fetchOffset = null;
    this.#restart();
  }

  /** Fetching has come so far; `null`: it can't be told. */
  fetched(upTo: Offset | null): void {
    this.#fetchOffset = upTo;
    this.piecesWaiting += 1;
  }

  /** Reading has come so far. */
  read(upTo: Offset, recordEpoch: number): void {
    this.#offset = upTo;
    this.recordEpoch = recordEpoch;
    this.hasMoved = true;
  }

  /** A piece has been read to its end. */
  pieceRead(): void {
    this.piecesWaiting -= 1;
    if (this.#fetchOffset === null) this.#fetchOffset = this.#offset;
  }

  /** The partition is another's from now on. */
  drop(): void {
    this.isAssigned = false;
    this.pause.stop();
  }

  #restart(): void {
    this.#turn += 1;
    this.piecesWaiting = 0;
  }
}
