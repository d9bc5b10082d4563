/** How groups look to those who ask about them: DescribeGroups and ListGroups. */
import type { DescribedGroup, ListedGroup, ListGroupsRequest } from "./group-coordinator.ts";
import { metadataOf, noBytes } from "./group-members.ts";
import type { Group } from "./group.ts";

/** The only type of group there is (KIP-848 names others). */
const classic = "classic";

/** One group. What members offer and what they have agreed on is shown of stable groups only. */
export function describeGroup(group: Group): DescribedGroup {
  const isStable = group.state === "Stable";
  return {
    errorCode: "NONE",
    errorMessage: null,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? "",
    protocolData: isStable ? (group.protocolName ?? "") : "",
    members: group.members().map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? metadataOf(member, group.protocolName) : noBytes,
      memberAssignment: member.assignment,
    })),
  };
}

/** A group that is not there: before version 6 it was a dead one, without an error (KIP-1043). */
export function describeMissing(groupId: string, apiVersion: number): DescribedGroup {
  const isError = apiVersion >= 6;
  return {
    errorCode: isError ? "GROUP_ID_NOT_FOUND" : "NONE",
    errorMessage: isError ? "there is no group of this id" : null,
    groupId,
    groupState: "Dead",
    protocolType: "",
    protocolData: "",
    members: [],
  };
}

/** The groups that a request asks for, sorted by id (KIP-518 for states, KIP-848 for types). */
export function listGroups(groups: Iterable<Group>, request: ListGroupsRequest): ListedGroup[] {
  const states = folded(request.statesFilter);
  const types = folded(request.typesFilter);
  if (types.size > 0 && !types.has(classic)) return [];
  const listed: ListedGroup[] = [];
  for (const { groupId, protocolType, state } of groups) {
    if (states.size > 0 && !states.has(state.toLowerCase())) continue;
    listed.push({
      groupId,
      protocolType: protocolType ?? "",
      groupState: state,
      groupType: classic,
    });
  }
  return listed.sort((one, other) => (one.groupId < other.groupId ? -1 : 1));
}

const folded = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => name.trim().toLowerCase()));
