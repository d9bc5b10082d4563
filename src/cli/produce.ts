/** `obelisk produce`: records from standard input, files or a workload to a broker. */
import { access, constants, stat } from "node:fs/promises";
import { quoted } from "../base/printable.ts";
import {
  nativeFrameBytesMax,
  producerDeliveryMsMax,
  produceCountMax,
  produceRateMax,
  produceTimeoutMsMax,
  produceTimeoutMsMin,
  shownCharactersMax,
} from "../limits.ts";
import { nameFault } from "../log/layout.ts";
import { payloadBytesMin } from "../native/frame.ts";
import { nanosecondMillisecondsMax } from "../record/nanoseconds.ts";
import { brokerAddress } from "./broker-address.ts";
import { defineCommand, exitCode, type Context, type ExitCode } from "./command.ts";
import type { Values } from "./option.ts";
import { choice, duration, integer, text, toggle } from "./option-kinds.ts";
import { delimiter } from "./produce-delimiter.ts";
import { ProduceRun } from "./produce-run.ts";
import {
  type ByteSource,
  fileSource,
  lineRecords,
  type Portion,
  wholeRecords,
  workloadRecords,
} from "./produce-sources.ts";
import { workloadNames, workloads } from "./produce-workload.ts";
import { progressOption } from "./progress.ts";
import type { OriginOf } from "./resolve.ts";

const options = {
  topic: text({ short: "t", default: null, placeholder: "<name>", help: "Where the records go" }),
  broker: brokerAddress({
    short: "b",
    default: { host: "127.0.0.1", port: 8080 },
    help: "The broker, by the port of Obelisk's own protocol",
  }),
  keyDelimiter: delimiter({
    short: "K",
    default: null,
    help: "What stands between key and value; a record without it has no key of its own",
  }),
  key: text({
    short: "k",
    default: null,
    help: "Key of all records that have none of their own; one key stays in one partition",
  }),
  delimiter: delimiter({
    short: "D",
    default: null,
    help: "What stands between two records; left out: a line break",
  }),
  wholeFiles: toggle({ help: "Each file is one record, whatever is in it" }),
  timestamp: integer({
    default: null,
    min: 0,
    max: nanosecondMillisecondsMax,
    placeholder: "<ms>",
    help: "Time of all records, in milliseconds since 1970; left out: when each is sent",
  }),
  workload: choice(workloadNames, {
    default: null,
    placeholder: "<name>",
    help: "Send test records to topic-0, topic-1 and topic-2 instead of reading anything",
  }),
  count: integer({
    short: "c",
    default: null,
    min: 1,
    max: produceCountMax,
    help: "End after so many records; left out: with the input, or as the workload says",
  }),
  rate: integer({
    default: null,
    min: 1,
    max: produceRateMax,
    help: "Records a second; left out: as fast as the broker stores them",
  }),
  timeoutMs: duration({
    name: "timeout",
    default: producerDeliveryMsMax,
    min: produceTimeoutMsMin,
    max: produceTimeoutMsMax,
    help: "How long a record may wait for its OK, also while the connection is made again",
  }),
  json: toggle({ help: "Print the summary as one JSON object, on standard output" }),
  quiet: toggle({ short: "q", help: "Say nothing but what went wrong" }),
  progress: progressOption,
};

export const produce = defineCommand({
  name: "produce",
  summary: "send lines, files or a test workload to a broker",
  details: [
    "A record is counted as stored once the broker has said OK. Lines are taken as bytes; empty " +
      "ones are left out, and a last one without its line break counts. Whatever was not stored " +
      "is told with its line, and the exit code is then 1. The protocol's PUBLISH_FAILED says no " +
      "more: there is no such topic and none is made, it takes no records of that size, or the " +
      "broker's disk is full or broken, which its log tells.",
    "When the connection breaks, what has no answer yet is sent again: after that, records may " +
      "be there twice. Ctrl-C ends the reading, waits for the answers, and ends with 130.",
    "The workloads are those of the original's test client: size sends 150 records at once, time " +
      "5 with two seconds between them, realistic 20 with pauses of 50 to 430 ms. --count and " +
      "--rate change that.",
  ],
  operands: [{ name: "file", help: "Files to read, - for standard input", count: "many" }],
  options,
  examples: [
    { input: "echo 'user1:Hello' |", args: "-t greetings -K :", does: "one record with a key" },
    { args: "-t events events.log", does: "each line of a file" },
    { args: "-t images --whole-files a.png b.png", does: "two records" },
    { input: "find . -print0 |", args: "-t paths -D '\\0'", does: "records apart by zero bytes" },
    { args: "--workload size", does: "150 test records" },
  ],
  refuse,
  run,
});

function refuse(given: Values<typeof options>, originOf: OriginOf<typeof options>): string | null {
  const { topic, workload, wholeFiles } = given;
  if (workload !== null) {
    const useless = givenOf(given, ["topic", "key", "timestamp", ...splitting, "wholeFiles"]);
    if (useless === undefined) return null;
    return `${originOf(useless)} has no effect with --workload, which makes its own records.`;
  }
  if (topic === null) return "--topic is needed: where the records go (or a --workload).";
  const fault = nameFault(topic);
  if (fault !== null) {
    const shown = quoted(topic, shownCharactersMax);
    return `${originOf("topic")} is ${shown}, which no topic can be called: ${fault}.`;
  }
  const useless = wholeFiles ? givenOf(given, splitting) : undefined;
  if (useless === undefined) return null;
  return `${originOf(useless)} has no effect with --whole-files, which are not taken apart.`;
}

/** What takes an input apart. */
const splitting = ["keyDelimiter", "delimiter"] as const;

/** The first of some options that was given. */
const givenOf = <K extends keyof typeof options>(
  given: Values<typeof options>,
  names: readonly K[],
): K | undefined => names.find((name) => given[name] !== null && given[name] !== false);

async function run(context: Context<typeof options>): Promise<ExitCode> {
  const { options: given, operands, stdin, stderr, clock } = context;
  const { workload } = given;
  const misuse = operandFault(operands, workload);
  if (misuse !== null) {
    context.fail(misuse);
    return exitCode.misuse;
  }
  const fault = await fileFault(operands);
  if (fault !== null) return context.fail(fault);
  const isTyped =
    workload === null && stdin.isTerminal && (operands.length === 0 || operands.includes("-"));
  if (isTyped && !given.quiet) stderr.write("Type one record a line; Ctrl-D ends.\n");
  const count = given.count ?? (workload === null ? null : workloads[workload].count);
  const produceRun = new ProduceRun(context, {
    ...given,
    count,
    // Nothing is drawn over what somebody types.
    progress: given.quiet || isTyped ? "off" : given.progress,
  });
  if (workload !== null) {
    const hasPauses = given.rate === null;
    const records = workloadRecords(workloads[workload], count ?? 0, clock, hasPauses);
    return await produceRun.run(records);
  }
  return await produceRun.run(inputRecords(context));
}

const lineBreak = new Uint8Array([0x0a]);

function inputRecords(context: Context<typeof options>): AsyncGenerator<Portion, void> {
  const { options: given, operands, stdin } = context;
  const utf8 = new TextEncoder();
  const topic = given.topic ?? "";
  const shape = {
    ...given,
    topic,
    delimiter: given.delimiter ?? lineBreak,
    key: utf8.encode(given.key ?? ""),
    bytesMax: nativeFrameBytesMax - payloadBytesMin - utf8.encode(topic).length,
  };
  const standardInput: ByteSource = { name: null, chunks: () => stdin.chunks() };
  const paths = operands.length === 0 ? ["-"] : operands;
  const sources = paths.map((path) => (path === "-" ? standardInput : fileSource(path)));
  return given.wholeFiles ? wholeRecords(sources, shape) : lineRecords(sources, shape);
}

function operandFault(operands: readonly string[], workload: string | null): string | null {
  if (workload !== null && operands.length > 0) return "a --workload reads no files.";
  const isTwice = operands.filter((path) => path === "-").length > 1;
  return isTwice ? "standard input can be read only once." : null;
}

/** The first file that can't be read: better before anything is sent than in the middle. */
async function fileFault(operands: readonly string[]): Promise<string | null> {
  for (const path of operands.filter((operand) => operand !== "-")) {
    try {
      await access(path, constants.R_OK);
      if ((await stat(path)).isDirectory()) return `${path} is a directory`;
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      return `${path} can't be read: ${String(error.code)}`;
    }
  }
  return null;
}
