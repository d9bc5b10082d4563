import { expect } from "bun:test";
import fs from "node:fs";
import os from "node:os";
import { descriptorsUsed } from "../../src/http/descriptors.ts";
import { skipUnless } from "../support/skip.ts";

const onLinux = skipUnless(os.platform() === "linux", "only Linux says how many are open");

onLinux("a file that is opened is one more", async () => {
  const before = await descriptorsUsed();
  const files = Array.from({ length: 50 }, () => fs.openSync(import.meta.path, "r"));
  const during = await descriptorsUsed();
  for (const file of files) fs.closeSync(file);
  // The runtime opens and closes some of its own.
  expect(Math.abs(during - before - 50)).toBeLessThan(25);
});
