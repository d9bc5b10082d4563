/**
 * `obelisk read`, also called `obelisk-reader`: looks into a directory without a broker. It lists
 * what there is, prints records, follows what comes, and verifies.
 */
import type { Clock } from "../base/clock.ts";
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { consumeCountMax, partitionsPerTopicMax, shownCharactersMax } from "../limits.ts";
import { findPartitions } from "../reader/directory.ts";
import { remarkJson, remarkText, type Remark } from "../reader/lines.ts";
import { readDirectory } from "../reader/read.ts";
import { selectsPartition, type Selection } from "../reader/selection.ts";
import { checkDirectory } from "./check.ts";
import { defineCommand, exitCode, type Context, type ExitCode } from "./command.ts";
import { pauseAfter } from "./follow-pace.ts";
import { integer, text, toggle } from "./option-kinds.ts";
import { repeated, type Values } from "./option.ts";
import { progressOption } from "./progress.ts";
import { openReadable, readDataOption, type ReadableDirectory } from "./read-directory.ts";
import { listDirectory } from "./read-list.ts";
import { kcatOffset, point, selectionOf } from "./read-options.ts";
import { formatOptions, RecordPrinter, refuseFormats } from "./read-print.ts";

const options = {
  data: readDataOption,
  topic: repeated(text({ short: "t", placeholder: "<name>", help: "Print records of this topic" })),
  all: toggle({ short: "a", help: "Print records of all topics" }),
  partition: repeated(
    integer({
      short: "p",
      min: 0,
      max: partitionsPerTopicMax - 1,
      help: "Only the partition of this number",
    }),
  ),
  offset: repeated(
    kcatOffset({
      short: "o",
      help: "Where to begin in each partition, as kcat has it; e@ is where to end",
    }),
  ),
  from: point({ default: null, help: "Begin here: an offset or a time" }),
  to: point({ default: null, help: "End before this offset or time" }),
  key: text({ default: null, placeholder: "<key>", help: "Only records with exactly this key" }),
  keyPrefix: text({
    default: null,
    placeholder: "<text>",
    help: "Only records whose key begins with this",
  }),
  count: integer({
    short: "c",
    default: null,
    min: 1,
    max: consumeCountMax,
    help: "End after so many records",
  }),
  ...formatOptions,
  follow: toggle({ help: "Go on with what is written from now on, until SIGINT" }),
  full: toggle({
    help: "When listing, read every batch: records, compression and damage are then known",
  }),
  verify: toggle({ help: "Verify every batch and index instead, as obelisk check does" }),
  progress: progressOption,
};

type ReadOptions = Values<typeof options>;

export const read = defineCommand({
  name: "read",
  summary: "look into a data directory: list, print, follow (also called obelisk-reader)",
  details: [
    "Without --topic or --all it lists topics, partitions and segments. Nothing is written, and " +
      "the directory may be that of a broker at work (what it has acknowledged is seen), a " +
      "damaged one, its topics folder alone, or one of the original Obelisk.",
    "Partitions come one after another, each in the order of its offsets. A stretch that can't " +
      "be read is reported on standard error, or with --format json as an object with a `kind`; " +
      "reading goes on behind it, and the exit code is then 1.",
    "A time is RFC 3339 with its zone, or @ and milliseconds since 1970; a plain number is an " +
      "offset. --from is included, --to is not.",
  ],
  operands: [{ name: "directory", help: "What to read, instead of --data", count: "optional" }],
  options,
  examples: [
    { args: "", does: "what is in ./data" },
    { args: "-t orders -o -10", does: "the ten newest records of each partition" },
    {
      args: "/srv/data -t orders -p 0 --from 2025-08-09T02:00:00Z --to 2025-08-09T03:00:00Z",
      does: "an hour of one partition",
    },
    { args: "-t orders --key user1 --format json", does: "all about one key, for a program" },
    {
      args: "-t orders -o end --follow -f '%k: %s\\n'",
      does: "what comes, as kcat would print it",
    },
  ],
  refuse: (given) => refuseFormats(given) ?? refuseMixture(given) ?? refuseSelection(given),
  run,
});

/** Listing, printing and verifying are three things, each with options of its own. */
function refuseMixture(given: ReadOptions): string | null {
  const { verify, all, full, topic, follow } = given;
  const isPrinting = all || topic.length > 0;
  const names = [
    given.offset.length > 0 && "--offset",
    given.from !== null && "--from",
    given.to !== null && "--to",
    given.key !== null && "--key",
    given.keyPrefix !== null && "--key-prefix",
    given.count !== null && "--count",
    given.template !== null && "-f",
    follow && "--follow",
  ].filter((name) => name !== false);
  const [first] = names;
  if (all && topic.length > 0) return "--all and --topic contradict each other.";
  if (verify && (first !== undefined || all || full)) {
    const senseless = first ?? (all ? "--all" : "--full");
    return `--verify reads everything: ${senseless} has no meaning with it.`;
  }
  if (full && isPrinting) return "--full is for listing: leave --topic and --all out.";
  if (first !== undefined && !isPrinting && !verify) {
    return `${first} chooses records: say of which --topic, or --all.`;
  }
  return null;
}

function refuseSelection(given: ReadOptions): string | null {
  const selection = selectionOf(given);
  return typeof selection === "string" ? selection : null;
}

async function run(context: Context<typeof options>): Promise<ExitCode> {
  const { options: given, operands } = context;
  const directory = await openReadable(operands[0] ?? given.data, context);
  if (typeof directory === "string") return context.fail(directory);
  const json = given.format === "json" || given.envelope;
  if (given.verify) {
    const { topic: topics, partition: partitions, progress } = given;
    return await checkDirectory(context, directory, { topics, partitions, json, progress });
  }
  const selection = selectionOf(given);
  if (typeof selection === "string") return context.fail(selection);
  if (given.topic.length === 0 && !given.all) {
    const { full: isFull, progress } = given;
    return await listDirectory(context, directory, { selection, isFull, json, progress });
  }
  const missing = await missingIn(directory, selection);
  if (missing !== null && !given.follow) return context.fail(missing);
  if (missing !== null) context.warn(`${missing} yet`);
  return await printRecords(context, directory, selection);
}

/** What was asked for by name and is not there. */
async function missingIn(
  directory: ReadableDirectory,
  selection: Selection,
): Promise<string | null> {
  const found = await findPartitions(directory.environment.disk);
  if (found instanceof Refusal) return found.message;
  const { topics, partitions } = selection;
  const missing = topics?.find((name) => !found.partitions.some(({ topic }) => topic === name));
  if (missing !== undefined) {
    return `${directory.path} has no topic ${quoted(missing, shownCharactersMax)}`;
  }
  if (found.partitions.some((each) => selectsPartition(selection, each))) return null;
  if (partitions === undefined) return `${directory.path} holds no topics`;
  return `${directory.path} has no such partition: ${partitions.join(", ")}`;
}

async function printRecords(
  context: Context<typeof options>,
  { environment, isLive }: ReadableDirectory,
  selection: Selection,
): Promise<ExitCode> {
  const { options: given, stdout, stop } = context;
  const printer = new RecordPrinter(stdout, given);
  const teller = new Teller(context);
  const stopped = new AbortController();
  const forget = given.follow ? stop.onStop(() => stopped.abort()) : () => {};
  const pace = new FollowPace(context.clock);
  const follow = {
    signal: stopped.signal,
    // Asked for at the end of each look.
    get pollMs() {
      return pace.pause();
    },
  };
  const items = readDirectory(environment, {
    selection,
    isLive,
    ...(given.follow ? { follow } : {}),
  });
  let left = given.count ?? Infinity;
  let code: ExitCode = exitCode.ok;
  for await (const item of items) {
    pace.found();
    if (item.kind === "records") {
      const records = item.records.length > left ? item.records.slice(0, left) : item.records;
      await printer.print(item.found, item.batch, records);
      left -= records.length;
    } else {
      if (item.kind === "damage" || item.kind === "stopped") code = exitCode.failed;
      await teller.tell(item);
    }
    if (left === 0 || stopped.signal.aborted) break;
  }
  forget();
  return code;
}

/** Measures looks: from the end of a pause to the beginning of the next one. */
class FollowPace {
  #lookBeganAt: number;
  #hasFound = false;

  constructor(private readonly clock: Clock) {
    this.#lookBeganAt = clock.monotonic();
  }

  found(): void {
    this.#hasFound = true;
  }

  /** How long to pause now, in milliseconds. */
  pause(): number {
    const now = this.clock.monotonic();
    const pauseMs = pauseAfter(now - this.#lookBeganAt, this.#hasFound);
    this.#hasFound = false;
    this.#lookBeganAt = now + pauseMs;
    return pauseMs;
  }
}

/** Tells what a reader comes upon beside records. */
class Teller {
  /** Why a partition can't be read; followed, it is tried again and again. */
  readonly #stopped = new Map<string, string>();

  constructor(private readonly context: Context<typeof options>) {}

  async tell(remark: Remark): Promise<void> {
    const { options: given, stdout, warn } = this.context;
    const message = remarkText(remark);
    if (remark.kind === "stopped") {
      const { topic = "", partition = 0 } = remark.found ?? {};
      const place = `${topic}/${partition}`;
      if (this.#stopped.get(place) === message) return;
      this.#stopped.set(place, message);
    }
    if (given.format === "json") {
      stdout.write(`${remarkJson(remark)}\n`);
      await stdout.ready();
      return;
    }
    // Behind the records that come before it.
    await stdout.flush();
    warn(message);
  }
}
