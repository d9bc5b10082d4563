import { expect, test } from "bun:test";
import { DiskError } from "../../src/disk/disk.ts";
import { storageFailure } from "../../src/log/storage-failure.ts";

test("what the disk says becomes a refusal that says what was being done", () => {
  const refusal = storageFailure("trimming", new DiskError("full", "write", "topics/a/0/start"));
  expect(refusal.code).toBe("KAFKA_STORAGE_ERROR");
  expect(refusal.message).toStartWith("trimming failed: ");
  expect(refusal.message).toContain("topics/a/0/start");
});

test("an error of ours stays one", () => {
  const ours = new TypeError("undefined is not a function");
  expect(() => storageFailure("reading", ours)).toThrow(ours);
});
