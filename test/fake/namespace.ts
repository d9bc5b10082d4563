/**
 * The tree of names of the disk in memory, twice: the entries that processes see, and those that
 * the device surely holds. Between the two lies a list of changes, in the order they were made. A
 * change is one atomic step of the file system (a name made, a name removed, a rename), and it
 * becomes durable when one of its directories is synced.
 *
 * After a power loss each unsynced change is kept or dropped by itself, but never without an
 * earlier one to the same name: no file system forgets a name's past and keeps its future.
 */
import type { Random } from "../../src/base/random.ts";
import type { MemoryInode } from "./inode.ts";
import type { Fates } from "./inode.ts";

export type Node = MemoryInode | MemoryDirectory;

export class MemoryDirectory {
  readonly kind = "directory";
  entries = new Map<string, Node>();
  device = new Map<string, Node>();
}

/** One name, and what it means from now on; `undefined`: nothing. */
export interface Slot {
  readonly directory: MemoryDirectory;
  readonly name: string;
  readonly node: Node | undefined;
}

/** The names that change together. */
export type NameChange = readonly Slot[];

/** See the head of this file. */
export class Namespace {
  private constructor(
    readonly root: MemoryDirectory,
    private unsynced: NameChange[],
  ) {}

  static empty(): Namespace {
    return new Namespace(new MemoryDirectory(), []);
  }

  find(parts: readonly string[]): Node | undefined {
    let node: Node | undefined = this.root;
    for (const part of parts) {
      if (node?.kind !== "directory") return undefined;
      node = node.entries.get(part);
    }
    return node;
  }

  change(slots: NameChange): void {
    for (const slot of slots) assign(slot.directory.entries, slot);
    this.unsynced.push(slots);
  }

  /** The bytes of all files that have a name. */
  usedBytes(): number {
    let used = 0;
    for (const file of filesBelow(this.root)) used += file.size;
    return used;
  }

  /**
   * The changes that a sync of `directory` begun now would make durable: all that touch it, and
   * before each of them the earlier ones to the same names elsewhere.
   */
  unsyncedOf(directory: MemoryDirectory): readonly NameChange[] {
    const names = new NameSet();
    const found: NameChange[] = [];
    for (const change of this.unsynced.toReversed()) {
      const here = change.some((slot) => slot.directory === directory || names.has(slot));
      if (!here) continue;
      found.push(change);
      for (const slot of change) names.add(slot);
    }
    return found.reverse();
  }

  /** A sync has made these changes durable. Those that were lost before stay lost. */
  persist(changes: readonly NameChange[]): void {
    const synced = new Set(changes);
    for (const change of this.unsynced) {
      if (!synced.has(change)) continue;
      for (const slot of change) assign(slot.directory.device, slot);
    }
    this.lose(changes);
  }

  /** A sync of these changes has failed: processes see them, the device never will. */
  lose(changes: readonly NameChange[]): void {
    const lost = new Set(changes);
    this.unsynced = this.unsynced.filter((change) => !lost.has(change));
  }

  /** Damages some of the files' unsynced writes. */
  garbleUnsynced(random: Random): void {
    for (const file of filesBelow(this.root)) file.garbleUnsynced(random);
  }

  /** The same tree with the same unsynced changes, sharing nothing. */
  clone(): Namespace {
    const copies = new Copies();
    const root = copies.directory(this.root);
    const unsynced = this.unsynced.map((change) =>
      change.map(({ directory, name, node }) => ({
        directory: copies.directory(directory),
        name,
        node: node === undefined ? undefined : copies.node(node),
      })),
    );
    return new Namespace(root, unsynced);
  }

  /** The tree as it is found when the power is back; all of it is on the device. */
  afterPowerLoss(fates: Fates): Namespace {
    const found = this.clone();
    if (fates !== "lose all") found.persist(found.keptByChance(fates));
    return new Namespace(onlyDevice(found.root, fates), []);
  }

  private keptByChance(random: Random): readonly NameChange[] {
    const dropped = new NameSet();
    return this.unsynced.filter((change) => {
      const kept = random.below(2) === 0 && !change.some((slot) => dropped.has(slot));
      if (!kept) for (const slot of change) dropped.add(slot);
      return kept;
    });
  }
}

/** Names in directories. */
class NameSet {
  private readonly names = new Map<MemoryDirectory, Set<string>>();

  add({ directory, name }: Slot): void {
    const names = this.names.get(directory) ?? new Set();
    this.names.set(directory, names.add(name));
  }

  has({ directory, name }: Slot): boolean {
    return this.names.get(directory)?.has(name) ?? false;
  }
}

function assign(names: Map<string, Node>, { name, node }: Slot): void {
  if (node === undefined) names.delete(name);
  else names.set(name, node);
}

function* filesBelow(directory: MemoryDirectory): Iterable<MemoryInode> {
  for (const node of directory.entries.values()) {
    if (node.kind === "file") yield node;
    else yield* filesBelow(node);
  }
}

/** One copy of each node, however often and from wherever it is named. */
class Copies {
  private readonly files = new Map<MemoryInode, MemoryInode>();
  private readonly directories = new Map<MemoryDirectory, MemoryDirectory>();

  node(node: Node): Node {
    return node.kind === "file" ? this.file(node) : this.directory(node);
  }

  directory(directory: MemoryDirectory): MemoryDirectory {
    const known = this.directories.get(directory);
    if (known !== undefined) return known;
    const copy = new MemoryDirectory();
    this.directories.set(directory, copy);
    for (const [name, node] of directory.entries) copy.entries.set(name, this.node(node));
    for (const [name, node] of directory.device) copy.device.set(name, this.node(node));
    return copy;
  }

  private file(file: MemoryInode): MemoryInode {
    const copy = this.files.get(file) ?? file.clone();
    this.files.set(file, copy);
    return copy;
  }
}

function onlyDevice(directory: MemoryDirectory, fates: Fates): MemoryDirectory {
  const found = new MemoryDirectory();
  for (const [name, node] of directory.device) {
    const kept = node.kind === "file" ? node.afterPowerLoss(fates) : onlyDevice(node, fates);
    found.entries.set(name, kept);
    found.device.set(name, kept);
  }
  return found;
}
