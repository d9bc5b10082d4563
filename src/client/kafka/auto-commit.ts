/**
 * Commits by itself what was polled: every now and then, and before partitions go to others.
 *
 * A poll says that everything polled before it was processed; so this is asked at the beginning of
 * a poll, before more is handed out. What is not committed is delivered again, never left out.
 */
import type { ConsumerCluster } from "./consumer-cluster.ts";
import type { GroupOffsets, OffsetToCommit } from "./group-offsets.ts";
import type { Position } from "./position.ts";

export interface AutoCommitParts {
  readonly cluster: ConsumerCluster;
  readonly offsets: GroupOffsets;
  readonly intervalMs: number;
}

/** See the head of this file. */
export class AutoCommit {
  #dueAt: number;
  #isCommitting = false;

  constructor(private readonly parts: AutoCommitParts) {
    this.#dueAt = this.#now + parts.intervalMs;
  }

  /** Commits in the background, if it is time. */
  tick(positions: readonly Position[]): void {
    if (this.#isCommitting || this.#now < this.#dueAt) return;
    this.#dueAt = this.#now + this.parts.intervalMs;
    void this.before(positions);
  }

  /** Commits before these go to others; never rejects. */
  async before(positions: readonly Position[]): Promise<void> {
    const moved = positions.filter(({ hasMoved, offset, committed }) => {
      return hasMoved && offset !== committed;
    });
    this.#isCommitting = true;
    // What could not be committed is polled again, by this member or by another. What it says of
    // the membership, the membership has heard.
    await commitPositions(this.parts.offsets, moved).catch(() => {});
    this.#isCommitting = false;
  }

  get #now(): number {
    return this.parts.cluster.world.clock.monotonic();
  }
}

/** Commits how far these have been read; those that were not found yet are left out. */
export async function commitPositions(
  offsets: GroupOffsets,
  positions: readonly Position[],
): Promise<void> {
  const found: OffsetToCommit[] = [];
  for (const { topic, partition, offset, recordEpoch } of positions) {
    if (offset === null) continue;
    found.push({ topic, partition, offset, leaderEpoch: recordEpoch, metadata: "" });
  }
  await commitOffsets(offsets, positions, found);
}

/** Commits, and notes it. @param positions those that are assigned, among others */
export async function commitOffsets(
  offsets: GroupOffsets,
  positions: readonly Position[],
  committed: readonly OffsetToCommit[],
): Promise<void> {
  if (committed.length === 0) return;
  await offsets.commit(committed);
  for (const { topic, partition, offset } of committed) {
    const position = positions.find((each) => each.topic === topic && each.partition === partition);
    if (position !== undefined) position.committed = offset;
  }
}
