/**
 * A subscribed topic: its partitions as they are found on the disk. A topic may appear later, get
 * more partitions, be deleted and come again. Where both are there, ours is read and not the
 * original's, since that is where an import has put its messages.
 */
import { Refusal } from "../base/refusal.ts";
import { DiskError } from "../disk/disk.ts";
import type { LogEnvironment } from "../log/environment.ts";
import { findTopicsDirectory, listTopic } from "../log/layout.ts";
import { findOriginalLogs } from "../original/layout.ts";
import type { Commits } from "./commit-file.ts";
import { ConsumedPartition } from "./consumed-partition.ts";
import type { ConsumerWarnings } from "./consumer-warning.ts";
import { LogSource } from "./log-source.ts";
import { OriginalSource } from "./original-source.ts";
import type { PartitionSource } from "./partition-source.ts";

/** What all topics of a consumer share. */
export interface TopicParts {
  readonly environment: LogEnvironment;
  readonly isLive: () => boolean | Promise<boolean>;
  readonly commits: () => Commits;
  readonly warnings: ConsumerWarnings;
}

/** See the head of this file. */
export class ConsumedTopic {
  readonly #partitions = new Map<number, ConsumedPartition>();
  constructor(
    readonly name: string,
    private readonly parts: TopicParts,
  ) {}

  /** By number, as they were found last. */
  get partitions(): readonly ConsumedPartition[] {
    return [...this.#partitions.values()].sort((a, b) => a.partition - b.partition);
  }

  /** Looks for partitions. */
  async look(): Promise<Refusal | null> {
    const found = await this.#find();
    if (found instanceof Refusal) return found;
    for (const [number, partition] of this.#partitions) {
      if (found.has(number)) continue;
      this.#partitions.delete(number);
      await partition.source.close();
    }
    for (const [number, newSource] of found) {
      if (!this.#partitions.has(number)) this.#add(number, newSource());
    }
    return null;
  }

  /** Forgets a partition whose directory is gone; if it comes again, it is another one. */
  async forget(partition: ConsumedPartition): Promise<void> {
    this.#partitions.delete(partition.partition);
    await partition.source.close();
  }

  async close(): Promise<void> {
    for (const { source } of this.#partitions.values()) await source.close();
    this.#partitions.clear();
  }

  #add(number: number, source: PartitionSource): void {
    const { commits, warnings } = this.parts;
    const committed = () => commits().get(this.name, number);
    const partition = new ConsumedPartition(this.name, number, source, committed, warnings);
    this.#partitions.set(number, partition);
  }

  /** How to read each partition that there is now. */
  async #find(): Promise<Map<number, () => PartitionSource> | Refusal> {
    const { environment, isLive } = this.parts;
    const { disk } = environment;
    const found = new Map<number, () => PartitionSource>();
    try {
      const topics = await findTopicsDirectory(disk);
      for (const own of await listIfThere(() => listTopic(disk, topics, this.name))) {
        found.set(own.partition, () => new LogSource(environment, own.directory, isLive));
      }
      if (found.size > 0) return found;
      const originals = await findOriginalLogs(disk, topics, this.name);
      if (originals instanceof Refusal) return originals;
      for (const log of originals) {
        // The partitioned layout came after the flat one, and replaces it.
        found.set(log.partition, () => new OriginalSource(disk, log));
      }
      return found;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return new Refusal("KAFKA_STORAGE_ERROR", `reading failed: ${error.message}`);
    }
  }
}

async function listIfThere<T>(list: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof DiskError && error.kind === "missing") return [];
    throw error;
  }
}
