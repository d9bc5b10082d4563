/**
 * Who reads which partition: what the leader of a group decides for all its members, by the rule
 * that all of them have named. Pure functions; the same members and topics make the same plan.
 */
import type { TopicPartition } from "./topic-partition.ts";

/** What a leader knows of one member. */
export interface AssignedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  /** What it has kept, in cooperative rebalances. */
  readonly owned: readonly TopicPartition[];
  /** The generation in which it was given them; -1: unknown. */
  readonly generationId: number;
}

/** How many partitions each topic has; topics that don't exist are not in it. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** By member id; every member is in it. */
export type Plan = ReadonlyMap<string, readonly TopicPartition[]>;

/** See the head of this file. */
export interface Assignor {
  /** What members call it among one another; Kafka's names. */
  readonly name: string;
  /** Whether members may keep what they have while the group rebalances (KIP-429). */
  readonly isCooperative: boolean;
  assign(members: readonly AssignedMember[], partitionCounts: PartitionCounts): Plan;
}

/**
 * The order in which Kafka's assignors go through members: static ones first, by their instance
 * ids, then the others by their member ids. It does not change when a static member comes back.
 */
export function inOrder(members: Iterable<AssignedMember>): AssignedMember[] {
  return [...members].sort((a, b) => {
    if (a.groupInstanceId !== null && b.groupInstanceId !== null) {
      return compare(a.groupInstanceId, b.groupInstanceId);
    }
    if (a.groupInstanceId !== null) return -1;
    if (b.groupInstanceId !== null) return 1;
    return compare(a.memberId, b.memberId);
  });
}

/** By UTF-16 units, as Java does. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The topics that exist and that somebody reads, in the order of their names. */
export function readTopics(
  members: readonly AssignedMember[],
  partitionCounts: PartitionCounts,
): string[] {
  const topics = new Set(members.flatMap((member) => member.topics));
  return [...topics].filter((topic) => partitionCounts.has(topic)).sort(compare);
}
