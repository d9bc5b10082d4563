/**
 * How things grow: the same load at a few points of one axis, and what it gives there. Each point
 * is a run of its own, on a fresh broker; the curve is the median of a point's runs.
 */
import type { Figures, Peer } from "./peer.ts";
import { type RunSettings, runOnce } from "./run.ts";
import type { Stand } from "./scenario.ts";
import type { Rounds } from "./schedule.ts";
import { median, rounded } from "./statistics.ts";

export interface Curve {
  readonly id: string;
  readonly title: string;
  /** What the points count. */
  readonly axis: string;
  readonly points: readonly number[];
  /** Where points are amounts of work: only those up to this part of the last one (`--scale`). */
  readonly isScaled?: boolean;
  /** The last point that a peer is asked for, where it would need minutes for more. */
  readonly last?: Readonly<Record<string, number>>;
  readonly figures: readonly string[];
  readonly run: (stand: Stand, at: number) => Promise<Figures | null>;
}

/** Values at one point: one for each run. */
export interface Point {
  readonly at: number;
  readonly values: readonly number[];
}

/** One figure of one curve, for each peer. */
export interface CurveFinding {
  readonly curve: string;
  readonly title: string;
  readonly axis: string;
  readonly figure: string;
  readonly series: Readonly<Record<string, readonly Point[]>>;
  /** Why points are missing. */
  readonly troubles: readonly string[];
}

const turnsFull = 20_000;

/** What of `latencies` is kept under a name that says whose they are. */
const times = (figures: Figures): Figures => ({
  "p50 µs": figures["p50 µs"] ?? NaN,
  "p99 µs": figures["p99 µs"] ?? NaN,
});

/** Rate of a stream, then latency of one record at a time. */
async function streamThenTurns(
  { target, count, metered }: Stand,
  shape: { readonly partitions: number; readonly recordBytes: number },
): Promise<Figures | null> {
  const { produce, acknowledge } = target;
  if (produce === undefined || acknowledge === undefined) return null;
  const { recordBytes, partitions } = shape;
  const records = count(Math.min(4_000_000, 1_000_000_000 / recordBytes));
  const load = { records, recordBytes, partitions, codec: "none", producers: 1 } as const;
  const rate = await metered(records, () => produce(load));
  const turned = await acknowledge({ records: count(turnsFull), recordBytes, connections: 1 });
  return { ...rate, ...times(turned) };
}

export const curves: readonly Curve[] = [
  {
    id: "partitions",
    title: "100 B records to one topic, by its partitions",
    axis: "partitions",
    points: [1, 10, 100, 1000, 10_000],
    last: { kafka: 1000, "kafka-flush": 1000 },
    figures: ["records/s", "p99 µs"],
    run: (stand, partitions) => streamThenTurns(stand, { partitions, recordBytes: 100 }),
  },
  {
    id: "connections",
    title: "100 B records, one in flight on each connection",
    axis: "connections",
    points: [1, 10, 100, 1000, 10_000],
    figures: ["records/s", "p50 µs", "p99 µs"],
    async run({ target, count, metered }, connections) {
      const { acknowledge } = target;
      if (acknowledge === undefined) return null;
      const records = Math.max(count(4 * turnsFull), 2 * connections);
      const load = { records, recordBytes: 100, connections };
      return await metered(records, () => acknowledge(load));
    },
  },
  {
    id: "record-size",
    title: "records of one partition, by their size",
    axis: "bytes a record",
    points: [10, 100, 1024, 10_240, 102_400, 1 << 20],
    figures: ["records/s", "MB/s", "p99 µs"],
    run: (stand, recordBytes) => streamThenTurns(stand, { partitions: 1, recordBytes }),
  },
  {
    id: "topic-size",
    title: "a topic of 1 KiB records, by what it holds",
    axis: "records",
    points: [10_000, 100_000, 1_000_000, 5_000_000, 20_000_000],
    isScaled: true,
    figures: ["records/s", "p99 µs", "start ms"],
    async run(stand, records) {
      const { target, count, metered } = stand;
      const load = { records, recordBytes: 1024, readers: 1 };
      await target.fill?.(load);
      const read = await metered(load.records, async () => target.consume?.(load));
      const turns = { records: count(turnsFull), recordBytes: 100, connections: 1 };
      const turned = await target.acknowledge?.(turns);
      const { startMs } = await stand.restart("SIGKILL");
      return { ...read, ...times(turned ?? {}), "start ms": startMs };
    },
  },
  {
    id: "consumers",
    title: "100 B records, one in flight, to all consumers of a topic",
    axis: "consumers",
    points: [1, 10, 100, 1000],
    figures: ["records/s", "p50 µs", "p99 µs"],
    async run({ target, count, metered }, readers) {
      const { pass } = target;
      if (pass === undefined) return null;
      // Deliveries, not records, are what takes time.
      const records = Math.max(20, Math.round(count((4 * turnsFull) / Math.sqrt(readers)) / 4));
      return await metered(records, () => pass({ records, recordBytes: 100, readers }));
    },
  },
];

/** All points of one curve for some peers, once a round. */
export class CurveRun implements Rounds {
  readonly #values = new Map<string, Map<number, Figures[]>>();
  readonly #troubles: string[] = [];
  #rounds = 0;

  constructor(
    readonly curve: Curve,
    private readonly peers: readonly Peer[],
    private readonly settings: RunSettings,
  ) {}

  isOpen(): boolean {
    return this.peers.some((peer) => peer.missing() === null);
  }

  pairs(): number {
    return this.#rounds;
  }

  async round(deadline: number): Promise<void> {
    for (const at of this.curve.points) {
      for (const peer of this.peers) {
        if (performance.now() > deadline) {
          this.#trouble(peer, at, "no time was left");
          return;
        }
        if (at <= this.#last(peer) && peer.missing() === null) await this.#run(peer, at);
      }
    }
    this.#rounds++;
  }

  findings(): CurveFinding[] {
    const { id: curve, title, axis, figures } = this.curve;
    return figures.map((figure) => {
      const series: Record<string, Point[]> = {};
      for (const [name, points] of this.#values) {
        series[name] = [...points]
          .map(([at, all]) => ({ at, values: all.map((each) => each[figure] ?? NaN) }))
          .map(({ at, values }) => ({ at, values: values.filter(Number.isFinite) }))
          .filter(({ values }) => values.length > 0);
      }
      return { curve, title, axis, figure, series, troubles: this.#troubles };
    });
  }

  async #run(peer: Peer, at: number): Promise<void> {
    try {
      const { curve, settings } = this;
      const run = (stand: Stand): Promise<Figures | null> => curve.run(stand, at);
      const sample = await runOnce({ placement: "free", run }, peer, settings);
      if (sample === null) return;
      const points = this.#values.get(peer.name) ?? new Map<number, Figures[]>();
      this.#values.set(peer.name, points);
      points.set(at, [...(points.get(at) ?? []), sample.figures]);
    } catch (error) {
      this.#trouble(peer, at, error instanceof Error ? error.message : String(error));
    }
  }

  #last({ name }: Peer): number {
    const { points, isScaled = false, last } = this.curve;
    const whole = isScaled ? Math.max(...points) * this.settings.scale : Infinity;
    return Math.min(whole, last?.[name] ?? Infinity);
  }

  #trouble({ name }: Peer, at: number, why: string): void {
    this.#troubles.push(`${name} at ${at} ${this.curve.axis}: ${why}`);
  }
}

/** The table of one curve: a line for each point, a column for each figure and peer. */
export function curveTable(findings: readonly CurveFinding[]): string[] {
  const columns = findings.flatMap(({ figure, series }) =>
    Object.entries(series).map(([name, points]) => ({ head: `${name}, ${figure}`, points })),
  );
  const all = columns.flatMap(({ points }) => points.map(({ at }) => at));
  const cell = (points: readonly Point[], at: number): string =>
    rounded(median(points.find((point) => point.at === at)?.values ?? []));
  const rows = [...new Set(all)]
    .sort((a, b) => a - b)
    .map((at) => [at.toLocaleString("en"), ...columns.map(({ points }) => cell(points, at))]);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const heads = [findings[0]?.axis ?? "", ...columns.map(({ head }) => head)];
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)];
}
