/**
 * Consumer groups as the console shows them: each with its members and its lag in one answer, the
 * partitions in pieces.
 */
import { assignedPartitions } from "../../broker/consumer-protocol.ts";
import type { GroupLag } from "../../broker/group-lag.ts";
import { consoleLagMs } from "../../limits.ts";
import { groupError } from "../errors.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import {
  decimal,
  list,
  named,
  nullable,
  object,
  oneOf,
  optional,
  text,
  type ValueOf,
  whole,
} from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { Kept } from "./kept.ts";
import { type KeyOf, inTurns, pieceOf, rowsQuery } from "./rows.ts";

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

const groupRowsType = named(
  "ConsoleGroupList",
  object({
    total: whole({ doc: "All groups there are." }),
    found: whole({ doc: "Those that fit." }),
    groups: list(groupRowType),
  }),
);
export type GroupRows = ValueOf<typeof groupRowsType>;

const summaryOf = ({ group }: GroupLag) => ({
  group_id: group.groupId,
  state: group.groupState,
  protocol: group.protocolData,
});

/** The largest that is known. */
export const latest = (seconds: readonly (number | null)[]): number | null =>
  seconds.reduce((max, each) => (each === null ? max : Math.max(max ?? 0, each)), null);

const sumsOf = ({ partitions }: GroupLag) => ({
  lag: partitions.reduce((sum, each) => sum + each.lag, 0),
  lag_seconds: latest(partitions.map(({ lagSeconds }) => lagSeconds)),
});

const groupRow = (lag: GroupLag): GroupRow => ({
  ...summaryOf(lag),
  members: lag.group.members.length,
  partitions: lag.partitions.length,
  ...sumsOf(lag),
});

/** All groups, by id; those that end meanwhile are left out. */
export const groupRows = new Kept(consoleLagMs, async (services: HttpServices) => {
  const { groups: coordinator, lags } = services;
  const { groups } = await coordinator.listGroups({ statesFilter: [], typesFilter: [] });
  const rows: GroupRow[] = [];
  await inTurns(groups, services, async ({ groupId }) => {
    const lag = await lags.of(groupId);
    if (typeof lag !== "string") rows.push(groupRow(lag));
  });
  return rows;
});

const groupKeys = {
  id: null,
  state: ({ state }) => state,
  members: ({ members }) => members,
  partitions: ({ partitions }) => partitions,
  lag: ({ lag }) => lag,
  behind: ({ lag_seconds: seconds }) => seconds,
} satisfies Readonly<Record<string, KeyOf<GroupRow> | null>>;
export type GroupOrder = keyof typeof groupKeys;

const listGroups = route({
  method: "GET",
  at: "/console/api/groups",
  operation: "listConsoleGroups",
  tag: "console",
  summary: "Consumer groups with their lag: those that fit, in pieces.",
  query: {
    ...rowsQuery,
    order: optional(
      oneOf(["id", "state", "members", "partitions", "lag", "behind"], {
        doc: "By id by default.",
      }),
    ),
  },
  answers: { 200: { doc: "A piece of them.", type: groupRowsType } },
  handle: async ({ services, query }) => {
    const all = await groupRows.of(services);
    const { order = "id" } = query;
    const { found, rows } = pieceOf(all, query, ({ group_id: id }) => id, groupKeys[order]);
    return json({ total: all.length, found, groups: rows } satisfies GroupRows);
  },
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
    topics: list(text(), { doc: "In which it has committed an offset." }),
    partitions: whole({ doc: "Likewise." }),
    lag: whole({ doc: "Records, of all partitions." }),
    lag_seconds: nullable(decimal(), { doc: "The largest." }),
    unread: whole({ doc: "Partitions that no member reads, though there are members." }),
    misplaced: whole({ doc: "Partitions whose committed offset has no record any more, or yet." }),
    found: whole({ doc: "Partitions of the topics that were searched for." }),
    rows: list(
      object({
        topic: text(),
        partition: whole(),
        committed: whole(),
        start: whole({ doc: "The first record; a smaller committed offset is of none." }),
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
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [partition]);
    else known.push(partition);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

type Lag = GroupDetail["rows"][number];

const lagKeys = {
  partition: null,
  committed: ({ committed }) => committed,
  end: ({ end }) => end,
  lag: ({ lag }) => lag,
  behind: ({ lag_seconds: seconds }) => seconds,
  member: ({ member_id: id }) => id ?? "",
} satisfies Readonly<Record<string, KeyOf<Lag> | null>>;
export type LagOrder = keyof typeof lagKeys;

function lagRows({ broker }: HttpServices, { partitions }: GroupLag): readonly Lag[] {
  return partitions.map((each) => ({
    topic: each.topic,
    partition: each.partition,
    committed: each.currentOffset,
    start: broker.topic(each.topic)?.partitions[each.partition]?.watermarks.startOffset ?? 0,
    end: each.logEndOffset,
    lag: each.lag,
    lag_seconds: each.lagSeconds,
    member_id: each.member?.memberId ?? null,
  }));
}

const membersOf = ({ group }: GroupLag): GroupDetail["members"] =>
  group.members.map((member) => ({
    member_id: member.memberId,
    instance_id: member.groupInstanceId,
    client_id: member.clientId,
    host: member.clientHost.replace(/^\//, ""),
    assignment: assignmentOf(member.memberAssignment),
  }));

const getGroup = route({
  method: "GET",
  at: "/console/api/groups/{group_id}",
  operation: "getConsoleGroup",
  tag: "console",
  summary: "One consumer group: its members, and its lag partition by partition, in pieces.",
  path: { group_id: text() },
  query: {
    ...rowsQuery,
    order: optional(
      oneOf(["partition", "committed", "end", "lag", "behind", "member"], {
        doc: "By topic and partition by default.",
      }),
    ),
  },
  answers: { 200: { doc: "The group.", type: groupType } },
  handle: async ({ services, path, query }) => {
    const lag = await services.lags.of(path.group_id);
    if (typeof lag === "string") return groupError(lag, "consumer group");
    const all = lagRows(services, lag);
    const { order = "partition" } = query;
    const members = membersOf(lag);
    const { found, rows } = pieceOf(all, query, ({ topic }) => topic, lagKeys[order]);
    const isRead = members.some(({ assignment }) => assignment.length > 0);
    const body: GroupDetail = {
      ...summaryOf(lag),
      members,
      topics: [...new Set(all.map(({ topic }) => topic))],
      partitions: all.length,
      ...sumsOf(lag),
      unread: isRead ? all.filter(({ member_id: id }) => id === null).length : 0,
      misplaced: all.filter(({ committed, start, end }) => committed < start || committed > end)
        .length,
      found,
      rows,
    };
    return json(body);
  },
});

/** The routes of this family. */
export const consoleGroupRoutes: readonly Route[] = [listGroups, getGroup];
