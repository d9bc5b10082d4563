import { describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";
import { planted, sourceOf } from "../sim/plant.ts";
import { failureText, parseInput, printInput, readCorpus } from "./corpus.ts";
import { fuzz, type Report } from "./fuzzer.ts";
import { minimized } from "./minimize.ts";
import { findFault } from "./plant.ts";
import { faultsMarks, faultsPath, faultsTable, plantedFaults } from "./planted.ts";
import type { Case } from "./target.ts";
import { targets } from "./targets.ts";

/** Inputs of chance: on a desk, and in CI. */
const inputs: Readonly<Record<string, readonly [few: number, many: number]>> = {
  "kafka-frames": [2_000, 15_000],
  "native-frames": [2_000, 12_000],
  batches: [2_000, 12_000],
  compressed: [2_000, 12_000],
  recovery: [300, 2_000],
  http: [1_500, 8_000],
};

/**
 * Processor time that says that an input runs away. A machine may be slow: the command, on a
 * machine that one knows, asks for 50.
 */
const inputMsMax = 2_000;

async function runOf(name: string, corpus: Iterable<Case>, some: number): Promise<Report> {
  const seed = randomForTest().below(2 ** 32);
  const target = await targets[name]!();
  const run = { seed, inputs: some, seconds: Infinity, corpus, isSystematic: false, inputMsMax };
  return await fuzz(target, run);
}

describe("whatever comes, nothing breaks:", () => {
  test.each(Object.keys(targets))(
    "%s",
    async (name) => {
      const [few, many] = inputs[name]!;
      const corpus = [...readCorpus(name).values()];
      const { failure, outcomes } = await runOf(name, corpus, rounds(few, many));
      expect(failure && failureText(name, failure.finding, failure.inputs)).toBeNull();
      expect(outcomes.size).toBeGreaterThan(20);
    },
    240_000,
  );
});

test("a seed makes the same inputs, which have the same outcomes", async () => {
  for (const name of ["kafka-frames", "recovery"]) {
    const target = await targets[name]!();
    const run = { seed: 11, inputs: 300, seconds: Infinity, corpus: [], isSystematic: false };
    const [once, again] = [
      await fuzz(target, { ...run, inputMsMax }),
      await fuzz(await targets[name]!(), { ...run, inputMsMax }),
    ];
    expect([...again.outcomes]).toEqual([...once.outcomes]);
  }
}, 60_000);

test("the corpus is small, and each case is another one", () => {
  const folder = join(import.meta.dir, "corpus");
  const files = Object.keys(targets).flatMap((name) =>
    readdirSync(join(folder, name)).map((file) => join(folder, name, file)),
  );
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  expect(bytes).toBeLessThan(300 * 1024);
  for (const name of Object.keys(targets)) {
    const cases = [...readCorpus(name).values()].map((each) => each.map(printInput).join());
    expect(cases).not.toContain("");
    expect(new Set(cases).size).toBe(cases.length);
  }
});

test("an input that was printed is read as it was", () => {
  const random = randomForTest();
  const texts = ["GET /\\x20 HTTP\r\n\n", '"', "\\", "a\u007f", "'"];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(`${text}${"plain".repeat(9)}`);
    expect(parseInput(printInput(bytes))).toEqual(bytes);
  }
  for (let left = 100; left > 0; left--) {
    const bytes = randomBytes(random, random.below(30));
    expect(parseInput(printInput(bytes))).toEqual(bytes);
  }
});

test("of inputs that fail together, those are left that are needed, and of these what is needed", async () => {
  const all = [1, 2, 3, 4].map((at) => Uint8Array.from([9, at, 9, at]));
  const needs = (some: Case, at: number): boolean => some.some((input) => input.includes(at));
  const judge = (some: Case): Promise<string | null> =>
    Promise.resolve(needs(some, 2) && needs(some, 4) ? "it fails" : null);
  const least = await minimized(all, judge);
  expect(least.map((input) => [...input])).toEqual([[2], [4]]);
});

test("the document has the bugs that are planted, and each has its place in the source", () => {
  const { begin, end } = faultsMarks;
  expect(sourceOf(faultsPath)).toContain(`${begin}\n\n${faultsTable()}\n\n${end}`);
  for (const { replacement } of plantedFaults) {
    const text = sourceOf(replacement.file);
    expect(planted(text, replacement)).not.toBe(text);
  }
});

/** Two that are found at once; `fuzz --planted` plants all of them. */
const plantedHere = [
  "memory is taken on the word of a frame's length",
  "a batch may count other records than it has offsets",
];
for (const name of plantedHere) {
  test(`a bug is found where it is planted: ${name}`, async () => {
    const fault = plantedFaults.find((one) => one.name === name);
    expect(fault).toBeDefined();
    expect(await findFault(fault!)).not.toBeNull();
  }, 120_000);
}
