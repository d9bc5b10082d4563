/**
 * The store of consumer groups in memory, as exact as the one in a database: what a call has
 * resolved to is kept, and a machine that stops in between keeps the whole call or nothing of it.
 */
import { Refusal } from "../../src/base/refusal.ts";
import type {
  GroupChange,
  GroupRow,
  GroupStore,
  OffsetRow,
  StoredGroup,
} from "../../src/metadata/metadata.ts";

/** What becomes of a call: `stop before` and `stop after` it has changed anything never settle. */
export type GroupStoreFate = "go on" | "stop before" | "stop after" | Refusal;

interface Kept {
  row: GroupRow | null;
  readonly offsets: Map<string, OffsetRow>;
}

/** See the head of this file. */
export class MemoryGroupStore implements GroupStore {
  /** The changes of every call so far. */
  readonly calls: (readonly GroupChange[])[] = [];
  /** Decides about each call. */
  fate: (changes: readonly GroupChange[]) => GroupStoreFate = () => "go on";
  isClosed = false;

  constructor(private readonly groups = new Map<string, Kept>()) {}

  /** The same groups for the next start. */
  reopened(): MemoryGroupStore {
    return new MemoryGroupStore(structuredClone(this.groups));
  }

  all(): Promise<readonly StoredGroup[] | Refusal> {
    if (this.isClosed) return Promise.resolve(closedRefusal());
    // Copies, as a database would give them: whoever changes one changes nothing here.
    const groups = structuredClone([...this.groups]);
    return Promise.resolve(
      groups.map(([groupId, { row, offsets }]) => ({
        groupId,
        row,
        offsets: [...offsets.values()].sort(byPartition),
      })),
    );
  }

  apply(changes: readonly GroupChange[]): Promise<Refusal | null> {
    if (this.isClosed) return Promise.resolve(closedRefusal());
    const fate = this.fate(changes);
    this.calls.push(changes);
    if (fate instanceof Refusal) return Promise.resolve(fate);
    if (fate === "stop before") return never;
    for (const change of structuredClone(changes)) this.#apply(change);
    return fate === "stop after" ? never : Promise.resolve(null);
  }

  #apply(change: GroupChange): void {
    const { groupId } = change;
    const kept = this.groups.get(groupId) ?? { row: null, offsets: new Map<string, OffsetRow>() };
    switch (change.kind) {
      case "generation":
        kept.row = change.row;
        break;
      case "commit":
        for (const row of change.offsets) kept.offsets.set(keyOf(row), row);
        break;
      case "forget":
        for (const partition of change.partitions) kept.offsets.delete(keyOf(partition));
        break;
      case "remove":
        kept.row = null;
        kept.offsets.clear();
    }
    if (kept.row === null && kept.offsets.size === 0) this.groups.delete(groupId);
    else this.groups.set(groupId, kept);
  }
}

const keyOf = ({ topic, partitionIndex }: Pick<OffsetRow, "topic" | "partitionIndex">): string =>
  JSON.stringify([topic, partitionIndex]);

const byPartition = (one: OffsetRow, other: OffsetRow): number =>
  one.topic === other.topic
    ? one.partitionIndex - other.partitionIndex
    : one.topic < other.topic
      ? -1
      : 1;

const never = new Promise<never>(() => {});

const closedRefusal = (): Refusal => new Refusal("SHUTTING_DOWN", "the metadata is closed");
