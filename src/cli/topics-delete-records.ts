/** `obelisk topics delete-records`: gives up the oldest records of a topic. */
import type { DeletedRecords } from "../client/kafka/admin-topics.ts";
import { partitionsPerTopicMax } from "../limits.ts";
import { adminDetail, adminOptions, dryRun, yes } from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { confirm, whyNotAsked } from "./confirm.ts";
import { counted } from "./counted.ts";
import { notDone, type OpenAdmin, withAdmin } from "./kafka-cluster.ts";
import { type About, defineOption, type Option, repeated } from "./option.ts";
import { integer } from "./option-kinds.ts";
import { shownNumber } from "./shown.ts";
import { type Style, table } from "./terminal.ts";
import { type PartitionFacts, topicFacts } from "./topic-facts.ts";

const columns = [
  { title: "partition", align: "right" },
  { title: "start before", align: "right" },
  { title: "start after", align: "right" },
] as const;

/** Start offsets of one partition; its form in JSON. */
interface Cut {
  readonly topic: string;
  readonly partition: number;
  readonly before: number | null;
  readonly after: number | null;
}

type Before = number | "end";

const place = (about: About<Before>): Option<Before> =>
  defineOption<Before, Before>(
    {
      placeholder: "<offset>",
      expected: "an offset, or end",
      range: null,
      parse(given) {
        if (given === "end") return given;
        return /^\d{1,15}$/.test(given) ? Number(given) : undefined;
      },
      show: String,
    },
    about,
  );

export const deleteRecords = defineCommand({
  name: "delete-records",
  summary: "give up the oldest records of a topic",
  details: [
    adminDetail,
    "Nothing brings the records back. Consumers that have not read them go on with the first " +
      "that is left. On a terminal the topic's name has to be typed once more.",
    "--json prints [{topic, partition, before, after}], start offsets; null: unknown, or " +
      "refused.",
  ],
  operands: [{ name: "topic", help: "A topic", count: "one" }],
  options: {
    ...adminOptions,
    partition: repeated(
      integer({
        short: "p",
        min: 0,
        max: partitionsPerTopicMax - 1,
        help: "A partition; without any: all of them",
      }),
    ),
    before: place({ help: "The first offset that is kept; end: none of those that are there" }),
    dryRun,
    yes,
  },
  examples: [
    { args: "orders --partition 0 --before 1000", does: "asks for the topic's name first" },
    { args: "orders --before end --yes", does: "empties the topic, in a script" },
  ],
  async run({ options, operands, stdout, ...context }) {
    const isMeant = options.yes || options.dryRun;
    const unasked = whyNotAsked(isMeant, context.stdin);
    if (unasked !== null) {
      context.fail(unasked);
      return exitCode.misuse;
    }
    const topic = operands[0] ?? "";
    const chosen = new Set(options.partition);
    const found = await withAdmin(options, context, async ({ admin }) => {
      const [facts] = await topicFacts(admin, [topic], context.warn);
      return facts?.partitions ?? [];
    });
    if (found instanceof ClusterFailure) return context.fail(found.message);
    const missing = [...chosen].find((number) => found[number] === undefined);
    if (missing !== undefined) {
      return context.fail(`${topic} has ${counted(found.length, "partition")}, and no ${missing}`);
    }
    const facts = found.filter(({ partition }) => chosen.size === 0 || chosen.has(partition));
    if (!isMeant) {
      const deed = "delete them for good";
      const about = `loses records of ${counted(facts.length, "partition")}`;
      const mistyped = await confirm([{ name: topic, about, deed }], context);
      if (mistyped !== null) return context.fail(`nothing was deleted: ${mistyped}`);
    }
    const before = options.before;
    if (options.dryRun) {
      const cuts = facts.map((each) => foreseen(topic, each, before));
      stdout.write(options.json ? `${JSON.stringify(cuts)}\n` : cutsText(cuts, stdout.style));
      if (!options.json) stdout.write("nothing was deleted\n");
      return exitCode.ok;
    }
    const done = await withAdmin(options, context, (open) => cut(open, topic, facts, before));
    if (done instanceof ClusterFailure) return context.fail(done.message);
    const { cuts, refusals } = done;
    stdout.write(options.json ? `${JSON.stringify(cuts)}\n` : cutsText(cuts, stdout.style));
    for (const refusal of refusals) context.fail(refusal);
    return refusals.length === 0 ? exitCode.ok : exitCode.failed;
  },
});

/** What would become of a partition; a broker refuses to go beyond its end. */
function foreseen(topic: string, facts: PartitionFacts, before: Before): Cut {
  const { partition, startOffset, endOffset } = facts;
  const isKnown = startOffset !== null && endOffset !== null;
  const wanted = before === "end" ? (endOffset ?? 0) : before;
  const isPossible = isKnown && wanted <= endOffset;
  const after = isPossible ? Math.max(startOffset, wanted) : null;
  return { topic, partition, before: startOffset, after };
}

async function cut(
  open: OpenAdmin,
  topic: string,
  facts: readonly PartitionFacts[],
  before: Before,
): Promise<{ readonly cuts: readonly Cut[]; readonly refusals: readonly string[] }> {
  const beforeOffset = before === "end" ? null : before;
  const wanted = facts.map(({ partition }) => ({ topic, partition, beforeOffset }));
  const outcomes = await open.admin.deleteRecords(wanted);
  const known = new Map(facts.map(({ partition, startOffset }) => [partition, startOffset]));
  const cutOf = ({ partition, startOffset, error }: DeletedRecords): Cut => {
    const after = error === null ? startOffset : null;
    return { topic, partition, before: known.get(partition) ?? null, after };
  };
  const refusals = outcomes.flatMap(({ error }) => (error === null ? [] : [notDone(open, error)]));
  return { cuts: outcomes.map(cutOf), refusals };
}

const cutsText = (cuts: readonly Cut[], style: Style): string => {
  const rows = cuts.map(({ partition, before, after }) => [
    String(partition),
    shownNumber(before),
    after === null ? "refused" : String(after),
  ]);
  return table(columns, rows, style);
};
