/**
 * How far groups are behind, in records and in seconds: the one place that says so, for REST,
 * metrics and the console alike.
 *
 * - Records: from the committed offset to the end of what may be read.
 * - Seconds: the age of the oldest record that the group has not committed; 0 if there is none.
 *   That record's time is read once for each committed offset and remembered while it stays.
 */
import { offset } from "../base/brands.ts";
import type { Clock } from "../base/clock.ts";
import { Refusal } from "../base/refusal.ts";
import { lagReadsMax, lagTimesMax } from "../limits.ts";
import type { Broker, Partition } from "./broker.ts";
import { concurrently } from "./concurrently.ts";
import { assignedPartitions } from "./consumer-protocol.ts";
import type { DescribedGroup, DescribedMember, GroupCoordinator } from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import { visitRecords } from "./record-visit.ts";

/** How far a group is behind in one partition. */
export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** The committed offset. */
  readonly currentOffset: number;
  /** What may be read ends here. */
  readonly logEndOffset: number;
  /** Records. */
  readonly lag: number;
  /** `null`: the record has no time, or can't be read. */
  readonly lagSeconds: number | null;
  /** Who reads it now; `null`: nobody. */
  readonly member: DescribedMember | null;
}

/** One group. */
export interface GroupLag {
  readonly group: DescribedGroup;
  /** Those for which it has committed an offset, sorted. */
  readonly partitions: readonly PartitionLag[];
}

/** What lag is computed from. */
export interface LagParts {
  readonly broker: Pick<Broker, "topic">;
  readonly groups: Pick<GroupCoordinator, "describeGroups" | "listGroups" | "offsetFetch">;
  readonly clock: Clock;
}

interface KnownTime {
  readonly offset: number;
  readonly timestamp: number | null;
}

/** Who asks: this process. From version 6 on a group that is missing is an error. */
const caller = { apiVersion: 6, clientId: "obelisk", clientHost: "" };

/** See the head of this file. */
export class GroupLags {
  /** The time of the record at a committed offset, by group and partition. */
  readonly #times = new Map<string, KnownTime>();

  constructor(private readonly parts: LagParts) {}

  /** One group; the coordinator's error if it does not tell. */
  async of(groupId: string): Promise<GroupLag | Exclude<GroupErrorCode, "NONE">> {
    const [group] = await this.parts.groups.describeGroups([groupId], caller);
    if (group === undefined) return "GROUP_ID_NOT_FOUND";
    if (group.errorCode !== "NONE") return group.errorCode;
    return await this.#lagOf(group);
  }

  /** All groups, sorted by id; those that end meanwhile are left out. */
  async all(): Promise<readonly GroupLag[]> {
    const { groups } = await this.parts.groups.listGroups({ statesFilter: [], typesFilter: [] });
    const lags: GroupLag[] = [];
    for (const { groupId } of groups) {
      const lag = await this.of(groupId);
      if (typeof lag !== "string") lags.push(lag);
    }
    return lags;
  }

  async #lagOf(group: DescribedGroup): Promise<GroupLag | Exclude<GroupErrorCode, "NONE">> {
    const { groupId } = group;
    const asked = { groups: [{ groupId, topics: null }], requireStable: false };
    const [fetched] = (await this.parts.groups.offsetFetch(asked)).groups;
    if (fetched === undefined) return "GROUP_ID_NOT_FOUND";
    if (fetched.errorCode !== "NONE") return fetched.errorCode;
    const readers = readersOf(group);
    const rows = fetched.topics.flatMap(({ name, partitions }) => {
      return partitions.map(({ partitionIndex, committedOffset }) => {
        return { name, partitionIndex, committedOffset };
      });
    });
    const lags = await concurrently(rows, lagReadsMax, async (row) => {
      const { name, partitionIndex, committedOffset } = row;
      const topic = this.parts.broker.topic(name);
      const partition = topic?.partitions[partitionIndex];
      if (topic === undefined || partition === undefined || committedOffset < 0) return [];
      const lagSeconds = await this.#secondsBehind(groupId, topic.id, partition, committedOffset);
      const logEndOffset = partition.highWatermark;
      return [
        {
          topic: name,
          partition: partitionIndex,
          currentOffset: committedOffset,
          logEndOffset,
          lag: Math.max(0, logEndOffset - committedOffset),
          lagSeconds,
          member: readers.get(keyOf(name, partitionIndex)) ?? null,
        },
      ];
    });
    return { group, partitions: lags.flat().sort(inOrder) };
  }

  async #secondsBehind(
    groupId: string,
    topicId: string,
    partition: Partition,
    committedOffset: number,
  ): Promise<number | null> {
    if (committedOffset >= partition.highWatermark) return 0;
    const key = `${groupId}\0${keyOf(topicId, partition.index)}`;
    const from = Math.max(committedOffset, partition.watermarks.startOffset);
    let known = this.#times.get(key);
    if (known?.offset !== from) {
      known = { offset: from, timestamp: await timeAt(partition, from) };
      if (this.#times.size >= lagTimesMax) this.#times.clear();
      this.#times.set(key, known);
    }
    const { timestamp } = known;
    if (timestamp === null) return null;
    return Math.max(0, this.parts.clock.now() - timestamp) / 1000;
  }
}

/** The time of the first record from `from` on; `null`: it has none, or can't be read. */
async function timeAt(partition: Partition, from: number): Promise<number | null> {
  let timestamp: number | null = null;
  const visited = await visitRecords(partition, offset(from), 1, (record) => {
    if (record.timestamp >= 0) timestamp = record.timestamp;
    return false;
  });
  return visited instanceof Refusal ? null : timestamp;
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Which member reads which partition, as far as the group has agreed on it. */
function readersOf(group: DescribedGroup): ReadonlyMap<string, DescribedMember> {
  const readers = new Map<string, DescribedMember>();
  for (const member of group.members) {
    for (const { topic, partition } of assignedPartitions(member.memberAssignment)) {
      readers.set(keyOf(topic, partition), member);
    }
  }
  return readers;
}

function inOrder(one: PartitionLag, other: PartitionLag): number {
  if (one.topic === other.topic) return one.partition - other.partition;
  return one.topic < other.topic ? -1 : 1;
}
