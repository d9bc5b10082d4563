/** One open file of the disk in memory: rules of the open mode over an inode. */
import { assert } from "../../src/base/assert.ts";
import { DiskError } from "../../src/disk/disk.ts";
import type { DiskFile, OpenMode } from "../../src/disk/disk.ts";
import type { Effects, Failure, Faults, Operation } from "./faults.ts";
import type { MemoryInode, WriteChange } from "./inode.ts";

export class MemoryFile implements DiskFile {
  /** Operations that have not settled; `close` waits for them, as on the real disk. */
  private underWay = 0;
  private whenIdle: (() => void) | undefined;
  private closing: Promise<void> | undefined;
  private appending = false;

  constructor(
    readonly path: string,
    private readonly mode: OpenMode,
    private readonly inode: MemoryInode,
    private readonly faults: Faults,
    /** How many bytes the disk still takes. */
    private readonly roomBytes: () => number,
  ) {}

  size(): Promise<number> {
    return this.run("size", { begin: () => () => this.inode.size });
  }

  append(chunks: readonly Uint8Array[]): Promise<void> {
    assert(this.mode.startsWith("append"), `append to a file opened for ${this.mode}`);
    assert(!this.appending, `two appends at once would be reordered: ${this.path}`);
    const bytes = Buffer.concat(chunks);
    const written = this.write("append", this.inode.size, bytes);
    this.appending = true;
    return written.finally(() => {
      this.appending = false;
      // The real disk looks at it at any time until then.
      const isThere = chunks.reduce((sum, one) => sum + one.byteLength, 0) === bytes.byteLength;
      const isSame = isThere && bytes.equals(Buffer.concat(chunks));
      assert(isSame, `memory that is being written stays as it is: ${this.path}`);
    });
  }

  writeAt(position: number, bytes: Uint8Array): Promise<void> {
    assert(this.mode === "update", `writeAt in a file opened for ${this.mode}`);
    assert(Number.isSafeInteger(position) && position >= 0, "a position counts bytes");
    return this.write("writeAt", position, bytes);
  }

  read(position: number, into: Uint8Array): Promise<number> {
    assert(Number.isSafeInteger(position) && position >= 0, "a position counts bytes");
    const { byteLength } = into;
    return this.run("read", {
      begin: () => {
        const bytes = this.inode.view().subarray(position, position + byteLength);
        into.set(bytes);
        return () => {
          const isThere = into.byteLength === byteLength;
          assert(isThere, `memory that is being read into is not freed: ${this.path}`);
          return bytes.byteLength;
        };
      },
    });
  }

  sync(): Promise<void> {
    return this.run("sync", {
      begin: () => {
        const unsynced = this.inode.unsynced();
        return () => this.inode.persist(unsynced);
      },
      fail: () => this.inode.lose(this.inode.unsynced()),
    });
  }

  truncate(bytes: number): Promise<void> {
    assert(this.mode !== "read", "truncate of a file opened for read");
    assert(Number.isSafeInteger(bytes) && bytes >= 0, "a length counts bytes");
    return this.run("truncate", {
      begin: () => {
        this.inode.truncate(bytes);
        return () => {};
      },
    });
  }

  close(): Promise<void> {
    this.closing ??= this.closeWhenIdle();
    return this.closing;
  }

  private async closeWhenIdle(): Promise<void> {
    if (this.underWay > 0) {
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve;
      });
    }
    await this.faults.run("close", this.path, { begin: () => () => {} });
  }

  private write(operation: Operation, position: number, bytes: Uint8Array): Promise<void> {
    return this.run(operation, {
      begin: () => {
        const change = this.writeAsFits(position, bytes);
        if (change.bytes.byteLength < bytes.byteLength) {
          throw new DiskError("full", operation, this.path);
        }
        return () => {
          if (this.mode === "append-durable") this.inode.persist([change]);
        };
      },
      fail: ({ error, partialBytes }: Failure) => {
        const change = this.writeAsFits(position, bytes.subarray(0, partialBytes));
        // This write was a sync too, and that has failed.
        const synced = this.mode === "append-durable" && error.kind === "failed";
        if (synced) this.inode.lose([change]);
      },
    });
  }

  /** As much of `bytes` as the disk takes; overwriting takes no room. */
  private writeAsFits(position: number, bytes: Uint8Array): WriteChange {
    const growth = Math.max(0, position + bytes.byteLength - this.inode.size);
    const missing = Math.max(0, growth - this.roomBytes());
    const taken = Math.max(0, bytes.byteLength - missing);
    return this.inode.write(position, bytes.subarray(0, taken));
  }

  private run<T>(operation: Operation, effects: Effects<T>): Promise<T> {
    if (this.closing !== undefined) {
      return Promise.reject(new DiskError("failed", operation, this.path, "the file is closed"));
    }
    const result = this.faults.run(operation, this.path, effects);
    this.underWay++;
    return result.finally(() => {
      this.underWay--;
      if (this.underWay === 0) this.whenIdle?.();
    });
  }
}
