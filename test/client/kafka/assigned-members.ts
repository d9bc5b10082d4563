/** Members and plans for tests of assignors, in few words: `orders/0`. */
import type { AssignedMember, Plan } from "../../../src/client/kafka/assignor.ts";
import { partitionName, type TopicPartition } from "../../../src/client/kafka/topic-partition.ts";

export const at = (name: string): TopicPartition => {
  const [topic = "", partition = ""] = name.split("/");
  return { topic, partition: Number(partition) };
};

export const member = (
  memberId: string,
  topics: readonly string[],
  more: {
    readonly instance?: string;
    readonly owned?: readonly string[];
    generation?: number;
  } = {},
): AssignedMember => ({
  memberId,
  groupInstanceId: more.instance ?? null,
  topics,
  owned: (more.owned ?? []).map(at),
  generationId: more.generation ?? -1,
});

/** A plan, for comparing. */
export const shown = (plan: Plan): Record<string, string[]> =>
  Object.fromEntries([...plan].map(([memberId, each]) => [memberId, each.map(partitionName)]));

export const counts = (topics: Readonly<Record<string, number>>): ReadonlyMap<string, number> =>
  new Map(Object.entries(topics));
