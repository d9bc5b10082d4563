/** `obelisk bench`: how fast a broker is on this machine, by the product's own client. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  benchPartitionsMax,
  benchRecordBytesMax,
  benchRecordsMax,
  benchTurnsMax,
} from "../limits.ts";
import { compressionNames } from "../record/batch.ts";
import type { BenchFigures, BenchLoad, BenchResult } from "./bench-run.ts";
import { brokerAddresses } from "./broker-address.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import { type Context, defineCommand, exitCode, type ExitCode } from "./command.ts";
import { clusterOptions, type OpenAdmin, withAdmin } from "./kafka-cluster.ts";
import { choice, integer, size, text, toggle } from "./option-kinds.ts";
import { humanCount, humanSize, type Style, table } from "./terminal.ts";

const options = {
  broker: brokerAddresses({
    short: "b",
    default: null,
    help: "Brokers to measure, of Obelisk or any Kafka; left out: a temporary broker",
  }),
  directory: text({
    default: null,
    placeholder: "<directory>",
    help: "Where the temporary broker has its files; left out: where the system has such files",
  }),
  records: integer({
    short: "n",
    default: 500_000,
    min: 1,
    max: benchRecordsMax,
    help: "How many go in, and out again, as fast as they can",
  }),
  turns: integer({
    default: 2_000,
    min: 1,
    max: benchTurnsMax,
    help: "How many go one by one, for latencies",
  }),
  recordSize: size({ default: 100, min: 1, max: benchRecordBytesMax, help: "Bytes of a value" }),
  partitions: integer({
    default: 1,
    min: 1,
    max: benchPartitionsMax,
    help: "Partitions of the topic",
  }),
  compression: choice(compressionNames, { short: "z", default: "none", help: "Pack the records" }),
  clientId: clusterOptions.clientId,
  requestTimeoutMs: clusterOptions.requestTimeoutMs,
  json: toggle({ help: "Print JSON, on one line" }),
};

export const bench = defineCommand({
  name: "bench",
  summary: "measure how fast a broker is on this machine",
  details: [
    "Makes a topic of its own, sends records to it, reads them back, then sends some one by one " +
      "while a reader waits; and deletes the topic.",
    "Without --broker it starts a temporary broker, whose directory is deleted afterwards. That " +
      "one runs in this process: its client and itself share a thread, and no network lies " +
      "between them. A broker that runs, with --broker, has a core for itself, if there is one. " +
      "Where the system keeps temporary files in memory, --directory names a place on the disk " +
      "that is meant.",
    "Figures are of this client and this machine at this moment: run it several times. A record " +
      "counts once it is stored as the topic asks, after an fsync by default.",
    "--json prints {broker, recordBytes, partitions, compression, produce, consume, stored, " +
      "received}, the last four with {records, seconds, recordsPerSecond, bytesPerSecond, " +
      "latencyMs: {p50, p99, p999, max} or null}.",
  ],
  options,
  examples: [
    { args: "", does: "a temporary broker" },
    { args: "-b localhost:9092 --record-size 1KiB -z lz4", does: "one that runs" },
    { args: "--directory /var/lib -n 5000000 --json", does: "the disk there, for a script" },
  ],
  refuse({ broker, directory }) {
    const isUseless = broker !== null && directory !== null;
    return isUseless ? "--directory is for a temporary broker, and --broker names another." : null;
  },
  async run(context) {
    const { options: given } = context;
    if (given.broker !== null) return await measure(context, given.broker.length, "");
    const data = await mkdtemp(join(given.directory ?? tmpdir(), "obelisk-bench-")).catch(
      (error: Error) => error,
    );
    if (data instanceof Error) return context.fail(`no temporary broker: ${data.message}`);
    try {
      return await measure(context, null, data);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  },
});

/** Measures the brokers of `--broker`, or one of a directory (`brokers` is then `null`). */
async function measure(
  context: Context<typeof options>,
  brokers: number | null,
  data: string,
): Promise<ExitCode> {
  const { options: given, stdout, stderr, stop } = context;
  let isOver = false;
  const forget = stop.onStop(() => {
    isOver = true;
  });
  const load: BenchLoad = {
    topic: `obelisk-bench-${crypto.randomUUID()}`,
    partitions: given.partitions,
    records: given.records,
    turns: given.turns,
    recordBytes: given.recordSize,
    compression: given.compression,
  };
  const tell = (what: string): void => {
    if (stderr.isTerminal && !given.json) stderr.write(`${what} …\n`);
  };
  const target = { ...given, data, mayMake: true };
  const found = await withAdmin(target, context, (open) =>
    withTopic(open, load, context.warn, async () => {
      const { runBench } = await import("./bench-run.ts");
      const { cluster } = open;
      return await runBench(load, { cluster, clock: context.clock, isOver: () => isOver, tell });
    }),
  );
  forget();
  if (found instanceof ClusterFailure) return context.fail(found.message);
  if (found === null) return exitCode.ok;
  const { partitions, recordBytes, compression } = load;
  const broker = brokers === null ? "temporary" : "running";
  const shape = { broker, recordBytes, partitions, compression };
  const shown = JSON.stringify({ ...shape, ...found });
  stdout.write(given.json ? `${shown}\n` : benchText(found, stdout.style));
  return exitCode.ok;
}

/** Does `action` while the topic is there; it goes whatever happens. */
async function withTopic<T>(
  { admin }: OpenAdmin,
  { topic, partitions }: BenchLoad,
  warn: (message: string) => void,
  action: () => Promise<T>,
): Promise<T> {
  const [created] = await admin.createTopics([{ name: topic, partitionCount: partitions }]);
  if (created?.error) throw created.error;
  try {
    return await action();
  } finally {
    const [deleted] = await admin.deleteTopics([topic]);
    if (deleted?.error) warn(`the topic ${topic} is left behind: ${deleted.error.message}`);
  }
}

/** What stands before each line, in the order of the work. */
const lines = {
  produce: "stored, many in flight",
  consume: "read back",
  stored: "one by one, stored",
  received: "one by one, received",
} as const satisfies Record<keyof BenchResult, string>;

const columns = ["", "records", "records/s", "bytes/s", "p50", "p99", "p99.9", "max"];

function benchText(result: BenchResult, style: Style): string {
  const rows = Object.entries(lines).map(([key, title]) =>
    // The keys of the table above.
    rowOf(title, result[key as keyof BenchResult]),
  );
  const heads = columns.map((title, at) => {
    return { title, align: at === 0 ? "left" : "right" } as const;
  });
  return table(heads, rows, style);
}

function rowOf(title: string, figures: BenchFigures): string[] {
  const { records, recordsPerSecond, bytesPerSecond, latencyMs } = figures;
  const rates = [humanCount(records), humanCount(recordsPerSecond), humanSize(bytesPerSecond)];
  if (latencyMs === null) return [title, ...rates, "–", "–", "–", "–"];
  const { p50, p99, p999, max } = latencyMs;
  return [title, ...rates, ...[p50, p99, p999, max].map((ms) => `${ms.toFixed(2)} ms`)];
}
