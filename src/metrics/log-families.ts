/** The way to the disk and back: what `log/` counts. */
import { distribution, each, type Family, one, type Sample } from "./family.ts";
import type { View } from "./view.ts";

function* writes({ parts }: View): Iterable<Sample> {
  const { durableWritesMs, bufferedWritesMs } = parts.logs.stats;
  yield* distribution(durableWritesMs, { durable: "true" }, 1000);
  yield* distribution(bufferedWritesMs, { durable: "false" }, 1000);
}

export const logFamilies: readonly Family[] = [
  {
    name: "obelisk_log_write_duration_seconds",
    type: "histogram",
    help: "Writes of a commit group; durable: the device has it when they end.",
    samples: writes,
  },
  {
    name: "obelisk_log_write_bytes",
    type: "histogram",
    help: "What went out in one write.",
    samples: (view) => distribution(view.parts.logs.stats.writeBytes),
  },
  {
    name: "obelisk_log_write_batches",
    type: "histogram",
    help: "Batches that went out in one write.",
    samples: (view) => distribution(view.parts.logs.stats.writeBatches),
  },
  {
    name: "obelisk_log_write_errors_total",
    type: "counter",
    help: "Writes that the disk has refused, by kind: full, exhausted (too many files), failed.",
    samples: (view) => each("kind", view.parts.logs.stats.writeFailures),
  },
  {
    name: "obelisk_log_sync_duration_seconds",
    type: "histogram",
    help: "Syncs of segments beside durable writes.",
    samples: (view) => distribution(view.parts.logs.stats.syncsMs, {}, 1000),
  },
  {
    name: "obelisk_log_read_duration_seconds",
    type: "histogram",
    help: "Reads that the cache could not answer, from files.",
    samples: (view) => distribution(view.parts.logs.stats.fileReadsMs, {}, 1000),
  },
  {
    name: "obelisk_log_files_open",
    type: "gauge",
    help: "Segment files that are open.",
    samples: (view) => one(view.parts.logs.files.openCount),
  },
  {
    name: "obelisk_log_indexes_mapped",
    type: "gauge",
    help: "Indexes that are mapped into memory.",
    samples: (view) => one(view.parts.logs.mappedIndexes),
  },
  {
    name: "obelisk_cache_hits_total",
    type: "counter",
    help: "Reads that were answered from memory.",
    samples: (view) => one(view.parts.logs.stats.cacheHits),
  },
  {
    name: "obelisk_cache_misses_total",
    type: "counter",
    help: "Reads that had to go to a file.",
    samples: (view) => one(view.parts.logs.stats.cacheMisses),
  },
  {
    name: "obelisk_cache_bytes",
    type: "gauge",
    help: "Memory that holds the newest batches.",
    samples: (view) => one(view.parts.logs.cache.heldBytes),
  },
  {
    name: "obelisk_cache_limit_bytes",
    type: "gauge",
    help: "The most that it may be.",
    samples: (view) => one(view.parts.logs.cache.budgetBytes),
  },
];
