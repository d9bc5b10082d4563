/**
 * Which member of a group reads which partitions, as Kafka's `range` strategy has it: of each topic
 * every subscribed member gets a run of partitions, the first ones one more where it doesn't come
 * out even. Every client has this strategy, so members of this process share groups with theirs.
 *
 * Source: Apache Kafka `RangeAssignor` (without racks, which one broker has none of).
 */
import type { AssignedPartition } from "./consumer-protocol.ts";

/** A member, as the leader sees it. */
export interface Subscriber {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
}

/** What a group's members call it. */
export const rangeProtocol = "range";

/**
 * What each member gets, by its id; nobody is left out.
 * @param partitionCount of a topic; 0: there is none of that name
 */
export function assignRanges(
  members: readonly Subscriber[],
  partitionCount: (topic: string) => number,
): ReadonlyMap<string, readonly AssignedPartition[]> {
  const assigned = new Map(members.map(({ memberId }) => [memberId, [] as AssignedPartition[]]));
  const sorted = members.toSorted(inOrder);
  const topics = new Set(members.flatMap((member) => member.topics));
  for (const topic of [...topics].sort()) {
    const readers = sorted.filter((member) => member.topics.includes(topic));
    const count = partitionCount(topic);
    const each = Math.floor(count / readers.length);
    const extra = count % readers.length;
    let partition = 0;
    for (const [at, { memberId }] of readers.entries()) {
      const share = each + (at < extra ? 1 : 0);
      for (const end = partition + share; partition < end; partition++) {
        assigned.get(memberId)?.push({ topic, partition });
      }
    }
  }
  return assigned;
}

/** Static members come first, by their instance ids: those outlive member ids. */
function inOrder(one: Subscriber, other: Subscriber): number {
  if (one.groupInstanceId !== null && other.groupInstanceId !== null) {
    return one.groupInstanceId < other.groupInstanceId ? -1 : 1;
  }
  if (one.groupInstanceId !== null) return -1;
  if (other.groupInstanceId !== null) return 1;
  return one.memberId < other.memberId ? -1 : 1;
}
