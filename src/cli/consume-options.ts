/** The options of `consume`, and which of them contradict each other. */
import { quoted } from "../base/printable.ts";
import {
  consumeCountMax,
  consumeTimeoutMsMax,
  consumerSessionMs,
  groupSessionMsMaxDefault,
  groupSessionMsMinDefault,
  shownCharactersMax,
} from "../limits.ts";
import { nameFault } from "../log/layout.ts";
import { brokerAddresses } from "./broker-address.ts";
import { clusterOptions } from "./kafka-cluster.ts";
import { choice, duration, integer, text, toggle } from "./option-kinds.ts";
import { repeated, type Values } from "./option.ts";
import { formatOptions, refuseFormats, type FormatChoice } from "./read-print.ts";
import { groupOffset, type KcatOffset } from "./read-options.ts";
import type { OriginOf } from "./resolve.ts";

export const consumeOptions = {
  topic: repeated(
    text({ short: "t", placeholder: "<name>", help: "Consume this topic; one at least is needed" }),
  ),
  broker: brokerAddresses({
    short: "b",
    default: null,
    help: "Brokers of one cluster, of Obelisk or any Kafka; left out: 127.0.0.1:9092, or --data",
  }),
  data: text({
    default: null,
    placeholder: "<directory>",
    help: "Read the files of this data directory instead, whether or not a broker has it",
  }),
  group: text({
    default: null,
    placeholder: "<name>",
    help:
      "In whose name to remember how far one has come; left out: nothing is remembered, with " +
      '--data it is "default"',
  }),
  partition: repeated(
    integer({
      short: "p",
      min: 0,
      max: 0x7fff_ffff,
      help: "Only the partition of this number; a group's other members don't count then",
    }),
  ),
  offset: repeated(
    groupOffset({
      short: "o",
      help:
        "Where to begin, as kcat has it; e@ is where to end. With a group: where it has " +
        "committed nothing",
    }),
  ),
  mode: choice(["poll", "continuous", "reset"], {
    default: "poll",
    help: "What there is and then end; until SIGINT; or back to the beginning, and then as poll",
  }),
  exit: toggle({ short: "e", help: "The same as --mode poll, for kcat's users" }),
  count: integer({
    short: "c",
    default: null,
    min: 1,
    max: consumeCountMax,
    help: "End after so many messages",
  }),
  commit: toggle({
    default: true,
    help: "Remember what was printed; without, nothing is written and the group is not touched",
  }),
  timeout: duration({
    default: null,
    min: 0,
    max: consumeTimeoutMsMax,
    help: "End when no message has come for so long; poll and reset end at once",
  }),
  skipDamaged: toggle({
    help: "Give messages up that can't be read, and go on behind them",
  }),
  json: toggle({ help: "The same as --format json" }),
  ...formatOptions,
  verbose: toggle({ short: "v", help: "Tell which partitions a group gives and takes" }),
  sessionTimeoutMs: duration({
    name: "session-timeout",
    default: consumerSessionMs,
    min: groupSessionMsMinDefault,
    max: groupSessionMsMaxDefault,
    help: "When the group gives its partitions to others if this member is not heard of",
  }),
  requestTimeoutMs: {
    ...clusterOptions.requestTimeoutMs,
    help: "How long a broker may take to answer a request, which then is made again",
  },
  clientId: clusterOptions.clientId,
};

type Table = typeof consumeOptions;
export type ConsumeValues = Values<Table>;

/** What is wrong, as one sentence, or `null`. */
export function refuseConsume(given: ConsumeValues, originOf: OriginOf<Table>): string | null {
  const { topic, mode, exit, json, format, data, broker } = given;
  if (topic.length === 0) return "--topic is needed: say what to consume.";
  for (const name of topic) {
    const fault = nameFault(name);
    if (fault === null) continue;
    const shown = quoted(name, shownCharactersMax);
    return `${originOf("topic")} is ${shown}, which no topic can be called: ${fault}.`;
  }
  if (json && format === "hex") return "--json contradicts --format hex.";
  if (exit && mode === "continuous") return `${originOf("exit")} contradicts --mode continuous.`;
  if (data !== null && broker !== null) {
    return `${originOf("broker")} and ${originOf("data")} name two places to read: leave one out.`;
  }
  const beginning = beginningOf(given.offset);
  if (typeof beginning === "string") return beginning;
  const fault = data === null ? refuseStart(given, beginning) : refuseFiles(given, originOf);
  return fault ?? refuseFormats(formatOf(given));
}

/** What the files of a directory, and who reads them, do not have. */
const notForFiles = {
  partition: "the group goes through all of them (obelisk read prints one)",
  offset: "the group goes on where it was (obelisk read begins anywhere)",
  verbose: "a group has one consumer there",
  sessionTimeoutMs: "a group has one consumer there",
  requestTimeoutMs: "nobody is asked",
  clientId: "nobody is asked",
} as const;

function refuseFiles(given: ConsumeValues, originOf: OriginOf<Table>): string | null {
  for (const [name, why] of Object.entries(notForFiles)) {
    // The keys of the table above.
    const key = name as keyof typeof notForFiles;
    const value = given[key];
    const isGiven = Array.isArray(value)
      ? value.length > 0
      : value !== consumeOptions[key].fallback;
    if (isGiven) return `${originOf(key)} is nothing for --data: ${why}.`;
  }
  return null;
}

/** Where brokers are to begin and end. */
export interface Beginning {
  /** `null`: none was said. */
  readonly start: KcatOffset | "stored" | null;
  /** Milliseconds since 1970; `null`: none was said. */
  readonly untilMs: number | null;
}

/** What the offsets say; a text says which of them contradict each other. */
export function beginningOf(offsets: readonly (KcatOffset | "stored")[]): Beginning | string {
  const ends = offsets.filter((each) => each !== "stored").filter(({ kind }) => kind === "toTime");
  const starts = offsets.filter((each) => each === "stored" || each.kind !== "toTime");
  if (ends.length > 1) return "-o names two times to end at: only one can be.";
  if (starts.length > 1) return "-o names two places to begin at: only one can be.";
  return { start: starts[0] ?? null, untilMs: ends[0]?.value ?? null };
}

function refuseStart(given: ConsumeValues, { start, untilMs }: Beginning): string | null {
  const { group, mode } = given;
  if (mode === "reset" && start !== null) {
    return "-o contradicts --mode reset, which begins with the oldest messages.";
  }
  if (group === null) {
    return start === "stored" ? "-o stored needs a --group that has stored something." : null;
  }
  if (untilMs !== null) return "-o e@ is nothing for a --group, which goes on behind it.";
  const isFar =
    start !== null && start !== "stored" && start.kind !== "fromTime" && start.value > 0;
  if (!isFar) return null;
  return (
    "-o with a --group is beginning, end, stored or s@: where to begin in partitions of which it " +
    "has committed nothing. obelisk groups reset moves what it has committed."
  );
}

export const formatOf = (given: ConsumeValues): FormatChoice =>
  given.json ? { ...given, format: "json" } : given;
