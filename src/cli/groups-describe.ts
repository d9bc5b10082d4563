/** `obelisk groups describe`: who is in a group, and how far it has come. */
import type { Admin } from "../client/kafka/admin.ts";
import type { GroupMember } from "../client/kafka/admin-groups.ts";
import type { PartitionLag } from "../client/kafka/admin-lag.ts";
import { byTopic, type TopicPartition } from "../client/kafka/topic-partition.ts";
import { adminDetail, adminOptions } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { type KnownGroup, knownGroups, membersText } from "./known-groups.ts";
import { withAdmin } from "./kafka-cluster.ts";
import { toggle } from "./option-kinds.ts";
import { shownCount, shownNumber, shownSeconds, shownText } from "./shown.ts";
import { type Style, table } from "./terminal.ts";
import { errorsText, sumOf } from "./topic-facts.ts";

const offsetColumns = [
  { title: "topic", align: "left" },
  { title: "partition", align: "right" },
  { title: "committed", align: "right" },
  { title: "end", align: "right" },
  { title: "lag", align: "right" },
  { title: "behind", align: "right" },
  { title: "client", align: "left" },
] as const;

const memberColumns = [
  { title: "client", align: "left" },
  { title: "host", align: "left" },
  { title: "partitions", align: "left" },
  { title: "member", align: "left" },
] as const;

/** A group, with how far it has come if that was asked for. */
interface Found extends KnownGroup {
  readonly offsets: readonly PartitionLag[];
}

export const describeGroups = defineCommand({
  name: "describe",
  summary: "who is in a group, and how far it has come in each partition",
  details: [
    adminDetail,
    "committed is the offset of the next record that the group is to read, end the one that the " +
      "next record gets, lag how many records lie between them, and behind how old the first of " +
      "those is.",
    "--json prints [{group, state, protocolType, assignor, lag, members: [{member, instance, " +
      "clientId, host, assignment: [{topic, partition}]}], offsets: [{topic, partition, " +
      "committed, start, end, lag, lagSeconds, member, clientId}]}]; null: unknown, or there is " +
      "none.",
  ],
  operands: [
    { name: "group", help: "A group", count: "one" },
    { name: "more", help: "More groups", count: "many" },
  ],
  options: {
    ...adminOptions,
    members: toggle({ help: "Only who is in it" }),
    offsets: toggle({ help: "Only how far it has come" }),
  },
  examples: [
    { args: "readers", does: "members and offsets" },
    { args: "readers --offsets --json", does: "for a script that watches the lag" },
  ],
  refuse: ({ members, offsets }) =>
    members && offsets ? "--members and --offsets leave nothing out: say neither." : null,
  async run({ options, operands, stdout, ...context }) {
    const parts: Parts = { hasMembers: !options.offsets, hasOffsets: !options.members };
    const found = await withAdmin(options, context, ({ admin }) =>
      describe(admin, [...new Set(operands)], parts),
    );
    if (found instanceof ClusterFailure) return context.fail(found.message);
    const errors = found.flatMap(({ offsets }) => offsets.flatMap(({ error }) => error ?? []));
    if (errors.length > 0) context.warn(errorsText(errors));
    if (options.json) {
      const rows = found.map((group) => jsonOf(group, parts));
      stdout.write(`${JSON.stringify(rows)}\n`);
    } else stdout.write(found.map((group) => page(group, parts, stdout.style)).join("\n"));
    return exitCode.ok;
  },
});

/** What is shown. */
interface Parts {
  readonly hasMembers: boolean;
  readonly hasOffsets: boolean;
}

async function describe(
  admin: Admin,
  groupIds: readonly string[],
  { hasOffsets }: Parts,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const group of await knownGroups(admin, groupIds)) {
    found.push({ ...group, offsets: hasOffsets ? await admin.groupLag(group.groupId) : [] });
  }
  return found;
}

function jsonOf(group: Found, { hasMembers, hasOffsets }: Parts): unknown {
  const { groupId, state, protocolType, assignor } = group;
  const members = group.members?.map((member) => ({
    member: member.memberId,
    instance: member.groupInstanceId,
    clientId: member.clientId,
    host: member.clientHost,
    assignment: member.assignment,
  }));
  const offsets = group.offsets.map((each) => ({
    topic: each.topic,
    partition: each.partition,
    committed: each.committedOffset,
    start: known(each.startOffset),
    end: known(each.endOffset),
    lag: each.lag,
    lagSeconds: each.lagSeconds,
    member: each.memberId,
    clientId: each.clientId,
  }));
  return {
    group: groupId,
    state,
    protocolType,
    assignor,
    ...(hasOffsets ? { lag: totalLag(group) } : {}),
    ...(hasMembers ? { members: members ?? null } : {}),
    ...(hasOffsets ? { offsets } : {}),
  };
}

const known = (offset: number): number | null => (offset < 0 ? null : offset);

/** Over the partitions for which the group has committed; `null`: it has not, or one is unknown. */
function totalLag({ offsets }: Found): number | null {
  const committed = offsets.filter(({ committedOffset }) => committedOffset !== null);
  return committed.length === 0 ? null : sumOf(committed.map(({ lag }) => lag));
}

function page(group: Found, { hasMembers, hasOffsets }: Parts, style: Style): string {
  const { groupId, state, assignor, offsets } = group;
  const members = group.members ?? [];
  const about = [shownText(state), membersText(group)];
  if (assignor !== "") about.push(`assignor ${shownText(assignor)}`);
  const lag = totalLag(group);
  if (hasOffsets && lag !== null) about.push(`lag ${shownCount(lag)}`);
  const parts = [`${style.bold(shownText(groupId))}: ${about.join(", ")}\n`];
  if (hasMembers && members.length > 0) parts.push(table(memberColumns, members.map(row), style));
  if (hasOffsets && offsets.length > 0) {
    if (parts.length > 1) parts.push("\n");
    parts.push(
      table(
        offsetColumns,
        offsets.map((each) => offsetRow(each, group.members !== null)),
        style,
      ),
    );
  }
  return parts.join("");
}

const row = ({ clientId, clientHost, assignment, memberId, groupInstanceId }: GroupMember) => [
  shownText(clientId),
  shownText(clientHost),
  assignment === null ? "unknown" : assignmentText(assignment),
  shownText(groupInstanceId === null ? memberId : `${memberId} (static ${groupInstanceId})`),
];

/** `orders:0,1 logs:0` */
function assignmentText(assignment: readonly TopicPartition[]): string {
  if (assignment.length === 0) return "none";
  return [...byTopic(assignment)]
    .map(([topic, all]) => `${shownText(topic)}:${all.map(({ partition }) => partition).join(",")}`)
    .join(" ");
}

/** @param isTold whether it is known who reads it */
const offsetRow = (each: PartitionLag, isTold: boolean): string[] => [
  shownText(each.topic),
  String(each.partition),
  each.committedOffset === null ? "none" : String(each.committedOffset),
  shownNumber(known(each.endOffset)),
  each.committedOffset === null ? "none" : shownCount(each.lag),
  each.committedOffset === null ? "none" : shownSeconds(each.lagSeconds),
  each.clientId === null && isTold ? "nobody" : shownText(each.clientId),
];
