import { describe, expect, test } from "bun:test";
import { truncateSync } from "node:fs";
import { localDisk } from "../../src/disk/local.ts";
import { MemoryWorld } from "../fake/world.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { call, flipBit, type Called } from "./read-fixture.ts";

/** How long it took is another time each time. */
const timeless = (text: string): string => text.replaceAll(/ in \d+ ms\n/g, " in <time>\n");

/** Both layouts: `old` is flat, `events` has two of three partitions. */
async function writeOld(root: string): Promise<void> {
  const disk = localDisk(`${root}/old`);
  await disk.makeDirectory(".");
  await writeOriginal(disk, { topic: "old", messages: messagesOf(3) });
  await writeOriginal(disk, { topic: "events", partition: 0, messages: messagesOf(2) });
  await writeOriginal(disk, { topic: "events", partition: 2, messages: messagesOf(4) });
}

const into = (root: string, ...args: string[]): string[] => [
  "import",
  `${root}/old`,
  "--data",
  `${root}/data`,
  ...args,
];

/** Every record of the original's directory, and of the new one, as `read` prints them. */
async function bothOf(root: string): Promise<[old: Called, imported: Called]> {
  return [
    await call(["read", `${root}/old`, "--all", "--format", "json"], root),
    await call(["read", `${root}/data`, "--all", "--format", "json"], root),
  ];
}

test("every message is there afterwards: partition, order, key, value, nanoseconds", async () => {
  using root = temporaryDirectory();
  await writeOld(root.path);
  const { code, error } = await call(into(root.path), root.path);
  expect([code, error]).toEqual([0, ""]);
  const [old, imported] = await bothOf(root.path);
  expect(imported.out).toBe(old.out);
  expect(old.out.split("\n")).toHaveLength(10);
  const empty = await call(["read", `${root.path}/data`, "-t", "events", "-p", "1"], root.path);
  expect(empty).toEqual({ code: 0, out: "", error: "" });
});

describe("damage in the original's files", () => {
  test("is told and left out, everything else is imported, and the exit code is 1", async () => {
    using root = temporaryDirectory();
    const disk = localDisk(`${root.path}/old`);
    await disk.makeDirectory(".");
    const written = await writeOriginal(disk, { topic: "old", messages: messagesOf(4) });
    flipBit(`${root.path}/old/${written.logPath}`, written.positions[1]! + 12);
    const { code, out, error } = await call(into(root.path), root.path);
    expect([code, error]).toEqual([
      1,
      "obelisk import: old/0: can't be read (format): offset 1, bytes 39 to 77 of topics/old.log\n",
    ]);
    expect(timeless(out)).toEndWith("imported 3 messages of 1 topic into <data>/data in <time>\n");
    const { out: records } = await call(
      ["read", `${root.path}/data`, "--all", "-f", "%k "],
      root.path,
    );
    expect(records).toBe("k0 k2 k3 ");
  });

  test("is told one by one up to a limit, and then counted", async () => {
    using root = temporaryDirectory();
    const disk = localDisk(`${root.path}/old`);
    await disk.makeDirectory(".");
    const written = await writeOriginal(disk, { topic: "old", messages: messagesOf(50) });
    for (let number = 1; number < 50; number += 2) {
      flipBit(`${root.path}/old/${written.logPath}`, written.positions[number]! + 12);
    }
    const { code, out, error } = await call(into(root.path), root.path);
    const lines = error.trimEnd().split("\n");
    expect([code, lines.length, lines.at(-1)]).toEqual([
      1,
      21,
      "obelisk import: topics/old.log: 5 more damaged stretches",
    ]);
    expect(out).toContain("imported 25 messages");
  });

  test("at the end is a write that never finished: it is told, and is no failure", async () => {
    using root = temporaryDirectory();
    const disk = localDisk(`${root.path}/old`);
    await disk.makeDirectory(".");
    const written = await writeOriginal(disk, { topic: "old", messages: messagesOf(4) });
    truncateSync(`${root.path}/old/${written.logPath}`, written.positions[3]! + 20);
    const { code, error } = await call(into(root.path), root.path);
    expect([code, error]).toEqual([
      0,
      "obelisk import: warning: topics/old.log, from byte 117 on: the last message was never " +
        "written whole, and is left out\n",
    ]);
  });
});

test("where both layouts stand side by side, the messages of the older one come first", async () => {
  using root = temporaryDirectory();
  const disk = localDisk(`${root.path}/old`);
  await disk.makeDirectory(".");
  await writeOriginal(disk, { topic: "old", partition: 0, messages: [{ value: "later" }] });
  await writeOriginal(disk, { topic: "old", messages: [{ value: "earlier" }] });
  expect((await call(into(root.path), root.path)).code).toBe(0);
  const { out } = await call(["read", `${root.path}/data`, "--all", "-f", "%s "], root.path);
  expect(out).toBe("earlier later ");
});

test("told to stop, it stores what it has taken, begins nothing more, and says how far it is", async () => {
  using root = temporaryDirectory();
  await writeOld(root.path);
  const world = new MemoryWorld();
  const running = call(into(root.path), root.path, world);
  world.stop.onStop(() => {});
  world.stop.request("SIGINT");
  const { code, out } = await running;
  expect(code).toBe(130);
  expect(timeless(out)).toBe("stopped after 0 messages of 0 topics into <data>/data in <time>\n");
});
