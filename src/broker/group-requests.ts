/**
 * Requests of group members, checked against every bound before a group sees them, and copied:
 * what they hold is kept for as long as the group, and must not keep the bytes of a whole read
 * from a socket with it.
 */
import {
  groupIdCharactersMax,
  groupMemberBytesMax,
  groupNameCharactersMax,
  groupProtocolsMax,
} from "../limits.ts";
import type { GroupProtocol } from "../metadata/metadata.ts";
import type { GroupCaller, JoinGroupRequest, SyncGroupRequest } from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import { protocolBytes } from "./group-members.ts";
import type { GroupRules } from "./group-rules.ts";

/**
 * Whether a group may have this id. Ill-formed text would come back from the store as another. The
 * empty one is for those who merely commit offsets, as it always was.
 */
export function groupIdError(groupId: string): GroupErrorCode {
  return groupId.length <= groupIdCharactersMax && groupId.isWellFormed()
    ? "NONE"
    : "INVALID_GROUP_ID";
}

/** The same for a group that has members. */
export const memberGroupIdError = (groupId: string): GroupErrorCode =>
  groupId === "" ? "INVALID_GROUP_ID" : groupIdError(groupId);

export function joinError(request: JoinGroupRequest, rules: GroupRules): GroupErrorCode {
  const { groupId, sessionTimeoutMs, groupInstanceId, protocolType, protocols } = request;
  const errorCode = memberGroupIdError(groupId);
  if (errorCode !== "NONE") return errorCode;
  const { sessionTimeoutMsMin, sessionTimeoutMsMax } = rules;
  if (sessionTimeoutMs < sessionTimeoutMsMin || sessionTimeoutMs > sessionTimeoutMsMax) {
    return "INVALID_SESSION_TIMEOUT";
  }
  const names = [groupInstanceId ?? "", protocolType, ...protocols.map(({ name }) => name)];
  if (protocols.length > groupProtocolsMax || !names.every(isName)) return "INVALID_REQUEST";
  return protocolBytes(protocols) > groupMemberBytesMax ? "INVALID_REQUEST" : "NONE";
}

/** Before version 1 the session timeout counts for both. A protocol counts once. */
export function boundedJoin(request: JoinGroupRequest): JoinGroupRequest {
  const { rebalanceTimeoutMs, sessionTimeoutMs } = request;
  const protocols = new Map<string, GroupProtocol>();
  for (const { name, metadata } of request.protocols) {
    if (!protocols.has(name)) protocols.set(name, { name, metadata: metadata.slice() });
  }
  return {
    ...request,
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    protocols: [...protocols.values()],
  };
}

/** A client's id and host as they may be shown and stored. */
export const boundedCaller = ({ apiVersion, clientId, clientHost }: GroupCaller): GroupCaller => ({
  apiVersion,
  clientId: bounded(clientId),
  clientHost: bounded(clientHost),
});

/** From version 5 on the protocol must be named (KIP-559). */
export function syncError(request: SyncGroupRequest, { apiVersion }: GroupCaller): GroupErrorCode {
  const errorCode = memberGroupIdError(request.groupId);
  if (errorCode !== "NONE") return errorCode;
  const isNamed = request.protocolType !== null && request.protocolName !== null;
  if (apiVersion >= 5 && !isNamed) return "INCONSISTENT_GROUP_PROTOCOL";
  const isLarge = request.assignments.some(
    ({ assignment }) => assignment.length > groupMemberBytesMax,
  );
  return isLarge ? "INVALID_REQUEST" : "NONE";
}

export const boundedSync = (request: SyncGroupRequest): SyncGroupRequest => ({
  ...request,
  assignments: request.assignments.map(({ memberId, assignment }) => ({
    memberId,
    assignment: assignment.slice(),
  })),
});

const isName = (name: string): boolean =>
  name.length <= groupNameCharactersMax && name.isWellFormed();

const bounded = (text: string): string => text.slice(0, groupNameCharactersMax).toWellFormed();
