/**
 * `obelisk import`: topics of the original Obelisk, into a data directory or into a broker.
 *
 * One log after another, each from its first message to its last. What is damaged is told and
 * stepped over; what can't be stored ends the import, and what was stored until then stays.
 */
import { realpath } from "node:fs/promises";
import nodePath from "node:path";
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import type { Disk } from "../disk/disk.ts";
import { localDisk } from "../disk/local.ts";
import { LockHeld } from "../disk/lock.ts";
import { shownCharactersMax } from "../limits.ts";
import { nameFault } from "../log/layout.ts";
import type { OriginalLog } from "../original/layout.ts";
import { brokerOptions } from "../options.ts";
import { findPartitions, type FoundPartition } from "../reader/directory.ts";
import type { ReadItem } from "../reader/item.ts";
import { remarkText } from "../reader/lines.ts";
import { firstPlace, readOriginal } from "../reader/read-original.ts";
import { defineCommand, exitCode, type Context, type ExitCode } from "./command.ts";
import { openBrokerTarget, type BrokerAddress } from "./import-broker.ts";
import { openHomeTarget } from "./import-home.ts";
import type { ImportSink, ImportTarget, ImportTopic } from "./import-target.ts";
import { openLog } from "./log.ts";
import { text, toggle } from "./option-kinds.ts";
import { defineOption, repeated } from "./option.ts";
import { createProgress, progressOption, type Progress } from "./progress.ts";
import { humanCount, humanDuration, table } from "./terminal.ts";

const options = {
  data: brokerOptions.data,
  broker: defineOption<BrokerAddress, null>(
    {
      placeholder: "<host:port>",
      expected: "a host and the port of Obelisk's own protocol, as localhost:8080",
      range: null,
      parse: parseAddress,
      show: ({ host, port }) => `${host}:${port}`,
    },
    { default: null, help: "Send to a broker that runs, instead of writing to --data" },
  ),
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
      "n. Order, keys, values and timestamps to the nanosecond are kept. The original's files are " +
      "only read; no program may write them meanwhile.",
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
    return await new Import(context, disk, target).run(wanted);
  } finally {
    await target.close();
  }
}

/** One topic to import. */
interface PlannedTopic extends ImportTopic {
  /** As the original calls it. */
  readonly original: string;
  readonly logs: readonly (FoundPartition & { readonly log: OriginalLog })[];
}

const isAmong =
  (names: readonly string[]) =>
  ({ original }: PlannedTopic): boolean =>
    names.includes(original);

/** The original's logs by topic. Where both layouts stand side by side, the flat one is older. */
function planOf(partitions: readonly FoundPartition[], prefix: string): PlannedTopic[] {
  const logs = partitions.flatMap((found) =>
    found.source.kind === "original" ? [{ ...found, log: found.source.log }] : [],
  );
  return [...Map.groupBy(logs, ({ topic }) => topic)].map(([original, own]) => ({
    original,
    name: prefix + original,
    partitionCount: Math.max(...own.map(({ partition }) => partition)) + 1,
    logs: own,
  }));
}

/** Whether our topics would go where the original's are. */
async function isSame(directory: string, topics: string, data: string): Promise<boolean> {
  const source = await realPath(nodePath.join(directory, topics));
  return source !== null && source === (await realPath(nodePath.join(data, "topics")));
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
  if (broker !== null) return openBrokerTarget(broker);
  const target = await openHomeTarget({ data, append }, openLog(context, "warn", "text"));
  if (target instanceof LockHeld) {
    return `${target}. Send to the broker with --broker localhost:8080 --append, or stop it first`;
  }
  return target instanceof Refusal ? target.message : target;
}

/** Of one log, so many stretches of damage are told one by one. */
const damagesToldMax = 20;

/** One import, from its first topic to the summary. */
class Import {
  #progress: Progress | null = null;
  /** Messages stored or on their way, and those that are known to be stored. */
  #messages = 0;
  #stored = 0;
  #failed = false;
  #isStopping = false;
  readonly #rows: string[][] = [];
  #total: number | null = null;

  constructor(
    private readonly context: Context<typeof options>,
    private readonly disk: Disk,
    private readonly target: ImportTarget,
  ) {}

  async run(topics: readonly PlannedTopic[]): Promise<ExitCode> {
    const { context, target } = this;
    const objections = target.objections(topics);
    for (const objection of objections) context.fail(objection);
    if (objections.length > 0) return exitCode.failed;
    const startedAt = context.clock.monotonic();
    this.#total = messagesIn(topics);
    const forget = context.stop.onStop(() => {
      this.#isStopping = true;
    });
    for (const topic of topics) {
      if (this.#isStopping) break;
      await this.#topic(topic);
    }
    forget();
    this.#progress?.finish();
    this.#summarize(context.clock.monotonic() - startedAt);
    return this.#failed ? exitCode.failed : exitCode.ok;
  }

  async #topic(topic: PlannedTopic): Promise<void> {
    const fault = nameFault(topic.name);
    const refused =
      fault === null
        ? await this.target.prepare(topic)
        : `${quoted(topic.name, shownCharactersMax)} can't be a topic's name: ${fault}`;
    if (refused !== null) return this.#fail(`topic left out: ${refused}`);
    const before = this.#stored;
    for (const found of topic.logs) {
      if (!this.#isStopping) await this.#log(topic, found);
    }
    const count = humanCount(this.#stored - before);
    this.#rows.push([topic.name, String(topic.partitionCount), count]);
  }

  async #log(topic: PlannedTopic, found: PlannedTopic["logs"][number]): Promise<void> {
    const { disk, target } = this;
    const sink = target.open(topic, found.partition);
    const reading = { disk, found, log: found.log, selection: {}, isFollowed: false };
    const damages = { count: 0 };
    let refused: string | null = null;
    for await (const item of readOriginal(reading, firstPlace)) {
      if (item.kind === "records") refused = await this.#put(sink, item.records);
      else this.#remark(item, found.log, damages);
      if (refused !== null || this.#isStopping) break;
    }
    refused ??= await sink.end();
    this.#stored += sink.stored;
    if (damages.count > damagesToldMax) {
      this.#fail(`${found.log.logPath}: ${damages.count - damagesToldMax} more damaged stretches`);
    }
    if (refused === null) return;
    this.#isStopping = true;
    this.#fail(`stopped in ${topic.name}/${found.partition}: ${refused}`);
  }

  async #put(
    sink: ImportSink,
    records: readonly Parameters<ImportSink["put"]>[0][],
  ): Promise<string | null> {
    for (const record of records) {
      const refused = await sink.put(record);
      if (refused !== null) return refused;
    }
    this.#messages += records.length;
    this.#showing().report(this.#messages);
    return null;
  }

  #remark(
    item: Exclude<ReadItem, { kind: "records" }>,
    log: OriginalLog,
    damages: { count: number },
  ): void {
    if (item.kind === "damage") {
      const { fault, fromPosition, toPosition } = item.damage;
      if (fault === "truncated" && toPosition >= log.logBytes) {
        // Its writer was killed: nobody has seen this message.
        const where = `${log.logPath}, from byte ${fromPosition} on`;
        return this.#say(() => {
          this.context.warn(`${where}: the last message was never written whole, and is left out`);
        });
      }
      damages.count += 1;
      if (damages.count > damagesToldMax) return;
    }
    this.#fail(remarkText(item));
  }

  #fail(message: string): void {
    this.#failed = true;
    this.#say(() => this.context.fail(message));
  }

  /** The line of the progress gives way. */
  #say(message: () => void): void {
    this.#progress?.finish();
    this.#progress = null;
    message();
  }

  #showing(): Progress {
    const { stderr, clock, options: given } = this.context;
    return (this.#progress ??= createProgress({
      stderr,
      clock,
      mode: given.progress,
      label: "importing",
      unit: "messages",
      total: this.#total,
    }));
  }

  #summarize(tookMs: number): void {
    const { stdout } = this.context;
    const head = [
      { title: "topic", align: "left" },
      { title: "partitions", align: "right" },
      { title: "messages", align: "right" },
    ] as const;
    if (this.#rows.length > 0) stdout.write(table(head, this.#rows, stdout.style));
    const how = this.#isStopping ? "stopped after" : "imported";
    const what = `${humanCount(this.#stored)} messages of ${this.#rows.length} topics`;
    stdout.write(`${how} ${what} into ${this.target.name} in ${humanDuration(tookMs)}\n`);
  }
}

/** As the indexes count them; `null` where one is missing. */
function messagesIn(topics: readonly PlannedTopic[]): number | null {
  let count: number | null = 0;
  for (const { log } of topics.flatMap(({ logs }) => logs)) {
    if (log.indexBytes === null) return null;
    count += Math.floor(log.indexBytes / 8);
  }
  return count;
}

/** `host:port`; the host may be an IPv6 address in brackets. */
function parseAddress(given: string): BrokerAddress | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(given);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || !(port >= 1 && port <= 65_535)) return undefined;
  return { host, port };
}
