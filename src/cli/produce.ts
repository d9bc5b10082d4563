/** `obelisk produce`: records from standard input, files or a workload to brokers. */
import { access, constants, stat } from "node:fs/promises";
import { batchBytesMax, nativeFrameBytesMax, produceEnvelopeBytesMax } from "../limits.ts";
import { payloadBytesMin } from "../native/frame.ts";
import { humanCount } from "./terminal.ts";
import { defineCommand, exitCode, type Context, type ExitCode } from "./command.ts";
import { envelopeReader } from "./produce-envelope.ts";
import { produceOptions, refuseProduce } from "./produce-options.ts";
import { ProduceRun } from "./produce-run.ts";
import type { SenderBegin } from "./produce-sender.ts";
import {
  type ByteSource,
  fileSource,
  lineRecords,
  plainReader,
  type Portion,
  wholeRecords,
  workloadRecords,
} from "./produce-sources.ts";
import { workloads } from "./produce-workload.ts";

export const produce = defineCommand({
  name: "produce",
  summary: "send lines, files or a test workload to a broker",
  details: [
    "Speaks Kafka's protocol, to Obelisk or any Kafka. A record is counted as stored once the " +
      "broker has said so. Lines are taken as bytes; empty ones are left out, and a last one " +
      "without its line break counts. Whatever was not stored is told with its line, and the " +
      "exit code is then 1.",
    "When the connection breaks, what has no answer yet is sent again, until --timeout is over. " +
      "No record is stored twice by that, or before an earlier one of its partition, unless " +
      "--no-idempotent or another --acks than all takes the numbers from the records. Ctrl-C " +
      "ends the reading, waits for the answers, and ends with 130.",
    "A topic that is not there is made by its first record, if the broker does that. With -J " +
      "lines keep their topics, partitions, headers and times, unless an option says else: " +
      "`obelisk consume -t a -J | obelisk produce -t b -J` copies a topic byte for byte into one " +
      "of as many partitions; with -p -1, into any.",
    "--native speaks the original's protocol, which knows topics, keys, values and times. What " +
      "it has no answer for is sent again as well, and may then be there twice. Its " +
      "PUBLISH_FAILED says no more: there is no such topic and none is made, it takes no records " +
      "of that size, or the broker's disk is full or broken, which its log tells.",
    "The workloads are those of the original's test client: size sends 150 records at once, time " +
      "5 with two seconds between them, realistic 20 with pauses of 50 to 430 ms. --count and " +
      "--rate change that.",
  ],
  operands: [{ name: "file", help: "Files to read, - for standard input", count: "many" }],
  options: produceOptions,
  examples: [
    { input: "echo 'user1:Hello' |", args: "-t greetings -K :", does: "one record with a key" },
    { args: "-t events -z zstd events.log", does: "each line of a file, packed" },
    { args: "-t images --whole-files a.png b.png", does: "two records" },
    { input: "find . -print0 |", args: "-t paths -D '\\0'", does: "records apart by zero bytes" },
    {
      input: "obelisk consume -t orders -J |",
      args: "-t orders -b other:9092 -J",
      does: "a topic to another cluster",
    },
    { args: "--workload size --native", does: "150 test records, as the original sent them" },
  ],
  refuse: refuseProduce,
  run,
});

async function run(context: Context<typeof produceOptions>): Promise<ExitCode> {
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
  const options = {
    ...given,
    count,
    // Nothing is drawn over what somebody types.
    progress: given.quiet || isTyped ? "off" : given.progress,
    done: given.acks === "0" ? "sent" : "stored",
  } as const;
  const produceRun = new ProduceRun(context, options, await senderOf(context));
  if (workload !== null) {
    const hasPauses = given.rate === null;
    const records = workloadRecords(workloads[workload], count ?? 0, clock, hasPauses);
    return await produceRun.run(records);
  }
  return await produceRun.run(inputRecords(context));
}

/** Loads one of the two protocols. */
async function senderOf(context: Context<typeof produceOptions>): Promise<SenderBegin> {
  const { options: given, clock } = context;
  if (given.native) {
    const { nativeSender } = await import("./produce-native.ts");
    const broker = given.broker?.[0] ?? { host: "127.0.0.1", port: 8080 };
    return nativeSender({ broker, timeoutMs: given.timeoutMs, clock });
  }
  const { kafkaSender } = await import("./produce-kafka.ts");
  const broker = given.broker ?? [{ host: "127.0.0.1", port: 9092 }];
  return kafkaSender({ ...given, broker }, context);
}

const lineBreak = new Uint8Array([0x0a]);
const utf8 = new TextEncoder();

function inputRecords(context: Context<typeof produceOptions>): AsyncGenerator<Portion, void> {
  const { options: given, operands, stdin } = context;
  const { topic, native } = given;
  const shape = {
    ...given,
    headers: given.header,
    delimiter: given.delimiter ?? lineBreak,
    key: given.key === null ? null : utf8.encode(given.key),
    ...limitsOf(topic ?? "", native),
  };
  const standardInput: ByteSource = { name: null, chunks: () => stdin.chunks() };
  const paths = operands.length === 0 ? ["-"] : operands;
  const sources = paths.map((path) => (path === "-" ? standardInput : fileSource(path)));
  if (topic === null || given.envelope) {
    return lineRecords(sources, shape, envelopeReader(shape), produceEnvelopeBytesMax);
  }
  const partition = given.partition === -1 ? null : given.partition;
  const plain = { ...shape, topic, partition };
  if (given.wholeFiles) return wholeRecords(sources, plain);
  const longest = shape.bytesMax + (shape.keyDelimiter?.length ?? 0);
  return lineRecords(sources, plain, plainReader(plain), longest);
}

/** How large records may be; over Kafka's protocol, topics have limits of their own. */
function limitsOf(topic: string, native: boolean) {
  const most = humanCount(native ? nativeFrameBytesMax : batchBytesMax);
  if (!native) return { bytesMax: batchBytesMax, tooLarge: `it has more than ${most} bytes` };
  const bytesMax = nativeFrameBytesMax - payloadBytesMin - utf8.encode(topic).length;
  return { bytesMax, tooLarge: `with the topic's name it has more than ${most} bytes` };
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
