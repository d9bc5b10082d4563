/**
 * A stream of a group: the partitions that the group gives to this reader, from where the group is.
 * The reader is a member like any other, for as long as the stream is open.
 *
 * What it has read is committed
 * - `acknowledged`: when the peer says so (WebSocket). What it has not said comes again after a
 *   rebalance, to whoever reads it then: at least once.
 * - `taken`: by itself, every `autoCommitMs`, what had left this process at the time before
 *   (server-sent events, whose peers can't say anything). What a broken connection has swallowed
 *   comes again if the reader comes back with the last id that it saw.
 */
import type { Cancel, Clock } from "../../base/clock.ts";
import type { Refusal } from "../../base/refusal.ts";
import type { Broker } from "../../broker/broker.ts";
import { committedOffsets } from "../../broker/group-commits.ts";
import type { GroupCoordinator } from "../../broker/group-coordinator.ts";
import type { GroupMember } from "../../broker/group-member.ts";
import type { ResidentMembers } from "../../broker/resident-members.ts";
import type { AssignedPartition } from "../../broker/consumer-protocol.ts";
import { autoCommitMs, streamPartitionsMax, streamQuietMs } from "../../limits.ts";
import { errorOf, groupError, HttpError } from "../errors.ts";
import { Asking, type Feed, type FeedStep, movedBy } from "./feed.ts";
import { type PositionEntry, positionText } from "./position.ts";
import type { Place, Stations, Wish } from "./stations.ts";

/** What such a stream is to be. */
export interface GroupWish {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where to begin in a partition in which the group has committed nothing. */
  readonly reset: "earliest" | "latest";
  /** Where the reader was, if it comes back; this counts more than what the group has committed. */
  readonly resume: readonly PositionEntry[];
  readonly commits: "acknowledged" | "taken";
}

interface Parts {
  readonly broker: Broker;
  readonly groups: Pick<GroupCoordinator, "offsetFetch">;
  readonly members: ResidentMembers;
  readonly clock: Clock;
  readonly stations: Stations;
}

const ended: FeedStep = { kind: "ended", error: null };

/** See the head of this file. */
export class GroupFeed implements Feed {
  readonly #asking: Asking;
  readonly #member: GroupMember;
  /** The assignment that the places are of. */
  #assignment: readonly AssignedPartition[] | null = null;
  #places: readonly Place[] = [];
  /** What had been taken when commits were last looked at, and when that was. */
  #safe: readonly Place[] = [];
  #lookedAtMs: number;
  #resume: readonly PositionEntry[];
  #isClosed = false;
  /** Ends the wait for an assignment. */
  #wake: Cancel = () => {};

  constructor(
    private readonly parts: Parts,
    private readonly group: GroupWish,
    private readonly wish: Wish,
  ) {
    this.#resume = group.resume;
    this.#asking = new Asking(parts.stations);
    this.#lookedAtMs = parts.clock.monotonic();
    this.#member = parts.members.join({
      groupId: group.groupId,
      clientId: "obelisk-stream",
      clientHost: "",
      topics: () => group.topics,
      revoking: () => this.#revoking(),
      changed: () => this.#changed(),
    });
  }

  get position(): string {
    return positionText(this.#places.map(entryOf), null);
  }

  async next(): Promise<FeedStep> {
    if (this.group.commits === "taken") await this.#look();
    for (;;) {
      const { assignment, fault } = this.#member;
      if (this.#isClosed) return ended;
      if (fault !== null) return { kind: "ended", error: groupError(fault, "the group") };
      if (assignment === null || (assignment === this.#assignment && this.#places.length === 0)) {
        if (await this.#quiet()) return { kind: "quiet" };
      } else if (assignment !== this.#assignment) {
        const step = await this.#begin(assignment);
        if (step !== null) return step;
      } else {
        const step = await this.#asking.step(this.#places, this.wish);
        // It may have been given to somebody else just now.
        if (step === null || this.#member.assignment !== assignment) continue;
        if (step.kind === "chunk") this.#places = movedBy(step.chunk, this.#places);
        return step;
      }
    }
  }

  async acknowledge(entries: readonly PositionEntry[]): Promise<HttpError | null> {
    const strange = entries.find((entry) => {
      const place = this.#places.find((each) => isSame(entryOf(each), entry));
      return place === undefined || entry.offset > place.offset;
    });
    if (strange !== undefined || this.#member.assignment === null) {
      return HttpError.of(409, "the group has not given that to this reader, or not so far");
    }
    const errorCode = await this.#member.commit(entries);
    return errorCode === "NONE" ? null : groupError(errorCode, "the group");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#changed();
    await this.#member.close();
  }

  #changed(): void {
    this.#wake();
    this.#asking.end();
  }

  /** The places of a new assignment; `null`: there is yet another one. */
  async #begin(assignment: readonly AssignedPartition[]): Promise<FeedStep | null> {
    const { groups } = this.parts;
    if (assignment.length > streamPartitionsMax) {
      const error = HttpError.of(400, `a stream of more than ${streamPartitionsMax} partitions`);
      return { kind: "ended", error };
    }
    const committed = await committedOffsets(groups, this.group.groupId, assignment);
    if (this.#member.assignment !== assignment || this.#isClosed) return null;
    if (typeof committed === "string") {
      return { kind: "ended", error: groupError(committed, "the group") };
    }
    const fault = this.#faultIn(assignment);
    if (fault !== null) return { kind: "ended", error: errorOf(fault) };
    const resume = this.#resume;
    this.#resume = [];
    this.#places = assignment.flatMap((assigned) => {
      const known = resume.find((each) => isSame(each, assigned));
      const at = known ?? committed.find((each) => isSame(each, assigned));
      return this.#placesOf(assigned, at?.offset ?? null);
    });
    this.#safe = [];
    this.#assignment = assignment;
    return { kind: "assigned", position: this.#places.map(entryOf) };
  }

  /** Why one of them has no offsets to go by: believed, they would move the group to 0. */
  #faultIn(assignment: readonly AssignedPartition[]): Refusal | null {
    for (const { topic, partition } of assignment) {
      const fault = this.parts.broker.topic(topic)?.partitions[partition]?.offsetsFault();
      if (fault) return fault;
    }
    return null;
  }

  #placesOf({ topic: name, partition: index }: AssignedPartition, at: number | null): Place[] {
    const topic = this.parts.broker.topic(name);
    const partition = topic?.partitions[index];
    if (topic === undefined || partition === undefined) return [];
    const { startOffset, highWatermark } = partition.watermarks;
    // Behind the last record there is nothing to come back to, as after a topic was made anew.
    const known = at === null || at > highWatermark ? null : at;
    const offset = known ?? (this.group.reset === "earliest" ? startOffset : highWatermark);
    return [{ partition, topicId: topic.id, offset }];
  }

  /** Waits for another assignment; whether there was none for long. */
  async #quiet(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.parts.clock.after(streamQuietMs, () => resolve(true));
    this.#wake = () => {
      cancel();
      resolve(false);
    };
    return await promise;
  }

  /** What was given so far has been taken. */
  async #look(): Promise<void> {
    const nowMs = this.parts.clock.monotonic();
    if (nowMs - this.#lookedAtMs < autoCommitMs) return;
    this.#lookedAtMs = nowMs;
    const safe = this.#safe;
    this.#safe = this.#places;
    // Where it can't be now it can be later; until then it comes again to whoever reads next.
    await this.#member.commit(safe.map(entryOf));
  }

  async #revoking(): Promise<void> {
    if (this.group.commits === "acknowledged") return;
    await this.#member.commit((this.#isClosed ? this.#safe : this.#places).map(entryOf));
  }
}

const entryOf = ({ partition, offset }: Place): PositionEntry => {
  return { topic: partition.topic, partition: partition.index, offset };
};

const isSame = (one: AssignedPartition, other: AssignedPartition): boolean =>
  one.topic === other.topic && one.partition === other.partition;
