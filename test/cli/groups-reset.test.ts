import { describe, expect, test } from "bun:test";
import { call } from "../support/call.ts";
import { GroupWorld } from "../support/group-world.ts";

/** Offsets before and after, by partition. */
async function reset(world: GroupWorld, ...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, error } = await world.call("groups", "reset", "readers", "--json", ...args);
  expect([code, error]).toEqual([0, ""]);
  const { offsets } = JSON.parse(out) as {
    offsets: { topic: string; partition: number; before: number | null; after: number | null }[];
  };
  return Object.fromEntries(
    offsets.map(({ topic, partition, before, after }) => [
      `${topic}/${partition}`,
      [before, after],
    ]),
  );
}

describe("a group goes on", () => {
  test.each([
    ["at the oldest records", ["--to-earliest"], [4, 0], [20, 0]],
    ["at the end", ["--to-latest"], [4, 10], [20, 20]],
    ["at an offset", ["--to-offset", "7"], [4, 7], [20, 7]],
    ["at the nearest there is", ["--to-offset", "15"], [4, 10], [20, 15]],
    ["further on", ["--shift-by", "2"], [4, 6], [20, 20]],
    ["further back", ["--shift-by", "-3"], [4, 1], [20, 17]],
    // Record n was made n ms after this.
    ["at a time in milliseconds", ["--to-time", "1000005"], [4, 5], [20, 5]],
    ["at a time of the calendar", ["--to-time", "1970-01-01T00:16:40.012Z"], [4, 10], [20, 12]],
    ["at a day that is to come", ["--to-time", "2999-01-01"], [4, 10], [20, 20]],
  ])("%s", async (_, args, first, second) => {
    await using world = await GroupWorld.open();
    expect(await reset(world, ...args)).toEqual({ "orders/0": first, "orders/1": second });
    expect(await world.committed("readers")).toEqual({
      "orders/0": first[1] ?? null,
      "orders/1": second[1] ?? null,
    });
  });

  test("only in the partitions that were chosen", async () => {
    await using world = await GroupWorld.open();
    expect(await reset(world, "--to-earliest", "-t", "orders:1,2")).toEqual({
      "orders/1": [20, 0],
      "orders/2": [null, 0],
    });
    expect(await world.committed("readers")).toEqual({
      "orders/0": 4,
      "orders/1": 0,
      "orders/2": 0,
    });
  });
});

test("a dry run shows the same and changes nothing", async () => {
  await using world = await GroupWorld.open();
  const args = ["groups", "reset", "readers", "--to-earliest", "-t", "orders"];
  const rows =
    "topic   partition  before  after\n" +
    "orders          0       4      0\n" +
    "orders          1      20      0\n" +
    "orders          2    none      0\n";
  expect(await world.call(...args, "--dry-run")).toEqual({
    code: 0,
    out: `${rows}nothing was changed\n`,
    error: "",
  });
  expect(await world.committed("readers")).toEqual({ "orders/0": 4, "orders/1": 20 });
  expect((await world.call(...args)).out).toBe(rows);
});

test("a group with members is refused, with what to do", async () => {
  await using world = await GroupWorld.open();
  await world.join("readers");
  for (const dryRun of [[], ["--dry-run"]]) {
    expect(await world.call("groups", "reset", "readers", "--to-latest", ...dryRun)).toEqual({
      code: 1,
      out: "",
      error:
        "obelisk groups reset: group readers has 1 member: stop them first, " +
        "they would go on where they are\n",
    });
  }
  expect(await world.committed("readers")).toEqual({ "orders/0": 4, "orders/1": 20 });
});

describe("a group that is not there", () => {
  test("is a failure", async () => {
    await using world = await GroupWorld.open();
    const { code, error } = await world.call(
      "groups",
      "reset",
      "new",
      "--to-latest",
      "-t",
      "orders",
    );
    expect(error).toBe('obelisk groups reset: there is no group "new"\n');
    expect(code).toBe(1);
  });

  test("is made with --create", async () => {
    await using world = await GroupWorld.open();
    const args = ["--to-latest", "--create", "-t", "orders:0"];
    expect((await world.call("groups", "reset", "new", ...args)).code).toBe(0);
    expect(await world.committed("new")).toEqual({ "orders/0": 10 });
  });
});

describe("what can't be is refused", () => {
  test.each([
    ["no target", [], 2, "exactly one of --to-earliest, "],
    ["two targets", ["--to-latest", "--to-earliest"], 2, "exactly one of --to-earliest, "],
    ["an offset of no number", ["--to-offset", "x"], 2, '--to-offset is "x": expected a whole '],
    ["a time without its zone", ["--to-time", "2026-01-31T12:00:00"], 2, "--to-time is "],
    ["a time that is none", ["--to-time", "2026-13-31"], 2, "--to-time is "],
    [
      "a partition of no number",
      ["--to-latest", "-t", "orders:x"],
      2,
      '-t is "orders:x": expected',
    ],
    ["a new group of no topics", ["--to-latest", "--create"], 2, "--create needs --topic."],
    ["a topic that is not there", ["--to-latest", "-t", "odrers"], 1, "there is no topic"],
    [
      "a partition that is not there",
      ["--to-latest", "-t", "orders:3"],
      1,
      'topic "orders" has 3 partitions, and no 3',
    ],
  ])("%s", async (_, args, code, error) => {
    await using world = await GroupWorld.open();
    const called = await world.call("groups", "reset", "readers", ...args);
    expect(called.error).toStartWith(`obelisk groups reset: ${error}`);
    expect([called.code, called.out]).toEqual([code, ""]);
  });
});

test("without a broker it is the same", async () => {
  await using world = await GroupWorld.open();
  await world.inner.cluster.close();
  await world.inner.server.stop();
  expect(await reset(world, "--to-earliest")).toEqual({ "orders/0": [4, 0], "orders/1": [20, 0] });
  const described = await call(["groups", "list", "--data", world.data, "--json"]);
  expect(JSON.parse(described.out)).toMatchObject([{ group: "readers", lag: 30 }]);
});

test("without a broker nobody knows whether members are gone: what to do is said", async () => {
  await using world = await GroupWorld.open();
  await world.join("readers");
  await world.inner.cluster.close();
  await world.inner.server.stop();
  const help =
    "; no broker runs here that would notice that members are gone: start one (obelisk serve), " +
    "and try again once the group is empty\n";
  for (const [words, message] of [
    [
      ["reset", "readers", "--to-latest"],
      "group readers has 1 member: stop them first, they would go on where they are",
    ],
    [
      ["delete", "readers", "--yes"],
      "deleting group readers: the group has members (NON_EMPTY_GROUP)",
    ],
  ] as const) {
    expect(await world.call("groups", ...words)).toEqual({
      code: 1,
      out: "",
      error: `obelisk groups ${words[0]}: ${message}${help}`,
    });
  }
});
