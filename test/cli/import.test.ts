import { expect, test } from "bun:test";
import { localDisk } from "../../src/disk/local.ts";
import { lockDirectory, LockHeld } from "../../src/disk/lock.ts";
import { expectGolden } from "../support/golden.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { call, transcript } from "./read-fixture.ts";

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

test("what is said, done and refused, as one sees it", async () => {
  using root = temporaryDirectory();
  const at = root.path;
  await writeOld(at);
  let text = "";
  for (const args of [
    into(at),
    into(at),
    into(at, "-t", "old", "--append"),
    into(at, "-t", "old", "--topic-prefix", "very-"),
    into(at, "-t", "nothing"),
    into(at, "--topic-prefix", "not a name "),
    ["import", `${at}/data`, "--data", `${at}/data`],
    ["import", `${at}/old`, "--data", `${at}/old`],
    ["import", `${at}/nowhere`, "--data", `${at}/data`],
    ["import", `${at}/old`, "--broker", "localhost:8080"],
    ["import"],
    ["read", `${at}/data`],
  ]) {
    text += timeless(await transcript(args, at));
  }
  expectGolden("cli/import.txt", text.replaceAll(/ENOENT.*/g, "ENOENT …"));
});

test("a topic with too few partitions is refused before anything is written", async () => {
  using root = temporaryDirectory();
  await writeOld(root.path);
  const created = await call(
    ["topics", "create", "events", "--data", `${root.path}/data`],
    root.path,
  );
  expect(created.code).toBe(0);
  const { code, error } = await call(into(root.path, "--append"), root.path);
  expect([code, error]).toEqual([
    1,
    "obelisk import: topic events is there already, with too few partitions: 1, and the " +
      "original has 3. Import it under another name with --topic-prefix.\n",
  ]);
  const { out } = await call(["read", `${root.path}/data`, "--all"], root.path);
  expect(out).toBe("");
});

test("a directory that a broker has is refused with the way to reach the broker", async () => {
  using root = temporaryDirectory();
  await writeOld(root.path);
  await localDisk(`${root.path}/data`).makeDirectory(".");
  const lock = await lockDirectory(`${root.path}/data`);
  if (lock instanceof LockHeld) throw new Error("nobody else has it");
  const { code, error } = await call(into(root.path), root.path);
  lock.release();
  expect([code, error]).toEqual([
    1,
    `obelisk import: <data>/data is in use by process ${process.pid}: a directory has one ` +
      "broker. Send to the broker with --broker localhost:8080 --append, or stop it first\n",
  ]);
});
