/**
 * How far groups are behind, in records and in seconds: the one place that says so, for REST,
 * metrics and the console alike.
 *
 * - Records: from the committed offset to the end of what may be read.
 * - Seconds: the age of the oldest record that the group has not committed; 0 if there is none.
 *   That record's time is read once for each committed offset and remembered while it stays.
 *
 * A group may have as many partitions as there are: they are looked at over as many turns of the
 * event loop as that needs.
 */
import { offset } from "../base/brands.ts";
import type { Clock } from "../base/clock.ts";
import type { LoopShare } from "../base/loop-share.ts";
import { Refusal } from "../base/refusal.ts";
import { lagReadsMax, lagRowsAtOnce, lagTimesMax } from "../limits.ts";
import type { Broker, Partition, Topic } from "./broker.ts";
import { type AssignedPartition, assignedPartitions } from "./consumer-protocol.ts";
import type { DescribedGroup, DescribedMember, GroupCoordinator } from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import { paced } from "./paced.ts";
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
  /** Those for which it has committed an offset, by topic and partition. */
  readonly partitions: readonly PartitionLag[];
}

/** What lag is computed from. */
export interface LagParts {
  readonly broker: Pick<Broker, "topic">;
  readonly groups: Pick<GroupCoordinator, "committed" | "describeGroups" | "listGroups">;
  readonly clock: Clock;
  readonly share: LoopShare;
}

/** A partition for which a group has committed. */
interface Committed {
  readonly topic: Topic;
  readonly partition: Partition;
  readonly committedOffset: number;
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

  async #lagOf(group: DescribedGroup): Promise<GroupLag> {
    const { groupId } = group;
    const readers = await this.#readersOf(group);
    const rows = await this.#committed(groupId);
    const partitions: PartitionLag[] = [];
    const unread: { readonly at: number; readonly key: string; readonly row: Committed }[] = [];
    const look = (row: Committed): void => {
      const { topic, partition, committedOffset } = row;
      const logEndOffset = partition.highWatermark;
      const key = `${groupId}\0${keyOf(topic.id, partition.index)}`;
      const known = committedOffset < logEndOffset ? this.#times.get(key) : undefined;
      const isUnread = committedOffset < logEndOffset && known?.offset !== firstUnread(row);
      if (isUnread) unread.push({ at: partitions.length, key, row });
      partitions.push({
        topic: topic.name,
        partition: partition.index,
        currentOffset: committedOffset,
        logEndOffset,
        lag: Math.max(0, logEndOffset - committedOffset),
        lagSeconds: known === undefined ? 0 : this.#secondsSince(known.timestamp),
        member: readers.get(keyOf(topic.name, partition.index)) ?? null,
      });
    };
    await this.parts.share.each(rows, look, lagRowsAtOnce);
    const read = async ({ at, key, row }: (typeof unread)[number]): Promise<void> => {
      const lag = partitions[at];
      if (lag !== undefined) partitions[at] = { ...lag, lagSeconds: await this.#read(key, row) };
    };
    await paced(unread, this.parts, read, lagReadsMax);
    return { group, partitions };
  }

  /** By topic and partition; without those that are not there any more. */
  async #committed(groupId: string): Promise<readonly Committed[]> {
    const committed = this.parts.groups.committed(groupId);
    if (committed === undefined) return [];
    const rows: Committed[] = [];
    const take = (name: string): void => {
      const topic = this.parts.broker.topic(name);
      if (topic === undefined) return;
      for (const { partitionIndex, committedOffset } of committed.of(name)) {
        const partition = topic.partitions[partitionIndex];
        if (partition === undefined || committedOffset < 0) continue;
        rows.push({ topic, partition, committedOffset });
      }
    };
    await this.parts.share.each(committed.topics(), take, 1);
    return rows;
  }

  /** Which member reads which partition, as far as the group has agreed on it. */
  async #readersOf({ members }: DescribedGroup): Promise<ReadonlyMap<string, DescribedMember>> {
    const { share } = this.parts;
    const readers = new Map<string, DescribedMember>();
    for (const member of members) {
      const assigned = share.run(() => assignedPartitions(member.memberAssignment));
      const take = ({ topic, partition }: AssignedPartition): void => {
        readers.set(keyOf(topic, partition), member);
      };
      await share.each(assigned, take, lagRowsAtOnce);
    }
    return readers;
  }

  /** Reads the time of the first record that is not committed, and says how long ago it was. */
  async #read(key: string, row: Committed): Promise<number | null> {
    const from = firstUnread(row);
    const timestamp = await timeAt(row.partition, from);
    if (this.#times.size >= lagTimesMax) this.#times.clear();
    this.#times.set(key, { offset: from, timestamp });
    return this.#secondsSince(timestamp);
  }

  #secondsSince(timestamp: number | null): number | null {
    if (timestamp === null) return null;
    return Math.max(0, this.parts.clock.now() - timestamp) / 1000;
  }
}

/** The oldest record that is left of those that are not committed. */
const firstUnread = ({ partition, committedOffset }: Committed): number =>
  Math.max(committedOffset, partition.watermarks.startOffset);

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
