/** Consumer groups as the console shows them: each with its members and its lag in one answer. */
import { assignedPartitions } from "../../broker/consumer-protocol.ts";
import type { GroupLag } from "../../broker/group-lag.ts";
import { consoleLagMs } from "../../limits.ts";
import { groupError } from "../errors.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { decimal, list, named, nullable, object, text, type ValueOf, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { Kept } from "./kept.ts";

const summaryFields = {
  group_id: text(),
  state: text({ doc: "Kafka's word: Stable, Empty, PreparingRebalance and so on." }),
  protocol: text({ doc: "How the members share partitions; empty while they don't." }),
};

const groupRowType = named(
  "ConsoleGroup",
  object({
    ...summaryFields,
    members: whole(),
    partitions: whole({ doc: "For which it has committed an offset." }),
    lag: whole({ doc: "Records." }),
    lag_seconds: nullable(decimal(), { doc: "The largest; null: unknown, or nothing committed." }),
  }),
);
export type GroupRow = ValueOf<typeof groupRowType>;

const groupRowsType = named("ConsoleGroupList", object({ groups: list(groupRowType) }));
export type GroupRows = ValueOf<typeof groupRowsType>;

const summaryOf = ({ group }: GroupLag) => ({
  group_id: group.groupId,
  state: group.groupState,
  protocol: group.protocolData,
});

function groupRow(lag: GroupLag): GroupRow {
  const seconds = lag.partitions.flatMap(({ lagSeconds }) => lagSeconds ?? []);
  return {
    ...summaryOf(lag),
    members: lag.group.members.length,
    partitions: lag.partitions.length,
    lag: lag.partitions.reduce((sum, each) => sum + each.lag, 0),
    lag_seconds: seconds.reduce<number | null>((max, each) => Math.max(max ?? 0, each), null),
  };
}

const groupRows = new Kept(consoleLagMs, async ({ lags }: HttpServices): Promise<GroupRows> => {
  return { groups: (await lags.all()).map(groupRow) };
});

const listGroups = route({
  method: "GET",
  at: "/console/api/groups",
  operation: "listConsoleGroups",
  tag: "console",
  summary: "All consumer groups with their lag, by id.",
  answers: { 200: { doc: "All of them.", type: groupRowsType } },
  handle: async ({ services }) => json(await groupRows.of(services)),
});

const groupType = named(
  "ConsoleGroupDetail",
  object({
    ...summaryFields,
    members: list(
      object({
        member_id: text(),
        instance_id: nullable(text()),
        client_id: text(),
        host: text(),
        assignment: list(object({ topic: text(), partitions: list(whole()) })),
      }),
    ),
    partitions: list(
      object({
        topic: text(),
        partition: whole(),
        committed: whole(),
        end: whole(),
        lag: whole(),
        lag_seconds: nullable(decimal()),
        member_id: nullable(text()),
      }),
    ),
  }),
);
export type GroupDetail = ValueOf<typeof groupType>;

/** A member's partitions, topic by topic. */
function assignmentOf(encoded: Uint8Array) {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of assignedPartitions(encoded)) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

const detailOf = (lag: GroupLag): GroupDetail => ({
  ...summaryOf(lag),
  members: lag.group.members.map((member) => ({
    member_id: member.memberId,
    instance_id: member.groupInstanceId,
    client_id: member.clientId,
    host: member.clientHost.replace(/^\//, ""),
    assignment: assignmentOf(member.memberAssignment),
  })),
  partitions: lag.partitions.map((each) => ({
    topic: each.topic,
    partition: each.partition,
    committed: each.currentOffset,
    end: each.logEndOffset,
    lag: each.lag,
    lag_seconds: each.lagSeconds,
    member_id: each.member?.memberId ?? null,
  })),
});

const getGroup = route({
  method: "GET",
  at: "/console/api/groups/{group_id}",
  operation: "getConsoleGroup",
  tag: "console",
  summary: "One consumer group: its members, and its lag partition by partition.",
  path: { group_id: text() },
  answers: { 200: { doc: "The group.", type: groupType } },
  handle: async ({ services, path }) => {
    const lag = await services.lags.of(path.group_id);
    return typeof lag === "string" ? groupError(lag, "consumer group") : json(detailOf(lag));
  },
});

/** The routes of this family. */
export const consoleGroupRoutes: readonly Route[] = [listGroups, getGroup];
