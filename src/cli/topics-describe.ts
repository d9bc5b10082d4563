/** `obelisk topics describe`: topics with their configuration and each of their partitions. */
import type { Admin } from "../client/kafka/admin.ts";
import type { ConfigEntry } from "../client/kafka/admin-configs.ts";
import { adminDetail, adminOptions } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { withAdmin } from "./kafka-cluster.ts";
import { toggle } from "./option-kinds.ts";
import { shownCount, shownNumber, shownSize, shownText, totalsText } from "./shown.ts";
import { type Style, table } from "./terminal.ts";
import { type TopicFacts, topicFacts, totalsOf } from "./topic-facts.ts";

const columns = [
  { title: "partition", align: "right" },
  { title: "leader", align: "right" },
  { title: "start", align: "right" },
  { title: "end", align: "right" },
  { title: "records", align: "right" },
  { title: "size", align: "right" },
] as const;

const settingColumns = [
  { title: "setting", align: "left" },
  { title: "value", align: "left" },
  { title: "from", align: "left" },
] as const;

/** Where a value comes from, in a word. */
const sourceWords: Readonly<Partial<Record<ConfigEntry["source"], string>>> = {
  TOPIC_CONFIG: "topic",
  DYNAMIC_BROKER_CONFIG: "broker",
  DYNAMIC_DEFAULT_BROKER_CONFIG: "broker",
  STATIC_BROKER_CONFIG: "broker",
  DEFAULT_CONFIG: "default",
};

interface Described extends TopicFacts {
  readonly entries: readonly ConfigEntry[];
}

export const describeTopics = defineCommand({
  name: "describe",
  summary: "topics with their configuration and each of their partitions",
  details: [
    adminDetail,
    "start is the offset of the oldest record that is kept, end the one that the next record " +
      "gets; records are counted by them. leader is the broker's id. config is what was set for " +
      "the topic; what it leaves out follows the broker, whose own settings are shown beside it.",
    "--json prints [{name, id, internal, config: [{name, value, source}], partitions: " +
      "[{partition, leader, replicas, inSyncReplicas, startOffset, endOffset, records, " +
      "bytes}]}], with every setting, sources in Kafka's words; null: unknown.",
  ],
  operands: [{ name: "topic", help: "Topics; without any: all there are", count: "many" }],
  options: {
    ...adminOptions,
    all: toggle({ help: "Show every setting, with where its value comes from" }),
  },
  examples: [
    { args: "orders", does: "one topic" },
    { args: "orders --all", does: "with every setting" },
    { args: "--json", does: "all topics, for a script" },
  ],
  async run({ options, operands, stdout, ...context }) {
    const names = operands.length === 0 ? null : [...new Set(operands)];
    const found = await withAdmin(options, context, async ({ admin }) => {
      const topics = await topicFacts(admin, names, context.warn);
      const entries = await entriesOf(admin, topics);
      return topics.map((topic, at): Described => ({ ...topic, entries: entries[at] ?? [] }));
    });
    if (found instanceof ClusterFailure) return context.fail(found.message);
    if (options.json) stdout.write(`${JSON.stringify(found.map(jsonOf))}\n`);
    else if (found.length === 0) stdout.write("no topics yet\n");
    else {
      const pages = found.map((topic) => describe(topic, options.all, stdout.style));
      stdout.write(pages.join("\n"));
    }
    return exitCode.ok;
  },
});

/** The settings of each topic by their names, in the order of the topics. */
async function entriesOf(
  admin: Admin,
  topics: readonly TopicFacts[],
): Promise<(readonly ConfigEntry[])[]> {
  const resources = topics.map(({ name }) => ({ type: "topic", name }) as const);
  const described = await admin.describeConfigs(resources);
  return described.map(({ entries, error }) => {
    if (error !== null) throw error;
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
}

const jsonOf = ({ name, id, isInternal: internal, entries, partitions }: Described): unknown => ({
  name,
  id,
  internal,
  config: entries.map(({ name: setting, value, source }) => ({ name: setting, value, source })),
  partitions,
});

function describe(topic: Described, isAll: boolean, style: Style): string {
  const rows = topic.partitions.map((one) => [
    String(one.partition),
    one.leader === null ? "none" : String(one.leader),
    shownNumber(one.startOffset),
    shownNumber(one.endOffset),
    shownCount(one.records),
    shownSize(one.bytes),
  ]);
  const lines = [
    `${style.bold(shownText(topic.name))}: ${totalsText(totalsOf(topic))}`,
    `id:     ${shownText(topic.id)}`,
  ];
  const partitions = table(columns, rows, style);
  if (isAll) {
    const settings = topic.entries.map(({ name, value, source }) => [
      shownText(name),
      valueText(value),
      sourceWords[source] ?? source,
    ]);
    return `${lines.join("\n")}\n${table(settingColumns, settings, style)}${partitions}`;
  }
  const own = settingsText(topic.entries, "topic");
  const brokers = settingsText(topic.entries, "broker");
  lines.push(`config: ${own === "" ? "the broker's defaults" : own}`);
  if (brokers !== "") lines.push(`broker: ${brokers}`);
  return `${lines.join("\n")}\n${partitions}`;
}

/** One that is not shown is a secret. */
const valueText = (value: string | null): string =>
  value === null ? "(hidden)" : shownText(value);

/** Those that come from somewhere: `fsync=never segment.ms=60000`. */
const settingsText = (entries: readonly ConfigEntry[], from: string): string =>
  entries
    .filter(({ source }) => sourceWords[source] === from)
    .map(({ name, value }) => `${shownText(name)}=${valueText(value)}`)
    .sort()
    .join(" ");
