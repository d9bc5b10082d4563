/**
 * `simulate`: stories of the simulator, `test/sim`, seed after seed; or the planted bugs, each of
 * which it has to find. A failure prints its seed, what was wrong, the last of what happened, and
 * how to have it again: a seed always tells the same story.
 */
import { parseArgs } from "node:util";
import { findBug } from "../test/sim/plant.ts";
import { type PlantedBug, plantedBugs } from "../test/sim/planted.ts";
import { type Told, tell } from "../test/sim/story.ts";
import type { Command } from "./command.ts";

/** Lines of a story that are printed where nobody asks for more. */
const linesShown = 40;

export const simulate: Command = {
  summary: "simulated lives and crashes (--seeds, --minutes, --from, --lines, --planted, --bug)",
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: "string", default: "1000" },
        minutes: { type: "string", default: "60" },
        from: { type: "string", default: "1" },
        lines: { type: "string", default: String(linesShown) },
        planted: { type: "boolean", default: false },
        bug: { type: "string", default: "" },
      },
    });
    if (values.planted) return await findPlanted(values.bug);
    const [from, seeds, minutes] = [values.from, values.seeds, values.minutes].map(Number);
    return await tellAll(from!, seeds!, minutes!, Number(values.lines));
  },
};

/** Tells the stories of so many seeds, for so many minutes; the first one that fails ends it. */
async function tellAll(
  from: number,
  seeds: number,
  minutes: number,
  lines: number,
): Promise<number> {
  const begun = performance.now();
  const sum = { stories: 0, recoveries: 0, acknowledged: 0, seen: 0, hash: 0 };
  const seconds = (): number => (performance.now() - begun) / 1000;
  const report = (): void => {
    const perMinute = (count: number): string => ((count / seconds()) * 60).toFixed(0);
    process.stdout.write(
      `${sum.stories} seeds from ${from} (${perMinute(sum.stories)} a minute), ` +
        `${sum.recoveries} crashes and restarts (${perMinute(sum.recoveries)} a minute), ` +
        `${sum.acknowledged} records acknowledged, ${sum.seen} read, ` +
        `${seconds().toFixed(0)} s, hash ${sum.hash.toString(16)}\n`,
    );
  };
  for (let seed = from; seed < from + seeds && seconds() < minutes * 60; seed++) {
    const told = await tell(seed, lines);
    sum.stories += 1;
    sum.recoveries += told.recoveries;
    sum.acknowledged += told.acknowledged;
    sum.seen += told.seen;
    sum.hash = Bun.hash.xxHash32(String(told.hash), sum.hash);
    if (told.findings.length > 0) {
      process.stdout.write(failureText(told));
      report();
      return 1;
    }
    if (sum.stories % 1000 === 0) report();
  }
  report();
  return 0;
}

function failureText({ seed, findings, lines }: Told): string {
  const last = lines.map((line) => `  ${line.slice(0, 240)}\n`);
  return (
    `seed ${seed} fails:\n` +
    findings.map((finding) => `- ${finding.slice(0, 2000)}\n`).join("") +
    `the last of what happened (times in ms; --lines for more):\n${last.join("")}` +
    `again: sh scripts/bun.sh scripts/run.ts simulate --from ${seed} --seeds 1\n`
  );
}

/** Plants one bug after the other in a copy of the source; 1 if one is not found. */
async function findPlanted(name: string): Promise<number> {
  const bugs = plantedBugs.filter((bug) => bug.name.includes(name));
  let missed = 0;
  for (const bug of bugs) {
    const { finding, seed } = await findBug(bug);
    if (finding === null) missed += 1;
    process.stdout.write(`${bug.name}: ${foundText(bug, finding, seed)}\n`);
  }
  process.stdout.write(`${bugs.length - missed} of ${bugs.length} bugs found\n`);
  return missed === 0 && bugs.length > 0 ? 0 : 1;
}

function foundText(bug: PlantedBug, finding: string | null, seed: number | null): string {
  if (finding === null) return `NOT FOUND in ${bug.seedsMax} seeds from ${bug.fromSeed}`;
  const after = seed === null ? "" : `after ${seed - bug.fromSeed + 1} of ${bug.seedsMax} seeds, `;
  return `${after}by seed ${seed ?? "unknown"}: ${finding.slice(0, 100)}`;
}
