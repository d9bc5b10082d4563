/** What a reader of a directory comes upon, as short stories. */
import { Refusal } from "../../src/base/refusal.ts";
import type { Disk } from "../../src/disk/disk.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import { findPartitions, type FoundPartition } from "../../src/reader/directory.ts";
import type { ReadItem } from "../../src/reader/item.ts";
import { readDirectory, type ReadOptions } from "../../src/reader/read.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";

/** An environment for somebody who only reads. */
export function readerEnvironment(disk: Disk, clock = new ManualClock()): LogEnvironment {
  return new LogEnvironment({ disk, clock, logger: new MemoryLogger(), isReadOnly: true });
}

/** The only partition that there is. */
export async function onlyPartition(disk: Disk): Promise<FoundPartition> {
  const found = await findPartitions(disk);
  if (found instanceof Refusal) throw new Error(found.message);
  const [partition] = found.partitions;
  if (partition === undefined || found.partitions.length > 1) throw new Error("not one partition");
  return partition;
}

/** All that reading `disk` comes upon. */
export function readItems(disk: Disk, options: Partial<ReadOptions> = {}): Promise<ReadItem[]> {
  const all = { selection: {}, isLive: () => false, ...options };
  return Array.fromAsync(readDirectory(readerEnvironment(disk), all));
}

/** Keys of records; other items in a word and their offsets. */
export function storyOf(items: readonly ReadItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === "records") {
      return item.records.map((record) => new TextDecoder().decode(record.key ?? new Uint8Array()));
    }
    if (item.kind === "damage") {
      const { fault, fromOffset, toOffset } = item.damage;
      return [`${fault}[${fromOffset},${toOffset})`];
    }
    if (item.kind === "trimmed") return [`trimmed[${item.fromOffset},${item.toOffset})`];
    return [item.kind === "stopped" ? `stopped ${item.refusal.code}` : item.kind];
  });
}

/** The keys of records `from` to `to`, exclusive, as test/support/batches.ts makes them. */
export const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `k${from + n}`);
