/** `obelisk topics describe`: topics with their configuration and each of their partitions. */
import type { TopicSummary } from "../http/control.ts";
import { defineCommand, exitCode } from "./command.ts";
import { ControlFailure, type TopicsClient, withTopics } from "./control-client.ts";
import { humanCount, humanSize, type Style, table } from "./terminal.ts";
import { topicsDetail, topicsOptions, totalsOf, totalsText } from "./topics-options.ts";

const columns = [
  { title: "partition", align: "right" },
  { title: "start", align: "right" },
  { title: "end", align: "right" },
  { title: "records", align: "right" },
  { title: "size", align: "right" },
] as const;

export const describeTopics = defineCommand({
  name: "describe",
  summary: "topics with their configuration and each of their partitions",
  details: [
    topicsDetail,
    "start is the offset of the oldest record that is kept, end the one that the next record " +
      "gets. What the configuration leaves out follows the broker's options.",
  ],
  operands: [{ name: "topic", help: "Topics; without any: all there are", count: "many" }],
  options: topicsOptions,
  examples: [
    { args: "orders", does: "one topic" },
    { args: "--json", does: "all topics, for a script" },
  ],
  async run({ options, operands, stdout, ...context }) {
    const target = { data: options.data, mayMake: false };
    const found = await withTopics(target, context, (topics) => summariesOf(topics, operands));
    if (found instanceof ControlFailure) return context.fail(found.message);
    if (options.json) stdout.write(`${JSON.stringify(found)}\n`);
    else if (found.length === 0) stdout.write("no topics yet\n");
    else stdout.write(found.map((topic) => describe(topic, stdout.style)).join("\n"));
    return exitCode.ok;
  },
});

/** All topics, or those of the names, in their order; a failure if one of them is not there. */
export async function summariesOf(
  topics: TopicsClient,
  names: readonly string[],
): Promise<readonly TopicSummary[] | ControlFailure> {
  if (names.length === 0) return await topics.list();
  const found: TopicSummary[] = [];
  for (const name of names) {
    const topic = await topics.describe(name);
    if (topic instanceof ControlFailure) return topic;
    found.push(topic);
  }
  return found;
}

function describe(topic: TopicSummary, style: Style): string {
  const { name, id, config, partitions } = topic;
  const settings = Object.entries(config)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  const rows = partitions.map((one) => [
    String(one.partition),
    String(one.startOffset),
    String(one.endOffset),
    humanCount(one.records),
    humanSize(one.bytes),
  ]);
  const lines = [
    `${style.bold(name)}: ${totalsText(totalsOf(topic))}`,
    `id:     ${id}`,
    `config: ${settings.length === 0 ? "the broker's defaults" : settings.join(" ")}`,
  ];
  return `${lines.join("\n")}\n${table(columns, rows, style)}`;
}
