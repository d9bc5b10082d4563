/** `obelisk topics delete`: removes topics and their records. */
import { adminDetail, adminOptions, yes } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { confirm, whyNotAsked } from "./confirm.ts";
import { notDone, withAdmin } from "./kafka-cluster.ts";
import { totalsText } from "./shown.ts";
import { topicFacts, totalsOf } from "./topic-facts.ts";

export const deleteTopics = defineCommand({
  name: "delete",
  summary: "remove topics and their records",
  details: [
    adminDetail,
    "Nothing brings the records back. On a terminal the name of each topic has to be typed once " +
      "more. If one of the topics is not there, none is removed.",
    "--json prints {deleted: [names]}.",
  ],
  operands: [
    { name: "topic", help: "A topic", count: "one" },
    { name: "more", help: "More topics", count: "many" },
  ],
  options: { ...adminOptions, yes },
  examples: [
    { args: "orders", does: "asks for the name first" },
    { args: "orders logs --yes", does: "in a script" },
  ],
  async run({ options, operands, stdout, ...context }) {
    const unasked = whyNotAsked(options.yes, context.stdin);
    if (unasked !== null) {
      context.fail(unasked);
      return exitCode.misuse;
    }
    const names = [...new Set(operands)];
    // The directory is let go of while people think.
    const found = await withAdmin(options, context, ({ admin }) =>
      topicFacts(admin, names, context.warn),
    );
    if (found instanceof ClusterFailure) return context.fail(found.message);
    if (!options.yes) {
      const doomed = found.map((topic) => ({
        name: topic.name,
        about: `has ${totalsText(totalsOf(topic))}`,
        deed: "delete it for good",
      }));
      const mistyped = await confirm(doomed, context);
      if (mistyped !== null) return context.fail(`nothing was deleted: ${mistyped}`);
    }
    const done = await withAdmin(options, context, async (open) => {
      const outcomes = await open.admin.deleteTopics(names);
      return outcomes.map(({ name, error }) => ({
        name,
        refusal: error === null ? null : notDone(open, error),
      }));
    });
    if (done instanceof ClusterFailure) return context.fail(done.message);
    const deleted = done.filter(({ refusal }) => refusal === null).map(({ name }) => name);
    if (options.json) stdout.write(`${JSON.stringify({ deleted })}\n`);
    else stdout.write(deleted.map((name) => `deleted ${name}\n`).join(""));
    for (const { refusal } of done) if (refusal !== null) context.fail(refusal);
    return deleted.length === done.length ? exitCode.ok : exitCode.failed;
  },
});
