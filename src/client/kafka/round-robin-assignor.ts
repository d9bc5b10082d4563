/**
 * Kafka's RoundRobinAssignor: all partitions of all topics, one after another, to the members in
 * turn; a member that does not read the topic is passed over.
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

export const roundRobinAssignor: Assignor = { name: "roundrobin", isCooperative: false, assign };

function assign(members: readonly AssignedMember[], partitionCounts: PartitionCounts): Plan {
  const plan = new Map<string, TopicPartition[]>();
  for (const { memberId } of members) plan.set(memberId, []);
  const ordered = inOrder(members);
  let turn = 0;
  for (const topic of readTopics(members, partitionCounts)) {
    const partitionCount = partitionCounts.get(topic) ?? 0;
    for (let partition = 0; partition < partitionCount; partition++) {
      // Somebody reads the topic, so that this ends.
      while (ordered[turn % ordered.length]?.topics.includes(topic) !== true) turn++;
      const member = ordered[turn++ % ordered.length];
      if (member !== undefined) plan.get(member.memberId)?.push({ topic, partition });
    }
  }
  return plan;
}
