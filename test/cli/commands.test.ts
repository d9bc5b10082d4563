import { describe, expect, test } from "bun:test";
import { commands } from "../../src/cli/commands.ts";
import { optionName } from "../../src/cli/option.ts";

describe.each(Object.entries(commands))("%s", (name, load) => {
  test("is called in the list as it calls itself", async () => {
    expect((await load()).name).toBe(name);
  });

  test("has examples that it would take, and options that can be told apart", async () => {
    const found = await load();
    for (const command of "commands" in found ? found.commands : [found]) {
      for (const { args } of command.examples) {
        const words = args.split(" ").filter((word) => word !== "");
        expect(command.scan(words).problems).toEqual([]);
      }
      const names = Object.entries(command.options).map(([key, option]) => optionName(key, option));
      const letters = Object.values(command.options).flatMap(({ short }) => short ?? []);
      expect(new Set([...names, "help"]).size).toBe(names.length + 1);
      expect(new Set([...letters, "h"]).size).toBe(letters.length + 1);
    }
  });
});
