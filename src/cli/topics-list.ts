/** `obelisk topics list`: every topic, one a line. */
import { adminDetail, adminOptions } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { withAdmin } from "./kafka-cluster.ts";
import { shownCount, shownSize, shownText } from "./shown.ts";
import { table } from "./terminal.ts";
import { topicFacts, totalsOf } from "./topic-facts.ts";

const columns = [
  { title: "topic", align: "left" },
  { title: "partitions", align: "right" },
  { title: "records", align: "right" },
  { title: "size", align: "right" },
] as const;

export const listTopics = defineCommand({
  name: "list",
  summary: "every topic with its partitions, records and bytes",
  details: [
    adminDetail,
    "Records are counted by their offsets, so a compacted topic has fewer. The size is that of " +
      "one replica.",
    "--json prints [{name, id, internal, partitions, records, bytes}]; null: unknown.",
  ],
  options: adminOptions,
  examples: [
    { args: "", does: "those in ./data" },
    { args: "-b broker.example:9092", does: "those of any Kafka" },
    { args: "--data /var/lib/obelisk --json", does: "for a script" },
  ],
  async run({ options, stdout, ...context }) {
    const found = await withAdmin(options, context, ({ admin }) =>
      topicFacts(admin, null, context.warn),
    );
    if (found instanceof ClusterFailure) return context.fail(found.message);
    const rows = found.map((topic) => ({
      name: topic.name,
      id: topic.id,
      internal: topic.isInternal,
      ...totalsOf(topic),
    }));
    if (options.json) stdout.write(`${JSON.stringify(rows)}\n`);
    else if (rows.length === 0) stdout.write("no topics yet\n");
    else {
      const cells = rows.map(({ name, partitions, records, bytes }) => [
        shownText(name),
        shownCount(partitions),
        shownCount(records),
        shownSize(bytes),
      ]);
      stdout.write(table(columns, cells, stdout.style));
    }
    return exitCode.ok;
  },
});
