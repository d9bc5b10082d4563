import { describe, expect, test } from "bun:test";
import { callTyping } from "../support/call.ts";
import { GroupWorld } from "../support/group-world.ts";

const startsOf = ({ inner }: GroupWorld): number[] =>
  (inner.server.server.broker.topic("orders")?.partitions ?? []).map(({ log }) => log.startOffset);

const cut = (world: GroupWorld, ...args: string[]) =>
  world.call("topics", "delete-records", "orders", ...args);

const rows =
  "partition  start before  start after\n" +
  "        0             0           10\n" +
  "        1             0           20\n" +
  "        2             0            0\n";

test("the records of all partitions are given up", async () => {
  await using world = await GroupWorld.open();
  expect(await cut(world, "--before", "end", "--yes")).toEqual({ code: 0, out: rows, error: "" });
  expect(startsOf(world)).toEqual([10, 20, 0]);
});

test("those of one partition are, up to an offset, and for a script", async () => {
  await using world = await GroupWorld.open();
  const { out } = await cut(world, "-p", "1", "--before", "7", "--yes", "--json");
  expect(JSON.parse(out)).toEqual([{ topic: "orders", partition: 1, before: 0, after: 7 }]);
  expect(startsOf(world)).toEqual([0, 7, 0]);
});

test("a dry run shows it, needs no yes, and keeps them", async () => {
  await using world = await GroupWorld.open();
  expect(await cut(world, "--before", "end", "--dry-run")).toEqual({
    code: 0,
    out: `${rows}nothing was deleted\n`,
    error: "",
  });
  expect(startsOf(world)).toEqual([0, 0, 0]);
});

test("an offset beyond the end is refused where it is, in a dry run as well", async () => {
  await using world = await GroupWorld.open();
  const shown =
    "partition  start before  start after\n" +
    "        0             0      refused\n" +
    "        1             0           15\n";
  const args = ["-p", "0", "-p", "1", "--before", "15"];
  expect((await cut(world, ...args, "--dry-run")).out).toBe(`${shown}nothing was deleted\n`);
  const { code, out, error } = await cut(world, ...args, "--yes");
  expect([code, out]).toEqual([1, shown]);
  expect(error).toContain("deleting records of orders/0: ");
  expect(startsOf(world)).toEqual([0, 15, 0]);
});

describe("on a terminal", () => {
  const args = ["topics", "delete-records", "orders", "--before", "end"];
  const question = "orders loses records of 3 partitions. Type its name to delete them for good: ";

  test("the topic's name is asked for", async () => {
    await using world = await GroupWorld.open();
    const { code, error } = await callTyping([...args, "--data", world.data], "orders\n");
    expect([code, error]).toEqual([0, question]);
    expect(startsOf(world)).toEqual([10, 20, 0]);
  });

  test("another answer keeps them", async () => {
    await using world = await GroupWorld.open();
    const { code } = await callTyping([...args, "--data", world.data], "yes\n");
    expect(code).toBe(1);
    expect(startsOf(world)).toEqual([0, 0, 0]);
  });
});

describe("what can't be is refused", () => {
  test.each([
    ["no offset", ["--yes"], 2, "--before is needed"],
    ["an offset of no number", ["--before", "x", "--yes"], 2, '--before is "x": expected an '],
    ["nobody to ask", ["--before", "end"], 2, "there is no terminal to ask on"],
    ["no such partition", ["--before", "1", "-p", "3", "--yes"], 1, "orders has 3 partitions, and"],
  ])("%s", async (_, args, code, error) => {
    await using world = await GroupWorld.open();
    const called = await cut(world, ...args);
    expect(called.error).toStartWith(`obelisk topics delete-records: ${error}`);
    expect([called.code, called.out]).toEqual([code, ""]);
    expect(startsOf(world)).toEqual([0, 0, 0]);
  });
});
