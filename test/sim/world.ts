/**
 * What a machine stands on: a disk and a metadata store whose operations take time, fail, and stop
 * where the power goes. Owns the decision when that is: in the middle of any operation.
 *
 * The metadata is not the production one: SQLite reads and writes files by itself, so it can't run
 * on a disk in memory. `MemoryMetadata` keeps what a call has resolved to, and of a call that was
 * cut short all or nothing; `test/e2e` has power cuts for the real one.
 */
import type { Random } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { DiskErrorKind } from "../../src/disk/disk.ts";
import type { GroupStore, Metadata, ProducerIdStore } from "../../src/metadata/metadata.ts";
import type { MemoryDisk } from "../fake/disk.ts";
import type { Operation, Pace } from "../fake/faults.ts";
import type { MemoryMetadata } from "../fake/metadata.ts";
import type { Lane, Scheduler } from "./scheduler.ts";

/** How a disk behaves. */
export interface DiskHabits {
  /** Most operations take up to so long. */
  readonly delayMs: number;
  /** One in so many takes up to a hundred times that; 0: none. */
  readonly slowOneIn: number;
  /** One in so many fails; 0: none. */
  readonly failOneIn: number;
  /** So do operations that seldom fail alone. */
  readonly failsWidely: boolean;
  /** One file in so many can't be opened, as too many are open; 0: none. */
  readonly exhaustOneIn: number;
  /** One call of the metadata in so many is refused; 0: none. */
  readonly refuseOneIn: number;
}

/** A disk without faults, and without much time. */
export const healthyDisk: DiskHabits = {
  delayMs: 0.1,
  slowOneIn: 0,
  failOneIn: 0,
  failsWidely: false,
  exhaustOneIn: 0,
  refuseOneIn: 0,
};

/**
 * Operations that may fail with EIO. A failed sync of a directory is none of them: with it the file
 * systems that we know stop for good, and nothing later succeeds on them.
 */
const failing: ReadonlySet<Operation> = new Set([
  "append",
  "read",
  "rename",
  "sync",
  "truncate",
  "writeAt",
  "writeWhole",
]);

/** With those that fail where a whole directory can't be read or written. */
const failingWidely: ReadonlySet<Operation> = new Set([
  ...failing,
  "list",
  "makeDirectory",
  "open",
  "remove",
  "volume",
]);

/** Operations that change what there is under which name. */
const naming: ReadonlySet<Operation> = new Set([
  "makeDirectory",
  "remove",
  "rename",
  "syncDirectory",
]);

/** Steps at which a machine may stop. */
export class Fuse {
  /** Steps until the machine stops. */
  left = Number.POSITIVE_INFINITY;
  /** Only operations of the disk that change names are steps. */
  countsNames = false;

  constructor(private readonly lane: Lane) {}

  get isBlown(): boolean {
    return this.lane.isClosed;
  }

  /** Counts a step, of the disk or of the metadata (`null`); whether the machine still runs. */
  step(operation: Operation | null): boolean {
    if (this.countsNames && (operation === null || !naming.has(operation))) return !this.isBlown;
    this.left -= 1;
    if (this.left <= 0) this.blow();
    return !this.isBlown;
  }

  /** Stops the machine now. */
  blow(): void {
    if (!this.isBlown) this.lane.close();
  }
}

/** What the things below live in. */
interface Surroundings {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly fuse: Fuse;
  readonly lane: Lane;
}

/** Gives `disk` its behaviour. */
export function paceDisk(
  disk: MemoryDisk,
  habits: () => DiskHabits,
  { scheduler, random, fuse, lane }: Surroundings,
): void {
  const pace: Pace = (operation, path) => {
    const { delayMs, slowOneIn, failOneIn, failsWidely, exhaustOneIn } = habits();
    const mayFail = failsWidely ? failingWidely : failing;
    if (lane.isClosed || fuse.isBlown) return null;
    if (failOneIn > 0 && mayFail.has(operation) && random.below(failOneIn) === 0) {
      const kind: DiskErrorKind = random.below(4) === 0 ? "full" : "failed";
      const partialBytes = random.below(2) === 0 ? random.below(200) : Infinity;
      scheduler.note(`disk ${operation} ${path} fails: ${kind}`);
      disk.failNext(operation, path, kind, { partialBytes });
    } else scheduler.note(`disk ${operation} ${path}`);
    if (exhaustOneIn > 0 && operation === "open" && random.below(exhaustOneIn) === 0) {
      scheduler.note(`disk ${operation} ${path} fails: exhausted`);
      disk.failNext(operation, path, "exhausted");
    }
    // An operation in whose middle the machine stops has begun, and never settles.
    if (!fuse.step(operation)) return new Promise(() => {});
    const isSlow = slowOneIn > 0 && random.below(slowOneIn) === 0;
    const lasts = random.next() * delayMs * (isSlow ? 100 : 1);
    return operation === "close" ? Promise.resolve() : scheduler.wait(lasts, lane);
  };
  disk.setPace(pace);
}

/** `metadata`, each call in its turn and after a time. */
export function pacedMetadata(
  metadata: MemoryMetadata,
  habits: () => DiskHabits,
  { scheduler, random, fuse, lane }: Surroundings,
): Metadata {
  const delayMs = (): number => random.next() * 2 * habits().delayMs;
  let last: Promise<unknown> = Promise.resolve();
  const paced = <T>(what: string, call: () => Promise<T>): Promise<T | Refusal> => {
    const done = last.then(async () => {
      const { refuseOneIn } = habits();
      if (refuseOneIn > 0 && random.below(refuseOneIn) === 0) {
        scheduler.note(`metadata ${what} is refused`);
        return new Refusal("KAFKA_STORAGE_ERROR", "the database is busy");
      }
      await scheduler.wait(delayMs(), lane);
      scheduler.note(`metadata ${what}`);
      if (!fuse.step(null)) return await new Promise<never>(() => {});
      const result = await call();
      if (!fuse.step(null)) return await new Promise<never>(() => {});
      await scheduler.wait(delayMs(), lane);
      return result;
    });
    last = done;
    return done;
  };
  const { topics } = metadata;
  const groups: GroupStore = {
    all: () => paced("groups", () => metadata.groups.all()),
    apply: (changes) => paced("group changes", () => metadata.groups.apply(changes)),
  };
  const producerIds: ProducerIdStore = {
    reserve: (count, least) => paced("ids", () => metadata.producerIds.reserve(count, least)),
  };
  return {
    groups,
    producerIds,
    topics: {
      all: () => paced("topics", () => topics.all()),
      insert: (topic) => paced("insert", () => topics.insert(topic)),
      setState: (id, state) => paced(`set ${state}`, () => topics.setState(id, state)),
      setPartitionCount: (id, count) =>
        paced("set count", () => topics.setPartitionCount(id, count)),
      setConfig: (id, config) => paced("set config", () => topics.setConfig(id, config)),
      remove: (id) => paced("remove", () => topics.remove(id)),
    },
    brokerConfigs: {
      all: () => paced("configs", () => metadata.brokerConfigs.all()),
      replace: (config) => paced("replace", () => metadata.brokerConfigs.replace(config)),
    },
    cluster: { id: (proposed) => paced("cluster", () => metadata.cluster.id(proposed)) },
    close: () => metadata.close(),
  };
}
