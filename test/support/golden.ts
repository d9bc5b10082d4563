/**
 * Long expectations live in `test/golden/*.txt`, where they are read and reviewed as text.
 * `OBELISK_UPDATE=1 bun test <file>` rewrites them; look at the difference before you commit it.
 */
import { expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The text of `test/golden/<name>`. */
export function readGolden(name: string): string {
  return readFileSync(goldenPath(name), "utf8");
}

/** Expects `actual` to be the text of `test/golden/<name>`, or makes it so when asked to. */
export function expectGolden(name: string, actual: string): void {
  if (process.env["OBELISK_UPDATE"] === "1") {
    mkdirSync(dirname(goldenPath(name)), { recursive: true });
    writeFileSync(goldenPath(name), actual);
  }
  expect(actual).toBe(readGolden(name));
}

function goldenPath(name: string): string {
  return join(import.meta.dir, "..", "golden", name);
}
