/**
 * Lag in time, under the names of kafka-lag-exporter (seglo/kafka-lag-exporter). Its labels of
 * members (`client_id`, `consumer_id`, `member_host`) are left out: clients choose them.
 *
 * Seconds are the age of the oldest record that the group has not committed: measured, where that
 * exporter has to estimate.
 */
import type { Family, Labels, Sample } from "./family.ts";
import type { GroupView, View } from "./view.ts";

function* perGroup(view: View, of: (group: GroupView) => number | null): Iterable<Sample> {
  for (const group of view.groups) {
    if (group.partitions.length === 0) continue;
    const value = of(group);
    if (value !== null) yield { labels: labelsOf(view, group), value };
  }
}

const labelsOf = ({ parts }: View, { groupId }: GroupView): Labels => {
  return { cluster_name: parts.clusterId, group: groupId };
};

function* secondsOf(view: View): Iterable<Sample> {
  for (const group of view.groups) {
    const labels = labelsOf(view, group);
    for (const { topic, partition, lagSeconds: value } of group.partitions) {
      if (value !== null) {
        yield { labels: { ...labels, topic, partition: String(partition) }, value };
      }
    }
  }
}

/** `null`: of no partition is it known. */
function maxSeconds({ partitions }: GroupView): number | null {
  let max: number | null = null;
  for (const { lagSeconds } of partitions) {
    if (lagSeconds !== null) max = Math.max(max ?? 0, lagSeconds);
  }
  return max;
}

export const lagFamilies: readonly Family[] = [
  {
    name: "kafka_consumergroup_group_lag_seconds",
    type: "gauge",
    help: "The age of the oldest record of the partition that the group has not committed.",
    samples: secondsOf,
  },
  {
    name: "kafka_consumergroup_group_max_lag_seconds",
    type: "gauge",
    help: "The same of the partition where it is oldest.",
    samples: (view) => perGroup(view, maxSeconds),
  },
  {
    name: "kafka_consumergroup_group_max_lag",
    type: "gauge",
    help: "Records behind what the group has committed, where they are most.",
    samples: (view) => {
      return perGroup(view, ({ partitions }) => {
        return partitions.reduce((max, { lag }) => Math.max(max, lag), 0);
      });
    },
  },
  {
    name: "kafka_consumergroup_group_sum_lag",
    type: "gauge",
    help: "The same over all partitions.",
    samples: (view) => {
      return perGroup(view, ({ partitions }) => partitions.reduce((sum, { lag }) => sum + lag, 0));
    },
  },
];
