import { expect, test } from "bun:test";
import { bundleConsole, filesOf, packOf, unpacked } from "../../src/http/console-bundle.ts";

test("what was packed for the executable is what comes out of it", async () => {
  const files = await bundleConsole();
  const found = filesOf(new Uint8Array(packOf(files)));
  expect(found.map(({ name }) => name)).toEqual(files.map(({ name }) => name));
  for (const [at, file] of found.entries()) expect(file).toEqual(files[at]!);
});

test("equal sources make equal names", async () => {
  const [one, other] = [await bundleConsole(), await bundleConsole()];
  expect(other.map(({ name, tag }) => [name, tag])).toEqual(
    one.map(({ name, tag }) => [name, tag]),
  );
});

test("no file names another origin, and together they are small", async () => {
  const files = await bundleConsole();
  for (const file of files) {
    const text = new TextDecoder().decode(unpacked(file));
    const origins = [...text.matchAll(/https?:\/\/[\w.-]+/g)].map(([origin]) => origin);
    // Names of XML's, a homepage in a licence's line: words, which nobody asks for.
    const words = ["http://www.w3.org", "https://github.com"];
    expect(origins.filter((origin) => !words.includes(origin))).toEqual([]);
  }
  const bytes = files.reduce((sum, { gzip }) => sum + gzip.length, 0);
  expect(bytes).toBeLessThan(100_000);
});
