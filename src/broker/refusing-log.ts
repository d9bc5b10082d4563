/**
 * The log of a partition that cannot be served: everything is refused, with the reason. So the
 * other partitions of the topic are served, and nobody takes the missing one for an empty one.
 */
import { offset } from "../base/brands.ts";
import type { Refusal } from "../base/refusal.ts";
import type { PartitionLog } from "../log/log.ts";

/** A log that answers `refusal` to everything. There is nothing to flush, close or remove. */
export function refusingLog(refusal: Refusal): PartitionLog {
  return {
    startOffset: offset(0),
    visibleOffset: offset(0),
    endOffset: offset(0),
    visibleBytes: 0,
    sizeBytes: 0,
    segmentCount: 0,
    sealedBy: refusal,
    newestMs: null,
    append: () => refusal,
    read: () => refusal,
    offsetForTime: () => Promise.resolve(refusal),
    trim: () => Promise.resolve(refusal),
    expire: () => Promise.resolve(refusal),
    rollForCompaction: () => Promise.resolve(refusal),
    compactable: () => null,
    compact: () => Promise.resolve(refusal),
    scrub: () => Promise.resolve(null),
    flush: () => Promise.resolve(null),
    close: () => Promise.resolve(),
    delete: () => Promise.resolve(null),
    follow: () => {},
    configure: () => Promise.resolve(null),
  };
}
