/** `obelisk topics alter`: other settings of a topic. */
import type { ConfigChange, ConfigEntry } from "../client/kafka/admin-configs.ts";
import {
  adminDetail,
  adminOptions,
  dryRun,
  setting,
  type Setting,
  twiceIn,
} from "./admin-options.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, exitCode } from "./command.ts";
import { notDone, type OpenAdmin, withAdmin } from "./kafka-cluster.ts";
import { repeated } from "./option.ts";
import { text } from "./option-kinds.ts";
import { shownText } from "./shown.ts";
import { table } from "./terminal.ts";
import { metadataOf } from "./topic-facts.ts";

const columns = [
  { title: "setting", align: "left" },
  { title: "before", align: "left" },
  { title: "after", align: "left" },
] as const;

/** One setting; its form in JSON. */
interface Change {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

export const alterTopic = defineCommand({
  name: "alter",
  summary: "change settings of a topic",
  details: [
    adminDetail,
    "All changes of one call are made, or none. `obelisk topics describe --all` shows what there " +
      "is to set.",
    "--json prints {topic, dryRun, changes: [{name, before, after}]}; null: unknown, and what " +
      "an unset setting would be.",
  ],
  operands: [{ name: "topic", help: "A topic", count: "one" }],
  options: {
    ...adminOptions,
    set: repeated<Setting>(setting({ short: "c", help: "A setting, and its new value" })),
    unset: repeated(
      text({ placeholder: "<name>", help: "A setting that is to follow the broker again" }),
    ),
    dryRun,
  },
  examples: [
    { args: "orders --set retention.ms=86400000", does: "records are kept for a day" },
    { args: "orders --unset retention.ms --dry-run", does: "what would that change?" },
  ],
  refuse({ set, unset }) {
    const names = [...set.map(([name]) => name), ...unset];
    if (names.length === 0) return "one of --set and --unset is needed.";
    const twice = twiceIn(names);
    return twice === null ? null : `${twice} is named more than once.`;
  },
  async run({ options, operands, stdout, ...context }) {
    const topic = operands[0] ?? "";
    const { set, unset, dryRun: validateOnly } = options;
    const changes: ConfigChange[] = [
      ...set.map(([name, value]) => ({ name, operation: "SET", value }) as const),
      ...unset.map((name) => ({ name, operation: "DELETE" }) as const),
    ];
    const done = await withAdmin(options, context, (open) =>
      alter(open, topic, changes, validateOnly),
    );
    if (done instanceof ClusterFailure) return context.fail(done.message);
    if (options.json) {
      stdout.write(`${JSON.stringify({ topic, dryRun: validateOnly, changes: done })}\n`);
      return exitCode.ok;
    }
    const rows = done.map(({ name, before, after }) => [
      shownText(name),
      shownText(before),
      after === null ? "the default" : shownText(after),
    ]);
    stdout.write(table(columns, rows, stdout.style));
    if (validateOnly) stdout.write("nothing was changed\n");
    return exitCode.ok;
  },
});

async function alter(
  open: OpenAdmin,
  topic: string,
  changes: readonly ConfigChange[],
  validateOnly: boolean,
): Promise<readonly Change[] | ClusterFailure> {
  const { admin } = open;
  await metadataOf(admin, [topic]);
  const resource = { type: "topic", name: topic } as const;
  const names = changes.map(({ name }) => name);
  const entries = async (): Promise<ReadonlyMap<string, ConfigEntry>> => {
    const [described] = await admin.describeConfigs([resource], names);
    if (described?.error) throw described.error;
    return new Map(described?.entries.map((entry) => [entry.name, entry]));
  };
  const before = await entries();
  const [altered] = await admin.alterConfigs([{ ...resource, changes }], { validateOnly });
  if (altered?.error) return new ClusterFailure(notDone(open, altered.error), altered.error.code);
  // A cluster may need a moment until all its brokers show what one of them has stored.
  const after = validateOnly ? null : await entries();
  return changes.map(({ name, operation, value = "" }) => ({
    name,
    before: before.get(name)?.value ?? null,
    after: operation === "SET" ? value : (after?.get(name)?.value ?? null),
  }));
}
