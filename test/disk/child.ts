/**
 * What the tests of this folder need another process for. `bun child.ts <what> <directory>`; it
 * says on standard output, one JSON value a line, what came of it.
 */
import { DiskError } from "../../src/disk/disk.ts";
import type { DiskFile } from "../../src/disk/disk.ts";
import { localDisk } from "../../src/disk/local.ts";
import { LockHeld, lockDirectory } from "../../src/disk/lock.ts";
import { fillDisk } from "../conformance/full-disk.ts";

const [what, directory] = process.argv.slice(2);
if (what === undefined || directory === undefined) throw new Error("child.ts <what> <directory>");

const say = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

/** Opens files until one is refused, closes them, and opens once more. */
async function exhaustDescriptors(root: string): Promise<void> {
  const disk = localDisk(root);
  const files: DiskFile[] = [];
  let refused = "";
  while (refused === "") {
    try {
      files.push(await disk.open("file", "append"));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      refused = error.kind;
    }
  }
  for (const file of files) await file.close();
  await (await disk.open("file", "append")).close();
  say({ refused, opened: files.length });
}

/** Each call that must be durable when it resolves, in an order that the test knows. */
async function writeDurably(root: string): Promise<void> {
  const disk = localDisk(root);
  await disk.makeDirectory("a/b");
  await disk.writeWhole("a/b/file", new TextEncoder().encode("text"));
  await disk.rename("a/b/file", "a/moved");
  await disk.rename("a/moved", "a/again");
  await disk.syncDirectory(".");
  const file = await disk.open("a/log", "append");
  await file.append([new Uint8Array(10)]);
  await file.sync();
  await file.close();
}

/** Takes the lock, starts a process that outlives this one, and holds on until it is killed. */
async function holdLock(root: string): Promise<void> {
  const lock = await lockDirectory(root);
  const survivor = Bun.spawn(["sleep", "60"], { stdio: ["ignore", "ignore", "ignore"] });
  say({ held: !(lock instanceof LockHeld), survivor: survivor.pid });
  setInterval(() => {}, 60_000);
}

if (what === "fill") say(await fillDisk(localDisk(directory)));
else if (what === "exhaust") await exhaustDescriptors(directory);
else if (what === "write-durably") await writeDurably(directory);
else if (what === "hold-lock") await holdLock(directory);
else throw new Error(`there is no ${what} here`);
