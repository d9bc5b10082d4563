/** What a benchmark has found: kept as JSON, shown as a table in Markdown. Pure functions. */
import type { MachineFacts } from "./machine.ts";
import { type Better, type Pair, type Ratio, ratioOf } from "./pairing.ts";
import type { Acknowledges, Figures } from "./peer.ts";
import type { Sample } from "./run.ts";
import { median, variation } from "./statistics.ts";

/** One match of one scenario. */
export interface Finding {
  readonly scenario: string;
  readonly title: string;
  readonly placement: string;
  /** The figure that was compared. */
  readonly figure: string;
  readonly better: Better;
  readonly ours: string;
  /** The same name as `ours`: the match of a thing with itself, which shows what noise does. */
  readonly theirs: string;
  readonly ratio: Ratio;
  readonly pairs: readonly Pair<Sample>[];
}

/** A match that was not held. */
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
}

/** Compares the scenario's figure over pairs of samples. */
export function findingOf(
  match: Omit<Finding, "ratio" | "pairs">,
  pairs: readonly Pair<Sample>[],
  seed: number,
): Finding {
  const figures = pairs.map(({ a, b }) => {
    return { a: a.figures[match.figure] ?? NaN, b: b.figures[match.figure] ?? NaN };
  });
  return { ...match, pairs, ratio: ratioOf(figures, match.better, seed) };
}

/** Which of the two is ahead, as far as that is proven. */
export function verdictOf({ low, high }: Pick<Ratio, "low" | "high">): "ahead" | "behind" | "even" {
  if (low > 1) return "ahead";
  return high < 1 ? "behind" : "even";
}

/** The document; JSON keeps every sample. */
export function markdownOf(report: Report): string {
  const { machine, settings, ceilings, peers, findings, omissions } = report;
  const shown = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const ceiling = Object.entries(ceilings).map(([name, value]) => `${name}: ${rounded(value)}`);
  const names = new Set(findings.flatMap(({ ours, theirs }) => [ours, theirs]));
  const lines = [
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ` +
      `${machine.kernel}; load before the first run ${machine.load.toFixed(2)}.`,
    "",
    `Runs: ${shown.join(", ")}.`,
    ...(ceiling.length === 0 ? [] : ["", `What the generators reach: ${ceiling.join(", ")}.`]),
    "",
    "A ratio above 1 means that the first of the two is better; behind it, the interval in which",
    "it lies in 95 of 100 cases. Figures are medians, and in brackets the least and the greatest.",
    "",
    ...tableOf(findings),
    "",
    ...peers.filter(({ name }) => names.has(name)).map(peerLine),
    ...(omissions.length === 0 ? [] : ["", "Not measured:", ""]),
    ...omissions.map(
      ({ scenario, ours, theirs, why }) => `- ${scenario}, ${ours} against ${theirs}: ${why}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

const heads = [
  "",
  "scenario",
  "figure",
  "first",
  "",
  "second",
  "",
  "ratio",
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
  const first = pairs.map(({ a }) => a);
  const second = pairs.map(({ b }) => b);
  const value = (samples: readonly Sample[]): string =>
    spread(samples.map(({ figures }) => figures[figure] ?? NaN));
  const middle = (samples: readonly Sample[], part: (sample: Sample) => number): string =>
    rounded(median(samples.map(part)));
  const mebibytes = (sample: Sample): number => sample.residentBytesMax / 2 ** 20;
  const cpu = ({ cpuSeconds, records }: Sample): number => (cpuSeconds / records) * 1e6;
  const verdict = ours === theirs ? "itself" : verdictOf(ratio);
  return [
    finding.scenario,
    finding.title,
    figure,
    ours,
    value(first),
    theirs,
    value(second),
    `${times(ratio.median)} [${times(ratio.low)}–${times(ratio.high)}] ${verdict}`,
    `${middle(first, cpu)} : ${middle(second, cpu)}`,
    `${middle(first, mebibytes)} : ${middle(second, mebibytes)}`,
  ];
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

/** Three digits that mean something, thousands apart. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value === 0 ? "0" : String(Number(value.toPrecision(3)));
}

const times = (ratio: number): string => (ratio >= 100 ? rounded(ratio) : ratio.toFixed(2));
