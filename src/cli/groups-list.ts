/** `obelisk groups list`: every group, one a line. */
import type { Admin } from "../client/kafka/admin.ts";
import type { CommittedOffset } from "../client/kafka/admin-commits.ts";
import { partitionName, type TopicPartition } from "../client/kafka/topic-partition.ts";
import { groupsAskedMax } from "../limits.ts";
import { adminDetail, adminOptions } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { withAdmin } from "./kafka-cluster.ts";
import { shownCount, shownText } from "./shown.ts";
import { table } from "./terminal.ts";
import { offsetsAt, sumOf } from "./topic-facts.ts";

const columns = [
  { title: "group", align: "left" },
  { title: "state", align: "left" },
  { title: "protocol", align: "left" },
  { title: "members", align: "right" },
  { title: "lag", align: "right" },
] as const;

/** A group; its form in JSON. */
interface GroupRow {
  readonly group: string;
  readonly state: string;
  readonly type: string;
  readonly protocolType: string;
  readonly members: number | null;
  readonly lag: number | null;
}

export const listGroups = defineCommand({
  name: "list",
  summary: "every group with its state, its members and how far it is behind",
  details: [
    adminDetail,
    "lag counts the records that a group has not read, in the partitions for which it has " +
      "committed anything.",
    "--json prints [{group, state, type, protocolType, members, lag}]; null: unknown, or " +
      "nothing was committed.",
  ],
  options: adminOptions,
  examples: [
    { args: "", does: "those of ./data" },
    { args: "-b broker.example:9092 --json", does: "those of any Kafka, for a script" },
  ],
  async run({ options, stdout, ...context }) {
    const rows = await withAdmin(options, context, ({ admin }) => rowsOf(admin, context.warn));
    if (rows instanceof ClusterFailure) return context.fail(rows.message);
    if (options.json) stdout.write(`${JSON.stringify(rows)}\n`);
    else if (rows.length === 0) stdout.write("no groups yet\n");
    else {
      const cells = rows.map(({ group, state, protocolType, members, lag }) => [
        shownText(group),
        shownText(state),
        shownText(protocolType === "" ? "none" : protocolType),
        shownCount(members),
        lag === null ? "unknown" : shownCount(lag),
      ]);
      stdout.write(table(columns, cells, stdout.style));
    }
    return exitCode.ok;
  },
});

async function rowsOf(admin: Admin, warn: (message: string) => void): Promise<GroupRow[]> {
  const listed = await admin.listGroups();
  const rows: GroupRow[] = [];
  for (let from = 0; from < listed.length; from += groupsAskedMax) {
    const some = listed.slice(from, from + groupsAskedMax);
    const ids = some.map(({ groupId }) => groupId);
    const [described, commits] = await Promise.all([
      admin.describeGroups(ids),
      Promise.all(ids.map((groupId) => admin.committedOffsets(groupId))),
    ]);
    const ends = await offsetRange(admin, commits.flat(), warn);
    for (const [at, { groupId, state, type, protocolType }] of some.entries()) {
      const found = described[at];
      const isTold = found !== undefined && found.error === null;
      rows.push({
        group: groupId,
        state: isTold ? found.state : state,
        type,
        protocolType,
        members: isTold ? found.members.length : null,
        lag: lagOf(commits[at] ?? [], ends),
      });
    }
  }
  return rows;
}

/** The oldest offset and the end of each partition, by its name. */
interface OffsetRange {
  readonly starts: ReadonlyMap<string, number>;
  readonly ends: ReadonlyMap<string, number>;
}

async function offsetRange(
  admin: Admin,
  commits: readonly CommittedOffset[],
  warn: (message: string) => void,
): Promise<OffsetRange> {
  const topics = await admin.describeTopics([...new Set(commits.map(({ topic }) => topic))]);
  // Topics may be gone for which something is committed, and partitions without a leader.
  const led = topics.flatMap(({ name: topic, partitions }) =>
    partitions
      .filter(({ leaderId }) => leaderId >= 0)
      .map(({ partition }): [string, TopicPartition] => {
        const found = { topic, partition };
        return [partitionName(found), found];
      }),
  );
  const wanted = new Set(commits.map(partitionName));
  const partitions = led.filter(([name]) => wanted.has(name)).map(([, each]) => each);
  const [starts, ends] = await Promise.all([
    offsetsAt(admin, partitions, "earliest", warn),
    offsetsAt(admin, partitions, "latest", warn),
  ]);
  return { starts, ends };
}

function lagOf(commits: readonly CommittedOffset[], { starts, ends }: OffsetRange): number | null {
  const committed = commits.filter(({ offset }) => offset !== null);
  if (committed.length === 0) return null;
  return sumOf(
    committed.map((each) => {
      const start = starts.get(partitionName(each));
      const end = ends.get(partitionName(each));
      if (start === undefined || end === undefined) return null;
      return Math.max(0, end - Math.max(each.offset ?? 0, start));
    }),
  );
}
