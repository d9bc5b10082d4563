/**
 * The executable that the tests of this folder are about: `dist/obelisk`, or the file that
 * `OBELISK_EXECUTABLE` names, to test a release or somebody else's build.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { executable as built } from "../../../scripts/build.ts";

const sources = join(import.meta.dir, "..", "..", "..", "src");

let found: string | null = null;

/** Its path. Throws if it is missing, or older than the sources: it would be another program. */
export function executable(): string {
  found ??= find();
  return found;
}

function find(): string {
  const named = process.env["OBELISK_EXECUTABLE"];
  const path = named ?? built;
  const builtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (builtMs === undefined) throw new Error(`${path} is missing: \`npm run build\` makes it`);
  if (named === undefined && newestMs(sources) > builtMs) {
    throw new Error(`${path} is older than its sources: \`npm run build\` makes it anew`);
  }
  return path;
}

function newestMs(folder: string): number {
  const times = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return Math.max(...times);
}
