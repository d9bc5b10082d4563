import { expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { DiskError } from "../../src/disk/disk.ts";
import type { DiskErrorKind } from "../../src/disk/disk.ts";
import { codeOf, diskError } from "../../src/disk/system-error.ts";

const systemError = (code: string): Error =>
  Object.assign(new Error(`${code}: as the system says`), { code });

const kinds: Readonly<Record<DiskErrorKind, readonly string[]>> = {
  full: ["ENOSPC", "EDQUOT", "EFBIG"],
  missing: ["ENOENT", "ENOTDIR"],
  exists: ["EEXIST", "ENOTEMPTY"],
  denied: ["EACCES", "EPERM", "EROFS"],
  exhausted: ["EMFILE", "ENFILE"],
  failed: ["EIO", "EBADF", "ELOOP", "EISDIR", "EINVAL", "ESTALE"],
};

for (const [kind, codes] of Object.entries(kinds)) {
  test(`${codes.join(", ")}: ${kind}`, () => {
    for (const code of codes) {
      const error = diskError("append", "a/log", systemError(code));
      expect(error).toBeInstanceOf(DiskError);
      expect(error).toMatchObject({ kind, operation: "append", path: "a/log" });
      expect(error.message).toBe(`append a/log: ${code}: as the system says`);
    }
  });
}

test("what is no error of the system is a failure; an assertion stays what it is", () => {
  expect(diskError("read", "x", "words")).toMatchObject({ kind: "failed" });
  expect(diskError("read", "x", new RangeError("too long"))).toMatchObject({ kind: "failed" });
  const assertion = new AssertionError("broken");
  expect(diskError("read", "x", assertion)).toBe(assertion);
});

test("the code is the system's name of the error", () => {
  expect(codeOf(systemError("EIO"))).toBe("EIO");
  expect(codeOf(Object.assign(new Error("x"), { code: 5 }))).toBe("");
  expect(codeOf("EIO")).toBe("");
});
