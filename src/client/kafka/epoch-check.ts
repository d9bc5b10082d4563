/**
 * Whether a partition's new leader has what was read from the one before (KIP-320). If it has not,
 * reading goes back to where both logs are the same, and the program is warned.
 */
import type { ConsumerWarnings } from "../consumer-warning.ts";
import { ClientError } from "./client-error.ts";
import type { OffsetLookup } from "./offset-lookup.ts";
import type { Position } from "./position.ts";
import { partitionName } from "./topic-partition.ts";

/** See the head of this file. */
export class EpochCheck {
  constructor(
    private readonly lookup: OffsetLookup,
    private readonly warnings: ConsumerWarnings,
  ) {}

  /**
   * Checks a position once for each leader epoch, unless all of what was read is of that epoch.
   * Rejects if the leader does not say.
   */
  async check(position: Position, leaderEpoch: number): Promise<void> {
    const { recordEpoch, turn } = position;
    if (leaderEpoch <= position.checkedEpoch) return;
    if (recordEpoch >= 0 && recordEpoch < leaderEpoch) {
      const end = await this.#endOfEpoch(position, recordEpoch);
      if (position.turn !== turn || !position.isAssigned || position.offset === null) return;
      if (end !== null && end.offset < position.offset) {
        this.#goBack(position, end.offset, end.leaderEpoch);
      }
    }
    position.checkedEpoch = leaderEpoch;
  }

  /** `null`: the broker is too old to be asked. */
  async #endOfEpoch(
    position: Position,
    epoch: number,
  ): Promise<{ readonly offset: number; readonly leaderEpoch: number } | null> {
    try {
      return await this.lookup.endOfEpoch(position, epoch);
    } catch (error) {
      if (error instanceof ClientError && error.code === "UNSUPPORTED") return null;
      throw error;
    }
  }

  #goBack(position: Position, to: number, leaderEpoch: number): void {
    const { topic, partition, offset } = position;
    if (to < 0 || offset === null) {
      // The leader knows nothing of that epoch: where to go on is a matter of policy.
      position.forget();
      return;
    }
    position.seek(to, leaderEpoch);
    this.warnings.add({
      kind: "changed",
      topic,
      partition,
      fromOffset: offset,
      resumedAt: to,
      message:
        `${partitionName(position)}: its new leader does not have what was read from offset ` +
        `${to} on. Reading goes on there.`,
    });
  }
}
