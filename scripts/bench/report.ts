/** What a benchmark has found: kept as JSON, shown as a table in Markdown. Pure functions. */
import { again, type Contest } from "./contest.ts";
import { type CurveFinding, curveTable } from "./curves.ts";
import type { MachineFacts } from "./machine.ts";
import { betterOf, type Pair, pairsOf, type Ratio, ratioOf } from "./pairing.ts";
import type { Acknowledges, Figures } from "./peer.ts";
import { foreignShareMax, type Sample } from "./run.ts";
import type { Match } from "./scenario.ts";
import { median, rounded, variation } from "./statistics.ts";

/** What a figure cost the broker; medians. */
export interface Costs {
  /** CPU seconds for a million records; NaN where the number of records says nothing. */
  readonly cpuSecondsAMillion: number;
  readonly residentMebibytesMax: number;
  /** Bytes that went to the disk, for each record. */
  readonly writtenBytesARecord: number;
}

/** One figure of one match of one scenario. */
export interface Finding {
  readonly scenario: string;
  readonly title: string;
  readonly placement: string;
  readonly figure: string;
  readonly ours: string;
  /** `ours` again: the match of a thing with itself, which shows what noise does. */
  readonly theirs: string;
  readonly ratio: Ratio;
  readonly pairs: readonly Pair[];
  readonly costs: { readonly ours: Costs; readonly theirs: Costs };
}

/** A match that was not held, or not to the end. */
export interface Omission {
  readonly scenario: string;
  readonly ours: string;
  readonly theirs: string;
  readonly why: string;
}

export interface PeerFacts {
  readonly name: string;
  readonly description: string;
  readonly acknowledges: Acknowledges;
  readonly installedBytes: number;
}

export interface Report {
  readonly machine: MachineFacts;
  /** How runs were made, and the seed of the intervals. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** What the generators reach without a broker. */
  readonly ceilings: Figures;
  readonly peers: readonly PeerFacts[];
  readonly findings: readonly Finding[];
  readonly omissions: readonly Omission[];
  readonly curves: readonly CurveFinding[];
  /** All that was measured, by scenario and peer. */
  readonly runs: Readonly<Record<string, Readonly<Record<string, readonly Sample[]>>>>;
}

type Contested = Pick<Contest, "scenario" | "samples" | "troubles">;

/** What came of a contest: its matches by their figures, and those that were not held. */
export function findingsOf(
  { scenario, samples, troubles }: Contested,
  against: ReadonlySet<string>,
  seed: number,
): { findings: Finding[]; omissions: Omission[] } {
  const findings: Finding[] = [];
  const omissions: Omission[] = [];
  const { id, title, placement } = scenario;
  const [first = ""] = scenario.matches[0] ?? [];
  const itself: Match[] = samples.has(first + again) ? [[first, first + again]] : [];
  const held = scenario.matches.filter(([, theirs]) => against.size === 0 || against.has(theirs));
  for (const [ours, theirs] of [...itself, ...held]) {
    const [a = [], b = []] = [samples.get(ours), samples.get(theirs)];
    const why = troubles.get(ours) ?? troubles.get(theirs);
    const isMissing = a.length === 0 || b.length === 0;
    // Who failed later has pairs that count, and they end there.
    if (isMissing || why !== undefined) {
      omissions.push({ scenario: id, ours, theirs, why: why ?? "there was no time left" });
    }
    if (isMissing) continue;
    const costs = { ours: costsOf(a), theirs: costsOf(b) };
    for (const figure of scenario.figures) {
      const valuesOf = (all: readonly Sample[]): number[] =>
        all.map(({ figures }) => figures[figure] ?? NaN);
      const pairs = pairsOf(valuesOf(a), valuesOf(b));
      if (pairs.length === 0) continue;
      const ratio = ratioOf(pairs, betterOf(figure), seed);
      findings.push({ scenario: id, title, placement, figure, ours, theirs, ratio, pairs, costs });
    }
  }
  return { findings, omissions };
}

function costsOf(samples: readonly Sample[]): Costs {
  const middle = (part: (sample: Sample) => number): number => median(samples.map(part));
  return {
    cpuSecondsAMillion: middle(({ cpuSeconds, records }) => (cpuSeconds / records) * 1e6),
    residentMebibytesMax: middle(({ residentBytesMax }) => residentBytesMax / 2 ** 20),
    writtenBytesARecord: middle(({ writtenBytes, records }) => writtenBytes / records),
  };
}

/** What an interval on one side of 1 means; of less than {@link pairsMin} pairs, nothing. */
export function verdictOf({ low, high, pairs }: Ratio): "ahead" | "behind" | "even" | "too few" {
  if (pairs < pairsMin) return "too few";
  if (low > 1) return "ahead";
  return high < 1 ? "behind" : "even";
}

/** The interval of fewer pairs is only their range. */
const pairsMin = 6;

/** The document; JSON keeps every sample. */
export function markdownOf(report: Report): string {
  const { machine, settings, ceilings, peers, findings, omissions, curves } = report;
  const shown = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const ceiling = Object.entries(ceilings).map(([name, value]) => `${name}: ${rounded(value)}`);
  const names = new Set(findings.flatMap(({ ours, theirs }) => [ours, theirs]));
  const runs = Object.values(report.runs).flatMap((each) => Object.values(each).flat());
  const disturbed = runs.filter(({ foreignShare }) => foreignShare > foreignShareMax).length;
  const drawn = curves.filter(({ series }) => Object.keys(series).length > 0);
  return `${[
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ` +
      `${machine.kernel}; load before the first run ${machine.load.toFixed(2)}.`,
    "",
    `Settings: ${shown.join(", ")}.`,
    `${runs.length} runs of scenarios, of which others disturbed ${disturbed}. Broker and load`,
    "share all cores, unless a title says otherwise.",
    ...(ceiling.length === 0 ? [] : ["", `What the generators reach: ${ceiling.join(", ")}.`]),
    ...(findings.length === 0 ? [] : legend),
    ...(findings.length === 0 ? [] : tableOf(findings)),
    "",
    ...peers.filter(({ name }) => names.has(name)).map(peerLine),
    ...(omissions.length === 0 ? [] : ["", "Not measured, or not to the end:", ""]),
    ...omissions.map(
      ({ scenario, ours, theirs, why }) => `- ${scenario}, ${ours} against ${theirs}: ${why}`,
    ),
    ...[...Map.groupBy(drawn, ({ curve }) => curve)].flatMap(([name, all]) => {
      return ["", `${name}: ${all[0]?.title}`, "", ...curveTable(all)];
    }),
    ...[...new Set(curves.flatMap(({ troubles }) => troubles))].map((trouble) => `- ${trouble}`),
  ].join("\n")}\n`;
}

const legend = [
  "",
  "A ratio above 1 means that the first of the two is better; behind it, the interval in which",
  "it lies in 95 of 100 cases. Figures are medians, and in brackets the least and the greatest.",
  "",
];

const heads = [
  "",
  "scenario",
  "figure",
  "first",
  "",
  "second",
  "",
  "ratio",
  "pairs",
  "CPU s a million",
  "peak MiB",
];

function tableOf(findings: readonly Finding[]): string[] {
  const rows = findings.map(cellsOf);
  const widths = heads.map((head, at) =>
    Math.max(3, head.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

function cellsOf(finding: Finding): string[] {
  const { ratio, pairs, ours, theirs, figure } = finding;
  const both = (part: (costs: Costs) => number): string =>
    `${rounded(part(finding.costs.ours))} : ${rounded(part(finding.costs.theirs))}`;
  const verdict = theirs.endsWith(again) ? "itself" : verdictOf(ratio);
  return [
    finding.scenario,
    finding.title,
    figure,
    ours,
    spread(pairs.map(({ a }) => a)),
    theirs,
    spread(pairs.map(({ b }) => b)),
    `${times(ratio.median)} [${times(ratio.low)}–${times(ratio.high)}] ${verdict}`,
    String(ratio.pairs),
    both(({ cpuSecondsAMillion }) => cpuSecondsAMillion),
    both(({ residentMebibytesMax }) => residentMebibytesMax),
  ];
}

/** One line, while it runs. */
export function findingLine({ scenario, ours, theirs, figure, ratio, pairs }: Finding): string {
  const { low, high, median: middle } = ratio;
  const figures = [pairs.map(({ a }) => a), pairs.map(({ b }) => b)].map(median).map(rounded);
  return (
    `${scenario.padEnd(13)}${ours} : ${theirs}, ${figure}: ${figures.join(" : ")}, ` +
    `${times(middle)} [${times(low)}–${times(high)}] of ${pairs.length} ${verdictOf(ratio)}`
  );
}

function peerLine({ name, description, acknowledges, installedBytes }: PeerFacts): string {
  const size = Number.isNaN(installedBytes) ? "" : `; ${rounded(installedBytes / 1e6)} MB`;
  return `- \`${name}\`: ${description}; acknowledges ${acknowledges}${size}.`;
}

/** The middle, and how far the others are. */
function spread(values: readonly number[]): string {
  const ends = [Math.min(...values), Math.max(...values)].map(rounded);
  const noise = variation(values);
  const noisy = noise > 0.1 ? `, CV ${(noise * 100).toFixed(0)} %` : "";
  return `${rounded(median(values))} [${ends.join("–")}${noisy}]`;
}

const times = (ratio: number): string => (ratio >= 100 ? rounded(ratio) : ratio.toFixed(2));
