/**
 * One broker per directory: an exclusive `flock` on the file `lock` in it. The system drops the
 * lock when the process ends, however it ends, so there is nothing to clean up; the file stays, and
 * holds the owner's process id for people and for {@link LockHeld}.
 *
 * `flock` is called through `bun:ffi`, which is loaded at the first call. Where that is impossible
 * there is no lock and no broker: every function here rejects with a {@link DiskError} instead.
 */
import fs from "node:fs";
import nodePath from "node:path";
import { systemClock } from "../base/clock.ts";
import { lockProbedMsMax } from "../limits.ts";
import { DiskError } from "./disk.ts";
import { codeOf, diskError } from "./system-error.ts";

/** The proof of ownership. */
export interface DirectoryLock {
  /** The lock file. */
  readonly path: string;
  /** Gives the directory free. Calling it twice is allowed. */
  release(): void;
}

/** The answer when another process owns the directory. */
export class LockHeld {
  constructor(
    readonly root: string,
    /** The owner; `undefined` if it has not written its id yet. */
    readonly pid: number | undefined,
  ) {}

  toString(): string {
    const owner = this.pid === undefined ? "another process" : `process ${this.pid}`;
    return `${this.root} is in use by ${owner}: a directory has one broker`;
  }
}

/**
 * Takes the lock of the directory `root` (a path of this machine, which exists), or tells at once
 * who has it. Nothing in the directory changes when it is refused.
 */
export async function lockDirectory(root: string): Promise<DirectoryLock | LockHeld> {
  const path = nodePath.join(root, lockName);
  const flock = await loadFlock(path);
  const deadline = systemClock.monotonic() + lockProbedMsMax;
  for (;;) {
    const taken = guard(path, () => tryLock(flock, path));
    if (typeof taken === "number") return ownership(flock, path, taken);
    if (taken === "held")
      return new LockHeld(
        root,
        guard(path, () => ownerOf(path)),
      );
    if (systemClock.monotonic() > deadline) return new LockHeld(root, undefined);
    await new Promise<void>((resolve) => systemClock.after(probePauseMs, resolve));
  }
}

/**
 * Whether a broker owns the directory now. It takes a shared lock for an instant, which a broker
 * that starts at the same instant waits out; it writes nothing, and makes no lock file.
 */
export async function isLocked(root: string): Promise<boolean> {
  const path = nodePath.join(root, lockName);
  const flock = await loadFlock(path);
  return guard(path, () => {
    const fd = openIfThere(path);
    if (fd === undefined) return false;
    try {
      return !flock(fd, lockShared | lockNonblocking);
    } finally {
      fs.closeSync(fd);
    }
  });
}

const lockName = "lock";
const lockMode = 0o600;
/** Between two looks at a lock that only probes hold. */
const probePauseMs = 2;

/** `sys/file.h`; the same on Linux and macOS. */
const lockShared = 1;
const lockExclusive = 2;
const lockNonblocking = 4;
const unlock = 8;
/** A process id with its newline is shorter. */
const ownerBytesMax = 16;

/** `flock(2)`: true if granted, false if another holds it; throws on any other error. */
type Flock = (fd: number, operation: number) => boolean;

/**
 * Where the C library is. musl answers to both Linux names. The loader looks at what is loaded
 * already and in the system's folders before it falls back to the working directory.
 */
const libraries: Readonly<Record<string, readonly string[]>> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  darwin: ["/usr/lib/libSystem.B.dylib"],
};

/** EWOULDBLOCK, which `flock` answers when another holds the lock. */
const wouldBlock: Readonly<Record<string, number>> = { linux: 11, darwin: 35 };

async function loadFlock(path: string): Promise<Flock> {
  const names = libraries[process.platform] ?? [];
  const refusals: string[] = [];
  for (const name of names) {
    try {
      return await flockFrom(name);
    } catch (error) {
      refusals.push(String(error));
    }
  }
  const tried = refusals.length === 0 ? `no C library is known` : refusals.join("; ");
  const reason = `cannot lock the directory on ${process.platform}: ${tried}`;
  throw new DiskError("failed", "lock", path, reason);
}

async function flockFrom(library: string): Promise<Flock> {
  const { dlopen, read } = await import("bun:ffi");
  const flock = { args: ["i32", "i32"], returns: "i32" } as const;
  const location = { args: [], returns: "ptr" } as const;
  const calls =
    process.platform === "darwin"
      ? dlopen(library, { flock, __error: location }).symbols
      : dlopen(library, { flock, __errno_location: location }).symbols;
  const errorLocation = "__error" in calls ? calls.__error : calls.__errno_location;
  return (fd, operation) => {
    if (calls.flock(fd, operation) === 0) return true;
    const pointer = errorLocation();
    const code = pointer === null ? 0 : read.i32(pointer, 0);
    if (code === wouldBlock[process.platform]) return false;
    throw new Error(`flock failed with errno ${code}`);
  };
}

/**
 * One try: the descriptor that holds the lock, `held` if a broker has it, or `probed` if it can be
 * had in a moment. A shared lock is granted beside probes but not beside a broker, which tells the
 * two apart.
 */
function tryLock(flock: Flock, path: string): number | "held" | "probed" {
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = fs.constants;
  const fd = fs.openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, lockMode);
  let kept = false;
  try {
    if (!flock(fd, lockExclusive | lockNonblocking)) {
      return flock(fd, lockShared | lockNonblocking) ? "probed" : "held";
    }
    // Between opening and locking, the file may have been removed and made anew by another broker.
    const named = fs.lstatSync(path, { throwIfNoEntry: false });
    if (named?.ino !== fs.fstatSync(fd).ino) return "probed";
    fs.ftruncateSync(fd, 0);
    fs.writeSync(fd, `${process.pid}\n`, 0);
    kept = true;
    return fd;
  } finally {
    if (!kept) fs.closeSync(fd);
  }
}

function ownership(flock: Flock, path: string, fd: number): DirectoryLock {
  let released = false;
  return {
    path,
    release() {
      if (released) return;
      released = true;
      guard(path, () => {
        // The next owner's refusals must not name this process.
        fs.ftruncateSync(fd, 0);
        flock(fd, unlock);
        fs.closeSync(fd);
      });
    },
  };
}

function ownerOf(path: string): number | undefined {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(ownerBytesMax);
    const text = bytes.toString("latin1", 0, fs.readSync(fd, bytes));
    return /^[1-9][0-9]{0,9}\n$/.test(text) ? Number(text) : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Runs `action`; what it throws leaves as a {@link DiskError}. */
function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw diskError("lock", path, cause);
  }
}
