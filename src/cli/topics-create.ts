/** `obelisk topics create`: a new topic. */
import type { Admin } from "../client/kafka/admin.ts";
import type { NewTopic } from "../client/kafka/admin-topics.ts";
import { partitionsPerTopicMax, replicationFactorMax } from "../limits.ts";
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
import { counted } from "./counted.ts";
import { notDone, type OpenAdmin, withAdmin } from "./kafka-cluster.ts";
import { repeated } from "./option.ts";
import { integer, toggle } from "./option-kinds.ts";
import { totalsText } from "./shown.ts";
import { topicFacts, totalsOf } from "./topic-facts.ts";

/** What became of it: in JSON, and as a sentence. */
interface Created {
  readonly json: {
    readonly name: string;
    readonly id: string | null;
    readonly partitions: number | null;
    readonly replicationFactor: number | null;
    readonly outcome: "created" | "exists" | "valid";
  };
  readonly sentence: string;
}

export const createTopic = defineCommand({
  name: "create",
  summary: "a new topic",
  details: [
    adminDetail,
    "Topics are also created by their first record, with the broker's options. This command is " +
      "for other partitions or another configuration. It makes the data directory if it is " +
      "missing.",
    "--json prints {name, id, partitions, replicationFactor, outcome}, the outcome created, " +
      "exists or, after a dry run, valid; null: unknown.",
  ],
  operands: [{ name: "topic", help: "Its name: letters, digits and . _ -", count: "one" }],
  options: {
    ...adminOptions,
    partitions: integer({
      default: null,
      min: 1,
      max: partitionsPerTopicMax,
      help: "How many; left out: as many as the running broker's option says, else 1",
    }),
    replicationFactor: integer({
      default: null,
      min: 1,
      max: replicationFactorMax,
      help: "Copies on different brokers; left out: as the brokers say",
    }),
    topicConfig: repeated<Setting>(
      setting({ short: "c", help: "Set a configuration of the topic, as Kafka names it" }),
    ),
    ifNotExists: toggle({ help: "A topic of that name is no failure; it stays as it is" }),
    dryRun,
  },
  examples: [
    { args: "orders --partitions 4", does: "four consumers can share it" },
    { args: "logs -c segment.bytes=67108864 -c fsync=never", does: "smaller files, no fsync" },
    { args: "orders --if-not-exists", does: "in a script that may run twice" },
  ],
  refuse({ topicConfig }) {
    const twice = twiceIn(topicConfig.map(([name]) => name));
    return twice === null ? null : `--topic-config sets ${twice} more than once.`;
  },
  async run({ options, operands, stdout, ...context }) {
    const { partitions, replicationFactor, topicConfig, ifNotExists } = options;
    const wanted: NewTopic = {
      name: operands[0] ?? "",
      ...(partitions === null ? {} : { partitionCount: partitions }),
      ...(replicationFactor === null ? {} : { replicationFactor }),
      configs: Object.fromEntries(topicConfig),
    };
    const target = { ...options, mayMake: !options.dryRun };
    const done = await withAdmin(target, context, (open) =>
      create(open, wanted, { ifNotExists, validateOnly: options.dryRun }, context.warn),
    );
    if (done instanceof ClusterFailure) return context.fail(done.message);
    stdout.write(options.json ? `${JSON.stringify(done.json)}\n` : `${done.sentence}\n`);
    return exitCode.ok;
  },
});

async function create(
  open: OpenAdmin,
  wanted: NewTopic,
  { ifNotExists, validateOnly }: { readonly ifNotExists: boolean; readonly validateOnly: boolean },
  warn: (message: string) => void,
): Promise<Created | ClusterFailure> {
  const { name } = wanted;
  const [created] = await open.admin.createTopics([wanted], { validateOnly });
  const error = created?.error ?? null;
  if (error !== null) {
    if (ifNotExists && error.code === "TOPIC_ALREADY_EXISTS")
      return existing(open.admin, name, warn);
    return new ClusterFailure(notDone(open, error), error.code);
  }
  const partitions = created?.partitionCount ?? wanted.partitionCount ?? null;
  const replicationFactor = created?.replicationFactor ?? wanted.replicationFactor ?? null;
  const id = created?.topicId ?? null;
  const outcome = validateOnly ? "valid" : "created";
  const counts = partitions === null ? "" : `: ${counted(partitions, "partition")}`;
  const sentence = validateOnly ? `${name} can be created${counts}` : `created ${name}${counts}`;
  return { json: { name, id, partitions, replicationFactor, outcome }, sentence };
}

async function existing(
  admin: Admin,
  name: string,
  warn: (message: string) => void,
): Promise<Created | ClusterFailure> {
  const [topic] = await topicFacts(admin, [name], warn);
  if (topic === undefined) return new ClusterFailure(`${name} is there already, and not described`);
  const replicationFactor = topic.partitions[0]?.replicas.length ?? null;
  const { id, partitions } = topic;
  return {
    json: { name, id, partitions: partitions.length, replicationFactor, outcome: "exists" },
    sentence: `${name} is there already: ${totalsText(totalsOf(topic))}`,
  };
}
