/** Whether two lives of a broker know the same: one that has lived, and one that has just begun. */
import { Refusal } from "../../src/base/refusal.ts";
import type { Partition } from "../../src/broker/broker.ts";
import type { Place } from "./ledger.ts";
import type { Machine } from "./machine.ts";

/**
 * The differences, in words.
 * @param isSame whether the records of a topic must be the same
 * @param hasHoles whether records of a partition can't be read, so that a new life knows less
 */
export async function compareLives(
  living: Machine,
  begun: Machine,
  isSame: (topic: string) => boolean,
  hasHoles: (place: Place) => boolean,
): Promise<string[]> {
  const differences: string[] = [];
  const compare = (what: string, one: unknown, other: unknown): void => {
    const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
    if (left !== right) differences.push(`${what}: ${left} lives, ${right} is found`);
  };
  const names = ({ broker }: Machine): unknown =>
    broker?.topics().map(({ name, id, config, partitions }) => {
      return [name, id, config.raw, partitions.length];
    });
  compare("topics", names(living), names(begun));
  compare("groups", groupsOf(living), groupsOf(begun));
  compare("broker", living.broker?.describeBrokerConfig(), begun.broker?.describeBrokerConfig());
  for (const topic of living.broker?.topics() ?? []) {
    if (!isSame(topic.name)) continue;
    const others = begun.broker?.topic(topic.name)?.partitions ?? [];
    for (const [index, partition] of topic.partitions.entries()) {
      const other = others[index];
      if (other === undefined) continue;
      const place = `${topic.name}/${index}`;
      compare(`${place} offsets`, offsetsOf(partition), offsetsOf(other));
      // Of records that were deleted nobody can tell any more who sent them.
      if (partition.log.startOffset > 0 || hasHoles({ topic: topic.name, index })) continue;
      compare(`${place} producers`, await producersOf(partition), await producersOf(other));
    }
  }
  return differences;
}

/** What is on the device of those that have members or offsets; a living one is no other. */
const groupsOf = ({ groups }: Machine): unknown =>
  groups
    ?.snapshot()
    .filter(({ row, offsets }) => offsets.length > 0 || (row !== null && row.members.length > 0))
    .map(({ groupId, row, offsets, live }) => [groupId, row, offsets, live ?? row]);

const offsetsOf = ({ log, highWatermark }: Partition): unknown => [
  log.startOffset,
  log.visibleOffset,
  log.endOffset,
  highWatermark,
];

async function producersOf(partition: Partition): Promise<unknown> {
  const producers = await partition.describeProducers();
  if (producers instanceof Refusal) return producers.message;
  return producers.toSorted((one, other) => one.producerId - other.producerId);
}
