/**
 * One partition as a consumer reads it: where it is, where it was committed, and what is open.
 *
 * Invariants: the position only moves behind messages that were handed out, except by `seek`,
 * over damage that was skipped, and where the log itself has changed, which is warned of.
 */
import { assert } from "../base/assert.ts";
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { pollReadBytes } from "../limits.ts";
import type { BatchRecord } from "../record/records.ts";
import { markBefore, marksToKeep, resume, type Committed, type Mark } from "./marks.ts";
import { ConsumerError } from "./consumer-error.ts";
import type { ConsumerWarnings } from "./consumer-warning.ts";
import type { DamagedRange, PartitionSource, RecordRun } from "./partition-source.ts";

/** Takes a record; false: it is the last one that is wanted now. */
export type TakeRecord = (record: BatchRecord) => boolean;

/** See the head of this file. */
export class ConsumedPartition {
  /** The next offset to hand out; `null` until it is first asked for. */
  #position: Offset | null = null;
  /** The source's generation that the position belongs to. */
  #generation = 0;
  /** Of what is committed, the marks that hold in the log as it is now. */
  #marks: readonly Mark[] = [];
  /** What is committed, if it was in the log as it is now. */
  #committedOffset: Offset | null = null;
  #run: RecordRun | null = null;
  #damage: DamagedRange | null = null;

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly source: PartitionSource,
    private readonly committed: () => Committed | null,
    private readonly warnings: ConsumerWarnings,
  ) {}

  /** Whether a read is open from which more records can be taken at once. */
  get isOpen(): boolean {
    return this.#run !== null;
  }

  /** Lets go of the memory of an open read; the position stays. */
  release(): void {
    this.#run = null;
  }

  /** The next offset to hand out, if it was asked for before. */
  get knownPosition(): Offset | null {
    return this.#position;
  }

  /** The next offset to hand out. A refusal: the source can't be read. */
  async position(): Promise<Offset | Refusal> {
    if (this.#position === null) {
      const refusal = (await this.source.refresh()) ?? (await this.#resume());
      if (refusal !== null) return refusal;
    }
    assert(this.#position !== null, "a partition that was resumed has a position");
    return this.#position;
  }

  /**
   * What to commit so that everything before `at`, at most the position, counts as processed;
   * `null`: it does already.
   */
  async committable(at: Offset): Promise<Committed | null | Refusal> {
    if (at === this.#committedOffset) return null;
    const mark = await markBefore(this.source, at);
    if (mark instanceof Refusal) return mark;
    const older = this.#marks.filter((each) => each.offset < at);
    return { offset: at, marks: mark === null ? older : marksToKeep(mark, older) };
  }

  /** Notes that this is committed now. */
  noteCommit(now: Committed): void {
    this.#committedOffset = now.offset;
    this.#marks = now.marks;
  }

  /**
   * Hands out records until `take` says stop, or until what is read at a time is used up.
   * Damage at the position: RECORDS_DAMAGED, as often as it is tried.
   */
  async read(take: TakeRecord): Promise<ConsumerError | Refusal | null> {
    for (;;) {
      const position = await this.position();
      if (position instanceof Refusal) return position;
      const run = this.#run ?? (await this.#open(position));
      if (run === null || run instanceof Refusal) return run;
      if (run === "again") continue;
      if (run.kind === "damage") return this.#damaged(run);
      const count = this.#take(run, take);
      if (this.#run !== null || count > 0) return null;
      if (run.damage !== null) return this.#damaged(run.damage);
    }
  }

  /** Moves behind the damage that the last read came upon; false: it came upon none. */
  skipDamage(): boolean {
    if (this.#damage === null) return false;
    this.seek(this.#damage.toOffset);
    return true;
  }

  /** Moves to another place, which the caller has checked. */
  seek(to: Offset): void {
    this.#position = to;
    this.#run = null;
    this.#damage = null;
  }

  /** Moves to what is committed, or to the start. */
  async rollback(): Promise<Refusal | null> {
    this.#run = null;
    this.#damage = null;
    return (await this.source.refresh()) ?? (await this.#resume());
  }

  /** Opens a read at `position`; `null`: there is nothing yet. */
  async #open(position: Offset): Promise<RecordRun | DamagedRange | Refusal | "again" | null> {
    if (position < this.source.startOffset) {
      this.#trimmed(position);
      return "again";
    }
    const read = await this.source.read(position, pollReadBytes);
    if (read === "end") return null;
    if (read !== "moved") return read;
    if (this.#generation === this.source.generation) return "again";
    return (await this.#resume()) ?? "again";
  }

  #take(run: RecordRun, take: TakeRecord): number {
    this.#run = run;
    this.#damage = null;
    let count = 0;
    for (;;) {
      const record = run.next();
      if (record === null) break;
      count += 1;
      this.#position = offset(record.offset + 1);
      if (!take(record)) return count;
    }
    this.#run = null;
    // Behind the last record there may be offsets of none: those of transaction markers.
    if (run.damage === null) this.#position = run.nextOffset;
    else this.#position = run.damage.fromOffset;
    return count;
  }

  #damaged(damage: DamagedRange): ConsumerError {
    const { topic, partition } = this;
    const { fromOffset, toOffset, message } = damage;
    this.#damage = damage;
    return new ConsumerError(
      "RECORDS_DAMAGED",
      `${topic}/${partition}: ${message} Call skipDamage("${topic}", ${partition}) to go on ` +
        `at offset ${toOffset}.`,
      { topic, partition, fromOffset, toOffset },
    );
  }

  async #resume(): Promise<Refusal | null> {
    const { source, topic, partition } = this;
    const committed = this.committed();
    this.#generation = source.generation;
    if (committed === null) {
      this.#position = source.startOffset;
      this.#committedOffset = null;
      return null;
    }
    const resumption = await resume(source, committed);
    if (resumption instanceof Refusal) return resumption;
    this.#position = resumption.offset;
    this.#marks = committed.marks.filter((mark) => mark.offset < resumption.offset);
    this.#committedOffset = resumption.kind === "same" ? resumption.offset : null;
    if (resumption.kind === "trimmed") this.#warnOfTrim(committed.offset, resumption.offset);
    if (resumption.kind !== "changed") return null;
    this.warnings.add({
      kind: "changed",
      topic,
      partition,
      fromOffset: committed.offset,
      resumedAt: resumption.offset,
      message:
        `${topic}/${partition}: the log does not hold what it held when offset ` +
        `${committed.offset} was committed: it has lost records since, or the topic was created ` +
        `again. Messages from offset ${resumption.offset} on are delivered, some once more.`,
    });
    return null;
  }

  #trimmed(position: Offset): void {
    const { startOffset } = this.source;
    this.#position = startOffset;
    this.#warnOfTrim(position, startOffset);
  }

  #warnOfTrim(fromOffset: Offset, resumedAt: Offset): void {
    const { topic, partition } = this;
    this.warnings.add({
      kind: "trimmed",
      topic,
      partition,
      fromOffset,
      resumedAt,
      message:
        `${topic}/${partition}: offsets ${fromOffset} to ${resumedAt - 1} were deleted before ` +
        "this group had read them",
    });
  }
}
