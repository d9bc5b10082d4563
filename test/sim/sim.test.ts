import { expect, test } from "bun:test";
import { join } from "node:path";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { findBug, planted, sourceOf } from "./plant.ts";
import { plantedMarks, plantedPath, plantedTable } from "./planted-table.ts";
import { plantedBugs } from "./planted.ts";
import { namedSeeds } from "./seeds/seeds.ts";
import { tell } from "./story.ts";

test("whatever happens to it, a broker keeps its promises", async () => {
  const random = randomForTest();
  for (let left = rounds(12, 50); left > 0; left--) {
    const { seed, findings, lines } = await tell(random.below(2 ** 32));
    expect({ seed, findings, lines: findings.length > 0 ? lines.slice(-40) : [] }).toEqual({
      seed,
      findings: [],
      lines: [],
    });
  }
}, 240_000);

test("a seed always tells the same story", async () => {
  // One about a group, one with files that rot, one with a full disk, and two others.
  for (const seed of [1, 2, 5, 13, 14]) {
    const [once, again] = [await tell(seed), await tell(seed)];
    expect(again.hash).toBe(once.hash);
    expect(again.events).toBe(once.events);
    expect(again.lines).toEqual(once.lines);
  }
}, 60_000);

test("a seed tells the same story in another process", async () => {
  const { hash } = await tell(5);
  const run = [process.execPath, join(import.meta.dir, "../../scripts/run.ts"), "simulate"];
  const child = Bun.spawn([...run, "--from", "5", "--seeds", "1"], { stdout: "pipe" });
  const printed = await child.stdout.text();
  expect(await child.exited).toBe(0);
  expect(printed).toContain(`hash ${Bun.hash.xxHash32(String(hash), 0).toString(16)}\n`);
}, 60_000);

test("stories are about something: lives end, records are stored and read", async () => {
  const { recoveries, acknowledged, seen, events } = await tell(1);
  expect(recoveries).toBeGreaterThan(1);
  expect(acknowledged).toBeGreaterThan(50);
  expect(seen).toBeGreaterThan(acknowledged);
  expect(events).toBeGreaterThan(1_000);
}, 60_000);

test("the document has the bugs that are planted", () => {
  const { begin, end } = plantedMarks;
  expect(sourceOf(plantedPath)).toContain(`${begin}\n\n${plantedTable()}\n\n${end}`);
});

test("every planted bug has its place in the source", () => {
  for (const { replacements } of plantedBugs) {
    const texts = new Map(replacements.map(({ file }) => [file, sourceOf(file)]));
    for (const replacement of replacements) {
      const text = planted(texts.get(replacement.file)!, replacement);
      texts.set(replacement.file, text);
    }
  }
});

/** A few that are found at once; `simulate --planted` plants all of them. */
const plantedHere = [
  "acknowledged without fsync",
  "all producers have one id",
  "the start of a log is forgotten at a restart",
];
for (const name of plantedHere) {
  test(`a bug is found where it is planted: ${name}`, async () => {
    const bug = plantedBugs.find((one) => one.name === name);
    expect(bug).toBeDefined();
    expect((await findBug(bug!)).finding).not.toBeNull();
  }, 120_000);
}

for (const { seed, was } of namedSeeds) {
  test(`seed ${seed} stays right: ${was}`, async () => {
    expect((await tell(seed)).findings).toEqual([]);
  }, 60_000);
}
