/** What the operating system's errors become at the edge of this folder. */
import { AssertionError } from "../base/assert.ts";
import { DiskError } from "./disk.ts";
import type { DiskErrorKind } from "./disk.ts";

const kindOfCode: Readonly<Record<string, DiskErrorKind>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
  ENOENT: "missing",
  ENOTDIR: "missing",
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  EMFILE: "exhausted",
  ENFILE: "exhausted",
};

/** The system's name for an error ("ENOENT"), or "" if it is none of the system's. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

/** What leaves this folder for `cause`: a {@link DiskError}, or the assertion that it is. */
export function diskError(operation: string, path: string, cause: unknown): Error {
  if (cause instanceof AssertionError || cause instanceof DiskError) return cause;
  return new DiskError(kindOfCode[codeOf(cause)] ?? "failed", operation, path, cause);
}
