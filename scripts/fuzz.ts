/**
 * `fuzz`: has the fuzzers of `test/fuzz` make inputs, one target after another, until one of them
 * finds something, or for as many inputs or as long as is said. What it finds is printed as small
 * as it still fails, with the command that has it again.
 */
import { parseArgs } from "node:util";
import { failureText, parseInput, readCorpus } from "../test/fuzz/corpus.ts";
import { findPlanted } from "../test/fuzz/plant.ts";
import { fuzz, type Report } from "../test/fuzz/fuzzer.ts";
import { targets } from "../test/fuzz/targets.ts";
import type { Command } from "./command.ts";

/** Processor time that one input may take. */
const inputMsMax = 50;
/** Inputs of chance for each target, where nobody says how many, or how long. */
const inputsDefault = 100_000;

export const fuzzing: Command = {
  summary:
    "fuzzers ([target…], --inputs, --minutes, --seed, --fresh, --input, --outcomes, --planted)",
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        inputs: { type: "string" },
        minutes: { type: "string" },
        seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
        input: { type: "string", multiple: true },
        fresh: { type: "boolean", default: false },
        outcomes: { type: "boolean", default: false },
        planted: { type: "boolean", default: false },
        bug: { type: "string", default: "" },
      },
    });
    if (values.planted) return await findPlanted(values.bug);
    const names = positionals.length > 0 ? positionals : Object.keys(targets);
    const unknown = names.find((name) => !Object.hasOwn(targets, name));
    if (unknown !== undefined) {
      process.stderr.write(`${unknown} is none of ${Object.keys(targets).join(", ")}\n`);
      return 2;
    }
    const given = values.input?.map(parseInput);
    const seconds = values.minutes === undefined ? Infinity : Number(values.minutes) * 60;
    const isBounded = values.inputs !== undefined || seconds < Infinity;
    const inputs = isBounded ? Number(values.inputs ?? Infinity) : inputsDefault;
    const seed = Number(values.seed);
    const isFresh = values.fresh || given !== undefined;
    const run = { seed, seconds, inputMsMax, isSystematic: !isFresh };
    for (const name of names) {
      const known = isFresh ? [] : readCorpus(name).values();
      const target = await targets[name]!();
      // Said before: an input that never ends is found again by its seed.
      process.stdout.write(`${name}: from seed ${seed}\n`);
      const corpus = given === undefined ? known : [given];
      const report = await fuzz(target, { ...run, corpus, inputs: given ? 0 : inputs });
      process.stdout.write(reportText(name, report, values.outcomes));
      if (report.failure !== null) return 1;
    }
    return 0;
  },
};

function reportText(name: string, report: Report, showsOutcomes: boolean): string {
  const { inputs, seconds, processorSeconds, outcomes, slowestMs, allocatedBytes, failure } =
    report;
  const shown = [...outcomes].sort((a, b) => b[1] - a[1]);
  const list = showsOutcomes ? shown.map(([what, count]) => `  ${count} ${what}\n`) : [];
  const text =
    `${name}: ${inputs} inputs in ${seconds.toFixed(0)} s ` +
    `(${processorSeconds.toFixed(0)} s of processor time, ` +
    `${(inputs / processorSeconds).toFixed(0)} a second of it), ` +
    `${outcomes.size} outcomes, at most ` +
    `${slowestMs.toFixed(1)} ms and ${(allocatedBytes / 1024).toFixed(0)} KiB of buffers each, ` +
    `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB resident at most\n`;
  return (
    list.join("") +
    text +
    (failure === null ? "" : failureText(name, failure.finding, failure.inputs))
  );
}
