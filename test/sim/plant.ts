/**
 * Plants a bug in a copy of the source, and has the simulator of that copy look for it, in a
 * process of its own: a bug may take the whole process down, and then it is found, too.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlantedBug, Replacement } from "./planted.ts";

const root = join(import.meta.dir, "../..");
const copied = ["src", "test", "scripts", "package.json", "tsconfig.json"];

/** How a bug was looked for. */
export interface Found {
  /** What tells of it; `null`: nothing does. */
  readonly finding: string | null;
  /** The seed that has found it. */
  readonly seed: number | null;
}

/** `text` with the bug in it; throws where the place for it is not there exactly once. */
export function planted(text: string, { file, from, to }: Replacement): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

/** The source of this tree. */
export const sourceOf = (file: string): string => readFileSync(join(root, file), "utf8");

/** How a subcommand of a copy ended, and what it printed. */
export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a subcommand of a copy of this tree in which these texts are others. */
export async function runPlanted(
  replacements: readonly Replacement[],
  args: readonly string[],
): Promise<Ran> {
  const copy = mkdtempSync(join(tmpdir(), "obelisk-planted-"));
  try {
    for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    for (const replacement of replacements) {
      const path = join(copy, replacement.file);
      writeFileSync(path, planted(readFileSync(path, "utf8"), replacement));
    }
    const child = Bun.spawn([process.execPath, join(copy, "scripts/run.ts"), ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, errors, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { code, output, errors };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** What tells of a bug in what such a subcommand printed; `null`: it found nothing. */
export function findingIn({ code, output, errors }: Ran): string | null {
  if (code === 0) return null;
  const thrown = /(?:error|Error): .*$/m.exec(errors)?.[0];
  return /^- (.*)$/m.exec(output)?.[1] ?? thrown ?? `exit code ${code}`;
}

/** Has so many seeds look for a bug; the first one that finds it ends the search. */
export async function findBug({ replacements, seedsMax, fromSeed }: PlantedBug): Promise<Found> {
  const range = ["--from", String(fromSeed), "--seeds", String(seedsMax), "--lines", "0"];
  const ran = await runPlanted(replacements, ["simulate", ...range]);
  const seed = /^seed (\d+) fails/m.exec(ran.output)?.[1];
  return { finding: findingIn(ran), seed: seed === undefined ? null : Number(seed) };
}
