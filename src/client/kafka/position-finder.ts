/**
 * Finds where to read partitions from: what the group has committed, otherwise what the program
 * said (`from`). The latter alone where the log does not have the offset at which it was to be read
 * on; then the program is warned, since records were deleted before it read them. A topic that was
 * created again under its name is read from its start: all of it is new.
 */
import { ClientError, isGone } from "./client-error.ts";
import type { ConsumerWarnings } from "../consumer-warning.ts";
import type { GroupOffsets } from "./group-offsets.ts";
import { earliestTime, type FoundOffset, latestTime, type OffsetLookup } from "./offset-lookup.ts";
import type { Position } from "./position.ts";
import type { Positions } from "./positions.ts";
import { partitionName } from "./topic-partition.ts";

export interface PositionFinderParts {
  readonly positions: Positions;
  /** `null`: there is no group. */
  readonly offsets: GroupOffsets | null;
  readonly lookup: OffsetLookup;
  /** Where to begin: a time for ListOffsets. */
  readonly fromTime: number;
  readonly warnings: ConsumerWarnings;
  readonly wake: () => void;
  /** A partition, or its topic, is not what it was. */
  readonly gone: () => void;
}

/** See the head of this file. */
export class PositionFinder {
  #isFinding = false;
  #failure: unknown = null;

  constructor(private readonly parts: PositionFinderParts) {}

  /** Finds in the background what is to be found. */
  kick(): void {
    if (this.#isFinding) return;
    const due = this.parts.positions.all().filter((each) => isUnknown(each) && !each.pause.isOn);
    if (due.length > 0) void this.#run(due);
  }

  /** Why something was not found, if that is not going to pass; once. `null`: no reason. */
  takeFailure(): unknown {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }

  /** Finds those that are unknown. Rejects if one was not found. */
  async find(positions: readonly Position[]): Promise<void> {
    const { offsets } = this.parts;
    if (offsets !== null) {
      const asked = positions.filter((each) => isUnknown(each) && each.outOfRange === null);
      if (asked.length > 0) await this.#findCommitted(offsets, asked);
    }
    const unknown = positions.filter(isUnknown);
    await this.#findBy(
      earliestTime,
      unknown.filter((each) => each.isRecreated),
    );
    await this.#findBy(
      this.parts.fromTime,
      unknown.filter((each) => !each.isRecreated),
    );
  }

  /** Goes to an end of the log. */
  async goTo(time: typeof earliestTime | typeof latestTime, positions: Position[]): Promise<void> {
    const offsets = await this.parts.lookup.all(timed(time, positions));
    for (const position of positions) {
      const found = offsets.get(partitionName(position));
      if (found === undefined || !position.isAssigned) continue;
      position.seek(found);
      position.hasMoved = true;
    }
  }

  /** Goes back to what is committed; where nothing is, to the start. */
  async rollback(offsets: GroupOffsets, positions: Position[]): Promise<void> {
    const committed = await offsets.committed(positions);
    const rest: Position[] = [];
    for (const position of positions) {
      const found = committed.get(partitionName(position));
      if (found === undefined) rest.push(position);
      else if (position.isAssigned) position.seek(found.offset, found.leaderEpoch);
    }
    await this.goTo(earliestTime, rest);
  }

  async #run(due: readonly Position[]): Promise<void> {
    this.#isFinding = true;
    try {
      await this.find(due);
    } catch (error) {
      for (const position of due) {
        if (isUnknown(position)) position.pause.failed();
      }
      if (isGone(error)) this.parts.gone();
      const isPassing = error instanceof ClientError && error.retriable;
      if (!isPassing) this.#failure = error;
    }
    for (const position of due) {
      if (!isUnknown(position)) position.pause.succeeded();
    }
    this.#isFinding = false;
    this.parts.wake();
  }

  async #findCommitted(offsets: GroupOffsets, asked: readonly Position[]): Promise<void> {
    const committed = await offsets.committed(asked);
    for (const position of asked) {
      const found = committed.get(partitionName(position));
      if (found === undefined || !isUnknown(position)) continue;
      position.seek(found.offset, found.leaderEpoch);
      position.committed = found.offset;
    }
  }

  async #findBy(time: number, unknown: readonly Position[]): Promise<void> {
    if (unknown.length === 0) return;
    const none: Position[] = [];
    await this.parts.lookup.list(timed(time, unknown), ({ position }, found) => {
      if (found.offset < 0) none.push(position);
      else this.#settle(position, found);
    });
    // No record is as late as that: the next one will be.
    if (none.length > 0) await this.#findBy(latestTime, none);
  }

  #settle(position: Position, found: FoundOffset): void {
    if (!isUnknown(position)) return;
    const { topic, partition, isRecreated, outOfRange: fromOffset } = position;
    const resumedAt = found.offset;
    position.seek(resumedAt);
    if (fromOffset === null) return;
    const isTrimmed = !isRecreated && resumedAt > fromOffset;
    const kind = isTrimmed ? "trimmed" : "changed";
    let why =
      `the log does not reach to offset ${fromOffset}: it has lost records, or the topic was ` +
      "created again";
    if (isRecreated) why = `the topic was created again after offset ${fromOffset} was read`;
    if (isTrimmed) why = `offset ${fromOffset} is not there any more`;
    const message = `${partitionName(position)}: ${why}; reading goes on at ${resumedAt}`;
    this.parts.warnings.add({ kind, topic, partition, fromOffset, resumedAt, message });
  }
}

const isUnknown = ({ isAssigned, offset }: Position): boolean => isAssigned && offset === null;

const timed = (timestamp: number, positions: readonly Position[]) =>
  positions.map((position) => {
    const { topic, partition } = position;
    return { topic, partition, timestamp, position };
  });
