import { expect, test } from "bun:test";
import { DiskError } from "../../src/disk/disk.ts";

test("an error says what was tried, where, and why, in whatever form the reason comes", () => {
  const message = (cause?: unknown): string =>
    new DiskError("full", "append", "a/log", cause).message;
  expect(message(new Error("ENOSPC: no space left"))).toBe("append a/log: ENOSPC: no space left");
  expect(message("the file is closed")).toBe("append a/log: the file is closed");
  expect(message()).toBe("append a/log: full");
});
