/** One partition of one topic, and how they are kept in maps and brought into requests. */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Its name in maps and messages; names of topics have no slash. */
export const partitionName = ({ topic, partition }: TopicPartition): string =>
  `${topic}/${partition}`;

/** By topic, both in the order in which they come. */
export function byTopic<T extends TopicPartition>(partitions: Iterable<T>): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const each of partitions) {
    const known = topics.get(each.topic);
    if (known === undefined) topics.set(each.topic, [each]);
    else known.push(each);
  }
  return topics;
}
