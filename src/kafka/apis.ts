/**
 * The one list of APIs that this broker serves. ApiVersions, the type of the handlers, the table of
 * supported versions in README.md and the comparison with Kafka's own definitions come from it.
 *
 * What is not here is not advertised, and a client does without it. Later APIs have their places
 * between the keys: transactions (24–28, 65, 66), SASL (17, 36), ACLs (29–31), quotas (48, 49),
 * SCRAM users (50, 51), the newer groups (68, 69), share groups (76–79, 90–92).
 */
import type { Api } from "../wire/table.ts";
import {
  AlterPartitionReassignments,
  DescribeLogDirs,
  DescribeQuorum,
  ElectLeaders,
  ListPartitionReassignments,
} from "./messages/cluster.ts";
import {
  AlterConfigs,
  DescribeConfigs,
  IncrementalAlterConfigs,
  ListConfigResources,
} from "./messages/configs.ts";
import { Fetch, ListOffsets, OffsetForLeaderEpoch } from "./messages/fetch.ts";
import {
  DeleteGroups,
  DescribeGroups,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  SyncGroup,
} from "./messages/groups.ts";
import {
  ApiVersions,
  DescribeCluster,
  DescribeTopicPartitions,
  FindCoordinator,
  Metadata,
} from "./messages/metadata.ts";
import { OffsetCommit, OffsetDelete, OffsetFetch } from "./messages/offsets.ts";
import { Produce } from "./messages/produce.ts";
import { DescribeProducers, InitProducerId } from "./messages/producers.ts";
import { CreatePartitions, CreateTopics, DeleteRecords, DeleteTopics } from "./messages/topics.ts";

/** By Kafka's names, in the order of their keys. */
export const apis = {
  Produce,
  Fetch,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  FindCoordinator,
  JoinGroup,
  Heartbeat,
  LeaveGroup,
  SyncGroup,
  DescribeGroups,
  ListGroups,
  ApiVersions,
  CreateTopics,
  DeleteTopics,
  DeleteRecords,
  InitProducerId,
  OffsetForLeaderEpoch,
  DescribeConfigs,
  AlterConfigs,
  DescribeLogDirs,
  CreatePartitions,
  DeleteGroups,
  ElectLeaders,
  IncrementalAlterConfigs,
  AlterPartitionReassignments,
  ListPartitionReassignments,
  OffsetDelete,
  DescribeQuorum,
  DescribeCluster,
  DescribeProducers,
  ListConfigResources,
  DescribeTopicPartitions,
} as const;

export type ApiName = keyof typeof apis;

const byKey = new Map<number, Api>(Object.values(apis).map((api) => [api.key, api]));

/** The API with this key; `undefined`: not served. */
export const apiOf = (key: number): Api | undefined => byKey.get(key);

/** Whether this version of it is served; Produce 0–2 are advertised all the same. */
export const isServed = ({ versions: [oldest, newest] }: Api, version: number): boolean =>
  version >= oldest && version <= newest;

/** What ApiVersions answers: the column `apiKeys` of its response. */
export const advertised = Object.values(apis).map(({ key, advertised: [oldest, newest] }) => {
  return { apiKey: key, minVersion: oldest, maxVersion: newest };
});
