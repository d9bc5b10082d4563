/** `obelisk groups delete`: removes groups and what they have committed. */
import { adminDetail, adminOptions, yes } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { confirm, whyNotAsked } from "./confirm.ts";
import { notDone, withAdmin } from "./kafka-cluster.ts";
import { knownGroups, membersText } from "./known-groups.ts";
import { shownText } from "./shown.ts";

export const deleteGroups = defineCommand({
  name: "delete",
  summary: "remove groups and what they have committed",
  details: [
    adminDetail,
    "A group with members is not removed: stop its consumers first. On a terminal the name of " +
      "each group has to be typed once more. If one of the groups is not there, none is removed.",
    "--json prints {deleted: [group ids]}.",
  ],
  operands: [
    { name: "group", help: "A group", count: "one" },
    { name: "more", help: "More groups", count: "many" },
  ],
  options: { ...adminOptions, yes },
  examples: [
    { args: "readers", does: "asks for the name first" },
    { args: "readers writers --yes", does: "in a script" },
  ],
  async run({ options, operands, stdout, ...context }) {
    const unasked = whyNotAsked(options.yes, context.stdin);
    if (unasked !== null) {
      context.fail(unasked);
      return exitCode.misuse;
    }
    const groupIds = [...new Set(operands)];
    // The directory is let go of while people think.
    const found = await withAdmin(options, context, ({ admin }) => knownGroups(admin, groupIds));
    if (found instanceof ClusterFailure) return context.fail(found.message);
    if (!options.yes) {
      const doomed = found.map((group) => ({
        name: group.groupId,
        about: `is ${shownText(group.state)} with ${membersText(group)}`,
        deed: "delete it for good",
      }));
      const mistyped = await confirm(doomed, context);
      if (mistyped !== null) return context.fail(`nothing was deleted: ${mistyped}`);
    }
    const done = await withAdmin(options, context, async (open) => {
      const outcomes = await open.admin.deleteGroups(groupIds);
      return outcomes.map(({ groupId, error }) => ({
        groupId,
        refusal: error === null ? null : notDone(open, error),
      }));
    });
    if (done instanceof ClusterFailure) return context.fail(done.message);
    const deleted = done.filter(({ refusal }) => refusal === null).map(({ groupId }) => groupId);
    if (options.json) stdout.write(`${JSON.stringify({ deleted })}\n`);
    else stdout.write(deleted.map((groupId) => `deleted ${shownText(groupId)}\n`).join(""));
    for (const { refusal } of done) if (refusal !== null) context.fail(refusal);
    return deleted.length === done.length ? exitCode.ok : exitCode.failed;
  },
});
