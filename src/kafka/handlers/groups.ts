/**
 * JoinGroup, SyncGroup, Heartbeat, LeaveGroup, DescribeGroups, ListGroups, DeleteGroups: consumer
 * groups, the classic protocol. The coordinator has the rules; here are the forms of the messages.
 *
 * JoinGroup
 * - A protocol name may be null from version 7 on; before, none is the empty text.
 * LeaveGroup
 * - Before version 3 it names one member, whose error is that of the whole answer.
 * DescribeGroups
 * - Without access control, who asks may do everything that can be done with a group.
 */
import type { Handlers, RequestContext, Handler } from "../handler.ts";
import type { GroupCaller } from "../../broker/group-coordinator.ts";
import { errors } from "../errors.ts";
import { allowedOperations } from "../operations.ts";

/** Kafka shows hosts as Java does. */
const callerOf = ({ apiVersion, clientId, caller }: RequestContext): GroupCaller => ({
  apiVersion,
  clientId,
  clientHost: `/${caller.host}`,
});

const joinGroup: Handler<"JoinGroup"> = async (request, context) => {
  const reply = await context.services.groups.joinGroup(request, callerOf(context));
  const { protocolName } = reply;
  return {
    ...reply,
    throttleTimeMs: 0,
    errorCode: errors[reply.errorCode].code,
    protocolName: context.apiVersion < 7 ? (protocolName ?? "") : protocolName,
  };
};

const syncGroup: Handler<"SyncGroup"> = async (request, context) => {
  const reply = await context.services.groups.syncGroup(request, callerOf(context));
  return { ...reply, throttleTimeMs: 0, errorCode: errors[reply.errorCode].code };
};

const heartbeat: Handler<"Heartbeat"> = async (request, { services }) => {
  const { errorCode } = await services.groups.heartbeat(request);
  return { throttleTimeMs: 0, errorCode: errors[errorCode].code };
};

const leaveGroup: Handler<"LeaveGroup"> = async (request, { services, apiVersion }) => {
  const { groupId, memberId } = request;
  const isOne = apiVersion < 3;
  const members = isOne ? [{ memberId, groupInstanceId: null, reason: null }] : request.members;
  const reply = await services.groups.leaveGroup({ groupId, members });
  const [first] = reply.members;
  const ofAll = isOne && reply.errorCode === "NONE" && first ? first.errorCode : reply.errorCode;
  return {
    throttleTimeMs: 0,
    errorCode: errors[ofAll].code,
    members: reply.members.map((member) => {
      return { ...member, errorCode: errors[member.errorCode].code };
    }),
  };
};

const describeGroups: Handler<"DescribeGroups"> = async (request, context) => {
  const asked = [...new Set(request.groups)];
  const groups = await context.services.groups.describeGroups(asked, callerOf(context));
  return {
    throttleTimeMs: 0,
    groups: groups.map((group) => ({
      ...group,
      errorCode: errors[group.errorCode].code,
      authorizedOperations: allowedOperations("group", request.includeAuthorizedOperations),
    })),
  };
};

const listGroups: Handler<"ListGroups"> = async (request, { services }) => {
  const { errorCode, groups } = await services.groups.listGroups(request);
  return { throttleTimeMs: 0, errorCode: errors[errorCode].code, groups };
};

const deleteGroups: Handler<"DeleteGroups"> = async (request, { services }) => {
  const deleted = await services.groups.deleteGroups(request.groupsNames);
  const results = deleted.map(({ groupId, errorCode }) => {
    return { groupId, errorCode: errors[errorCode].code };
  });
  return { throttleTimeMs: 0, results };
};

export const handlers = {
  DeleteGroups: deleteGroups,
  DescribeGroups: describeGroups,
  Heartbeat: heartbeat,
  JoinGroup: joinGroup,
  LeaveGroup: leaveGroup,
  ListGroups: listGroups,
  SyncGroup: syncGroup,
} satisfies Partial<Handlers>;
