/**
 * One hosted partition and all that it stands on: a real log on a disk in memory, a manual clock, a
 * topic's configuration. It can be closed and opened again, and its machine can go down.
 */
import { offset } from "../../src/base/brands.ts";
import { LoopShare } from "../../src/base/loop-share.ts";
import type { Refusal } from "../../src/base/refusal.ts";
import { Examinations } from "../../src/broker/examinations.ts";
import { HostedPartition, type PartitionOwner } from "../../src/broker/partition.ts";
import { ProducerCensus } from "../../src/broker/producer-census.ts";
import { producerFile } from "../../src/broker/producer-snapshot.ts";
import { DiskSpace } from "../../src/broker/space.ts";
import { BrokerStats } from "../../src/broker/stats.ts";
import { batchRulesOf, logConfigOf, topicConfigOf } from "../../src/broker/topic-config.ts";
import type { RawConfig } from "../../src/broker/config-change.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import type { PartitionLog } from "../../src/log/log.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import { readHeader, viewOf, batchBytesAt, type BatchHeader } from "../../src/record/batch.ts";
import { ManualClock } from "../fake/clock.ts";
import { type Crash, MemoryDisk } from "../fake/disk.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { directory, unwrap } from "./log-world.ts";

export const producersPath = `${directory}/producers`;

/** See the head of this file. */
export class PartitionWorld {
  readonly clock: ManualClock;
  readonly logger = new MemoryLogger();
  census: ProducerCensus;
  space: DiskSpace;

  constructor(
    readonly raw: RawConfig = {},
    readonly disk = new MemoryDisk(),
    clock = new ManualClock(),
  ) {
    this.clock = clock;
    this.census = new ProducerCensus(clock, this.logger);
    this.space = this.#newSpace();
  }

  /** Opens the partition; nothing of an earlier opening is in memory. */
  async open(): Promise<HostedPartition> {
    return this.host(unwrap(await this.openLog()));
  }

  /** The log alone. */
  async openLog(): Promise<PartitionLog | Refusal> {
    const { disk, clock, logger } = this;
    await disk.makeDirectory(directory);
    const environment = new LogEnvironment({ disk, clock, logger, cacheBytes: 1024 * 1024 });
    const config = unwrap(topicConfigOf(this.raw));
    return await openSegmentLog(environment, directory, logConfigOf(config, 0));
  }

  /** The partition above a log. */
  host(log: PartitionLog): HostedPartition {
    const { disk, clock, logger } = this;
    const config = unwrap(topicConfigOf(this.raw));
    const owner: PartitionOwner = {
      name: "orders",
      rules: batchRulesOf("orders", config),
      isDeleting: config.values["cleanup.policy"].includes("delete"),
    };
    this.census = new ProducerCensus(clock, logger);
    this.space = this.#newSpace();
    return new HostedPartition(owner, 0, log, {
      space: this.space,
      clock,
      logger,
      census: this.census,
      stats: new BrokerStats(),
      examinations: new Examinations(new LoopShare(clock, 1)),
      producerStore: () => producerFile(disk, producersPath),
    });
  }

  #newSpace(): DiskSpace {
    return new DiskSpace(this.disk, this.clock, this.logger, 0);
  }

  /** What the next start finds after this one was closed, or its machine went down. */
  next(how?: Crash): PartitionWorld {
    const disk = how === undefined ? this.disk.clone() : this.disk.crash(how);
    return new PartitionWorld(this.raw, disk, this.clock);
  }
}

/** The headers of all batches that can be read. */
export async function headersIn(partition: HostedPartition): Promise<BatchHeader[]> {
  const headers: BatchHeader[] = [];
  for (let at = partition.log.startOffset; at < partition.highWatermark;) {
    const read = unwrap(await partition.read(at, 1024 * 1024));
    for (const chunk of read.chunks) {
      const view = viewOf(chunk);
      for (let from = 0; from < chunk.length; from += batchBytesAt(view, from)) {
        headers.push(readHeader(view, from));
      }
    }
    at = offset(read.nextOffset);
  }
  return headers;
}
