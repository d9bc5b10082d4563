/**
 * One file of the disk in memory, twice: what processes see (the page cache) and what the device
 * surely holds. Between the two lies a list of changes, in the order they were made.
 *
 * A sync makes changes durable; a failed one loses them: the system marks the pages clean without
 * having written them, so processes still see them, no later sync writes them, and a power loss
 * takes them ("Can Applications Recover from fsync Failures?", ATC'20). A cut or growth is
 * metadata, and any durable write to the file takes the earlier ones along.
 *
 * Invariant: the device's bytes with all changes applied are the bytes that processes see, but for
 * what failed syncs lost.
 */
import { assert } from "../../src/base/assert.ts";
import type { Random } from "../../src/base/random.ts";
import { GrowingBytes } from "./growing-bytes.ts";

/** Bytes that were written and that the device may not hold yet. */
export interface WriteChange {
  readonly kind: "write";
  readonly position: number;
  readonly bytes: Uint8Array;
  durable: boolean;
}

/** A new length that the device may not know yet. */
export interface LengthChange {
  readonly kind: "length";
  readonly bytes: number;
  durable: boolean;
}

export type Change = WriteChange | LengthChange;

/** What happens to changes that were not synced: all lost, or each its own fate by chance. */
export type Fates = "lose all" | Random;

/** The unit that a device writes whole or not at all. */
const sectorBytes = 512;

/** See the head of this file. */
export class MemoryInode {
  readonly kind = "file";
  /** Set once the file was mapped: from then on nobody may change it. */
  mapped = false;
  private changes: Change[] = [];

  private constructor(
    private readonly cache: GrowingBytes,
    private readonly device: GrowingBytes,
  ) {}

  static empty(): MemoryInode {
    return new MemoryInode(new GrowingBytes(), new GrowingBytes());
  }

  get size(): number {
    return this.cache.length;
  }

  /** What processes see: a view that later writes may or may not show in. */
  view(): Uint8Array {
    return this.cache.view();
  }

  /** The changes that a sync begun now would make durable. */
  unsynced(): readonly Change[] {
    return this.changes.filter((change) => !change.durable);
  }

  /** Copies `bytes` to `position`. */
  write(position: number, bytes: Uint8Array): WriteChange {
    this.assertUnmapped();
    this.cache.write(position, bytes);
    const change: WriteChange = { kind: "write", position, bytes: bytes.slice(), durable: false };
    if (bytes.byteLength > 0) this.changes.push(change);
    return change;
  }

  truncate(bytes: number): LengthChange {
    this.assertUnmapped();
    this.cache.setLength(bytes);
    const change: LengthChange = { kind: "length", bytes, durable: false };
    this.changes.push(change);
    return change;
  }

  /** A sync of these changes has succeeded. Those that were lost before stay lost. */
  persist(changes: Iterable<Change>): void {
    const synced = new Set(changes);
    let lastIndex = -1;
    for (const [index, change] of this.changes.entries()) {
      if (!synced.has(change)) continue;
      change.durable = true;
      lastIndex = index;
    }
    for (const change of this.changes.slice(0, lastIndex + 1)) {
      if (change.kind === "length") change.durable = true;
    }
    const firstPending = this.changes.findIndex((change) => !change.durable);
    const settled = firstPending === -1 ? this.changes.length : firstPending;
    for (const change of this.changes.splice(0, settled)) applyTo(this.device, change);
  }

  /** A sync of these changes has failed. */
  lose(changes: Iterable<Change>): void {
    const lost = new Set(changes);
    this.changes = this.changes.filter((change) => !lost.has(change));
  }

  /** Damage: one bit, wherever a copy of that byte is. */
  flipBit(byte: number, bit: number): void {
    assert(byte < this.cache.length, "there is no such byte to flip");
    assert(bit >= 0 && bit < 8, "a byte has eight bits");
    this.cache.flip(byte, bit);
    if (byte < this.device.length) this.device.flip(byte, bit);
    for (const change of this.changes) {
      if (change.kind !== "write") continue;
      const at = byte - change.position;
      if (at < 0 || at >= change.bytes.byteLength) continue;
      change.bytes[at] = (change.bytes[at] ?? 0) ^ (1 << bit);
    }
  }

  /**
   * Damage: one bit in some of the unsynced writes, on its way to the device. Not where the device
   * has bytes already: every append writes the rest of its first sector again.
   */
  garbleUnsynced(random: Random): void {
    for (const change of this.unsynced()) {
      if (change.kind !== "write" || random.below(3) > 0) continue;
      const at = random.below(change.bytes.byteLength);
      const isNew = change.position + at >= this.device.length;
      if (isNew) change.bytes[at] = (change.bytes[at] ?? 0) ^ (1 << random.below(8));
    }
  }

  /** Damage: another length, on the device too. */
  damageLength(bytes: number): void {
    this.persist([this.truncate(bytes)]);
  }

  /** The same file with the same unsynced changes, sharing nothing. The map is gone. */
  clone(): MemoryInode {
    const copy = new MemoryInode(this.cache.clone(), this.device.clone());
    copy.changes = this.changes.map((change) =>
      change.kind === "write" ? { ...change, bytes: change.bytes.slice() } : { ...change },
    );
    return copy;
  }

  /** The file as it is found when the power is back; all of it is on the device. */
  afterPowerLoss(fates: Fates): MemoryInode {
    const found = this.device.clone();
    for (const change of this.changes) {
      if (change.durable) applyTo(found, change);
      else if (fates !== "lose all") applyByChance(found, change, fates);
    }
    return new MemoryInode(found, found.clone());
  }

  private assertUnmapped(): void {
    assert(!this.mapped, "a mapped file was changed: on a real disk that can kill the process");
  }
}

function applyTo(content: GrowingBytes, change: Change): void {
  if (change.kind === "length") content.setLength(change.bytes);
  else content.write(change.position, change.bytes);
}

/** Kept, dropped, torn at a byte, or torn to some of its sectors. */
function applyByChance(content: GrowingBytes, change: Change, random: Random): void {
  const fate = random.below(change.kind === "length" ? 2 : 4);
  if (fate === 0) return;
  if (fate === 1 || change.kind === "length") {
    applyTo(content, change);
    return;
  }
  const { position, bytes } = change;
  if (fate === 2) {
    content.write(position, bytes.subarray(0, random.below(bytes.byteLength + 1)));
    return;
  }
  // The new length may reach the device without the data below it, which then reads as zeros.
  const end = position + bytes.byteLength;
  if (random.below(2) === 0 && content.length < end) content.setLength(end);
  for (let from = position; from < end;) {
    const to = Math.min(end, from - (from % sectorBytes) + sectorBytes);
    if (random.below(2) === 0) content.write(from, bytes.subarray(from - position, to - position));
    from = to;
  }
}
