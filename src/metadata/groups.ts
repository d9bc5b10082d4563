/**
 * The consumer groups as rows of SQL. `consumer_groups` has one row for each group that has had
 * members, `group_members` and `group_member_protocols` those of its last complete generation;
 * `group_offsets` has one row for each committed offset, also of groups that have nothing else.
 * The statements are the same on SQLite and PostgreSQL.
 *
 * Ids and texts are whatever clients send. PostgreSQL's text holds everything but U+0000, so that
 * one is escaped, everywhere, with a backslash.
 */
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { shownCharactersMax } from "../limits.ts";
import type {
  GroupChange,
  GroupMemberRow,
  GroupProtocol,
  GroupRow,
  GroupStore,
  OffsetRow,
  StoredGroup,
} from "./metadata.ts";
import type { Statement, Transactions } from "./transactions.ts";

/** The store of consumer groups over one database. */
export function sqlGroups(transactions: Transactions<Statement>): GroupStore {
  return {
    all: () => transactions.read("reading the groups", readGroups),

    apply: (changes) =>
      transactions.run(`changing ${changes.length} groups`, async (sql) => {
        // One after another: after a failure nothing may run outside of the transaction.
        for (const change of changes) await applyChange(sql, change);
        return null;
      }),
  };
}

async function applyChange(sql: Statement, change: GroupChange): Promise<void> {
  const group = stored(change.groupId);
  switch (change.kind) {
    case "generation":
      return await replaceGeneration(sql, group, change.row);
    case "commit":
      return await putOffsets(sql, group, change.offsets);
    case "forget":
      for (const { topic, partitionIndex } of change.partitions) {
        await sql`
          delete from group_offsets
          where group_id = ${group} and topic = ${stored(topic)}
            and partition_index = ${partitionIndex}`;
      }
      return;
    case "remove":
      await sql`delete from consumer_groups where group_id = ${group}`;
      await sql`delete from group_offsets where group_id = ${group}`;
  }
}

async function replaceGeneration(sql: Statement, group: string, row: GroupRow): Promise<void> {
  await sql`delete from consumer_groups where group_id = ${group}`;
  await sql`
    insert into consumer_groups
      (group_id, generation_id, protocol_type, protocol_name, leader, current_state_timestamp)
    values (${group}, ${row.generationId}, ${storedOrNull(row.protocolType)},
            ${storedOrNull(row.protocolName)}, ${storedOrNull(row.leader)},
            ${row.currentStateTimestamp})`;
  for (const [ordinal, member] of row.members.entries()) {
    const id = stored(member.memberId);
    await sql`
      insert into group_members
        (group_id, member_id, ordinal, group_instance_id, client_id, client_host,
         rebalance_timeout_ms, session_timeout_ms, assignment)
      values (${group}, ${id}, ${ordinal}, ${storedOrNull(member.groupInstanceId)},
              ${stored(member.clientId)}, ${stored(member.clientHost)},
              ${member.rebalanceTimeoutMs}, ${member.sessionTimeoutMs}, ${member.assignment})`;
    for (const [place, { name, metadata }] of member.protocols.entries()) {
      await sql`
        insert into group_member_protocols (group_id, member_id, ordinal, name, metadata)
        values (${group}, ${id}, ${place}, ${stored(name)}, ${metadata})`;
    }
  }
}

/**
 * Several rows a statement, since preparing one takes longer than a row: of eight each takes a
 * third of the time that it takes alone, and of many more it is longer again.
 */
const offsetsPerStatement = 8;
const offsetColumns = 8;

const putOffsetsText = (rows: number): string => {
  const values = Array.from({ length: rows }, (_, row) => {
    const names = Array.from({ length: offsetColumns }, (__, at) => {
      return `$${row * offsetColumns + at + 1}`;
    });
    return `(${names.join(", ")})`;
  });
  return `
    insert into group_offsets
      (group_id, topic, partition_index, committed_offset, committed_leader_epoch, metadata,
       commit_timestamp, expire_timestamp)
    values ${values.join(", ")}
    on conflict (group_id, topic, partition_index) do update set
      committed_offset = excluded.committed_offset,
      committed_leader_epoch = excluded.committed_leader_epoch,
      metadata = excluded.metadata,
      commit_timestamp = excluded.commit_timestamp,
      expire_timestamp = excluded.expire_timestamp`;
};

/** By the number of rows, as far as there was need of them. */
const putOffsetsTexts: string[] = [];

async function putOffsets(
  sql: Statement,
  group: string,
  offsets: readonly OffsetRow[],
): Promise<void> {
  // PostgreSQL refuses a statement that would write one row twice.
  const last = new Map(offsets.map((row) => [`${row.partitionIndex} ${row.topic}`, row]));
  const rows = [...last.values()];
  for (let from = 0; from < rows.length; from += offsetsPerStatement) {
    const some = rows.slice(from, from + offsetsPerStatement);
    await sql.unsafe(
      (putOffsetsTexts[some.length] ??= putOffsetsText(some.length)),
      some.flatMap((row) => offsetValues(group, row)),
    );
  }
}

const offsetValues = (group: string, row: OffsetRow): (string | number | null)[] => [
  group,
  stored(row.topic),
  row.partitionIndex,
  row.committedOffset,
  row.committedLeaderEpoch,
  stored(row.metadata),
  row.commitTimestamp,
  row.expireTimestamp,
];

/** Only the broker that reads here writes groups, so the four statements agree. */
async function readGroups(sql: Statement): Promise<readonly StoredGroup[] | Refusal> {
  const damage = new Damage();
  const protocols = new Grouped<GroupProtocol>();
  for (const row of await sql`
    select group_id, member_id, name, metadata from group_member_protocols
    order by group_id, member_id, ordinal`) {
    const at = damage.in(row, "protocol of group");
    protocols.add(memberKey(row), { name: at.text("name"), metadata: at.bytes("metadata") });
  }
  const members = new Grouped<GroupMemberRow>();
  for (const row of await sql`select * from group_members order by group_id, ordinal`) {
    members.add(row["group_id"], memberOf(damage.in(row, "member of group"), protocols));
  }
  const groups = new Map<unknown, GroupRow>();
  for (const row of await sql`select * from consumer_groups`) {
    groups.set(row["group_id"], groupOf(damage.in(row, "group"), members));
  }
  const offsets = new Grouped<OffsetRow>();
  for (const row of await sql`
    select * from group_offsets order by group_id, topic, partition_index`) {
    offsets.add(row["group_id"], offsetOf(damage.in(row, "offset of group")));
  }
  if (damage.first !== null) return damage.first;
  const ids = new Set([...groups.keys(), ...offsets.keys()]);
  return [...ids].map((id) => {
    const row = groups.get(id) ?? null;
    return { groupId: loaded(String(id)), row, offsets: offsets.of(id) };
  });
}

const memberKey = (row: Record<string, unknown>): string =>
  JSON.stringify([row["group_id"], row["member_id"]]);

function groupOf(at: CheckedRow, members: Grouped<GroupMemberRow>): GroupRow {
  return {
    groupId: at.text("group_id"),
    generationId: at.integer("generation_id"),
    protocolType: at.textOrNull("protocol_type"),
    protocolName: at.textOrNull("protocol_name"),
    leader: at.textOrNull("leader"),
    currentStateTimestamp: at.integer("current_state_timestamp"),
    members: members.of(at.row["group_id"]),
  };
}

function memberOf(at: CheckedRow, protocols: Grouped<GroupProtocol>): GroupMemberRow {
  return {
    memberId: at.text("member_id"),
    groupInstanceId: at.textOrNull("group_instance_id"),
    clientId: at.text("client_id"),
    clientHost: at.text("client_host"),
    rebalanceTimeoutMs: at.integer("rebalance_timeout_ms"),
    sessionTimeoutMs: at.integer("session_timeout_ms"),
    protocols: protocols.of(memberKey(at.row)),
    assignment: at.bytes("assignment"),
  };
}

function offsetOf(at: CheckedRow): OffsetRow {
  return {
    topic: at.text("topic"),
    partitionIndex: at.integer("partition_index"),
    committedOffset: at.integer("committed_offset"),
    committedLeaderEpoch: at.integer("committed_leader_epoch"),
    metadata: at.text("metadata"),
    commitTimestamp: at.integer("commit_timestamp"),
    expireTimestamp: at.row["expire_timestamp"] === null ? null : at.integer("expire_timestamp"),
  };
}

/** Values by a key, in the order in which they came. */
class Grouped<T> {
  readonly #values = new Map<unknown, T[]>();

  add(key: unknown, value: T): void {
    const there = this.#values.get(key);
    if (there === undefined) this.#values.set(key, [value]);
    else there.push(value);
  }

  of(key: unknown): readonly T[] {
    return this.#values.get(key) ?? [];
  }

  keys(): Iterable<unknown> {
    return this.#values.keys();
  }
}

/** Rows are checked, since SQLite has no checksums: the first column that makes no sense. */
class Damage {
  first: Refusal | null = null;

  in(row: Record<string, unknown>, what: string): CheckedRow {
    return new CheckedRow(row, (column) => {
      const group = quoted(String(row["group_id"]), shownCharactersMax);
      const value = quoted(String(row[column]), shownCharactersMax);
      this.first ??= new Refusal(
        "KAFKA_STORAGE_ERROR",
        `the row of a ${what} ${group} is damaged: ${column} is ${value}`,
      );
    });
  }
}

/** A row whose columns are checked as they are read; what is wrong is reported and made up. */
class CheckedRow {
  constructor(
    readonly row: Record<string, unknown>,
    private readonly wrong: (column: string) => void,
  ) {}

  text(column: string): string {
    const value = this.row[column];
    if (typeof value === "string") return loaded(value);
    this.wrong(column);
    return "";
  }

  textOrNull(column: string): string | null {
    return this.row[column] === null ? null : this.text(column);
  }

  /** An int8 is a string on PostgreSQL, hence the conversion. */
  integer(column: string): number {
    const value = this.row[column];
    const number = typeof value === "number" || typeof value === "string" ? Number(value) : NaN;
    if (Number.isSafeInteger(number)) return number;
    this.wrong(column);
    return 0;
  }

  bytes(column: string): Uint8Array {
    const value = this.row[column];
    // A Buffer would show as something else than what was stored.
    if (value instanceof Uint8Array) return new Uint8Array(value);
    this.wrong(column);
    return new Uint8Array();
  }
}

const stored = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\0", "\\0");
const storedOrNull = (text: string | null): string | null => (text === null ? null : stored(text));
const loaded = (text: string): string =>
  text.includes("\\")
    ? text.replace(/\\([\s\S])/g, (_, escaped: string) => (escaped === "0" ? "\0" : escaped))
    : text;
