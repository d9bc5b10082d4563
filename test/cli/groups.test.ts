import { test } from "bun:test";
import { groups } from "../../src/cli/groups.ts";
import { call } from "../support/call.ts";
import { expectGolden } from "../support/golden.ts";

test("the help of the group and of each command", async () => {
  const pages = [["groups"], ...groups.commands.map(({ name }) => ["groups", name])];
  const texts = await Promise.all(pages.map(async (page) => (await call(["help", ...page])).out));
  expectGolden("cli/help-groups.txt", texts.join(`\n${"=".repeat(100)}\n\n`));
});
