/**
 * What one scrape looks at: the topics and groups that have room in it, and what has to be asked
 * for beforehand. Everything else is read while it is written.
 *
 * How many series there are has a bound, whatever clients do: `metricsPartitionsMax` partitions,
 * of whole topics in the order of their names; `metricsGroupsMax` groups and
 * `metricsGroupPartitionsMax` of their partitions, likewise. What had no room is counted.
 */
import type { Clock } from "../base/clock.ts";
import type { RequestStats } from "../base/request-stats.ts";
import type { Broker, Topic } from "../broker/broker.ts";
import type { GroupCoordinator } from "../broker/group-coordinator.ts";
import type { GroupLags, PartitionLag } from "../broker/group-lag.ts";
import { metricsGroupPartitionsMax, metricsGroupsMax, metricsPartitionsMax } from "../limits.ts";
import type { LogEnvironment } from "../log/environment.ts";
import type { Network } from "../net/network.ts";
import type { LoopDelay } from "./loop-delay.ts";
import { Pace } from "./pace.ts";
import type { ProcessFacts } from "./process.ts";

/** An open port. */
export interface DoorFacts {
  /** `native`, `kafka`, `http`. */
  readonly name: string;
  /** Connections; for HTTP requests under way and WebSockets, since the runtime says no more. */
  readonly open: () => number;
  readonly stats: RequestStats;
}

/** What there is to be measured. */
export interface MetricsParts {
  readonly broker: Broker;
  readonly groups: Pick<GroupCoordinator, "listGroups"> & { readonly rebalances: number };
  readonly lags: Pick<GroupLags, "of">;
  readonly logs: LogEnvironment;
  readonly network: Pick<Network, "stats" | "budget">;
  readonly doors: readonly DoorFacts[];
  readonly facts: () => Promise<ProcessFacts>;
  readonly clock: Clock;
  readonly clusterId: string;
  readonly brokerId: number;
  /** Where Kafka's clients are to connect; `null`: that port is closed. */
  readonly kafka: { readonly host: string; readonly port: number } | null;
  readonly version: string;
  /** Milliseconds of the monotonic clock. */
  readonly startedAtMs: number;
}

/** One group, as far as it is shown. */
export interface GroupView {
  readonly groupId: string;
  readonly memberCount: number;
  readonly partitions: readonly PartitionLag[];
}

/** See the head of this file. */
export interface View {
  readonly parts: MetricsParts;
  readonly topics: readonly Topic[];
  readonly groups: readonly GroupView[];
  /** How many groups are in each state. */
  readonly groupStates: ReadonlyMap<string, number>;
  /** What had no room. */
  readonly dropped: Readonly<Record<"topic" | "partition" | "group", number>>;
  readonly usableBytes: number | null;
  readonly facts: ProcessFacts;
  readonly loopDelay: LoopDelay;
}

/** Looks. Never rejects. */
export async function lookAt(parts: MetricsParts, loopDelay: LoopDelay): Promise<View> {
  const [facts, volume] = await Promise.all([parts.facts(), parts.broker.volume()]);
  const { topics, droppedTopics, droppedPartitions } = topicsWithin(parts.broker.topics());
  const { groups, groupStates, droppedGroups } = await groupsWithin(parts);
  const dropped = { topic: droppedTopics, partition: droppedPartitions, group: droppedGroups };
  const usableBytes = volume?.usableBytes ?? null;
  return { parts, topics, groups, groupStates, dropped, usableBytes, facts, loopDelay };
}

interface TopicsWithin {
  readonly topics: readonly Topic[];
  readonly droppedTopics: number;
  readonly droppedPartitions: number;
}

function topicsWithin(all: readonly Topic[]): TopicsWithin {
  const topics: Topic[] = [];
  let partitions = 0;
  let droppedPartitions = 0;
  for (const topic of all) {
    const count = topic.partitions.length;
    if (partitions + count > metricsPartitionsMax) {
      droppedPartitions += count;
      continue;
    }
    partitions += count;
    topics.push(topic);
  }
  return { topics, droppedTopics: all.length - topics.length, droppedPartitions };
}

interface GroupsWithin {
  readonly groups: readonly GroupView[];
  readonly groupStates: ReadonlyMap<string, number>;
  readonly droppedGroups: number;
}

async function groupsWithin({ groups: all, lags, clock }: MetricsParts): Promise<GroupsWithin> {
  const pace = new Pace(clock);
  const listed = (await all.listGroups({ statesFilter: [], typesFilter: [] })).groups;
  const groupStates = new Map<string, number>();
  for (const { groupState } of listed) {
    groupStates.set(groupState, (groupStates.get(groupState) ?? 0) + 1);
  }
  const groups: GroupView[] = [];
  let partitionCount = 0;
  let droppedGroups = Math.max(0, listed.length - metricsGroupsMax);
  for (const { groupId } of listed.slice(0, metricsGroupsMax)) {
    if (pace.isDue) await pace.rest();
    const lag = await lags.of(groupId);
    // A group that ends meanwhile is none any more.
    if (typeof lag === "string") continue;
    const { group, partitions } = lag;
    if (partitionCount + partitions.length > metricsGroupPartitionsMax) {
      droppedGroups += 1;
      continue;
    }
    partitionCount += partitions.length;
    groups.push({ groupId, memberCount: group.members.length, partitions });
  }
  return { groups, groupStates, droppedGroups };
}
