import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { call, callIn, callTyping, withInput } from "../support/call.ts";
import { lockDirectory, LockHeld } from "../../src/disk/lock.ts";
import { MemoryWorld } from "../fake/world.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

async function withTopics(...names: string[]): Promise<TestServer> {
  const server = await TestServer.start();
  for (const name of names) await server.server.broker.createTopic({ name });
  return server;
}

const left = ({ server }: TestServer): string[] => server.broker.topics().map(({ name }) => name);

describe("with --yes", () => {
  test("topics are removed, and named", async () => {
    await using server = await withTopics("a", "b", "c");
    const args = ["topics", "delete", "c", "a", "--yes", "--data", server.data];
    expect(await call(args)).toEqual({ code: 0, out: "deleted c\ndeleted a\n", error: "" });
    expect(left(server)).toEqual(["b"]);
  });

  test("for a script", async () => {
    await using server = await withTopics("a", "b");
    const args = ["topics", "delete", "a", "b", "--yes", "--json", "--data", server.data];
    expect((await call(args)).out).toBe('{"deleted":["a","b"]}\n');
  });

  test("a topic that is named twice is removed once", async () => {
    await using server = await withTopics("a");
    const args = ["topics", "delete", "a", "a", "--yes", "--data", server.data];
    expect(await call(args)).toEqual({ code: 0, out: "deleted a\n", error: "" });
  });

  test("none is removed if one of them is not there", async () => {
    await using server = await withTopics("a");
    const args = ["topics", "delete", "a", "b", "--yes", "--data", server.data];
    const error = 'obelisk topics delete: there is no topic "b"\n';
    expect(await call(args)).toEqual({ code: 1, out: "", error });
    expect(left(server)).toEqual(["a"]);
  });
});

describe("on a terminal", () => {
  const question = (name: string): string =>
    `${name} has 1 partition, 0 records, 0 B. Type its name to delete it for good: `;

  test("the name of each is asked for", async () => {
    await using server = await withTopics("a", "b");
    const args = ["topics", "delete", "a", "b", "--data", server.data];
    expect(await callTyping(args, "a\nb\n")).toEqual({
      code: 0,
      out: "deleted a\ndeleted b\n",
      error: question("a") + question("b"),
    });
    expect(left(server)).toEqual([]);
  });

  test.each([
    ["another name", "a\nc\n", '"c" is not b'],
    ["yes", "yes\n", '"yes" is not a'],
    ["just the return key", "\n", '"" is not a'],
    ["what a terminal would obey", "\x1b[A\n", '"\\u001b[A" is not a'],
    ["the end of the input", "", "there was no answer"],
  ])("%s removes nothing", async (_, typed, reason) => {
    await using server = await withTopics("a", "b");
    const args = ["topics", "delete", "a", "b", "--data", server.data];
    const { code, out, error } = await callTyping(args, typed);
    expect(error).toEndWith(`obelisk topics delete: nothing was deleted: ${reason}\n`);
    expect([code, out]).toEqual([1, ""]);
    expect(left(server)).toEqual(["a", "b"]);
  });

  test("nobody is asked about a topic that is not there", async () => {
    await using server = await withTopics("a");
    const args = ["topics", "delete", "a", "b", "--data", server.data];
    expect((await callTyping(args, "a\nb\n")).error).toBe(
      'obelisk topics delete: there is no topic "b"\n',
    );
  });

  test("while people think, a broker may start", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    await call(["topics", "create", "a", "--data", data]);
    let wasFree = false;
    const world = withInput(new MemoryWorld(), {
      isTerminal: true,
      async *chunks() {
        const lock = await lockDirectory(data);
        wasFree = !(lock instanceof LockHeld);
        if (!(lock instanceof LockHeld)) lock.release();
        yield new TextEncoder().encode("a\n");
      },
    });
    expect((await callIn(world, ["topics", "delete", "a", "--data", data])).code).toBe(0);
    expect(wasFree).toBeTrue();
  });
});

test("without a terminal and without --yes nothing is removed", async () => {
  await using server = await withTopics("a");
  expect(await call(["topics", "delete", "a", "--data", server.data], { stdin: "a\n" })).toEqual({
    code: 2,
    out: "",
    error: "obelisk topics delete: there is no terminal to ask on: say --yes if it is meant.\n",
  });
  expect(left(server)).toEqual(["a"]);
});
