/**
 * The regression gate: this tree's executable against that of an earlier commit, in pairs. It fails
 * only where a loss is proven: where even the upper end of the interval lies below 0.95.
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, root } from "../command.ts";
import { executable } from "../build.ts";
import type { Kits } from "./kits.ts";
import { type Door, obeliskPeer } from "./obelisk-peer.ts";
import { runQuads } from "./pairing.ts";
import type { Peer } from "./peer.ts";
import { type Finding, findingOf } from "./report.ts";
import { type RunSettings, runOnce } from "./run.ts";
import { scenarios } from "./scenarios.ts";

/** What is looked at, and with which options of the broker. */
const gated: Readonly<Record<string, readonly string[]>> = {
  P1: ["--fsync", "never"],
  P3: [],
  P5: [],
  C1: [],
};
/** A ratio below this is a loss. */
const ratioMin = 0.95;

export const isLoss = ({ ratio }: Pick<Finding, "ratio">): boolean => ratio.high < ratioMin;

/** The executable of a commit, built in a folder of its own. */
export async function buildOf(commit: string): Promise<{ readonly path: string } & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), "obelisk-bench-gate-"));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  const unpack = ["sh", "-c", `git archive "$1" | tar -x -C "$2"`, "sh", commit, folder];
  const unpacked = await capture(unpack);
  // The packages of this tree: a commit with another lock file sets up its own.
  const isSameLock = (await capture(["cmp", "-s", "bun.lock", join(folder, "bun.lock")])).ok;
  if (isSameLock) symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const build = `cd "$1" && sh scripts/bun.sh scripts/run.ts build`;
  const built = unpacked.ok ? await capture(["sh", "-c", build, "sh", folder]) : unpacked;
  if (!built.ok) {
    dispose();
    throw new Error(`${commit} can't be built:\n${built.output}`);
  }
  return { path: join(folder, "dist", "obelisk"), [Symbol.dispose]: dispose };
}

/** All comparisons, told one by one. */
export async function runGate(
  kits: Kits,
  earlier: string,
  { quads, seed, ...settings }: RunSettings & { quads: number; seed: number },
  tell: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const peer = (name: string, path: string, args: readonly string[]): Peer => {
    const door: Door = "kafka";
    return obeliskPeer(name, kits, { executable: path, door, args });
  };
  const findings: Finding[] = [];
  for (const scenario of scenarios) {
    const args = gated[scenario.id];
    if (args === undefined) continue;
    const [now, before] = [peer("now", executable, args), peer("before", earlier, args)];
    const pairs = await runQuads(
      quads,
      () => runOnce(scenario, now, settings),
      () => runOnce(scenario, before, settings),
    );
    const { id, title, placement, figure, better } = scenario;
    const match = { scenario: id, title, placement, figure, better, ours: "now", theirs: "before" };
    const finding = findingOf(match, pairs ?? [], seed);
    findings.push(finding);
    tell(finding);
  }
  return findings;
}
