/**
 * The names of kafka_exporter (danielqsj/kafka_exporter), for the dashboards and alerts that are
 * built on them: the same names, labels and meanings. One broker holds the only replica of
 * everything, and leads it.
 *
 * Two names end in `_sum`, which belongs to histograms: these are untyped, or `promtool` objects.
 */
import type { Partition } from "../broker/broker.ts";
import type { PartitionLag } from "../broker/group-lag.ts";
import { type Family, one, type Sample } from "./family.ts";
import type { View } from "./view.ts";

function* perPartition(view: View, of: (partition: Partition) => number): Iterable<Sample> {
  for (const { name: topic, partitions } of view.topics) {
    for (const partition of partitions) {
      yield { labels: { topic, partition: String(partition.index) }, value: of(partition) };
    }
  }
}

const ofPartition = (
  name: string,
  help: string,
  of: (view: View) => (partition: Partition) => number,
): Family => ({
  name: `kafka_topic_partition_${name}`,
  type: "gauge",
  help,
  samples: (view) => perPartition(view, of(view)),
});

function* perGroupPartition(view: View, of: (row: PartitionLag) => number): Iterable<Sample> {
  for (const { groupId: consumergroup, partitions } of view.groups) {
    for (const row of partitions) {
      const { topic, partition } = row;
      yield { labels: { consumergroup, topic, partition: String(partition) }, value: of(row) };
    }
  }
}

/** Rows are sorted by topic. */
function* perGroupTopic(view: View, of: (row: PartitionLag) => number): Iterable<Sample> {
  for (const { groupId: consumergroup, partitions } of view.groups) {
    for (let at = 0; at < partitions.length;) {
      const { topic } = partitions[at]!;
      let value = 0;
      for (; partitions[at]?.topic === topic; at++) value += of(partitions[at]!);
      yield { labels: { consumergroup, topic }, value };
    }
  }
}

function* brokers({ parts: { kafka, brokerId } }: View): Iterable<Sample> {
  if (kafka === null) return;
  const host = kafka.host.includes(":") ? `[${kafka.host}]` : kafka.host;
  yield { labels: { id: String(brokerId), address: `${host}:${kafka.port}` }, value: 1 };
}

const topicFamilies: readonly Family[] = [
  {
    name: "kafka_brokers",
    type: "gauge",
    help: "Brokers of the cluster.",
    samples: () => one(1),
  },
  {
    name: "kafka_broker_info",
    type: "gauge",
    help: "Where a broker is reached; always 1.",
    samples: brokers,
  },
  {
    name: "kafka_topic_partitions",
    type: "gauge",
    help: "Partitions of the topic.",
    *samples(view) {
      for (const { name: topic, partitions } of view.topics) {
        yield { labels: { topic }, value: partitions.length };
      }
    },
  },
  ofPartition("current_offset", "Where the partition's records end.", () => {
    return (partition) => partition.highWatermark;
  }),
  ofPartition("oldest_offset", "Where they begin.", () => {
    return (partition) => partition.watermarks.startOffset;
  }),
  ofPartition("leader", "The broker that leads the partition.", ({ parts }) => {
    return () => parts.brokerId;
  }),
  ofPartition("leader_is_preferred", "Whether it is the preferred one.", () => () => 1),
  ofPartition("replicas", "Replicas of the partition.", () => () => 1),
  ofPartition("in_sync_replica", "Those that are in sync.", () => () => 1),
  ofPartition("under_replicated_partition", "Whether some are not.", () => () => 0),
];

export const exporterFamilies: readonly Family[] = [
  ...topicFamilies,
  {
    name: "kafka_consumergroup_members",
    type: "gauge",
    help: "Members of the group.",
    *samples(view) {
      for (const { groupId: consumergroup, memberCount: value } of view.groups) {
        yield { labels: { consumergroup }, value };
      }
    },
  },
  {
    name: "kafka_consumergroup_current_offset",
    type: "gauge",
    help: "What the group has committed.",
    samples: (view) => perGroupPartition(view, ({ currentOffset }) => currentOffset),
  },
  {
    name: "kafka_consumergroup_current_offset_sum",
    type: "untyped",
    help: "The same, summed over the topic's partitions.",
    samples: (view) => perGroupTopic(view, ({ currentOffset }) => currentOffset),
  },
  {
    name: "kafka_consumergroup_lag",
    type: "gauge",
    help: "Records behind what the group has committed.",
    samples: (view) => perGroupPartition(view, ({ lag }) => lag),
  },
  {
    name: "kafka_consumergroup_lag_sum",
    type: "untyped",
    help: "The same, summed over the topic's partitions.",
    samples: (view) => perGroupTopic(view, ({ lag }) => lag),
  },
];
