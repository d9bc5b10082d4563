/**
 * The tables of consumer groups, the classic protocol: join, synchronize, heartbeat, leave;
 * describe, list and delete.
 */
import { api, bool, bytes, int16, int32, list, string } from "../../wire/table.ts";
import { authorizedOperations } from "./columns.ts";

/**
 * Joins a group, or joins it anew; answered once the group has gathered.
 *
 * 1: `rebalanceTimeoutMs`. 4: a new member is given its id, and has to come back with it (KIP-394).
 * 5: static members (KIP-345). 7: `protocolType` (KIP-559). 8: `reason` (KIP-800).
 * 9: `skipAssignment` (KIP-814).
 */
export const JoinGroup = api(
  { name: "JoinGroup", key: 11, versions: [0, 9], flexible: 6 },
  {
    groupId: string,
    sessionTimeoutMs: int32,
    // -1, before version 1: the session timeout.
    rebalanceTimeoutMs: int32.since(1).default(-1),
    // Empty: a new member.
    memberId: string,
    groupInstanceId: string.since(5).nullable().default(null),
    protocolType: string,
    // In order of preference; one that all members have is chosen.
    protocols: list({
      name: string,
      metadata: bytes,
    }),
    reason: string.since(8).nullable().default(null),
  },
  {
    throttleTimeMs: int32.since(2),
    errorCode: int16,
    generationId: int32.default(-1),
    protocolType: string.since(7).nullable().default(null),
    protocolName: string.nullable(7),
    leader: string,
    skipAssignment: bool.since(9),
    memberId: string,
    // Told to the leader alone.
    members: list({
      memberId: string,
      groupInstanceId: string.since(5).nullable().default(null),
      metadata: bytes,
    }),
  },
);

/**
 * The leader hands in all assignments, each member gets its own.
 *
 * 3: static members. 5: protocol type and name have to be the group's (KIP-559).
 */
export const SyncGroup = api(
  { name: "SyncGroup", key: 14, versions: [0, 5], flexible: 4 },
  {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
    protocolType: string.since(5).nullable().default(null),
    protocolName: string.since(5).nullable().default(null),
    // The leader's; others send none.
    assignments: list({
      memberId: string,
      assignment: bytes,
    }),
  },
  {
    throttleTimeMs: int32.since(1),
    errorCode: int16,
    protocolType: string.since(5).nullable().default(null),
    protocolName: string.since(5).nullable().default(null),
    assignment: bytes,
  },
);

/** Keeps a member in its group, and tells it of a rebalance. 3: static members. */
export const Heartbeat = api(
  { name: "Heartbeat", key: 12, versions: [0, 4], flexible: 4 },
  {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
  },
  {
    throttleTimeMs: int32.since(1),
    errorCode: int16,
  },
);

/** Leaves a group. 3: many members at once, by instance (KIP-345). 5: `reason` (KIP-800). */
export const LeaveGroup = api(
  { name: "LeaveGroup", key: 13, versions: [0, 5], flexible: 4 },
  {
    groupId: string,
    memberId: string.until(2),
    members: list({
      // May be empty where `groupInstanceId` says who.
      memberId: string,
      groupInstanceId: string.nullable().default(null),
      reason: string.since(5).nullable().default(null),
    }).since(3),
  },
  {
    throttleTimeMs: int32.since(1),
    errorCode: int16,
    members: list({
      memberId: string,
      groupInstanceId: string.nullable(),
      errorCode: int16,
    }).since(3),
  },
);

/**
 * Groups with their members. 3: `authorizedOperations`. 4: static members.
 *
 * 6: a group that does not exist is GROUP_ID_NOT_FOUND, and no longer a dead one (KIP-1043).
 */
export const DescribeGroups = api(
  { name: "DescribeGroups", key: 15, versions: [0, 6], flexible: 5 },
  {
    groups: list(string),
    includeAuthorizedOperations: bool.since(3),
  },
  {
    throttleTimeMs: int32.since(1),
    groups: list({
      errorCode: int16,
      errorMessage: string.since(6).nullable().default(null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: list({
        memberId: string,
        groupInstanceId: string.since(4).nullable().default(null),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: authorizedOperations.since(3),
    }),
  },
);

/** The groups of this broker. 4: by state (KIP-518). 5: by type (KIP-848). */
export const ListGroups = api(
  { name: "ListGroups", key: 16, versions: [0, 5], flexible: 3 },
  {
    statesFilter: list(string).since(4),
    typesFilter: list(string).since(5),
  },
  {
    throttleTimeMs: int32.since(1),
    errorCode: int16,
    groups: list({
      groupId: string,
      protocolType: string,
      groupState: string.since(4),
      groupType: string.since(5),
    }),
  },
);

/** Deletes groups without members, and their offsets (KIP-229). */
export const DeleteGroups = api(
  { name: "DeleteGroups", key: 42, versions: [0, 2], flexible: 2 },
  {
    groupsNames: list(string),
  },
  {
    throttleTimeMs: int32,
    results: list({
      groupId: string,
      errorCode: int16,
    }),
  },
);
