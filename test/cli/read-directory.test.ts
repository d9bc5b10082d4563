import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { openReadable } from "../../src/cli/read-directory.ts";
import { lockDirectory, LockHeld } from "../../src/disk/lock.ts";
import { MemoryWorld } from "../fake/world.ts";
import { temporaryDirectory } from "../support/temporary.ts";

test("a path that is no directory is refused in words", async () => {
  using temporary = temporaryDirectory();
  const { path } = temporary;
  writeFileSync(`${path}/file`, "");
  const world = new MemoryWorld();
  expect(await openReadable(`${path}/nowhere`, world)).toBe(
    `there is no directory ${path}/nowhere`,
  );
  expect(await openReadable(`${path}/file`, world)).toBe(`${path}/file is no directory`);
  expect(await openReadable(`${path}/file/in`, world)).toBe(
    `${path}/file/in can't be read: ENOTDIR`,
  );
});

test("it is live while a broker has the data directory, seen from its topics as well", async () => {
  using temporary = temporaryDirectory();
  const { path } = temporary;
  await mkdir(`${path}/topics/orders`, { recursive: true });
  const look = async (directory: string): Promise<boolean> => {
    const readable = await openReadable(directory, new MemoryWorld());
    if (typeof readable === "string") throw new Error(readable);
    return await readable.isLive();
  };
  const paths = [path, `${path}/topics`, `${path}/topics/`];
  expect(await Promise.all(paths.map(look))).toEqual([false, false, false]);
  const lock = await lockDirectory(path);
  if (lock instanceof LockHeld) throw new Error("nobody else has it");
  expect(await Promise.all(paths.map(look))).toEqual([true, true, true]);
  // A directory below has an owner of its own.
  expect(await look(`${path}/topics/orders`)).toBe(false);
  lock.release();
});

test("nothing is written to it", async () => {
  using temporary = temporaryDirectory();
  const readable = await openReadable(temporary.path, new MemoryWorld());
  if (typeof readable === "string") throw new Error(readable);
  expect(readable.environment.isReadOnly).toBe(true);
});
