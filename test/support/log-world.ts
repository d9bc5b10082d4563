/** A log and all that it stands on, for tests: disk in memory, manual clock, remembered events. */
import { Refusal } from "../../src/base/refusal.ts";
import type { Disk } from "../../src/disk/disk.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import type { Appended, LogConfig, LogRead, PartitionLog } from "../../src/log/log.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { LogView } from "../../src/log/view.ts";
import { ManualClock } from "../fake/clock.ts";
import type { MemoryDisk } from "../fake/disk.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { batchOf, recordsIn, type BatchShape } from "./batches.ts";

export const directory = "topics/orders/0";

export const smallConfig: LogConfig = {
  segmentBytes: 64 * 1024,
  segmentMs: 7 * 24 * 3600 * 1000,
  durability: { fsync: "always" },
  lingerMs: 0,
};

export class LogWorld<D extends Disk = MemoryDisk> {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  environment: LogEnvironment;

  constructor(
    readonly disk: D,
    readonly config: LogConfig = smallConfig,
    readonly cacheBytes = 1024 * 1024,
  ) {
    this.environment = this.newEnvironment();
  }

  /** Opens the log, in a new environment: nothing of an earlier opening is in memory. */
  async open(): Promise<SegmentLog> {
    await this.disk.makeDirectory(directory);
    this.environment = this.newEnvironment();
    return unwrap(await openSegmentLog(this.environment, directory, this.config));
  }

  /** A reader of the same directory, as another process would have it. */
  async view(isLive = false): Promise<LogView> {
    const view = new LogView(this.newEnvironment(true), directory, () => isLive);
    unwrap(await view.refresh());
    return view;
  }

  newEnvironment(isReadOnly = false): LogEnvironment {
    const { disk, clock, logger, cacheBytes } = this;
    return new LogEnvironment({ disk, clock, logger, cacheBytes, isReadOnly });
  }
}

/** The value, or the refusal as an error of the test. */
export function unwrap<T>(value: T | Refusal): T {
  if (value instanceof Refusal) throw new Error(`refused: ${value}`);
  return value;
}

/** Appends and waits until it is acknowledged. */
export async function acked(log: PartitionLog, shape: BatchShape): Promise<Appended> {
  const appended = unwrap(log.append(batchOf(shape)));
  const refusal = await appended.committed;
  if (refusal) throw new Error(`refused: ${refusal}`);
  return appended;
}

/** Everything that can be read, a little at a time. */
export async function readAll(
  log: Pick<PartitionLog, "startOffset" | "visibleOffset" | "read">,
  bytesMax = 1000,
): Promise<{ offset: number; number: number }[]> {
  const found: { offset: number; number: number }[] = [];
  let at = log.startOffset;
  while (at < log.visibleOffset) {
    const read: LogRead = unwrap(await log.read(at, bytesMax));
    const from = at;
    found.push(...recordsIn(read.chunks).filter((record) => record.offset >= from));
    if (read.nextOffset <= at) throw new Error(`reading at ${at} does not get on`);
    at = read.nextOffset;
  }
  return found;
}

/** The numbers `from` to `to`, exclusive. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
