/**
 * File systems of a test's own, mounted on temporary directories: root's business, on Linux.
 *
 * Owned data: the mount points there are, so that none stays when the tests of a file are over,
 * whatever happened to them.
 */
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { untilWithin } from "./within.ts";

/** A file system that is in a file. */
export type ImageKind = "ext4" | "xfs";

/** Programs that each kind needs. */
const programs: Readonly<Record<ImageKind | "tmpfs", readonly string[]>> = {
  ext4: ["mount", "umount", "mkfs.ext4"],
  xfs: ["mount", "umount", "mkfs.xfs"],
  tmpfs: ["mount", "umount"],
};

/** How each is made. Quickly: nobody will look at its unused parts. */
const makers: Readonly<Record<ImageKind, readonly string[]>> = {
  ext4: ["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard,lazy_itable_init=1"],
  xfs: ["mkfs.xfs", "-q", "-f", "-K"],
};

/** The smallest image of each kind, in MiB. */
const mebibytesMin: Readonly<Record<ImageKind, number>> = { ext4: 8, xfs: 300 };

const points = new Set<MountPoint>();

/** Removes all there are, also what is in use; what they were. */
export function unmountAll(): string[] {
  const left = [...points];
  for (const point of left) point.abandon();
  return left.map(({ path }) => path);
}

/** Why this machine can't mount such a file system; `null` if it can: it was tried. */
export async function mountFault(kind: ImageKind | "tmpfs"): Promise<string | null> {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "only root may mount file systems";
  const missing = programs[kind].find((program) => Bun.which(program) === null);
  if (missing !== undefined) return `${missing} is not installed`;
  try {
    if (kind === "tmpfs") {
      await (await mountMemory(1))[Symbol.asyncDispose]();
      return null;
    }
    await using image = makeImage(kind, mebibytesMin[kind]);
    await image.mount();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A place to mount, and what becomes of it. */
class MountPoint implements AsyncDisposable {
  readonly path = mkdtempSync(join(os.tmpdir(), "obelisk-mount-"));
  /** A file beside it, for a file system that is in one. */
  readonly imagePath = `${this.path}.image`;
  #isMounted = false;

  constructor() {
    points.add(this);
  }

  /**
   * Mounts, and makes sure that what is there takes writes: while anything else on this machine
   * holds the file system that was shut down, mounting its image gives that one again.
   */
  async mount(...what: string[]): Promise<void> {
    await untilWithin(30_000, `mounting ${this.path} afresh`, async () => {
      await command("mount", ...what, this.path);
      this.#isMounted = true;
      if (this.#takesWrites()) return true;
      await this.unmount();
      return false;
    });
  }

  #takesWrites(): boolean {
    const probe = join(this.path, ".probe");
    try {
      writeFileSync(probe, "");
      rmSync(probe);
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EIO") return false;
      throw error;
    }
  }

  async makeReadOnly(): Promise<void> {
    await command("mount", "-o", "remount,ro", this.path);
  }

  async unmount(): Promise<void> {
    if (!this.#isMounted) return;
    await untilWithin(10_000, `unmounting ${this.path}`, async () => {
      // Indexes that this process has read are mapped until their views are collected.
      Bun.gc(true);
      return (await attempt("umount", this.path)) === null;
    });
    this.#isMounted = false;
  }

  /** Removes everything although somebody may still use it. */
  abandon(): void {
    if (this.#isMounted) Bun.spawnSync(["umount", "--lazy", this.path]);
    this.#remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount();
    this.#remove();
  }

  #remove(): void {
    rmdirSync(this.path);
    rmSync(this.imagePath, { force: true });
    points.delete(this);
  }
}

/** A file system in memory. */
export interface MemoryFilesystem extends AsyncDisposable {
  readonly path: string;
  /** From now on nothing can be written. */
  makeReadOnly(): Promise<void>;
}

/** Mounts a file system in memory, of so many MiB. */
export async function mountMemory(mebibytes: number): Promise<MemoryFilesystem> {
  const point = new MountPoint();
  try {
    await point.mount("-t", "tmpfs", "-o", `size=${mebibytes}m,mode=0755`, "tmpfs");
    return point;
  } catch (error) {
    await point[Symbol.asyncDispose]();
    throw error;
  }
}

/** A new file for a file system of so many MiB; see {@link ImageFilesystem}. */
export function makeImage(kind: ImageKind, mebibytes: number): ImageFilesystem {
  return new ImageFilesystem(kind, mebibytes * 1024 * 1024);
}

/** A file system in a file; it can be mounted again and again. */
export class ImageFilesystem implements AsyncDisposable {
  readonly #point = new MountPoint();
  #isMade = false;

  constructor(
    private readonly kind: ImageKind,
    private readonly bytes: number,
  ) {}

  /** Where it is, or will be, mounted. */
  get path(): string {
    return this.#point.path;
  }

  /** Mounts it, and makes it first if this is the first time. */
  async mount(): Promise<void> {
    const { imagePath } = this.#point;
    if (!this.#isMade) {
      const file = openSync(imagePath, "w");
      ftruncateSync(file, this.bytes);
      closeSync(file);
      await command(...makers[this.kind], imagePath);
      this.#isMade = true;
    }
    await this.#point.mount("-t", this.kind, "-o", "loop", imagePath);
  }

  async unmount(): Promise<void> {
    await this.#point.unmount();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#point[Symbol.asyncDispose]();
  }
}

/** Runs a program to its end; an error with what it said if it fails. */
async function command(...words: string[]): Promise<void> {
  const failure = await attempt(...words);
  if (failure !== null) throw new Error(`${words.join(" ")}: ${failure}`);
}

/** What a program said that failed; `null` if it did not. */
async function attempt(...words: string[]): Promise<string | null> {
  const child = Bun.spawn(words, { stdio: ["ignore", "ignore", "pipe"] });
  const said = await child.stderr.text();
  return (await child.exited) === 0 ? null : said.trim();
}
