/** REST v3: consumer groups, their members, and how far they are behind. */
import type { DescribedGroup, DescribedMember } from "../../broker/group-coordinator.ts";
import type { PartitionLag } from "../../broker/group-lag.ts";
import { assignedPartitions } from "../../broker/consumer-protocol.ts";
import { groupError, HttpError } from "../errors.ts";
import { json, noContent } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { decimal, flag, nullable, text, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import {
  collection,
  inCluster,
  listType,
  pageQuery,
  type Place,
  related,
  relatedType,
  resource,
  resourceType,
} from "./resource.ts";

const groupPath = { consumer_group_id: text() };
const consumerPath = { ...groupPath, consumer_id: text() };

/** Who asks: this process. From version 6 on a group that is missing is an error. */
const caller = { apiVersion: 6, clientId: "obelisk", clientHost: "" };

const groupType = resourceType("KafkaConsumerGroup", {
  consumer_group_id: text(),
  is_simple: flag({ doc: "It only commits offsets, without members." }),
  partition_assignor: text(),
  state: text({ doc: "As STABLE, EMPTY, PREPARING_REBALANCE, COMPLETING_REBALANCE, DEAD." }),
  coordinator: relatedType,
  consumers: relatedType,
  lag_summary: relatedType,
});

/** `PreparingRebalance` → `PREPARING_REBALANCE`. */
const stateWord = (state: string): string =>
  state.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();

function groupBody(place: Place, group: DescribedGroup): unknown {
  const { groupId } = group;
  const segments = ["consumer-groups", groupId];
  return resource(place, "KafkaConsumerGroup", segments, [["consumer-group", groupId]], {
    consumer_group_id: groupId,
    is_simple: group.protocolType === "",
    partition_assignor: group.protocolData,
    state: stateWord(group.groupState),
    coordinator: related(place, "brokers", place.services.brokerId),
    consumers: related(place, ...segments, "consumers"),
    lag_summary: related(place, ...segments, "lag-summary"),
  });
}

const consumerType = resourceType("KafkaConsumer", {
  consumer_group_id: text(),
  consumer_id: text(),
  instance_id: nullable(text()),
  client_id: text(),
  assignments: relatedType,
});

function consumerBody(place: Place, groupId: string, member: DescribedMember): unknown {
  const { memberId, groupInstanceId, clientId } = member;
  const segments = ["consumer-groups", groupId, "consumers", memberId];
  const name = [
    ["consumer-group", groupId],
    ["consumer", memberId],
  ] as const;
  return resource(place, "KafkaConsumer", segments, name, {
    consumer_group_id: groupId,
    consumer_id: memberId,
    instance_id: groupInstanceId,
    client_id: clientId,
    assignments: related(place, ...segments, "assignments"),
  });
}

const assignmentType = resourceType("KafkaConsumerAssignment", {
  consumer_group_id: text(),
  consumer_id: text(),
  topic_name: text(),
  partition_id: whole(),
  partition: relatedType,
  lag: relatedType,
});

const lagType = resourceType("KafkaConsumerLag", {
  consumer_group_id: text(),
  topic_name: text(),
  partition_id: whole(),
  current_offset: whole({ doc: "The committed offset." }),
  log_end_offset: whole(),
  lag: whole({ doc: "Records." }),
  lag_seconds: nullable(decimal(), {
    doc: "Age of the oldest record that is not committed; ours, Confluent's has none.",
  }),
  consumer_id: text({ doc: "Empty while nobody reads it." }),
  instance_id: nullable(text()),
  client_id: text(),
});

function lagBody(place: Place, groupId: string, lag: PartitionLag): unknown {
  const { topic, partition, member } = lag;
  const segments = ["consumer-groups", groupId, "lags", topic, "partitions", partition];
  const name = [
    ["consumer-group", groupId],
    ["lag", `${topic}-${partition}`],
  ] as const;
  return resource(place, "KafkaConsumerLag", segments, name, {
    consumer_group_id: groupId,
    topic_name: topic,
    partition_id: partition,
    current_offset: lag.currentOffset,
    log_end_offset: lag.logEndOffset,
    lag: lag.lag,
    lag_seconds: lag.lagSeconds,
    consumer_id: member?.memberId ?? "",
    instance_id: member?.groupInstanceId ?? null,
    client_id: member?.clientId ?? "",
  });
}

const summaryType = resourceType("KafkaConsumerGroupLagSummary", {
  consumer_group_id: text(),
  max_lag_consumer_id: text(),
  max_lag_instance_id: nullable(text()),
  max_lag_client_id: text(),
  max_lag_topic_name: text(),
  max_lag_partition_id: whole(),
  max_lag: whole(),
  max_lag_seconds: nullable(decimal(), { doc: "The largest of all partitions; ours." }),
  total_lag: whole(),
  max_lag_consumer: relatedType,
  max_lag_partition: relatedType,
});

function summaryBody(place: Place, groupId: string, lags: readonly PartitionLag[]): unknown {
  const largest = lags.reduce((max, each) => (each.lag > max.lag ? each : max));
  const seconds = lags.map(({ lagSeconds }) => lagSeconds).filter((each) => each !== null);
  const { topic, partition, member } = largest;
  const consumerId = member?.memberId ?? "";
  const segments = ["consumer-groups", groupId];
  return resource(
    place,
    "KafkaConsumerGroupLagSummary",
    [...segments, "lag-summary"],
    [
      ["consumer-group", groupId],
      ["lag-summary", "-"],
    ],
    {
      consumer_group_id: groupId,
      max_lag_consumer_id: consumerId,
      max_lag_instance_id: member?.groupInstanceId ?? null,
      max_lag_client_id: member?.clientId ?? "",
      max_lag_topic_name: topic,
      max_lag_partition_id: partition,
      max_lag: largest.lag,
      max_lag_seconds: seconds.length === 0 ? null : Math.max(...seconds),
      total_lag: lags.reduce((sum, each) => sum + each.lag, 0),
      max_lag_consumer: related(place, ...segments, "consumers", consumerId),
      max_lag_partition: related(place, "topics", topic, "partitions", partition),
    },
  );
}

async function groupIn(services: HttpServices, id: string): Promise<DescribedGroup | HttpError> {
  const [group] = await services.groups.describeGroups([id], caller);
  if (group === undefined) return groupError("GROUP_ID_NOT_FOUND", "consumer group");
  return group.errorCode === "NONE" ? group : groupError(group.errorCode, "consumer group");
}

async function memberIn(
  services: HttpServices,
  { consumer_group_id: groupId, consumer_id: id }: Record<keyof typeof consumerPath, string>,
): Promise<DescribedMember | HttpError> {
  const group = await groupIn(services, groupId);
  if (group instanceof HttpError) return group;
  const member = group.members.find(({ memberId }) => memberId === id);
  return member ?? groupError("UNKNOWN_MEMBER_ID", "consumer");
}

async function lagsIn(
  services: HttpServices,
  groupId: string,
): Promise<readonly PartitionLag[] | HttpError> {
  const found = await services.lags.of(groupId);
  return typeof found === "string" ? groupError(found, "consumer group") : found.partitions;
}

const listGroups = route({
  method: "GET",
  at: "/consumer-groups",
  operation: "listKafkaConsumerGroups",
  tag: "consumer groups",
  summary: "All consumer groups, by id.",
  query: pageQuery,
  answers: {
    200: { doc: "A page of them.", type: listType("KafkaConsumerGroupList", groupType) },
  },
  handle: async (call) => {
    const { groups } = call.services;
    const listed = await groups.listGroups({ statesFilter: [], typesFilter: [] });
    if (listed.errorCode !== "NONE") return groupError(listed.errorCode, "consumer groups");
    const ids = listed.groups.map(({ groupId }) => groupId);
    const rows = await groups.describeGroups(ids, caller);
    return collection(call, "KafkaConsumerGroupList", rows, (group) => groupBody(call, group));
  },
});

const getGroup = route({
  method: "GET",
  at: "/consumer-groups/{consumer_group_id}",
  operation: "getKafkaConsumerGroup",
  tag: "consumer groups",
  summary: "One consumer group.",
  path: groupPath,
  answers: { 200: { doc: "The group.", type: groupType } },
  handle: async (call) => {
    const group = await groupIn(call.services, call.path.consumer_group_id);
    return group instanceof HttpError ? group : json(groupBody(call, group));
  },
});

const deleteGroup = route({
  method: "DELETE",
  at: "/consumer-groups/{consumer_group_id}",
  operation: "deleteKafkaConsumerGroup",
  tag: "consumer groups",
  summary: "Removes a group without members, and what it has committed; ours.",
  path: groupPath,
  answers: { 204: { doc: "It is gone." } },
  errors: [409],
  handle: async ({ services, path }) => {
    const [deleted] = await services.groups.deleteGroups([path.consumer_group_id]);
    const errorCode = deleted?.errorCode ?? "GROUP_ID_NOT_FOUND";
    return errorCode === "NONE" ? noContent() : groupError(errorCode, "consumer group");
  },
});

const listConsumers = route({
  method: "GET",
  at: "/consumer-groups/{consumer_group_id}/consumers",
  operation: "listKafkaConsumers",
  tag: "consumer groups",
  summary: "The members of a group.",
  path: groupPath,
  query: pageQuery,
  answers: { 200: { doc: "A page of them.", type: listType("KafkaConsumerList", consumerType) } },
  handle: async (call) => {
    const { consumer_group_id: id } = call.path;
    const group = await groupIn(call.services, id);
    if (group instanceof HttpError) return group;
    return collection(call, "KafkaConsumerList", group.members, (member) => {
      return consumerBody(call, id, member);
    });
  },
});

const getConsumer = route({
  method: "GET",
  at: "/consumer-groups/{consumer_group_id}/consumers/{consumer_id}",
  operation: "getKafkaConsumer",
  tag: "consumer groups",
  summary: "One member of a group.",
  path: consumerPath,
  answers: { 200: { doc: "The member.", type: consumerType } },
  handle: async (call) => {
    const member = await memberIn(call.services, call.path);
    if (member instanceof HttpError) return member;
    return json(consumerBody(call, call.path.consumer_group_id, member));
  },
});

const listAssignments = route({
  method: "GET",
  at: "/consumer-groups/{consumer_group_id}/consumers/{consumer_id}/assignments",
  operation: "listKafkaConsumerAssignments",
  tag: "consumer groups",
  summary: "The partitions that a member reads.",
  path: consumerPath,
  query: pageQuery,
  answers: {
    200: { doc: "A page of them.", type: listType("KafkaConsumerAssignmentList", assignmentType) },
  },
  handle: async (call) => {
    const { consumer_group_id: groupId, consumer_id: id } = call.path;
    const member = await memberIn(call.services, call.path);
    if (member instanceof HttpError) return member;
    const rows = assignedPartitions(member.memberAssignment);
    const group = ["consumer-groups", groupId];
    return collection(call, "KafkaConsumerAssignmentList", rows, ({ topic, partition }) => {
      const place = [topic, "partitions", partition];
      const segments = [...group, "consumers", id, "assignments", ...place];
      const name = [
        ["consumer-group", groupId],
        ["consumer", id],
        ["assignment", `${topic}-${partition}`],
      ] as const;
      return resource(call, "KafkaConsumerAssignment", segments, name, {
        consumer_group_id: groupId,
        consumer_id: id,
        topic_name: topic,
        partition_id: partition,
        partition: related(call, "topics", ...place),
        lag: related(call, ...group, "lags", ...place),
      });
    });
  },
});

const getLagSummary = route({
  method: "GET",
  at: "/consumer-groups/{consumer_group_id}/lag-summary",
  operation: "getKafkaConsumerGroupLagSummary",
  tag: "consumer groups",
  summary: "How far a group is behind in all, and where most.",
  path: groupPath,
  answers: { 200: { doc: "The summary.", type: summaryType } },
  handle: async (call) => {
    const { consumer_group_id: id } = call.path;
    const lags = await lagsIn(call.services, id);
    if (lags instanceof HttpError) return lags;
    if (lags.length === 0) return HttpError.of(404, "the group has not committed any offset");
    return json(summaryBody(call, id, lags));
  },
});

const listLags = route({
  method: "GET",
  at: "/consumer-groups/{consumer_group_id}/lags",
  operation: "listKafkaConsumerLags",
  tag: "consumer groups",
  summary: "How far a group is behind, partition by partition.",
  path: groupPath,
  query: pageQuery,
  answers: { 200: { doc: "A page of them.", type: listType("KafkaConsumerLagList", lagType) } },
  handle: async (call) => {
    const { consumer_group_id: id } = call.path;
    const lags = await lagsIn(call.services, id);
    if (lags instanceof HttpError) return lags;
    return collection(call, "KafkaConsumerLagList", lags, (lag) => lagBody(call, id, lag));
  },
});

const getLag = route({
  method: "GET",
  at: "/consumer-groups/{consumer_group_id}/lags/{topic_name}/partitions/{partition_id}",
  operation: "getKafkaConsumerLag",
  tag: "consumer groups",
  summary: "How far a group is behind in one partition.",
  path: { ...groupPath, topic_name: text(), partition_id: whole({ min: 0 }) },
  answers: { 200: { doc: "The lag.", type: lagType } },
  handle: async (call) => {
    const { consumer_group_id: id, topic_name: topic, partition_id: index } = call.path;
    const lags = await lagsIn(call.services, id);
    if (lags instanceof HttpError) return lags;
    const lag = lags.find((each) => each.topic === topic && each.partition === index);
    if (lag !== undefined) return json(lagBody(call, id, lag));
    return HttpError.of(404, "the group has committed no offset for that partition");
  },
});

/** The routes of this family. */
export const groupRoutes: readonly Route[] = [
  listGroups,
  getGroup,
  deleteGroup,
  listConsumers,
  getConsumer,
  listAssignments,
  getLagSummary,
  listLags,
  getLag,
].map(inCluster);
