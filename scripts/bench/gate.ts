/**
 * The regression gate: this tree's executable against that of an earlier commit, in pairs, for a
 * minute or so. It fails only where a loss is proven twice: even the upper end of the interval lies
 * below {@link ratioMin}, and again in pairs that were made after the suspicion.
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executable } from "../build.ts";
import { capture, root } from "../command.ts";
import { Contest } from "./contest.ts";
import type { Kits } from "./kits.ts";
import { obeliskPeer } from "./obelisk-peer.ts";
import type { Ratio } from "./pairing.ts";
import type { Peer } from "./peer.ts";
import { type Finding, findingsOf } from "./report.ts";
import type { RunSettings } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { holdAll } from "./schedule.ts";

/** What is looked at, and with which options of the broker. */
const gated: Readonly<Record<string, readonly string[]>> = {
  P1: ["--fsync", "never"],
  P3: [],
  P5: [],
  C1: [],
};
/** A ratio below this is a loss. */
const ratioMin = 0.95;
/** Fewer pairs prove nothing. */
const pairsMin = 6;
/** Of the time, what the first look may take; the rest is for a second one at what looks bad. */
const firstShare = 0.65;

/** Whether pairs prove that something has become slower. */
export const isLoss = ({ high, pairs }: Ratio): boolean => pairs >= pairsMin && high < ratioMin;

/** The executable of a commit, built in a folder of its own; a string says why it can't be. */
export async function buildOf(
  commit: string,
): Promise<({ readonly path: string } & Disposable) | string> {
  const folder = mkdtempSync(join(tmpdir(), "obelisk-bench-gate-"));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  // Without `pipefail`, tar's end would hide that of git.
  const script = `git archive -o "$2/tree.tar" "$1" && tar -xf "$2/tree.tar" -C "$2"`;
  const unpacked = await capture(["sh", "-c", script, "sh", commit, folder]);
  // The packages of this tree: a commit with another lock file sets up its own.
  const isSameLock = (await capture(["cmp", "-s", "bun.lock", join(folder, "bun.lock")])).ok;
  if (isSameLock) symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const build = `cd "$1" && sh scripts/bun.sh scripts/run.ts build`;
  const built = unpacked.ok ? await capture(["sh", "-c", build, "sh", folder]) : unpacked;
  if (!built.ok) {
    dispose();
    return `${commit} can't be built:\n${built.output.trimEnd()}`;
  }
  return { path: join(folder, "dist", "obelisk"), [Symbol.dispose]: dispose };
}

export interface GateSettings extends RunSettings {
  readonly pairs: number;
  readonly seed: number;
  /** When it has to be over, on the clock of `performance`. */
  readonly deadline: number;
}

/** What was found at first, and the scenarios whose loss a second look confirmed. */
export interface GateFindings {
  readonly findings: readonly Finding[];
  readonly losses: readonly Finding[];
}

export async function runGate(
  kits: Kits,
  earlier: string,
  settings: GateSettings,
): Promise<GateFindings> {
  const begun = performance.now();
  const half = begun + (settings.deadline - begun) * firstShare;
  const findings = await lookAt(Object.keys(gated), { kits, earlier }, settings, half);
  const suspects = findings.filter(({ ratio }) => isLoss(ratio)).map(({ scenario }) => scenario);
  if (suspects.length === 0) return { findings, losses: [] };
  const confirming = await lookAt(suspects, { kits, earlier }, settings, settings.deadline);
  return { findings, losses: confirming.filter(({ ratio }) => isLoss(ratio)) };
}

async function lookAt(
  ids: readonly string[],
  { kits, earlier }: { readonly kits: Kits; readonly earlier: string },
  { pairs, seed, ...settings }: GateSettings,
  deadline: number,
): Promise<readonly Finding[]> {
  const peer = (name: string, path: string, args: readonly string[]): Peer =>
    obeliskPeer(name, kits, { executable: path, door: "kafka", args });
  const contests = scenarios
    .filter(({ id }) => ids.includes(id))
    .map((scenario) => {
      const args = gated[scenario.id] ?? [];
      const entrants = [peer("now", executable, args), peer("before", earlier, args)];
      return new Contest(
        asked(scenario),
        entrants.map((each) => ({ name: each.name, peer: each })),
      );
    });
  const rounds = contests.map((contest) => ({
    isOpen: () => contest.isOpen(),
    pairs: () => contest.pairs(),
    round: (until: number) => contest.round(settings, until),
  }));
  await holdAll(rounds, { pairs, deadline });
  for (const { scenario, troubles } of contests) {
    for (const [name, why] of troubles) throw new Error(`${scenario.id}, ${name}: ${why}`);
  }
  return contests.flatMap((contest) => findingsOf(contest, new Set(), seed).findings);
}

/** The scenario's first figure, now against before. */
const asked = (scenario: Scenario): Scenario => ({
  ...scenario,
  figures: scenario.figures.slice(0, 1),
  matches: [["now", "before"]],
});
