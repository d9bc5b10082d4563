import { expect, test } from "bun:test";
import { topics } from "../../src/cli/topics.ts";
import { call } from "../support/call.ts";
import { expectGolden } from "../support/golden.ts";
import { TestServer } from "../support/server.ts";

test("the help of the group and of each command", async () => {
  const pages = [["topics"], ...topics.commands.map(({ name }) => ["topics", name])];
  const texts = await Promise.all(pages.map(async (page) => (await call(["help", ...page])).out));
  expectGolden("cli/help-topics.txt", texts.join(`\n${"=".repeat(100)}\n\n`));
});

test("a topic's life is the same with and without a broker", async () => {
  const story: readonly (readonly string[])[] = [
    ["list"],
    ["create", "orders", "--partitions", "2", "-c", "segment.ms=60000"],
    ["create", "orders"],
    ["create", "orders", "--if-not-exists"],
    ["create", "logs"],
    ["list"],
    ["describe", "orders"],
    ["delete", "orders", "logs", "--yes"],
    ["describe", "orders"],
    ["list"],
  ];
  const told = async (data: string): Promise<string> => {
    let text = "";
    for (const line of story) {
      const { code, out, error } = await call(["topics", ...line, "--data", data]);
      const shown = `${out}${error}`.replace(/[0-9a-f-]{36}/, "(a UUID)");
      text += `$ obelisk topics ${line.join(" ")}\n${shown}${code === 0 ? "" : `(${code})\n`}`;
    }
    return text;
  };
  await using server = await TestServer.start();
  const withBroker = await told(server.data);
  await server.stop();
  expect(await told(server.data)).toBe(withBroker);
  expectGolden("cli/topics-story.txt", withBroker);
});
