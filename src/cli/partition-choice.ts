/** Partitions that people choose, as an option: `orders` (all of it) or `orders:0,3`. */
import { quoted } from "../base/printable.ts";
import type { Admin } from "../client/kafka/admin.ts";
import type { TopicPartition } from "../client/kafka/topic-partition.ts";
import { partitionsPerTopicMax, shownCharactersMax } from "../limits.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { counted } from "./counted.ts";
import { type About, defineOption, type Option, repeated } from "./option.ts";
import { metadataOf } from "./topic-facts.ts";

/** A topic, and which of its partitions; `null`: all of them. */
export interface PartitionChoice {
  readonly topic: string;
  readonly partitions: readonly number[] | null;
}

/** May be given several times. */
export const partitionChoices = (
  about: About<PartitionChoice>,
): Option<readonly PartitionChoice[]> =>
  repeated(
    defineOption<PartitionChoice, PartitionChoice>(
      {
        placeholder: "<topic[:partitions]>",
        expected: "a topic, or a topic and partitions as orders:0,3",
        range: null,
        parse: parseChoice,
        show: ({ topic, partitions }) => `${topic}${partitions ? `:${partitions.join(",")}` : ""}`,
      },
      about,
    ),
  );

/** Names of topics have no colon. */
function parseChoice(given: string): PartitionChoice | undefined {
  const match = /^([^:]+)(?::(\d{1,9}(?:,\d{1,9})*))?$/.exec(given);
  const [, topic, list] = match ?? [];
  if (topic === undefined) return undefined;
  const partitions = list?.split(",").map(Number) ?? null;
  const isPossible = partitions?.every((each) => each < partitionsPerTopicMax) ?? true;
  return isPossible ? { topic, partitions } : undefined;
}

/** The partitions of the cluster that were chosen, each once; a failure if one is not there. */
export async function chosenPartitions(
  admin: Admin,
  choices: readonly PartitionChoice[],
): Promise<readonly TopicPartition[] | ClusterFailure> {
  const topics = await metadataOf(admin, [...new Set(choices.map(({ topic }) => topic))]);
  const counts = new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
  const chosen = new Map<string, TopicPartition>();
  for (const { topic, partitions } of choices) {
    const count = counts.get(topic) ?? 0;
    for (const partition of partitions ?? Array.from({ length: count }, (_, at) => at)) {
      if (partition >= count) {
        const name = quoted(topic, shownCharactersMax);
        const message = `topic ${name} has ${counted(count, "partition")}, and no ${partition}`;
        return new ClusterFailure(message);
      }
      chosen.set(`${topic}/${partition}`, { topic, partition });
    }
  }
  return [...chosen.values()];
}
