/**
 * `bench`: Obelisk against its peers, scenario by scenario, in pairs. bench/README.md says what is
 * measured and how; `--list` what there is.
 */
import { mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildOf, isLoss, runGate } from "./bench/gate.ts";
import { type KitName, kitNames, Kits } from "./bench/kits.ts";
import { machineFacts } from "./bench/machine.ts";
import { runQuads } from "./bench/pairing.ts";
import type { Figures, Peer } from "./bench/peer.ts";
import { allPeers } from "./bench/peers.ts";
import { plotOf } from "./bench/plot.ts";
import { Rdkafka } from "./bench/rdkafka.ts";
import { type Finding, findingOf, markdownOf, type Omission } from "./bench/report.ts";
import { type PeerFacts, type Report, rounded, verdictOf } from "./bench/report.ts";
import { type RunSettings, runOnce } from "./bench/run.ts";
import type { Match, Scenario } from "./bench/scenario.ts";
import { scenarios } from "./bench/scenarios.ts";
import { buildIfStale, executable } from "./build.ts";
import type { Command } from "./command.ts";

const text = (value: string) => ({ type: "string", default: value }) as const;
const flag = { type: "boolean", default: false } as const;

const options = {
  scenarios: text(""),
  against: text(""),
  install: text(""),
  cache: text(process.env["OBELISK_BENCH_CACHE"] ?? join(homedir(), ".cache", "obelisk-bench")),
  folder: text(tmpdir()),
  out: text(""),
  quads: text("6"),
  scale: text("1"),
  "touch-gib": text("6"),
  seed: text(String(Date.now() % 1_000_000)),
  gate: text(""),
  busy: flag,
  quick: flag,
  list: flag,
} as const;

/** `statfs` of a file system that is memory: figures of it say nothing about a disk. */
const memoryFileSystem = 0x0102_1994;

export const bench: Command = {
  summary: "Obelisk against its peers, in pairs (bench/README.md; --list, --quick, --gate)",
  async run(args) {
    const { values } = parseArgs({ args: [...args], options });
    if (values.list) return list();
    const unknown = unknownName(values);
    if (unknown !== null) return fail(unknown);
    if (!(await buildIfStale())) return 1;
    mkdirSync(values.cache, { recursive: true });
    const install = named(values.install) as KitName[];
    // Without generators nothing can be measured, and they are small.
    const kits = await Kits.open(values.cache, ["generators", ...install]);
    const settings: RunSettings & { quads: number; seed: number } = {
      folder: values.folder,
      quads: values.quick ? 1 : Number(values.quads),
      scale: values.quick ? 0.1 : Number(values.scale),
      touchGib: values.quick ? 0 : Number(values["touch-gib"]),
      mayBeBusy: values.quick || values.busy,
      seed: Number(values.seed),
    };
    if (values.gate !== "") return await gate(kits, values.gate, settings);
    const { folder: _, ...shown } = settings;
    const peers = allPeers(kits, executable);
    const chosen = chosenOf(named(values.scenarios));
    const ceilings = await new Rdkafka(kits).ceilings(settings.scale);
    const machine = machineFacts();
    const held = await holdAll(chosen, peers, new Set(named(values.against)), settings);
    const facts = await Promise.all([...peers.values()].map(factsOfPeer));
    const known = facts.filter((each) => each !== null);
    const report: Report = { machine, settings: shown, ceilings, peers: known, ...held };
    process.stdout.write(`\n${markdownOf(report)}`);
    if (values.out !== "") write(values.out, report);
    return 0;
  },
};

const named = (list: string): string[] => list.split(",").filter((name) => name !== "");

function unknownName(values: {
  scenarios: string;
  install: string;
  folder: string;
}): string | null {
  const ids = scenarios.map(({ id }) => id);
  const scenario = named(values.scenarios).find((id) => !ids.includes(id));
  if (scenario !== undefined) return `no scenario is called ${scenario}: ${ids.join(", ")}`;
  const kit = named(values.install).find((name) => !kitNames.includes(name as KitName));
  if (kit !== undefined) return `can't install ${kit}: ${kitNames.join(", ")}`;
  const isMemory = statfsSync(values.folder).type === memoryFileSystem;
  return isMemory ? `${values.folder} is memory, not a disk: --folder names another` : null;
}

function fail(message: string): number {
  process.stderr.write(`bench: ${message}\n`);
  return 2;
}

function list(): number {
  for (const { id, title, figure, matches } of scenarios) {
    const pairs = matches.map(([ours, theirs]) => `${ours} : ${theirs}`).join(", ");
    process.stdout.write(`${id.padEnd(12)}${title}, ${figure}\n${" ".repeat(12)}${pairs}\n`);
  }
  return 0;
}

/** In the order of the table, whatever the order that they were asked for in. */
const chosenOf = (ids: readonly string[]): readonly Scenario[] =>
  scenarios.filter(({ id }) => ids.length === 0 || ids.includes(id));

/** Holds every match; the first scenario's first of all with itself, which shows the noise. */
async function holdAll(
  chosen: readonly Scenario[],
  peers: ReadonlyMap<string, Peer>,
  against: ReadonlySet<string>,
  settings: RunSettings & { quads: number; seed: number },
): Promise<{ findings: Finding[]; omissions: Omission[] }> {
  const findings: Finding[] = [];
  const omissions: Omission[] = [];
  for (const scenario of chosen) {
    const [first] = scenario.matches;
    const itself: Match[] = scenario === chosen[0] && first ? [[first[0], first[0]]] : [];
    for (const match of [...itself, ...scenario.matches]) {
      const [ours, theirs] = match;
      if (against.size > 0 && ours !== theirs && !against.has(theirs)) continue;
      const found = await hold(scenario, match, peers, settings);
      if (typeof found === "string") {
        omissions.push({ scenario: scenario.id, ours, theirs, why: found });
        process.stdout.write(`${scenario.id}: ${ours} : ${theirs}: ${found}\n`);
      } else {
        findings.push(found);
        process.stdout.write(lineOf(found));
      }
    }
  }
  return { findings, omissions };
}

/** Holds one match; a string says why it could not be. */
async function hold(
  scenario: Scenario,
  [ours, theirs]: Match,
  peers: ReadonlyMap<string, Peer>,
  settings: RunSettings & { quads: number; seed: number },
): Promise<Finding | string> {
  const [a, b] = [peers.get(ours), peers.get(theirs)];
  if (a === undefined || b === undefined) return "no such peer";
  const missing = a.missing() ?? b.missing();
  if (missing !== null) return missing;
  try {
    const pairs = await runQuads(
      settings.quads,
      () => runOnce(scenario, a, settings),
      () => runOnce(scenario, b, settings),
    );
    if (pairs === null) return "one of them has no way to do it";
    const { id, title, placement, figure, better } = scenario;
    const match = { scenario: id, title, placement, figure, better, ours, theirs };
    return findingOf(match, pairs, settings.seed);
  } catch (error) {
    // A run that broke says so in the report, and the others are made all the same.
    return `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function lineOf({ scenario, ours, theirs, figure, ratio, pairs }: Finding): string {
  const show = (figures: Figures | undefined): string => rounded(figures?.[figure] ?? NaN);
  const first = pairs[0];
  const figures = `${show(first?.a.figures)} and ${show(first?.b.figures)} ${figure}`;
  const { low, high } = ratio;
  const interval = [low, high].map((end) => end.toFixed(2)).join("–");
  const what = `${scenario.padEnd(12)}${ours} : ${theirs}: ${ratio.median.toFixed(2)} [${interval}]`;
  return `${what} ${verdictOf(ratio)}; first pair ${figures}\n`;
}

async function factsOfPeer(peer: Peer): Promise<PeerFacts | null> {
  if (peer.missing() !== null) return null;
  const { name, acknowledges } = peer;
  const installedBytes = peer.installedBytes();
  return { name, acknowledges, description: await peer.describe(), installedBytes };
}

function write(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "bench.md"), markdownOf(report));
  writeFileSync(join(folder, "bench.json"), `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(join(folder, "bench.svg"), plotOf(report.findings));
}

/** Exit code 1: something has become slower, and that is proven. */
async function gate(
  kits: Kits,
  commit: string,
  settings: RunSettings & { quads: number; seed: number },
): Promise<number> {
  using earlier = await buildOf(commit);
  const findings = await runGate(kits, earlier.path, settings, (finding) => {
    process.stdout.write(lineOf(finding));
  });
  const losses = findings.filter(isLoss);
  for (const { scenario, ratio } of losses) {
    process.stdout.write(`${scenario}: slower than ${commit}, ${ratio.median.toFixed(2)}\n`);
  }
  return losses.length === 0 ? 0 : 1;
}
