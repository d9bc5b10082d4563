/** `obelisk topics list`: every topic, one a line. */
import { defineCommand, exitCode } from "./command.ts";
import { ControlFailure, withTopics } from "./control-client.ts";
import { humanCount, humanSize, table } from "./terminal.ts";
import { topicsDetail, topicsOptions, totalsOf } from "./topics-options.ts";

const columns = [
  { title: "topic", align: "left" },
  { title: "partitions", align: "right" },
  { title: "records", align: "right" },
  { title: "size", align: "right" },
] as const;

export const listTopics = defineCommand({
  name: "list",
  summary: "every topic with its partitions, records and bytes",
  details: [topicsDetail],
  options: topicsOptions,
  examples: [
    { args: "", does: "those in ./data" },
    { args: "--data /var/lib/obelisk --json", does: "for a script" },
  ],
  async run({ options, stdout, ...context }) {
    const target = { data: options.data, mayMake: false };
    const found = await withTopics(target, context, (topics) => topics.list());
    if (found instanceof ControlFailure) return context.fail(found.message);
    const rows = found.map((topic) => ({ name: topic.name, id: topic.id, ...totalsOf(topic) }));
    if (options.json) stdout.write(`${JSON.stringify(rows)}\n`);
    else if (rows.length === 0) stdout.write("no topics yet\n");
    else {
      const cells = rows.map(({ name, partitions, records, bytes }) => [
        name,
        humanCount(partitions),
        humanCount(records),
        humanSize(bytes),
      ]);
      stdout.write(table(columns, cells, stdout.style));
    }
    return exitCode.ok;
  },
});
