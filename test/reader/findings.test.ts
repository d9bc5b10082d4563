import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { verifyFindingsMax } from "../../src/limits.ts";
import { Findings } from "../../src/reader/findings.ts";

const damage = {
  path: "log",
  fault: "crc",
  fromPosition: 0,
  toPosition: 1,
  fromOffset: offset(0),
  toOffset: offset(1),
} as const;

test("nothing is healthy, a note is noted, damage is damaged", () => {
  const findings = new Findings();
  expect(findings.health).toBe("healthy");
  findings.note("torn", "log", "a tail");
  expect(findings.health).toBe("noted");
  findings.damage(damage);
  expect(findings.health).toBe("damaged");
});

test("a partition that is damaged all over is listed up to a limit, and counted beyond", () => {
  const findings = new Findings();
  for (let i = 0; i < verifyFindingsMax + 5; i++) findings.damage(damage);
  for (let i = 0; i < verifyFindingsMax + 7; i++) findings.note("index", "idx", "is missing");
  expect([findings.damages.length, findings.moreDamages]).toEqual([verifyFindingsMax, 5]);
  expect([findings.notes.length, findings.moreNotes]).toEqual([verifyFindingsMax, 7]);
});
