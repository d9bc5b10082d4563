/**
 * `bench`: Obelisk against its peers, scenario by scenario, in pairs; and how things grow.
 * README.md says how it is run and what each scenario is; `--list` what there is.
 */
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Contest, entrantsOf } from "./bench/contest.ts";
import { curvePlot } from "./bench/curve-plot.ts";
import { type Curve, CurveRun, curves } from "./bench/curves.ts";
import { buildOf, runGate } from "./bench/gate.ts";
import { type KitName, kitNames, Kits } from "./bench/kits.ts";
import { machineFacts, touchMemory } from "./bench/machine.ts";
import type { Peer } from "./bench/peer.ts";
import { allPeers } from "./bench/peers.ts";
import { plotOf } from "./bench/plot.ts";
import { Rdkafka } from "./bench/rdkafka.ts";
import { findingLine, findingsOf, markdownOf } from "./bench/report.ts";
import type { PeerFacts, Report } from "./bench/report.ts";
import { abandonRuns, type RunSettings } from "./bench/run.ts";
import type { Scenario } from "./bench/scenario.ts";
import { scenarios } from "./bench/scenarios.ts";
import { holdAll } from "./bench/schedule.ts";
import { buildIfStale, executable } from "./build.ts";
import type { Command } from "./command.ts";

const text = (value: string) => ({ type: "string", default: value }) as const;
const flag = { type: "boolean", default: false } as const;

const options = {
  all: flag,
  curves: flag,
  scenarios: text(""),
  against: text(""),
  install: text(""),
  cache: text(process.env["OBELISK_BENCH_CACHE"] ?? join(homedir(), ".cache", "obelisk-bench")),
  folder: text(tmpdir()),
  out: text(""),
  budget: text(""),
  pairs: text(""),
  scale: text(""),
  "touch-gib": text(""),
  seed: text(String(Date.now() % 1_000_000)),
  gate: text(""),
  busy: flag,
  quick: flag,
  list: flag,
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

/** How thoroughly things are measured. */
interface Effort extends RunSettings {
  /** No more than so many of each. */
  readonly pairs: number;
  readonly seed: number;
}

type Thoroughness = Omit<Effort, "folder" | "seed">;

/** With all the time in the world. */
const whole: Thoroughness = {
  pairs: 12,
  scale: 1,
  touchGib: 6,
  quietMsMax: 180_000,
  triesMax: 5,
};
/** Within a budget of minutes: short runs, and each counts. */
const bounded: Thoroughness = {
  pairs: 12,
  scale: 0.2,
  touchGib: 0,
  quietMsMax: 3000,
  triesMax: 1,
};
/** To see that it works. */
const quick: Thoroughness = { pairs: 2, scale: 0.02, touchGib: 0, quietMsMax: 0, triesMax: 1 };
/** For the gate, in which pairs are what counts: one machine's noise is in both of them. */
const gating: Thoroughness = { ...bounded, scale: 0.06, quietMsMax: 0 };

/** Minutes that the gate has, its build included, unless it is told others. */
const gateMinutes = 1.5;
/** What is written and removed once before bounded runs. */
const firstTouchGib = 2;

/** `statfs` of a file system that is memory: figures of it say nothing about a disk. */
const memoryFileSystem = 0x0102_1994;

export const bench: Command = {
  summary: "Obelisk against its peers, in pairs (--list, --all, --budget, --curves, --gate)",
  async run(args) {
    const begun = performance.now();
    const { values } = parseArgs({ args: [...args], options });
    const unknown = unknownName(values);
    if (unknown !== null) return fail(unknown);
    const chosen = chosenOf(values);
    const isNothing = chosen.scenarios.length + chosen.curves.length === 0;
    if (values.list || (isNothing && values.gate === "")) return list();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupted);
    if (!(await buildIfStale())) return 1;
    const cache = resolve(values.cache);
    mkdirSync(cache, { recursive: true });
    const install = named(values.install) as KitName[];
    // Without generators nothing can be measured, and they are small.
    const kits = await Kits.open(cache, ["generators", ...install]);
    const minutes = Number(values.budget === "" ? Infinity : values.budget);
    if (values.gate !== "") {
      const gateMs = 60_000 * (Number.isFinite(minutes) ? minutes : gateMinutes);
      return await gate(kits, values, begun + gateMs);
    }
    const effort = effortOf(values, Number.isFinite(minutes) ? bounded : whole);
    const report = await measure(kits, chosen, { values, effort }, begun + 60_000 * minutes);
    process.stdout.write(`\n${markdownOf(report)}`);
    if (values.out !== "") write(values.out, report);
    return 0;
  },
};

function interrupted(): void {
  abandonRuns();
  process.exit(130);
}

const named = (names: string): string[] => names.split(",").filter((name) => name !== "");

function unknownName(values: Values): string | null {
  const ids = [...scenarios, ...curves].map(({ id }) => id);
  const scenario = named(values.scenarios).find((id) => !ids.includes(id));
  if (scenario !== undefined) return `no scenario is called ${scenario}: ${ids.join(", ")}`;
  const peers = [...grown, ...scenarios.flatMap(({ matches }) => matches.flat())];
  const peer = named(values.against).find((name) => !peers.includes(name));
  if (peer !== undefined) return `no peer is called ${peer}: ${[...new Set(peers)].join(", ")}`;
  const kit = named(values.install).find((name) => !kitNames.includes(name as KitName));
  if (kit !== undefined) return `can't install ${kit}: ${kitNames.join(", ")}`;
  for (const name of ["budget", "pairs", "scale", "touch-gib", "seed"] as const) {
    if (Number.isNaN(Number(values[name]))) return `--${name} is no number: ${values[name]}`;
  }
  const isMemory = statfsSync(values.folder).type === memoryFileSystem;
  return isMemory ? `${values.folder} is memory, not a disk: --folder names another` : null;
}

function effortOf(values: Values, usual: Thoroughness): Effort {
  const { quietMsMax, triesMax, ...basis } = values.quick ? quick : usual;
  const given = (name: "pairs" | "scale" | "touch-gib", otherwise: number): number =>
    values[name] === "" ? otherwise : Number(values[name]);
  return {
    folder: values.folder,
    pairs: given("pairs", basis.pairs),
    scale: given("scale", basis.scale),
    touchGib: given("touch-gib", basis.touchGib),
    quietMsMax: values.busy ? 0 : quietMsMax,
    triesMax: values.busy ? 1 : triesMax,
    seed: Number(values.seed),
  };
}

function fail(message: string): number {
  process.stderr.write(`bench: ${message}\n`);
  return 2;
}

function list(): number {
  for (const { id, title, figures, matches } of scenarios) {
    const pairs = matches.map(([ours, theirs]) => `${ours} : ${theirs}`).join(", ");
    const what = `${title}; ${figures.join(", ")}`;
    process.stdout.write(`${id.padEnd(13)}${what}\n${" ".repeat(13)}${pairs}\n`);
  }
  for (const { id, title, figures, points, axis } of curves) {
    const what = `${title}; ${figures.join(", ")}`;
    process.stdout.write(
      `${id.padEnd(13)}${what}\n${" ".repeat(13)}${points.join(", ")} ${axis}\n`,
    );
  }
  return 0;
}

interface Chosen {
  readonly scenarios: readonly Scenario[];
  readonly curves: readonly Curve[];
}

/** In the order of the table, whatever the order that they were asked for in. */
function chosenOf(values: Values): Chosen {
  const ids = named(values.scenarios);
  return {
    scenarios: scenarios.filter(({ id }) => values.all || ids.includes(id)),
    curves: curves.filter(({ id }) => values.curves || ids.includes(id)),
  };
}

/** Scenarios in which ours also runs against itself; the first one does whatever it is. */
const noiseShown = new Set(["P5", "C1"]);

/** Peers whose growth is looked at, unless others are named. */
const grown = ["obelisk", "kafka-flush"];

async function measure(
  kits: Kits,
  chosen: Chosen,
  { values, effort }: { readonly values: Values; readonly effort: Effort },
  deadline: number,
): Promise<Report> {
  const { folder, seed, pairs, ...shown } = effort;
  const peers = allPeers(kits, executable);
  const against = new Set(named(values.against));
  const machine = machineFacts();
  if (Number.isFinite(deadline)) touchOnce(folder);
  const ceilings = await new Rdkafka(kits).ceilings(effort.scale);
  const contests = chosen.scenarios.map((scenario, at) => {
    const withItself = at === 0 || noiseShown.has(scenario.id);
    const entrants = entrantsOf(scenario, peers, { against, withItself });
    return new Contest(scenario, entrants);
  });
  const growing = grown.filter((name) => against.size === 0 || against.has(name));
  const curveRuns = chosen.curves.map((curve) => {
    const measured = [...new Set(["obelisk", ...growing])].flatMap((name) => peers.get(name) ?? []);
    return new CurveRun(curve, measured, effort);
  });
  const found = (contest: Contest) => findingsOf(contest, against, seed);
  const rounds = contests.map((contest) => ({
    isOpen: () => contest.isOpen(),
    pairs: () => contest.pairs(),
    async round(until: number): Promise<void> {
      await contest.round(effort, until);
      const { findings, omissions } = found(contest);
      process.stdout.write(findings.map((finding) => `${findingLine(finding)}\n`).join(""));
      const missing = omissions.map(
        ({ scenario, theirs, why }) => `${scenario}: ${theirs}: ${why}`,
      );
      process.stdout.write(missing.map((line) => `${line}\n`).join(""));
    },
  }));
  await holdAll([...rounds, ...curveRuns], { pairs, deadline });
  const facts = await Promise.all([...peers.values()].map(factsOfPeer));
  return {
    machine,
    settings: { ...shown, "pairs at most": pairs, seed },
    ceilings,
    peers: facts.filter((each) => each !== null),
    findings: contests.flatMap((contest) => found(contest).findings),
    omissions: contests.flatMap((contest) => found(contest).omissions),
    curves: curveRuns.flatMap((run) => run.findings()),
    runs: Object.fromEntries(
      contests.map(({ scenario, samples }) => [scenario.id, Object.fromEntries(samples)]),
    ),
  };
}

/** A machine that has only just begun to work is slower: its host gives it memory page by page. */
function touchOnce(folder: string): void {
  const made = mkdtempSync(join(folder, "obelisk-bench-"));
  touchMemory(made, firstTouchGib);
  rmSync(made, { recursive: true });
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
  if (report.findings.length > 0) writeFileSync(join(folder, "bench.svg"), plotOf(report.findings));
  const hasPoints = report.curves.some(({ series }) => Object.keys(series).length > 0);
  if (hasPoints) writeFileSync(join(folder, "curves.svg"), curvePlot(report.curves));
}

/** Exit code 1: something has become slower, and that is proven. */
async function gate(kits: Kits, values: Values, deadline: number): Promise<number> {
  const { gate: commit } = values;
  const earlier = kits.missing("generators") ?? (await buildOf(commit));
  if (typeof earlier === "string") {
    process.stdout.write(`gate: nothing was compared: ${earlier}\n`);
    return 0;
  }
  using _ = earlier;
  const effort = effortOf(values, gating);
  const { findings, losses } = await runGate(kits, earlier.path, { ...effort, deadline });
  for (const finding of findings) process.stdout.write(`${findingLine(finding)}\n`);
  for (const { scenario, ratio } of losses) {
    process.stdout.write(`${scenario}: slower than ${commit}, ${ratio.median.toFixed(2)}\n`);
  }
  return losses.length === 0 ? 0 : 1;
}
