/** Puts a broker together from what it is handed, and recovers its topics. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Random } from "../base/random.ts";
import { Refusal } from "../base/refusal.ts";
import type { Disk } from "../disk/disk.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { Broker } from "./broker.ts";
import { DiskSpace } from "./space.ts";
import { type OpenLog, TopicLife } from "./topic-life.ts";
import { recoverTopics } from "./topic-recovery.ts";
import { type TopicRules, Topics } from "./topics.ts";

/** What a broker is made of. All of it belongs to the broker until {@link Broker.close}. */
export interface BrokerParts {
  /** The data directory. */
  readonly disk: Disk;
  readonly metadata: Metadata;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Opens the log of one partition, in a directory of `disk` that exists. */
  readonly openLog: OpenLog;
}

/** What can be set for a broker; see {@link TopicRules} for the rest. */
export interface BrokerSettings extends TopicRules {
  /** Producers are refused while fewer bytes are free. */
  readonly diskReserveBytes: number;
}

/**
 * A broker with all its topics, those of an interrupted start or shutdown included. Refuses with
 * KAFKA_STORAGE_ERROR if the metadata or the data directory cannot be read; a topic or a partition
 * that cannot be served refuses by itself. After a refusal the metadata is still open.
 */
export async function createBroker(
  parts: BrokerParts,
  settings: BrokerSettings,
): Promise<Broker | Refusal> {
  const { disk, metadata, clock, logger, openLog } = parts;
  const space = new DiskSpace(disk, clock, logger, settings.diskReserveBytes);
  const life = new TopicLife(disk, metadata, logger, openLog);
  const [recovered] = await Promise.all([
    recoverTopics({ ...parts, ...settings, life }),
    space.probe(),
  ]);
  if (recovered instanceof Refusal) return recovered;
  return new Topics({ ...parts, life, space }, settings, recovered);
}
