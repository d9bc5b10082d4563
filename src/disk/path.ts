/**
 * Names inside a disk: parts joined by `/`, relative to the root, which is `.` itself. A leading
 * `./` is allowed, so that `${directory}/${name}` holds for the root too. A path is made by this
 * program and never by a client, so a wrong one is an assertion failure.
 */
import { assert } from "../base/assert.ts";

/** The parts of a path, root first; none for the root. Asserts that it cannot leave the root. */
export function partsOf(path: string): readonly string[] {
  assert(!path.includes("\0"), "a path holds no NUL");
  const parts = path.split("/");
  if (parts[0] === ".") parts.shift();
  for (const part of parts) {
    assert(part !== "", `a path is relative and has no empty part: "${path}"`);
    assert(part !== "." && part !== "..", `a path has no "." or ".." inside: "${path}"`);
  }
  return parts;
}

/** The directory that holds `path`. The root has none: asserted. */
export function parentOf(path: string): string {
  const parts = partsOf(path);
  assert(parts.length > 0, "the root of a disk has no parent");
  return parts.length === 1 ? "." : parts.slice(0, -1).join("/");
}
