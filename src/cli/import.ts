/** `obelisk import`: topics of the original Obelisk, into a data directory or into a broker. */
import { realpath } from "node:fs/promises";
import nodePath from "node:path";
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { localDisk } from "../disk/local.ts";
import { LockHeld } from "../disk/lock.ts";
import { shownCharactersMax } from "../limits.ts";
import { topicsDirectory } from "../log/layout.ts";
import { brokerOptions } from "../options.ts";
import { findPartitions } from "../reader/directory.ts";
import { brokerAddress } from "./broker-address.ts";
import { defineCommand, type Context, type ExitCode } from "./command.ts";
import { openBrokerTarget } from "./import-broker.ts";
import { openHomeTarget } from "./import-home.ts";
import { ImportRun, planOf, type PlannedTopic } from "./import-run.ts";
import type { ImportTarget } from "./import-target.ts";
import { openLog } from "./log.ts";
import { text, toggle } from "./option-kinds.ts";
import { repeated } from "./option.ts";
import { progressOption } from "./progress.ts";
import { directoryFault } from "./read-directory.ts";

const options = {
  data: brokerOptions.data,
  broker: brokerAddress({
    default: null,
    help: "Send to a broker that runs, instead of writing to --data",
  }),
  topic: repeated(
    text({ short: "t", placeholder: "<name>", help: "Import only this topic of the original" }),
  ),
  topicPrefix: text({
    default: null,
    placeholder: "<prefix>",
    help: "Put this before the names of the topics",
  }),
  append: toggle({ help: "Add behind the records that a topic has already" }),
  progress: progressOption,
};

export const importTopics = defineCommand({
  name: "import",
  summary: "import topics of the original Obelisk",
  details: [
    "Reads topics/<topic>.log as partition 0, and topics/<topic>/partition-<n>.log as partition " +
      "n. Order, keys, values and timestamps to the nanosecond are kept. The original's files " +
      "are only read; no program may write them meanwhile.",
    "A topic that has records already is refused before anything is written, so that running it " +
      "twice does not store everything twice. When the import is interrupted, or killed, or the " +
      "disk is full, the topics before that moment are complete, the one under way has its first " +
      "messages, and the next ones are not there: delete the one under way (`obelisk topics " +
      "delete`), and import it and the next ones again with --topic.",
    "With --broker the broker chooses partitions by key, and the order that is kept is that of " +
      "each key. What it has already can't be seen from here, hence --append must be said.",
    "Damaged messages are reported and left out, and the exit code is then 1.",
  ],
  operands: [
    { name: "directory", help: "The original's data directory, or its topics", count: "one" },
  ],
  options,
  examples: [
    { args: "/srv/original/data", does: "all topics, into ./data" },
    { args: "old/data -t orders --topic-prefix old-", does: "one topic, as old-orders" },
    { args: "old/data --broker localhost:8080 --append", does: "into a broker that runs" },
  ],
  refuse({ broker, append }) {
    if (broker === null || append) return null;
    return (
      "--broker adds to whatever the broker has already, which can't be seen from here: " +
      "say --append as well."
    );
  },
  run,
});

async function run(context: Context<typeof options>): Promise<ExitCode> {
  const { options: given, operands } = context;
  const directory = operands[0] ?? "";
  const fault = await directoryFault(directory);
  if (fault !== null) return context.fail(fault);
  const disk = localDisk(directory);
  const found = await findPartitions(disk);
  if (found instanceof Refusal) return context.fail(found.message);
  const topics = planOf(found.partitions, given.topicPrefix ?? "");
  const wanted = given.topic.length === 0 ? topics : topics.filter(isAmong(given.topic));
  const missing = given.topic.filter((name) => !topics.some(({ original }) => original === name));
  if (missing.length > 0) {
    const names = missing.map((name) => quoted(name, shownCharactersMax)).join(", ");
    return context.fail(`${directory} has no topic ${names} of the original`);
  }
  if (wanted.length === 0) return context.fail(`${directory} holds no topics of the original`);
  if (given.broker === null && (await isSame(directory, found.topics, given.data))) {
    return context.fail(
      `${given.data} is where the original's files are: choose another directory with --data`,
    );
  }
  const target = await openTarget(context);
  if (typeof target === "string") return context.fail(target);
  try {
    return await new ImportRun(context, disk, target, given.progress).run(wanted);
  } finally {
    await target.close();
  }
}

const isAmong =
  (names: readonly string[]) =>
  ({ original }: PlannedTopic): boolean =>
    names.includes(original);

/** Whether our topics would go where the original's are. */
async function isSame(directory: string, topics: string, data: string): Promise<boolean> {
  const source = await realPath(nodePath.join(directory, topics));
  return source !== null && source === (await realPath(nodePath.join(data, topicsDirectory)));
}

async function realPath(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    // What isn't there is nobody's.
    void error;
    return null;
  }
}

async function openTarget(context: Context<typeof options>): Promise<ImportTarget | string> {
  const { broker, data, append } = context.options;
  if (broker !== null) return openBrokerTarget(broker, context.warn);
  const target = await openHomeTarget({ data, append }, openLog(context, "warn", "text"));
  if (target instanceof LockHeld) {
    return `${target}. Send to the broker with --broker localhost:8080 --append, or stop it first`;
  }
  return target instanceof Refusal ? target.message : target;
}
