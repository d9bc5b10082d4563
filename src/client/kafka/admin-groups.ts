/** Consumer groups, as an admin sees them: which there are, who is in them, and their end. */
import { apis } from "../../kafka/apis.ts";
import { Malformed } from "../../wire/reader.ts";
import {
  coordinatorRoute,
  leftOut,
  type AdminCalls,
  type Ask,
  type Outcome,
} from "./admin-calls.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import { consumerProtocolType, readAssignment } from "./consumer-protocol.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** A group in a list. */
export interface ListedGroup {
  readonly groupId: string;
  /** `consumer`, or what its members have made up; empty: it has only committed offsets. */
  readonly protocolType: string;
  /** `Stable`, `Empty`, …; empty: the broker is too old to tell. */
  readonly state: string;
  /** `Classic`, `Consumer`, …; empty: the broker is too old to tell. */
  readonly type: string;
  /** The node that coordinates it. */
  readonly coordinator: number;
}

/** A member of a group. */
export interface GroupMember {
  readonly memberId: string;
  /** `null`: it is no static member. */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** What it reads; `null`: it is no consumer, or says so in a way that can't be read. */
  readonly assignment: readonly TopicPartition[] | null;
}

/** What became of one group. */
export interface GroupOutcome extends Outcome {
  readonly groupId: string;
}

export interface DescribedGroup extends GroupOutcome {
  readonly state: string;
  readonly protocolType: string;
  /** How partitions are assigned: `range`, `cooperative-sticky`, … */
  readonly protocol: string;
  readonly members: readonly GroupMember[];
}

/** All groups of all brokers, by their ids. */
export function listGroups(calls: AdminCalls): Promise<ListedGroup[]> {
  const { cluster } = calls;
  return calls.once(async () => {
    const { nodes } = await cluster.describe();
    const listed = nodes.map(async ({ nodeId }) => {
      const request = { statesFilter: [], typesFilter: [] };
      const { errorCode, groups } = await cluster.send(nodeId, apis.ListGroups, request);
      const error = kafkaError(errorCode, `listing the groups of broker ${nodeId}`);
      if (error !== null) throw error;
      return groups.map(({ groupId, protocolType, groupState, groupType }) => {
        return { groupId, protocolType, state: groupState, type: groupType, coordinator: nodeId };
      });
    });
    const all = (await Promise.all(listed)).flat();
    return all.sort((a, b) => (a.groupId < b.groupId ? -1 : a.groupId > b.groupId ? 1 : 0));
  });
}

/** A group that is not there is GROUP_ID_NOT_FOUND, whatever the broker's version. */
export function describeGroups(
  calls: AdminCalls,
  groupIds: readonly string[],
): Promise<DescribedGroup[]> {
  const ask: Ask<string, DescribedGroup> = async (to, items) => {
    const request = { groups: items, includeAuthorizedOperations: false };
    const { groups } = await calls.cluster.send(to, apis.DescribeGroups, request);
    const rows = new Map(groups.map((row) => [row.groupId, row]));
    return items.map((groupId) => {
      const row = rows.get(groupId);
      if (row === undefined) return notDescribed(groupId, leftOut());
      const error = kafkaError(row.errorCode, `describing group ${groupId}`, row.errorMessage);
      if (error !== null) return notDescribed(groupId, error);
      if (row.groupState === "Dead") return notDescribed(groupId, notFound(groupId));
      const isConsumer = row.protocolType === consumerProtocolType;
      return {
        groupId,
        state: row.groupState,
        protocolType: row.protocolType,
        protocol: row.protocolData,
        members: row.members.map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          clientId: member.clientId,
          clientHost: member.clientHost.replace(/^\//, ""),
          assignment: isConsumer ? assignmentIn(member.memberAssignment) : null,
        })),
        error: null,
      };
    });
  };
  return calls.each(groupIds, groupRoute(calls), ask, notDescribed);
}

const groupRoute = ({ cluster }: AdminCalls) =>
  coordinatorRoute<string>(cluster, (groupId) => groupId);

const notFound = (groupId: string): ClientError =>
  new ClientError("GROUP_ID_NOT_FOUND", `there is no group ${groupId} (GROUP_ID_NOT_FOUND)`);

const notDescribed = (groupId: string, error: ClientError): DescribedGroup => ({
  groupId,
  state: "",
  protocolType: "",
  protocol: "",
  members: [],
  error,
});

/** What a member was given; `null`: it can't be read. */
function assignmentIn(bytes: Uint8Array): readonly TopicPartition[] | null {
  const assignment = readAssignment(bytes);
  return assignment instanceof Malformed ? null : assignment;
}

export function deleteGroups(
  calls: AdminCalls,
  groupIds: readonly string[],
): Promise<GroupOutcome[]> {
  const failed = (groupId: string, error: ClientError | null): GroupOutcome => ({ groupId, error });
  const ask: Ask<string, GroupOutcome> = async (to, items, isRepeated) => {
    const response = await calls.cluster.send(to, apis.DeleteGroups, { groupsNames: items });
    const rows = new Map(response.results.map((row) => [row.groupId, row]));
    return items.map((groupId) => {
      const row = rows.get(groupId);
      if (row === undefined) return failed(groupId, leftOut());
      const error = kafkaError(row.errorCode, `deleting group ${groupId}`);
      // The first attempt has deleted it, and its answer was lost.
      if (isRepeated && error?.code === "GROUP_ID_NOT_FOUND") return failed(groupId, null);
      return failed(groupId, error);
    });
  };
  return calls.each(groupIds, groupRoute(calls), ask, failed);
}
