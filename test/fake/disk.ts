/**
 * A disk in memory that knows what was synced, loses what was not, and fails on demand. The same
 * production code runs on it as on `localDisk`, and one suite (`test/conformance/disk.suite.ts`)
 * runs on both.
 *
 * The same calls and the same random numbers give the same result. Everything resolves on
 * microtasks: no timer, no thread. What survives what:
 *
 *                                  process killed    power lost
 *     synced                       yes               yes
 *     written, not synced          yes               by chance: kept, dropped, torn
 *     written, its sync failed     yes               no
 *     name made, renamed, removed  yes               by chance, until its directory was synced
 *
 * Stricter than a real disk in one point: changing a file that was ever mapped is an assertion
 * failure, because on a real disk it may kill the process.
 */
import { assert } from "../../src/base/assert.ts";
import type { Random } from "../../src/base/random.ts";
import { DiskError } from "../../src/disk/disk.ts";
import type {
  Disk,
  DiskEntry,
  DiskErrorKind,
  DiskFile,
  OpenMode,
  Volume,
} from "../../src/disk/disk.ts";
import { parentOf, partsOf } from "../../src/disk/path.ts";
import { Faults } from "./faults.ts";
import type { FailureOptions, Gate, Logged, Operation, Pace, PathPattern } from "./faults.ts";
import { MemoryInode } from "./inode.ts";
import { MemoryFile } from "./memory-file.ts";
import { MemoryDirectory, Namespace } from "./namespace.ts";
import type { Node, Slot } from "./namespace.ts";

/**
 * How the machine goes down. `keep: "all"`: the process dies (kill -9), the system lives on with
 * its page cache. `keep: "synced"`: power loss, nothing unsynced survives. `random`: power loss,
 * each unsynced change has its own fate.
 */
export type Crash = { readonly keep: "all" | "synced" } | { readonly random: Random };

/** See the head of this file. */
export class MemoryDisk implements Disk {
  /** What all files may hold together; a write that passes it gets in as far as it fits. */
  capacityBytes = Number.POSITIVE_INFINITY;
  private readonly faults = new Faults();
  /** Numbers the temporary files of `writeWhole`. */
  private temporaries = 0;

  constructor(private readonly names: Namespace = Namespace.empty()) {}

  // What tests do to it.

  /** What all files hold together. */
  get usedBytes(): number {
    return this.names.usedBytes();
  }

  /** Every operation so far, the steps of compound ones included. */
  get operations(): readonly Logged[] {
    return this.faults.log;
  }

  /** Fails the next matching operation; returns how to take that back. */
  failNext(
    operation: Operation,
    path: PathPattern,
    kind: DiskErrorKind,
    options: FailureOptions = {},
  ): () => void {
    return this.faults.failNext(operation, path, kind, options);
  }

  /** Keeps matching operations from settling until the gate is opened. */
  hold(operation: Operation, path: PathPattern = /^/): Gate {
    return this.faults.hold(operation, path);
  }

  /**
   * Stops the machine in the middle of the operation with this number in {@link operations}: it
   * has begun and never settles, and none begins after it; all of them reject. `crash` comes next.
   */
  haltAt(operationIndex: number): void {
    this.faults.haltAtOperation(operationIndex);
  }

  /** Has a simulator say when operations settle. */
  setPace(pace: Pace): void {
    this.faults.pace = pace;
  }

  /** Flips a bit in some of what was written and not synced, as a device may when power goes. */
  garbleUnsynced(random: Random): void {
    this.names.garbleUnsynced(random);
  }

  /** Stops this disk and all its files for good; returns the disk as the next start finds it. */
  crash(how: Crash): MemoryDisk {
    this.faults.stop();
    if ("random" in how) return this.found(this.names.afterPowerLoss(how.random));
    if (how.keep === "all") return this.clone();
    return this.found(this.names.afterPowerLoss("lose all"));
  }

  /** A copy with the same unsynced changes. Open files, failures, gates and the log stay here. */
  clone(): MemoryDisk {
    return this.found(this.names.clone());
  }

  /** Damages one bit, as the device may at any time. */
  flipBit(path: string, byte: number, bit: number): void {
    this.file(path, "open").flipBit(byte, bit);
  }

  /** Gives a file another length, durably and behind everybody's back. */
  truncateTo(path: string, bytes: number): void {
    this.file(path, "open").damageLength(bytes);
  }

  // What the broker does with it.

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    partsOf(path);
    return this.faults.run("open", path, {
      begin: () => {
        const inode = mode === "read" ? this.file(path, "open") : this.fileOrNew(path);
        return () => new MemoryFile(path, mode, inode, this.faults, () => this.roomBytes());
      },
    });
  }

  list(path: string, isSizeNeeded?: (name: string) => boolean): Promise<readonly DiskEntry[]> {
    partsOf(path);
    return this.faults.run("list", path, {
      begin: () => {
        const entries: DiskEntry[] = [];
        for (const [name, node] of this.directory(path, "list").entries) {
          const isSized = node.kind === "file" && (isSizeNeeded?.(name) ?? true);
          const bytes = isSized ? node.size : 0;
          entries.push({ name, kind: node.kind, bytes });
        }
        entries.sort((a, b) => (a.name < b.name ? -1 : 1));
        return () => entries;
      },
    });
  }

  makeDirectory(path: string): Promise<void> {
    const parts = partsOf(path);
    return this.compound("makeDirectory", path, async () => {
      await this.faults.run("makeDirectory", path, { begin: () => this.makeAll(path) });
      for (let depth = 0; depth < parts.length; depth++) {
        await this.syncDirectory(depth === 0 ? "." : parts.slice(0, depth).join("/"));
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    const [left, entered] = [parentOf(from), parentOf(to)];
    return this.compound("rename", from, async () => {
      await this.renameOnly(from, to);
      await this.syncDirectory(entered);
      if (left !== entered) await this.syncDirectory(left);
    });
  }

  remove(path: string): Promise<void> {
    assert(partsOf(path).length > 0, "the root of a disk is not removed");
    return this.faults.run("remove", path, {
      begin: () => {
        const node = this.names.find(partsOf(path));
        if (node !== undefined) this.removeTree(this.slot(path, "remove"), node);
        return () => {};
      },
    });
  }

  syncDirectory(path: string): Promise<void> {
    partsOf(path);
    return this.faults.run("syncDirectory", path, {
      begin: () => {
        const unsynced = this.names.unsyncedOf(this.directory(path, "syncDirectory"));
        return () => this.names.persist(unsynced);
      },
      fail: ({ error }) => {
        // Without a descriptor for the directory no sync was tried, and nothing is marked clean.
        if (error.kind === "exhausted") return;
        this.names.lose(this.names.unsyncedOf(this.directory(path, "syncDirectory")));
      },
    });
  }

  writeWhole(path: string, bytes: Uint8Array): Promise<void> {
    const directory = parentOf(path);
    this.temporaries++;
    const temporary = `${path}.${this.temporaries}.tmp`;
    return this.compound("writeWhole", path, async () => {
      await this.faults.run("writeWhole", path, { begin: () => () => {} });
      try {
        const file = await this.open(temporary, "append");
        await file.append([bytes]);
        await file.sync();
        await file.close();
        await this.renameOnly(temporary, path);
      } catch (error) {
        // As on the real disk: the first failure is the one to tell.
        await Promise.allSettled([this.remove(temporary)]);
        throw error;
      }
      await this.syncDirectory(directory);
    });
  }

  readWhole(path: string): Promise<Uint8Array> {
    partsOf(path);
    return this.faults.run("readWhole", path, {
      begin: () => {
        const bytes = this.file(path, "readWhole").view().slice();
        return () => bytes;
      },
    });
  }

  map(path: string): Uint8Array {
    partsOf(path);
    return this.faults.runNow("map", path, {
      begin: () => {
        const inode = this.file(path, "map");
        inode.mapped = inode.size > 0;
        return () => inode.view();
      },
    });
  }

  unmap(): void {
    // What was mapped stays forbidden to change: somebody may have mapped it twice.
  }

  volume(): Promise<Volume> {
    const shown = (bytes: number): number => Math.min(bytes, Number.MAX_SAFE_INTEGER);
    return this.faults.run("volume", ".", {
      begin: () => () => ({
        totalBytes: shown(this.capacityBytes),
        freeBytes: shown(this.roomBytes()),
      }),
    });
  }

  private found(names: Namespace): MemoryDisk {
    const disk = new MemoryDisk(names);
    disk.capacityBytes = this.capacityBytes;
    disk.temporaries = this.temporaries;
    return disk;
  }

  private roomBytes(): number {
    // Adding up all files at each write would be slow, and most tests set no capacity.
    if (this.capacityBytes === Number.POSITIVE_INFINITY) return this.capacityBytes;
    return Math.max(0, this.capacityBytes - this.names.usedBytes());
  }

  /** Runs the steps of `action`; whichever fails, the operation that the caller called failed. */
  private async compound(
    operation: Operation,
    path: string,
    action: () => Promise<void>,
  ): Promise<void> {
    try {
      await action();
    } catch (cause) {
      if (cause instanceof DiskError) throw new DiskError(cause.kind, operation, path, cause);
      throw cause;
    }
  }

  private file(path: string, operation: Operation): MemoryInode {
    const node = this.names.find(partsOf(path));
    if (node?.kind === "file") return node;
    if (node === undefined) throw new DiskError("missing", operation, path);
    throw new DiskError("failed", operation, path, "not a regular file");
  }

  private directory(path: string, operation: Operation): MemoryDirectory {
    const node = this.names.find(partsOf(path));
    if (node?.kind === "directory") return node;
    throw new DiskError("missing", operation, path);
  }

  /** The name `path`, whose directory must exist, as meaning nothing. */
  private slot(path: string, operation: Operation): Slot {
    const name = partsOf(path).at(-1) ?? "";
    return { directory: this.directory(parentOf(path), operation), name, node: undefined };
  }

  private fileOrNew(path: string): MemoryInode {
    const slot = this.slot(path, "open");
    if (slot.directory.entries.has(slot.name)) return this.file(path, "open");
    const node = MemoryInode.empty();
    this.names.change([{ ...slot, node }]);
    return node;
  }

  private makeAll(path: string): () => void {
    const parts = partsOf(path);
    for (let depth = 1; depth <= parts.length; depth++) {
      const some = parts.slice(0, depth);
      const node = this.names.find(some);
      if (node?.kind === "directory") continue;
      if (node !== undefined) throw new DiskError("exists", "makeDirectory", path);
      const slot = this.slot(some.join("/"), "makeDirectory");
      this.names.change([{ ...slot, node: new MemoryDirectory() }]);
    }
    return () => {};
  }

  private renameOnly(from: string, to: string): Promise<void> {
    return this.faults.run("rename", from, {
      begin: () => {
        const node = this.names.find(partsOf(from));
        if (node === undefined) throw new DiskError("missing", "rename", from);
        const target = this.slot(to, "rename");
        this.assertReplaceable(node, target, from, to);
        if (from !== to) this.names.change([this.slot(from, "rename"), { ...target, node }]);
        return () => {};
      },
    });
  }

  /** What rename(2) refuses. */
  private assertReplaceable(node: Node, target: Slot, from: string, to: string): void {
    const replaced = target.directory.entries.get(target.name);
    if (node.kind === "directory" && to.startsWith(`${from}/`)) {
      throw new DiskError("failed", "rename", from, "a directory cannot move into itself");
    }
    if (replaced === undefined || replaced === node) return;
    if (node.kind === "file" && replaced.kind === "directory") {
      throw new DiskError("failed", "rename", from, "a file cannot replace a directory");
    }
    if (node.kind === "directory" && replaced.kind === "file") {
      throw new DiskError("missing", "rename", from, "a directory cannot replace a file");
    }
    if (replaced.kind === "directory" && replaced.entries.size > 0) {
      throw new DiskError("exists", "rename", from, "the directory there is not empty");
    }
  }

  private removeTree(slot: Slot, node: Node): void {
    if (node.kind === "directory") {
      for (const [name, child] of node.entries) {
        this.removeTree({ directory: node, name, node: undefined }, child);
      }
    }
    this.names.change([slot]);
  }
}
