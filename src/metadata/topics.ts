/**
 * The topics as rows of SQL. `topics` has one row for each; `topic_configs` one for each
 * configuration that was set for it. The statements are the same on SQLite and PostgreSQL.
 */
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { partitionsPerTopicMax, shownCharactersMax } from "../limits.ts";
import type { TopicRow, TopicState, TopicStore } from "./metadata.ts";
import type { Statement, Transactions } from "./transactions.ts";

/** The store of topics over one database. */
export function sqlTopics(transactions: Transactions<Statement>): TopicStore {
  return {
    all: () => transactions.read("reading the topics", readTopics),

    insert: (topic) =>
      transactions.run(`adding topic ${topic.name}`, async (sql) => {
        // The conflict is asked of the statement, not of an error: each database names it its way.
        const added = await sql`
          insert into topics (id, name, partition_count, state, created_at)
          values (${topic.id}, ${topic.name}, ${topic.partitionCount}, ${topic.state},
                  ${topic.createdAt})
          on conflict (name) do nothing returning id`;
        if (added.length === 0) {
          return new Refusal("TOPIC_ALREADY_EXISTS", `topic ${topic.name} exists already`);
        }
        await insertConfig(sql, topic.id, topic.config);
        return null;
      }),

    setState: (id, state) =>
      transactions.run(`moving topic ${id} to ${state}`, async (sql) => {
        const moved = await sql`update topics set state = ${state} where id = ${id} returning id`;
        return moved.length > 0 ? null : unknown(id);
      }),

    setPartitionCount: (id, partitionCount) =>
      transactions.run(`changing the partitions of topic ${id}`, async (sql) => {
        const changed = await sql`
          update topics set partition_count = ${partitionCount} where id = ${id} returning id`;
        return changed.length > 0 ? null : unknown(id);
      }),

    setConfig: (id, config) =>
      transactions.run(`changing the configuration of topic ${id}`, async (sql) => {
        const found = await sql`select id from topics where id = ${id}`;
        if (found.length === 0) return unknown(id);
        await sql`delete from topic_configs where topic_id = ${id}`;
        await insertConfig(sql, id, config);
        return null;
      }),

    remove: (id) =>
      transactions.run(`removing topic ${id}`, async (sql) => {
        await sql`delete from topics where id = ${id}`;
        return null;
      }),
  };
}

const unknown = (id: string): Refusal =>
  new Refusal("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic with the id ${id}`);

async function insertConfig(sql: Statement, id: string, config: TopicRow["config"]): Promise<void> {
  for (const [name, value] of Object.entries(config)) {
    await sql`insert into topic_configs (topic_id, name, value) values (${id}, ${name}, ${value})`;
  }
}

/** One statement, so that topics and configurations are of the same moment on any database. */
async function readTopics(sql: Statement): Promise<readonly TopicRow[] | Refusal> {
  const rows = await sql`
    select t.id, t.name, t.partition_count, t.state, t.created_at,
           c.name as config_name, c.value as config_value
    from topics t left join topic_configs c on c.topic_id = t.id
    order by t.id, c.name`;
  const topics: TopicRow[] = [];
  let config: Record<string, string> = {};
  for (const row of rows) {
    if (topics.at(-1)?.id !== row["id"]) {
      config = {};
      const topic = topicOf(row, config);
      if (topic instanceof Refusal) return topic;
      topics.push(topic);
    }
    if (row["config_name"] !== null) {
      config[String(row["config_name"])] = String(row["config_value"]);
    }
  }
  return topics;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A value of unknown content, for a message. */
const shown = (value: unknown): string => quoted(String(value), shownCharactersMax);
const states: ReadonlySet<unknown> = new Set<TopicState>(["creating", "ready", "deleting"]);
const isState = (value: unknown): value is TopicState => states.has(value);

/**
 * A row as a topic. Checked, since SQLite has no checksums: a flipped bit must not become a path
 * or a million partitions. An int8 is a string on PostgreSQL, hence the conversion.
 */
function topicOf(
  row: Record<string, unknown>,
  config: Readonly<Record<string, string>>,
): TopicRow | Refusal {
  const { id, name, state, partition_count: count, created_at: createdAt } = row;
  const wrong = (column: string): Refusal =>
    new Refusal(
      "KAFKA_STORAGE_ERROR",
      `the row of topic ${shown(name)} is damaged: ${column} is ${shown(row[column])}`,
    );
  if (typeof id !== "string" || !uuid.test(id)) return wrong("id");
  if (typeof name !== "string") return wrong("name");
  if (!isState(state)) return wrong("state");
  if (typeof count !== "number" || !Number.isInteger(count)) return wrong("partition_count");
  if (count < 1 || count > partitionsPerTopicMax) return wrong("partition_count");
  if (!Number.isSafeInteger(Number(createdAt))) return wrong("created_at");
  return { id, name, partitionCount: count, state, createdAt: Number(createdAt), config };
}
