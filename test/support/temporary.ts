/**
 * Directories for tests, below the system's folder for temporary files.
 *
 *     using directory = temporaryDirectory();
 *     const disk = localDisk(directory.path);
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** A directory that is removed, with all that is in it, when it is disposed of. */
export interface TemporaryDirectory extends Disposable {
  /** Absolute. */
  readonly path: string;
}

/** A new, empty directory (0700) of this test's own. */
export function temporaryDirectory(): TemporaryDirectory {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "obelisk-test-"));
  return {
    path: made,
    [Symbol.dispose]() {
      fs.rmSync(made, { recursive: true, force: true });
    },
  };
}
