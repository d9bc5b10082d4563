/** `obelisk groups delete-offsets`: forgets what a group has committed for some partitions. */
import type { CommittedOffset } from "../client/kafka/admin-commits.ts";
import { adminDetail, adminOptions, yes } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { confirm, whyNotAsked } from "./confirm.ts";
import { counted } from "./counted.ts";
import { knownGroups } from "./known-groups.ts";
import { notDone, type OpenAdmin, withAdmin } from "./kafka-cluster.ts";
import { type PartitionChoice, partitionChoices } from "./partition-choice.ts";
import { shownText } from "./shown.ts";

export const deleteOffsets = defineCommand({
  name: "delete-offsets",
  summary: "forget what a group has committed for some topics",
  details: [
    adminDetail,
    "The group begins there as if it were new. A topic that its members read is refused. On a " +
      "terminal the name of the group has to be typed once more.",
    "--json prints {group, deleted: [{topic, partition}]}.",
  ],
  operands: [{ name: "group", help: "A group", count: "one" }],
  options: {
    ...adminOptions,
    topic: partitionChoices({ short: "t", help: "What to forget; may be gone already" }),
    yes,
  },
  examples: [{ args: "readers -t orders --yes", does: "in a script" }],
  refuse: ({ topic }) => (topic.length === 0 ? "--topic is needed: what to forget." : null),
  async run({ options, operands, stdout, ...context }) {
    const unasked = whyNotAsked(options.yes, context.stdin);
    if (unasked !== null) {
      context.fail(unasked);
      return exitCode.misuse;
    }
    const group = operands[0] ?? "";
    const found = await withAdmin(options, context, (open) => chosen(open, group, options.topic));
    if (found instanceof ClusterFailure) return context.fail(found.message);
    if (found.length === 0)
      return context.fail(`group ${shownText(group)} has committed nothing there`);
    if (!options.yes) {
      const deed = "have it forget them";
      const about = `has ${counted(found.length, "committed offset")} there`;
      const mistyped = await confirm([{ name: group, about, deed }], context);
      if (mistyped !== null) return context.fail(`nothing was deleted: ${mistyped}`);
    }
    const done = await withAdmin(options, context, async (open) => {
      const outcomes = await open.admin.deleteOffsets(group, found);
      return outcomes.map(({ topic, partition, error }) => ({
        place: { topic, partition },
        refusal: error === null ? null : notDone(open, error),
      }));
    });
    if (done instanceof ClusterFailure) return context.fail(done.message);
    const deleted = done.filter(({ refusal }) => refusal === null).map(({ place }) => place);
    if (options.json) stdout.write(`${JSON.stringify({ group, deleted })}\n`);
    else {
      const lines = deleted.map(({ topic, partition }) => `${shownText(topic)}/${partition}`);
      stdout.write(lines.map((line) => `forgot ${line}\n`).join(""));
    }
    for (const { refusal } of done) if (refusal !== null) context.fail(refusal);
    return deleted.length === done.length ? exitCode.ok : exitCode.failed;
  },
});

/** What was committed in the partitions that were chosen; topics may be gone. */
async function chosen(
  { admin }: OpenAdmin,
  group: string,
  choices: readonly PartitionChoice[],
): Promise<CommittedOffset[]> {
  await knownGroups(admin, [group]);
  const committed = await admin.committedOffsets(group);
  return committed.filter(({ topic, partition }) =>
    choices.some(
      (choice) => choice.topic === topic && (choice.partitions?.includes(partition) ?? true),
    ),
  );
}
