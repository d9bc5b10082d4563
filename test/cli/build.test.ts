import { expect, test } from "bun:test";
import { buildCommit, buildVersion } from "../../src/cli/build.ts";
import { temporaryDirectory } from "../support/temporary.ts";

test("from source there is the package's version and no commit", () => {
  expect(buildVersion).toMatch(/^\d+\.\d+\.\d+/);
  expect(buildCommit).toBe(null);
});

test("a build says its own", async () => {
  using directory = temporaryDirectory();
  const built = await Bun.build({
    entrypoints: [new URL("../../src/cli/build.ts", import.meta.url).pathname],
    outdir: directory.path,
    target: "bun",
    define: { BUILD_VERSION: '"9.8.7"', BUILD_COMMIT: '"abc1234"' },
  });
  const [output] = built.outputs;
  expect(await import(output?.path ?? "")).toMatchObject({
    buildVersion: "9.8.7",
    buildCommit: "abc1234",
  });
});
