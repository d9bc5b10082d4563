/** Puts a broker together from what it is handed, and recovers its topics. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { LoopShare } from "../base/loop-share.ts";
import type { Random } from "../base/random.ts";
import { Refusal } from "../base/refusal.ts";
import type { Disk } from "../disk/disk.ts";
import { producersFileName } from "../log/files.ts";
import { partitionDirectory, topicsDirectory } from "../log/layout.ts";
import type { Metadata } from "../metadata/metadata.ts";
import { type BrokerConfig, storedBrokerConfig } from "./broker-config.ts";
import type { Broker } from "./broker.ts";
import { Examinations } from "./examinations.ts";
import { ProducerCensus } from "./producer-census.ts";
import { ProducerIds } from "./producer-ids.ts";
import { producerFile } from "./producer-snapshot.ts";
import { DiskSpace } from "./space.ts";
import { BrokerStats } from "./stats.ts";
import { type ForgetTopic, type OpenLog, TopicLife } from "./topic-life.ts";
import { recoverTopics } from "./topic-recovery.ts";
import { type TopicRules, Topics } from "./topics.ts";
import { Waiters } from "./waiters.ts";

/** What a broker is made of. All of it belongs to the broker until {@link Broker.close}. */
export interface BrokerParts {
  /** The data directory. */
  readonly disk: Disk;
  readonly metadata: Metadata;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What it may take of a turn of the event loop, beside the protocols. */
  readonly share: LoopShare;
  /** Opens the log of one partition, in a directory of `disk` that exists. */
  readonly openLog: OpenLog;
  /** Called for each topic that is deleted, also at a start which completes a deletion. */
  readonly forgetTopic?: ForgetTopic;
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
  const { forgetTopic = () => Promise.resolve(null) } = parts;
  const brokerConfig = await readBrokerConfig(parts, settings);
  if (brokerConfig instanceof Refusal) return brokerConfig;
  const { topicDefaults } = brokerConfig;
  const space = new DiskSpace(disk, clock, logger, settings.diskReserveBytes);
  const life = new TopicLife(disk, metadata, logger, openLog, forgetTopic);
  const [recovered] = await Promise.all([
    recoverTopics({ ...parts, ...settings, topicDefaults, life }),
    space.probe(),
  ]);
  if (recovered instanceof Refusal) return recovered;
  const hosted = {
    ...parts,
    life,
    space,
    census: new ProducerCensus(clock, logger),
    stats: new BrokerStats(),
    examinations: new Examinations(parts.share),
    producerIds: new ProducerIds(metadata.producerIds, clock),
    producerStore: (topic: string, index: number) => {
      const directory = partitionDirectory(topicsDirectory, topic, index);
      return producerFile(disk, `${directory}/${producersFileName}`);
    },
    waiters: new Waiters(clock, logger),
  };
  return new Topics(hosted, settings, recovered, brokerConfig);
}

/** What was set while the broker ran; what can't be read of it any more is left out. */
async function readBrokerConfig(
  { metadata, logger }: BrokerParts,
  { topicDefaults }: BrokerSettings,
): Promise<BrokerConfig | Refusal> {
  const raw = await metadata.brokerConfigs.all();
  if (raw instanceof Refusal) return raw;
  const { config, faults } = storedBrokerConfig(raw, topicDefaults);
  for (const { message: reason } of faults) {
    logger.error("configuration of the broker ignored", { reason });
  }
  return config;
}
