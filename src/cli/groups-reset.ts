/** `obelisk groups reset`: sets where a group without members goes on. */
import type { Admin } from "../client/kafka/admin.ts";
import type { ResetOffset, ResetTarget } from "../client/kafka/admin-commits.ts";
import { ClientError } from "../client/kafka/client-error.ts";
import { offsetMax, timestampMsMax } from "../limits.ts";
import { adminDetail, adminOptions, dryRun } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { counted } from "./counted.ts";
import { knownGroups } from "./known-groups.ts";
import { notDone, type OpenAdmin, withAdmin } from "./kafka-cluster.ts";
import { type About, defineOption, type Option } from "./option.ts";
import { integer, toggle } from "./option-kinds.ts";
import { chosenPartitions, type PartitionChoice, partitionChoices } from "./partition-choice.ts";
import { shownText } from "./shown.ts";
import { type Style, table } from "./terminal.ts";

const columns = [
  { title: "topic", align: "left" },
  { title: "partition", align: "right" },
  { title: "before", align: "right" },
  { title: "after", align: "right" },
] as const;

/** Milliseconds since 1970, or what RFC 3339 writes; a time of day needs its zone. */
const time = (about: About<null>): Option<number | null> =>
  defineOption<number, null>(
    {
      placeholder: "<time>",
      expected: "milliseconds since 1970, or a time as 2026-01-31 or 2026-01-31T12:00:00Z",
      range: null,
      parse: parseTime,
      show: String,
    },
    about,
  );

const isoTime =
  /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

function parseTime(given: string): number | undefined {
  const isCount = /^\d{1,15}$/.test(given);
  if (!isCount && !isoTime.test(given)) return undefined;
  const ms = isCount ? Number(given) : Date.parse(given.replace(" ", "T").toUpperCase());
  return ms >= 0 && ms <= timestampMsMax ? ms : undefined;
}

export const resetGroup = defineCommand({
  name: "reset",
  summary: "set where a group goes on reading",
  details: [
    adminDetail,
    "The group must have no members: stop its consumers first. An offset that a partition does " +
      "not have becomes the nearest that it has. --dry-run shows what would become of it.",
    "--json prints {group, dryRun, offsets: [{topic, partition, before, after}]}; null: " +
      "nothing was committed before, or it was refused.",
  ],
  operands: [{ name: "group", help: "A group", count: "one" }],
  options: {
    ...adminOptions,
    topic: partitionChoices({
      short: "t",
      help: "Where; left out: wherever the group has committed",
    }),
    toEarliest: toggle({ help: "To the oldest records there are" }),
    toLatest: toggle({ help: "To the end: only new records are read" }),
    toTime: time({ default: null, help: "To the first record that is as late as this" }),
    toOffset: integer({
      default: null,
      placeholder: "<offset>",
      min: 0,
      max: offsetMax,
      help: "To this offset",
    }),
    shiftBy: integer({
      default: null,
      placeholder: "<records>",
      min: -offsetMax,
      max: offsetMax,
      help: "So many records further, or back with a minus",
    }),
    create: toggle({ help: "The group need not be there yet; needs --topic" }),
    dryRun,
  },
  examples: [
    { args: "readers --to-earliest --dry-run", does: "what would be read again?" },
    { args: "readers --to-time 2026-01-31T12:00:00Z -t orders", does: "one topic, from noon on" },
    { args: "readers --shift-by -10 -t orders:0", does: "ten records of one partition again" },
  ],
  refuse(options) {
    if (targetsOf(options).length !== 1) {
      return (
        "exactly one of --to-earliest, --to-latest, --to-time, --to-offset and --shift-by " +
        "is needed."
      );
    }
    return options.create && options.topic.length === 0 ? "--create needs --topic." : null;
  },
  async run({ options, operands, stdout, ...context }) {
    const group = operands[0] ?? "";
    const [target = "latest"] = targetsOf(options);
    const { topic: choices, create: isNew } = options;
    const wanted = { group, target, choices, isNew, dryRun: options.dryRun };
    const done = await withAdmin(options, context, (open) => reset(open, wanted));
    if (done instanceof ClusterFailure) return context.fail(done.message);
    const { resets, refusals } = done;
    if (options.json) stdout.write(`${jsonOf(group, options.dryRun, resets)}\n`);
    else if (resets.length === 0) stdout.write("the group has committed nothing\n");
    else stdout.write(resetsText(resets, stdout.style));
    if (options.dryRun && !options.json) stdout.write("nothing was changed\n");
    for (const refusal of refusals) context.fail(refusal);
    return refusals.length === 0 ? exitCode.ok : exitCode.failed;
  },
});

/** All that were given. */
function targetsOf(options: {
  readonly toEarliest: boolean;
  readonly toLatest: boolean;
  readonly toTime: number | null;
  readonly toOffset: number | null;
  readonly shiftBy: number | null;
}): ResetTarget[] {
  const { toEarliest, toLatest, toTime, toOffset, shiftBy } = options;
  const targets: ResetTarget[] = [];
  if (toEarliest) targets.push("earliest");
  if (toLatest) targets.push("latest");
  if (toTime !== null) targets.push(toTime);
  if (toOffset !== null) targets.push({ offset: toOffset });
  if (shiftBy !== null) targets.push({ shiftBy });
  return targets;
}

/** One call. */
interface Wanted {
  readonly group: string;
  readonly target: ResetTarget;
  /** None: wherever the group has committed. */
  readonly choices: readonly PartitionChoice[];
  /** The group need not be there. */
  readonly isNew: boolean;
  readonly dryRun: boolean;
}

interface Reset {
  readonly resets: readonly ResetOffset[];
  /** Sentences. */
  readonly refusals: readonly string[];
}

async function reset(open: OpenAdmin, wanted: Wanted): Promise<Reset | ClusterFailure> {
  const { admin } = open;
  const { group, target, choices, isNew } = wanted;
  const members = await memberCount(admin, group, isNew);
  if (members > 0) {
    const message =
      `group ${shownText(group)} has ${counted(members, "member")}: stop them first, they would ` +
      "go on where they are";
    return open.failureOf(new ClientError("NON_EMPTY_GROUP", message));
  }
  const partitions =
    choices.length > 0
      ? await chosenPartitions(admin, choices)
      : await admin.committedOffsets(group);
  if (partitions instanceof ClusterFailure) return partitions;
  const resets = await admin.resetOffsets(group, partitions, target, { dryRun: wanted.dryRun });
  const refusals = resets.flatMap((each) => (each.error ? [notDone(open, each.error)] : []));
  return { resets, refusals };
}

/** @param isNew the group need not be there */
async function memberCount(admin: Admin, group: string, isNew: boolean): Promise<number> {
  try {
    const [found] = await knownGroups(admin, [group]);
    // Where they are unknown the broker refuses.
    return found?.members?.length ?? 0;
  } catch (error) {
    const isMissing = error instanceof ClientError && error.code === "GROUP_ID_NOT_FOUND";
    if (isNew && isMissing) return 0;
    throw error;
  }
}

function jsonOf(group: string, isDryRun: boolean, resets: readonly ResetOffset[]): string {
  const offsets = resets.map(({ topic, partition, from: before, to: after }) => {
    return { topic, partition, before, after };
  });
  return JSON.stringify({ group, dryRun: isDryRun, offsets });
}

function resetsText(resets: readonly ResetOffset[], style: Style): string {
  const rows = resets.map(({ topic, partition, from, to }) => [
    shownText(topic),
    String(partition),
    from === null ? "none" : String(from),
    to === null ? "refused" : String(to),
  ]);
  return table(columns, rows, style);
}
