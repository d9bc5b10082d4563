/** One group, told as stories: `test/golden/group/*.txt`. Their language is in `group-story.ts`. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expectGolden, readGolden } from "../support/golden.ts";
import { retell } from "./group-story.ts";

const stories = readdirSync(join(import.meta.dir, "../golden/group")).sort();

test("there are stories", () => {
  expect(stories.length).toBeGreaterThan(10);
});

for (const file of stories) {
  const name = `group/${file}`;
  test(readGolden(name).split("\n")[0] ?? file, () => {
    expectGolden(name, retell(readGolden(name)));
  });
}
