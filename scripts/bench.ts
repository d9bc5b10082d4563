/**
 * `bench`: the broker through its native protocol, with an OK only after the disk has the record,
 * beside what this machine's disk can do at all. Runs alternate (disk, broker, disk, broker …), so
 * that a ratio holds when the machine's speed drifts; absolute figures of a shared machine don't.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startBroker } from "./bench/broker.ts";
import { appendOneByOne, appendStream } from "./bench/disk.ts";
import { doorPair, type DoorScenario, doorScenarios } from "./bench/doors.ts";
import { frameOf, sendOneByOne, sendStream } from "./bench/native-load.ts";
import { buildIfStale } from "./build.ts";
import type { Command } from "./command.ts";

/** One figure of one run: the broker's, and the disk's beside it. */
interface Pair {
  readonly broker: number;
  readonly disk: number;
  /** CPU seconds of the broker for a million records; NaN where that says nothing. */
  readonly cpu: number;
}

interface Scenario {
  readonly name: string;
  readonly unit: string;
  /** What the disk's figure is. */
  readonly beside: string;
  run(folder: string, scale: number): Promise<Pair>;
}

const streamScenario = (valueBytes: number, records: number): Scenario => ({
  name: `stream of ${valueBytes} B records, 1 connection`,
  unit: "MB/s",
  beside: "appends of 1 MiB, each synced",
  async run(folder, scale) {
    const total = Math.ceil(records * scale);
    const frame = frameOf(valueBytes);
    const disk = await appendStream(join(folder, "disk"), total * frame.length, 1 << 20);
    await using broker = await startBroker(join(folder, "data"));
    await sendStream(broker.port, frame, Math.ceil(total / 10));
    const before = broker.cpuSeconds();
    const seconds = await sendStream(broker.port, frame, total);
    const cpu = ((broker.cpuSeconds() - before) / total) * 1e6;
    return { broker: (total * valueBytes) / 1e6 / seconds, disk, cpu };
  },
});

const latencyScenario = (percentile: number): Scenario => ({
  name: `one 100 B record at a time, p${percentile * 100}`,
  unit: "µs",
  beside: "an append of 200 B, synced",
  async run(folder, scale) {
    const count = Math.ceil(3000 * scale);
    const disk = await appendOneByOne(join(folder, "disk"), 200, count);
    await using broker = await startBroker(join(folder, "data"));
    const latencies = await sendOneByOne(broker.port, frameOf(100), count);
    return { broker: quantile(latencies, percentile), disk: quantile(disk, percentile), cpu: NaN };
  },
});

const scenarios: readonly Scenario[] = [
  streamScenario(100, 2_000_000),
  streamScenario(1024, 400_000),
  latencyScenario(0.5),
  latencyScenario(0.99),
];

export const bench: Command = {
  summary: "figures of the built executable beside the disk's own (--runs, --scale, --json)",
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        runs: { type: "string", default: "5" },
        scale: { type: "string", default: "1" },
        json: { type: "boolean", default: false },
      },
    });
    if (!(await buildIfStale())) return 1;
    const [runs, scale] = [Number(values.runs), Number(values.scale)];
    for (const scenario of scenarios) {
      const pairs = await runScenario(scenario, runs, scale);
      const line = values.json ? JSON.stringify({ ...scenario, pairs }) : lineOf(scenario, pairs);
      process.stdout.write(`${line}\n`);
    }
    for (const scenario of doorScenarios) {
      process.stdout.write(`${await doorLine(scenario, runs, 10 * scale)}\n`);
    }
    return 0;
  },
};

async function runScenario(scenario: Scenario, runs: number, scale: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let run = 0; run < runs; run++) {
    const folder = mkdtempSync(join(tmpdir(), "obelisk-bench-"));
    try {
      pairs.push(await scenario.run(folder, scale));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return pairs;
}

/** The 99th percentile alone and beside the other, in runs that go alone, beside, beside, alone. */
async function doorLine(scenario: DoorScenario, runs: number, seconds: number): Promise<string> {
  const pairs: { readonly alone: number; readonly beside: number }[] = [];
  for (let run = 0; run < runs; run++) {
    const folder = mkdtempSync(join(tmpdir(), "obelisk-bench-"));
    try {
      const pair = await doorPair(scenario, folder, seconds, run % 2 === 0);
      pairs.push({ alone: quantile(pair.alone, 0.99), beside: quantile(pair.beside, 0.99) });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const middle = (values: readonly number[]): string => quantile(values, 0.5).toFixed(2);
  const ratios = pairs.map(({ alone, beside }) => beside / alone);
  const { name, first, beside } = scenario;
  const rates = `${first.rate} beside ${beside.rate} requests/s`;
  return (
    `${name}, p99: alone ${middle(pairs.map(({ alone }) => alone))} ms; ${rates}: ` +
    `${middle(pairs.map((pair) => pair.beside))} ms; ratio ${middle(ratios)} ` +
    `[${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}]`
  );
}

function lineOf({ name, unit, beside }: Scenario, pairs: readonly Pair[]): string {
  const spread = (values: number[]): string => {
    const low = Math.min(...values).toFixed(0);
    const high = Math.max(...values).toFixed(0);
    return `${quantile(values, 0.5).toFixed(0)} ${unit} [${low}–${high}]`;
  };
  const broker = spread(pairs.map((pair) => pair.broker));
  const disk = spread(pairs.map((pair) => pair.disk));
  const ratio = quantile(
    pairs.map((pair) => pair.broker / pair.disk),
    0.5,
  ).toFixed(2);
  const cpu = quantile(
    pairs.map((pair) => pair.cpu),
    0.5,
  );
  const cpuText = Number.isNaN(cpu) ? "" : `; ${cpu.toFixed(2)} CPU s a million records`;
  return `${name}: ${broker}; ${beside}: ${disk}; ratio ${ratio}${cpuText}`;
}

/** The value below which a share of all values lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
