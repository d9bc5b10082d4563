import { expect, test } from "bun:test";
import { processFacts } from "../../src/metrics/process.ts";

test("a process knows its time and its memory, and on Linux its files", async () => {
  const facts = await processFacts();
  expect(facts.cpuSeconds).toBeGreaterThan(0);
  expect(facts.residentBytes).toBeGreaterThan(1_000_000);
  if (process.platform !== "linux") return;
  expect(facts.openFiles).toBeGreaterThan(2);
  expect(facts.openFilesMax === null || facts.openFilesMax >= facts.openFiles!).toBeTrue();
});
