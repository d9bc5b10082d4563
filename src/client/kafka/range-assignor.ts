/**
 * Kafka's RangeAssignor: each topic by itself is cut into runs of partitions, one for each member
 * that reads it, the first ones longer by one if they don't come out even. Partitions of the same
 * number of topics with as many partitions go to the same member: keys that belong together meet.
 */
import {
  type AssignedMember,
  type Assignor,
  inOrder,
  type PartitionCounts,
  type Plan,
  readTopics,
} from "./assignor.ts";
import type { TopicPartition } from "./topic-partition.ts";

export const rangeAssignor: Assignor = { name: "range", isCooperative: false, assign };

function assign(members: readonly AssignedMember[], partitionCounts: PartitionCounts): Plan {
  const plan = new Map<string, TopicPartition[]>();
  for (const { memberId } of members) plan.set(memberId, []);
  const ordered = inOrder(members);
  for (const topic of readTopics(members, partitionCounts)) {
    const readers = ordered.filter(({ topics }) => topics.includes(topic));
    const partitionCount = partitionCounts.get(topic) ?? 0;
    const least = Math.floor(partitionCount / readers.length);
    const longer = partitionCount % readers.length;
    let next = 0;
    for (const [at, { memberId }] of readers.entries()) {
      const end = next + least + (at < longer ? 1 : 0);
      for (; next < end; next++) plan.get(memberId)?.push({ topic, partition: next });
    }
  }
  return plan;
}
