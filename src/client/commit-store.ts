/**
 * What a group has committed, on the disk, and the right to change it. Each group is a directory,
 * `consumers/<group>`, with its commit file and a lock: two consumers of one group would overwrite
 * each other's commits, so the second one is refused while the first one lives.
 *
 * Invariant: what is in memory has been on the device.
 */
import { DiskError, type Disk } from "../disk/disk.ts";
import { LockHeld } from "../disk/lock.ts";
import { Commits, decodeCommits, encodeCommits } from "./commit-file.ts";
import { ConsumerError } from "./consumer-error.ts";

/** Takes the lock of a directory below the data directory, which exists. */
export type LockDirectory = (directory: string) => Promise<{ release(): void } | LockHeld>;

/** Where a store is and what it works with. */
export interface CommitStoreParts {
  readonly disk: Disk;
  readonly group: string;
  /** `null`: only for reading; nothing is made or written, and nobody is refused. */
  readonly lock: LockDirectory | null;
}

const fileName = "commits.json";

/** See the head of this file. */
export class CommitStore {
  private constructor(
    private readonly parts: CommitStoreParts,
    private readonly directory: string,
    private readonly held: { release(): void } | null,
    private known: Commits,
  ) {}

  /**
   * Takes the group's lock and reads its file; a group without one has committed nothing.
   * @throws ConsumerError GROUP_IN_USE, COMMITS_DAMAGED, STORAGE
   */
  static async open(parts: CommitStoreParts): Promise<CommitStore> {
    const { disk, group, lock } = parts;
    const directory = `consumers/${group}`;
    let held: { release(): void } | null = null;
    try {
      if (lock !== null) {
        await disk.makeDirectory(directory);
        held = heldOf(await lock(directory), group);
        await removeUnfinished(disk, directory);
      }
      return new CommitStore(parts, directory, held, await readCommits(disk, directory, group));
    } catch (error) {
      held?.release();
      throw storageError(error, `opening group ${group}`);
    }
  }

  get commits(): Commits {
    return this.known;
  }

  /**
   * Replaces what is committed; it is on the device when this resolves.
   * @throws ConsumerError READ_ONLY, STORAGE: the device then holds the old ones or the new ones
   */
  async save(commits: Commits): Promise<void> {
    const { disk, group } = this.parts;
    if (this.held === null) {
      const message = `the consumer of group ${group} was opened read-only: it can't commit`;
      throw new ConsumerError("READ_ONLY", message);
    }
    try {
      const bytes = new TextEncoder().encode(encodeCommits(group, commits));
      await disk.writeWhole(`${this.directory}/${fileName}`, bytes);
    } catch (error) {
      throw storageError(error, `committing for group ${group}`);
    }
    this.known = commits;
  }

  /** Gives the group free. */
  close(): void {
    this.held?.release();
  }
}

function heldOf(lock: { release(): void } | LockHeld, group: string): { release(): void } {
  if (!(lock instanceof LockHeld)) return lock;
  const owner = lock.pid === undefined ? "another process" : `process ${lock.pid}`;
  throw new ConsumerError(
    "GROUP_IN_USE",
    `group ${group} is in use by ${owner}; give this consumer another group, or open it read-only`,
  );
}

/** What crashed in the middle of a commit left behind; the lock is ours, so nobody writes it. */
async function removeUnfinished(disk: Disk, directory: string): Promise<void> {
  for (const { name } of await disk.list(directory)) {
    if (name.endsWith(".tmp")) await disk.remove(`${directory}/${name}`);
  }
}

async function readCommits(disk: Disk, directory: string, group: string): Promise<Commits> {
  const path = `${directory}/${fileName}`;
  let bytes: Uint8Array;
  try {
    bytes = await disk.readWhole(path);
  } catch (error) {
    if (error instanceof DiskError && error.kind === "missing") return new Commits();
    throw error;
  }
  const commits = decodeCommits(bytes, group);
  if (typeof commits !== "string") return commits;
  throw new ConsumerError(
    "COMMITS_DAMAGED",
    `${path} can't be believed: ${commits}. Put a backup of it back, or remove it to begin with ` +
      "the oldest messages again.",
  );
}

/** What leaves for a disk's error; everything else as it is. */
export function storageError(error: unknown, doing: string): unknown {
  if (!(error instanceof DiskError)) return error;
  return new ConsumerError("STORAGE", `${doing} failed: ${error.message}`);
}
