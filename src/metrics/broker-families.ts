/** Topics and their records, groups, producers, room: what `broker/` counts. */
import type { Partition } from "../broker/broker.ts";
import type { Traffic } from "../broker/stats.ts";
import { distribution, each, type Family, one, type Sample } from "./family.ts";
import type { View } from "./view.ts";

function* perTopic(view: View, of: (partition: Partition) => number): Iterable<Sample> {
  for (const { name, partitions } of view.topics) {
    let value = 0;
    for (const partition of partitions) value += of(partition);
    yield { labels: { topic: name }, value };
  }
}

const traffic = (
  name: string,
  of: keyof Traffic & `${string}${"Bytes" | "Records"}`,
  help: string,
): Family => ({
  name,
  type: "counter",
  help,
  samples: (view) => perTopic(view, (partition) => partition.traffic[of]),
});

const partitionsOf = (view: View): Partition[] =>
  view.parts.broker.topics().flatMap(({ partitions }) => partitions);

export const brokerFamilies: readonly Family[] = [
  {
    name: "obelisk_topics",
    type: "gauge",
    help: "Topics.",
    samples: (view) => one(view.parts.broker.topics().length),
  },
  {
    name: "obelisk_partitions",
    type: "gauge",
    help: "Partitions of all topics.",
    samples: (view) => one(partitionsOf(view).length),
  },
  {
    name: "obelisk_partitions_sealed",
    type: "gauge",
    help: "Partitions that take no records until the broker is restarted.",
    samples: (view) => one(partitionsOf(view).filter(({ log }) => log.sealedBy !== null).length),
  },
  traffic(
    "obelisk_topic_received_records_total",
    "receivedRecords",
    "Records that were stored, since the topic was opened.",
  ),
  traffic(
    "obelisk_topic_received_bytes_total",
    "receivedBytes",
    "Bytes of batches that were stored, since the topic was opened.",
  ),
  traffic(
    "obelisk_topic_sent_records_total",
    "sentRecords",
    "Records that consumers were handed, since the topic was opened.",
  ),
  traffic(
    "obelisk_topic_sent_bytes_total",
    "sentBytes",
    "Bytes of these: of whole batches, over HTTP of keys, values and headers.",
  ),
  {
    name: "obelisk_topic_size_bytes",
    type: "gauge",
    help: "Bytes of the topic's segments.",
    samples: (view) => perTopic(view, ({ log }) => log.sizeBytes),
  },
  {
    name: "obelisk_topic_segments",
    type: "gauge",
    help: "Segments of the topic's partitions.",
    samples: (view) => perTopic(view, ({ log }) => log.segmentCount),
  },
  {
    name: "obelisk_batch_bytes",
    type: "histogram",
    help: "Sizes of the batches that were taken.",
    samples: (view) => distribution(view.parts.broker.stats.batchBytes),
  },
  {
    name: "obelisk_batch_records",
    type: "histogram",
    help: "Records in each of the batches that were taken.",
    samples: (view) => distribution(view.parts.broker.stats.batchRecords),
  },
  {
    name: "obelisk_producer_ids",
    type: "gauge",
    help: "Idempotent producers that are remembered, each once for each of its partitions.",
    samples: (view) => one(view.parts.broker.producerCount),
  },
  {
    name: "obelisk_groups",
    type: "gauge",
    help: "Consumer groups, by state.",
    samples: (view) => each("state", view.groupStates),
  },
  {
    name: "obelisk_group_rebalances_total",
    type: "counter",
    help: "How often a group has begun to rebalance.",
    samples: (view) => one(view.parts.groups.rebalances),
  },
  {
    name: "obelisk_disk_usable_bytes",
    type: "gauge",
    help: "What may still be written before producers are refused.",
    samples: (view) => one(view.usableBytes),
  },
];
