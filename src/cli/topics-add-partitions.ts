/** `obelisk topics add-partitions`: more partitions for a topic. */
import { partitionsPerTopicMax } from "../limits.ts";
import { adminDetail, adminOptions, dryRun } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { counted } from "./counted.ts";
import { notDone, withAdmin } from "./kafka-cluster.ts";
import type { Option } from "./option.ts";
import { integer } from "./option-kinds.ts";
import { metadataOf } from "./topic-facts.ts";

export const addPartitions = defineCommand({
  name: "add-partitions",
  summary: "more partitions for a topic",
  details: [
    adminDetail,
    "Records stay where they are, so from then on records of one key may be in two partitions. A " +
      "topic never gets fewer.",
    "--json prints {topic, before, after, dryRun}.",
  ],
  operands: [{ name: "topic", help: "A topic", count: "one" }],
  options: {
    ...adminOptions,
    partitions: integer({
      min: 1,
      max: partitionsPerTopicMax,
      help: "How many it shall have, those that it has included",
    }) satisfies Option<number>,
    dryRun,
  },
  examples: [{ args: "orders --partitions 8", does: "eight in all" }],
  async run({ options, operands, stdout, ...context }) {
    const name = operands[0] ?? "";
    const { partitions: count, dryRun: validateOnly } = options;
    const done = await withAdmin(options, context, async (open) => {
      const [topic] = await metadataOf(open.admin, [name]);
      const [outcome] = await open.admin.addPartitions([{ name, count }], { validateOnly });
      const error = outcome?.error ?? null;
      if (error !== null) return new ClusterFailure(notDone(open, error), error.code);
      return topic?.partitions.length ?? 0;
    });
    if (done instanceof ClusterFailure) return context.fail(done.message);
    if (options.json) {
      const row = { topic: name, before: done, after: count, dryRun: validateOnly };
      stdout.write(`${JSON.stringify(row)}\n`);
    } else if (validateOnly) {
      stdout.write(`${name} can get ${counted(count, "partition")} (it has ${done})\n`);
    } else stdout.write(`${name} has ${counted(count, "partition")} now (it had ${done})\n`);
    return exitCode.ok;
  },
});
