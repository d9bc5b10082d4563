import { describe, expect, mock, test } from "bun:test";
import fs from "node:fs";
import nodePath from "node:path";
import { LockHeld, isLocked, lockDirectory } from "../../src/disk/lock.ts";
import type { DirectoryLock } from "../../src/disk/lock.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";

async function taken(root: string): Promise<DirectoryLock> {
  const lock = await lockDirectory(root);
  if (lock instanceof LockHeld) throw new Error(lock.toString());
  return lock;
}

async function refused(root: string): Promise<LockHeld> {
  const lock = await lockDirectory(root);
  if (!(lock instanceof LockHeld)) throw new Error("the lock was granted");
  return lock;
}

/** Every file of a directory with its content. */
const contentOf = (root: string): Record<string, string> =>
  Object.fromEntries(
    fs.readdirSync(root).map((name) => [name, fs.readFileSync(`${root}/${name}`, "latin1")]),
  );

/** Another process that holds the lock, and a child of that process which outlives it. */
interface Holder extends AsyncDisposable {
  readonly pid: number;
  kill(): Promise<void>;
}

async function holderOf(root: string): Promise<Holder> {
  const child = nodePath.join(import.meta.dir, "child.ts");
  const running = Bun.spawn([process.execPath, child, "hold-lock", root], { stdout: "pipe" });
  const { value } = await running.stdout.getReader().read();
  const said = JSON.parse(new TextDecoder().decode(value)) as { held: boolean; survivor: number };
  const kill = async (): Promise<void> => {
    running.kill("SIGKILL");
    await running.exited;
  };
  if (!said.held) throw new Error("the child did not get the lock");
  return {
    pid: running.pid,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      process.kill(said.survivor, "SIGKILL");
    },
  };
}

describe("one broker per directory", () => {
  test("a second one is refused at once, told who has it, and touches nothing", async () => {
    using directory = temporaryDirectory();
    fs.writeFileSync(`${directory.path}/data`, "as it was");
    await using holder = await holderOf(directory.path);
    const before = contentOf(directory.path);
    const from = performance.now();
    const answer = await refused(directory.path);
    expect(performance.now() - from).toBeLessThan(100);
    expect(answer.pid).toBe(holder.pid);
    expect(answer.toString()).toBe(
      `${directory.path} is in use by process ${holder.pid}: a directory has one broker`,
    );
    expect(contentOf(directory.path)).toEqual(before);
    expect(before).toEqual({ data: "as it was", lock: `${holder.pid}\n` });
  });

  test("kill -9 of the owner frees the directory, though its children live on", async () => {
    using directory = temporaryDirectory();
    await using holder = await holderOf(directory.path);
    expect(await isLocked(directory.path)).toBe(true);
    await holder.kill();
    expect(await isLocked(directory.path)).toBe(false);
    (await taken(directory.path)).release();
  });

  test("two starts in one process exclude each other too", async () => {
    using directory = temporaryDirectory();
    const lock = await taken(directory.path);
    expect((await refused(directory.path)).pid).toBe(process.pid);
    lock.release();
    (await taken(directory.path)).release();
  });

  test("of many starts at once, one gets the directory", async () => {
    using directory = temporaryDirectory();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => lockDirectory(directory.path)),
    );
    const locks = answers.flatMap((answer) => (answer instanceof LockHeld ? [] : [answer]));
    expect(locks).toHaveLength(1);
    for (const lock of locks) lock.release();
  });
});

describe("the lock file", () => {
  test("is its owner's alone, holds the process id, and stays, empty, after release", async () => {
    using directory = temporaryDirectory();
    const lock = await taken(directory.path);
    expect(lock.path).toBe(`${directory.path}/lock`);
    expect(fs.statSync(lock.path).mode & 0o777).toBe(0o600);
    expect(contentOf(directory.path)).toEqual({ lock: `${process.pid}\n` });
    lock.release();
    lock.release();
    expect(contentOf(directory.path)).toEqual({ lock: "" });
  });

  test("left by a killed owner is taken over, whatever it holds", async () => {
    using directory = temporaryDirectory();
    fs.writeFileSync(`${directory.path}/lock`, "99999999 and more than a process id");
    const lock = await taken(directory.path);
    expect(contentOf(directory.path)).toEqual({ lock: `${process.pid}\n` });
    lock.release();
  });

  test("that holds no process id names nobody", async () => {
    using directory = temporaryDirectory();
    const lock = await taken(directory.path);
    for (const content of ["", "-1\n", "0\n", "12", "12 \n", "x".repeat(100)]) {
      fs.writeFileSync(lock.path, content);
      const answer = await refused(directory.path);
      expect(answer.pid).toBeUndefined();
      expect(answer.toString()).toContain("in use by another process");
    }
    lock.release();
  });

  test("is not followed through a symbolic link", async () => {
    using directory = temporaryDirectory();
    using elsewhere = temporaryDirectory();
    fs.writeFileSync(`${elsewhere.path}/file`, "as it was");
    fs.symlinkSync(`${elsewhere.path}/file`, `${directory.path}/lock`);
    await expect(lockDirectory(directory.path)).rejects.toMatchObject({ name: "DiskError" });
    await expect(isLocked(directory.path)).rejects.toMatchObject({ name: "DiskError" });
    expect(contentOf(elsewhere.path)).toEqual({ file: "as it was" });
  });

  test("needs a directory to lie in", async () => {
    using directory = temporaryDirectory();
    const nowhere = `${directory.path}/nowhere`;
    await expect(lockDirectory(nowhere)).rejects.toMatchObject({ kind: "missing" });
    expect(await isLocked(nowhere)).toBe(false);
  });
});

describe("asking whether a directory is in use", () => {
  test("says so, and leaves no trace", async () => {
    using directory = temporaryDirectory();
    expect(await isLocked(directory.path)).toBe(false);
    expect(contentOf(directory.path)).toEqual({});
    const lock = await taken(directory.path);
    expect(await isLocked(directory.path)).toBe(true);
    expect(contentOf(directory.path)).toEqual({ lock: `${process.pid}\n` });
    lock.release();
    expect(await isLocked(directory.path)).toBe(false);
  });

  const withFlock = skipUnless(Bun.which("flock") !== null, "the command flock is not installed");

  withFlock("does not make a broker that starts at the same instant fail", async () => {
    using directory = temporaryDirectory();
    await using probe = await sharedHolder(directory.path);
    const starting = lockDirectory(directory.path);
    await probe.end();
    const lock = await starting;
    if (lock instanceof LockHeld) throw new Error(lock.toString());
    lock.release();
  });

  withFlock("but a probe that never ends is told as one that has the directory", async () => {
    using directory = temporaryDirectory();
    await using probe = await sharedHolder(directory.path);
    expect((await refused(directory.path)).pid).toBeUndefined();
    await probe.end();
  });
});

/** Another process with a shared lock, as a probe takes it, that it keeps until told to end. */
async function sharedHolder(root: string): Promise<AsyncDisposable & { end(): Promise<void> }> {
  const command = ["flock", "--shared", `${root}/lock`, "sh", "-c", "echo held && cat"];
  const running = Bun.spawn(command, { stdin: "pipe", stdout: "pipe" });
  await running.stdout.getReader().read();
  const end = async (): Promise<void> => {
    await running.stdin.end();
    await running.exited;
  };
  return { end, [Symbol.asyncDispose]: end };
}

test("where the C library cannot be called there is no lock, and so no broker", async () => {
  using directory = temporaryDirectory();
  const real = { ...(await import("bun:ffi")) };
  const dlopen = (): never => {
    throw new Error("no code may be made here");
  };
  await mock.module("bun:ffi", () => ({ ...real, dlopen }));
  try {
    await expect(lockDirectory(directory.path)).rejects.toMatchObject({
      name: "DiskError",
      kind: "failed",
      message: expect.stringContaining("no code may be made here"),
    });
    expect(contentOf(directory.path)).toEqual({});
  } finally {
    await mock.module("bun:ffi", () => real);
  }
  (await taken(directory.path)).release();
});
