/**
 * What all logs of a broker share: the disk, the clock, the bounded pool of open files, the cache
 * of newest batches, the bound on mapped indexes, and the one loop that publishes floors.
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Disk } from "../disk/disk.ts";
import {
  cacheBytesDefault,
  cacheSlabBytes,
  floorPublishMs,
  logFilesOpenMax,
  mappedIndexesMax,
} from "../limits.ts";
import { RecordCache } from "./cache.ts";
import { FilePool } from "./file-pool.ts";
import { LogStats } from "./stats.ts";

/** Something whose acknowledged end is written beside its log from time to time. */
export interface Publishing {
  /** Never rejects; what can't be written now is written by a later call. */
  publish(): Promise<void>;
}

/** Something that lets go of its mapped index. */
export interface Mapping {
  unmap(): void;
}

/** What an environment is made of; the bounds default to `limits.ts`. */
export interface EnvironmentParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cacheBytes?: number;
  readonly filesOpenMax?: number;
  /** For readers of a directory that somebody else owns: nothing is written, not even an index. */
  readonly isReadOnly?: boolean;
}

/** See the head of this file. */
export class LogEnvironment {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cache: RecordCache;
  readonly files: FilePool;
  readonly stats = new LogStats();
  readonly isReadOnly: boolean;
  /** Segments whose index is mapped, in the order of mapping. */
  readonly #mapped = new Set<Mapping>();
  /** Logs whose floor has moved since it was last published. */
  #dirty = new Set<Publishing>();
  #publishing = false;

  constructor(parts: EnvironmentParts) {
    this.disk = parts.disk;
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.isReadOnly = parts.isReadOnly ?? false;
    const cacheBytes = parts.cacheBytes ?? cacheBytesDefault;
    this.cache = new RecordCache(cacheBytes, Math.min(cacheSlabBytes, Math.max(1, cacheBytes)));
    this.files = new FilePool(parts.disk, parts.filesOpenMax ?? logFilesOpenMax);
  }

  get mappedIndexes(): number {
    return this.#mapped.size;
  }

  /** Counts a mapped index; the oldest goes where there are too many (`vm.max_map_count`). */
  noteMapped(mapping: Mapping): void {
    this.#mapped.delete(mapping);
    this.#mapped.add(mapping);
    if (this.#mapped.size <= mappedIndexesMax) return;
    for (const oldest of this.#mapped) {
      this.#mapped.delete(oldest);
      oldest.unmap();
      return;
    }
  }

  /** Publishes this log's floor soon: many moves within a few milliseconds cost one write. */
  publishSoon(log: Publishing): void {
    this.#dirty.add(log);
    if (this.#publishing) return;
    this.#publishing = true;
    this.clock.after(floorPublishMs, () => void this.#publishAll());
  }

  /** One log after another, so that a thousand busy logs don't fill the thread pool. */
  async #publishAll(): Promise<void> {
    const logs = this.#dirty;
    this.#dirty = new Set();
    for (const log of logs) await log.publish();
    this.#publishing = false;
    for (const log of this.#dirty) {
      this.publishSoon(log);
      return;
    }
  }
}
