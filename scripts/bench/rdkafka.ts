/**
 * librdkafka's own load generator (`rdkafka_performance`), and `native/paced.c` on the same
 * library: what Obelisk and Kafka are both measured with.
 */
import { basename } from "node:path";
import type { Kits } from "./kits.ts";
import type { ConsumeLoad, Figures, PacedLoad, ProduceLoad } from "./peer.ts";

/** What a program printed, once it has ended with one of these codes. */
export async function outputOf(
  command: readonly string[],
  good: readonly number[] = [0],
): Promise<string> {
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: generatorMsMax,
  });
  const [code, said, complained] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  spentSeconds += Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  if (good.includes(code)) return said;
  // librdkafka warns of options that its own example gives to the wrong side.
  const lines = [...said.split("\n"), ...complained.split("\n")].filter(
    (line) => line.trim() !== "" && !line.includes("CONFWARN"),
  );
  throw new Error(`${basename(command[0] ?? "")} ended with ${code}: ${lines.at(-1) ?? ""}`);
}

/** A benchmark would rather lose a run than hang. */
const generatorMsMax = 300_000;

let spentSeconds = 0;

/** CPU seconds of all generators so far that ran as processes of their own. */
export const generatorSeconds = (): number => spentSeconds;

/** What is left out at the start of a run, while connections are made and code grows warm. */
const warmMs = 1000;

/** As `rdkafka_performance -u` prints it; `progress` counts what is delivered or consumed. */
export interface Row {
  readonly elapsedMs: number;
  readonly records: number;
  readonly bytes: number;
}

/** Reads the table; `column` is `dr` of a producer and `msgs` of a consumer. */
export function readRows(text: string, column: "dr" | "msgs"): Row[] {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  const cells = (line: string): string[] =>
    line
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
  const header = cells(lines[0] ?? "");
  const at = (name: string): number => header.indexOf(name);
  return lines
    .slice(1)
    .map(cells)
    .filter((row) => row[0] !== "elapsed")
    .map((row) => ({
      elapsedMs: Number(row[at("elapsed")]),
      records: Number(row[at(column)]),
      bytes: Number(row[at("bytes")]),
    }));
}

/** Records a second from the end of the first second to the end, if the run was longer than two. */
export function rateOf(rows: readonly Row[]): number {
  const last = rows.at(-1);
  if (last === undefined) return NaN;
  const warm = rows.find(({ elapsedMs }) => elapsedMs >= warmMs);
  const from =
    warm === undefined || last.elapsedMs < 2 * warmMs ? { elapsedMs: 0, records: 0 } : warm;
  return ((last.records - from.records) / (last.elapsedMs - from.elapsedMs)) * 1000;
}

const perSecond = (records: number, recordBytes: number): Figures => ({
  "records/s": records,
  "MB/s": (records * recordBytes) / 1e6,
});

/** Sums equal figures of processes that ran side by side. */
export function summed(all: readonly Figures[]): Figures {
  const sums: Record<string, number> = {};
  for (const figures of all) {
    for (const [name, value] of Object.entries(figures)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

/** See the head of this file. */
export class Rdkafka {
  readonly #performance: string;
  readonly #paced: string;

  constructor(kits: Kits) {
    this.#performance = kits.path("generators", "rdkafka_performance");
    this.#paced = kits.path("generators", "paced");
  }

  async produce(
    brokers: string,
    topic: string,
    load: ProduceLoad,
    more: readonly string[] = [],
  ): Promise<Figures> {
    const each = Math.ceil(load.records / load.producers);
    const one = async (): Promise<Figures> => {
      const command = [
        ...[this.#performance, "-P", "-t", topic, "-b", brokers, "-a", "-1"],
        ...["-s", String(load.recordBytes), "-c", String(each), "-i", "250", "-u", "-q"],
        ...(load.partitions === 1 ? ["-p", "0"] : []),
        ...["-X", `message.max.bytes=${Math.max(1_000_000, 2 * load.recordBytes)}`],
        ...["-X", "linger.ms=5", "-X", "batch.num.messages=10000"],
        ...["-X", "batch.size=1000000", "-X", "queue.buffering.max.messages=1000000"],
        ...["-X", "queue.buffering.max.kbytes=1048576", "-X", `compression.codec=${load.codec}`],
        ...more,
      ];
      // It takes whatever else waits in the client's queue at the end for a record that is not
      // delivered, and then ends with 1 although all were.
      const text = await outputOf(command, [0, 1]);
      const rows = readRows(text, "dr");
      if (rows.at(-1)?.records !== each) throw new Error(`not all were delivered:\n${text}`);
      return perSecond(rateOf(rows), load.recordBytes);
    };
    return summed(await Promise.all(Array.from({ length: load.producers }, one)));
  }

  /** Rates against librdkafka's broker in its own process, which forgets what it is sent. */
  async ceilings(scale: number): Promise<Figures> {
    const figures: Record<string, number> = {};
    for (const recordBytes of [100, 1024]) {
      const records = Math.ceil((scale * 400_000_000) / (recordBytes + 30));
      const load = { records, recordBytes, partitions: 1, codec: "none", producers: 1 } as const;
      const mock = ["-X", "test.mock.num.brokers=1"];
      const rate = (await this.produce("mock", "bench", load, mock))["records/s"];
      figures[`produced records/s of ${recordBytes} B`] = rate ?? NaN;
    }
    return figures;
  }

  async consume(brokers: string, topic: string, load: ConsumeLoad): Promise<Figures> {
    const one = async (): Promise<Figures> => {
      const text = await outputOf([
        ...[this.#performance, "-C", "-t", topic, "-b", brokers, "-p", "0", "-o", "beginning"],
        ...["-c", String(load.records), "-i", "250", "-u", "-q"],
        ...["-X", "fetch.message.max.bytes=1048576", "-X", "queued.min.messages=1000000"],
        ...["-X", "check.crcs=false"],
      ]);
      const rows = readRows(text, "msgs");
      if (!((rows.at(-1)?.records ?? 0) >= load.records)) throw new Error(`too few:\n${text}`);
      return perSecond(rateOf(rows), load.recordBytes);
    };
    return summed(await Promise.all(Array.from({ length: load.readers }, one)));
  }

  /** An open loop; rate 0 writes as fast as records are taken. */
  async pace(brokers: string, topic: string, load: PacedLoad): Promise<Figures> {
    const text = await outputOf([
      ...[this.#paced, brokers, topic, "1", String(load.recordBytes)],
      ...[String(load.recordsPerSecond), String(load.seconds), "1"],
    ]);
    return readPaced(text, load.recordBytes);
  }
}

/** Reads what `native/paced.c` prints. */
export function readPaced(text: string, recordBytes: number): Figures {
  const said = JSON.parse(text) as PacedAnswer;
  const [ackHalf = NaN, , ackMost = NaN, ackNearly = NaN] = said.acknowledged;
  const [endHalf = NaN, , endMost = NaN, endNearly = NaN] = said.arrived;
  return {
    ...perSecond(said.delivered / said.seconds, recordBytes),
    "ack p50 µs": ackHalf,
    "ack p99 µs": ackMost,
    "ack p99.9 µs": ackNearly,
    "end to end p50 µs": endHalf,
    "end to end p99 µs": endMost,
    "end to end p99.9 µs": endNearly,
  };
}

/** The lists are p50, p90, p99, p99.9 and the maximum. */
interface PacedAnswer {
  readonly delivered: number;
  readonly seconds: number;
  readonly acknowledged: readonly number[];
  readonly arrived: readonly number[];
}
