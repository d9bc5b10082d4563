/**
 * The import into a data directory that no broker has: the command is its broker for a while.
 * Partition n of the original becomes partition n here, message by message in the same order.
 *
 * Batches are on their way to the disk while the next ones are made; how many bytes at most, says
 * `importInFlightBytesMax`. A message counts as imported once the device has its batch.
 */
import type { Logger } from "../base/logger.ts";
import { Refusal } from "../base/refusal.ts";
import type { Broker, Partition, Topic } from "../broker/broker.ts";
import { topicConfigDefault } from "../broker/topic-config.ts";
import { LockHeld } from "../disk/lock.ts";
import {
  cacheBytesMin,
  diskReserveBytesDefault,
  importBatchBytes,
  importInFlightBytesMax,
} from "../limits.ts";
import { BatchBuilder } from "../record/builder.ts";
import type { BatchRecord } from "../record/records.ts";
import { openHome } from "../server.ts";
import { counted } from "./counted.ts";
import type { ImportSink, ImportTarget, ImportTopic } from "./import-target.ts";

/** What the caller may say. */
export interface HomeTargetOptions {
  readonly data: string;
  /** Whether topics that have records already may get more. */
  readonly append: boolean;
}

/** Takes the directory, and makes it if it is missing. */
export async function openHomeTarget(
  options: HomeTargetOptions,
  logger: Logger,
): Promise<ImportTarget | LockHeld | Refusal> {
  const { values } = topicConfigDefault;
  const home = await openHome(
    {
      data: options.data,
      fsync: values.fsync,
      segmentBytes: values["segment.bytes"],
      segmentMs: values["segment.ms"],
      lingerMs: 0,
      partitions: 1,
      autoCreateTopics: false,
      // Nobody reads meanwhile.
      cacheBytes: cacheBytesMin,
      diskReserveBytes: diskReserveBytesDefault,
    },
    logger,
  );
  if (home instanceof LockHeld || home instanceof Refusal) return home;
  const { broker } = home;
  return {
    name: options.data,
    objections: (topics) => topics.flatMap((topic) => objectionsTo(broker, topic, options.append)),
    prepare: (topic) => prepare(broker, topic),
    open: ({ name }, partition) => new HomeSink(partitionOf(broker, name, partition)),
    close: () => home.close(),
  };
}

function objectionsTo(broker: Broker, wanted: ImportTopic, append: boolean): string[] {
  const topic = broker.topic(wanted.name);
  if (topic === undefined) return [];
  const count = topic.partitions.length;
  if (count < wanted.partitionCount) {
    return [
      `topic ${topic.name} is there already, with too few partitions: ${count}, and the original ` +
        `has ${wanted.partitionCount}. Import it under another name with --topic-prefix.`,
    ];
  }
  const records = recordsOf(topic);
  if (records === 0 || append) return [];
  return [
    `topic ${topic.name} has ${counted(records, "record")} already, perhaps of an interrupted ` +
      "import. Delete it and import it again (--topic chooses topics), or say --append to " +
      "add the messages behind them.",
  ];
}

const recordsOf = (topic: Topic): number =>
  topic.partitions.reduce((sum, { log }) => sum + (log.visibleOffset - log.startOffset), 0);

async function prepare(broker: Broker, topic: ImportTopic): Promise<string | null> {
  if (broker.topic(topic.name) !== undefined) return null;
  const created = await broker.createTopic(topic);
  return created instanceof Refusal ? created.message : null;
}

function partitionOf(broker: Broker, name: string, index: number): Partition | Refusal {
  const partition = broker.topic(name)?.partitions[index];
  return (
    partition ?? new Refusal("UNKNOWN_TOPIC_OR_PARTITION", `there is no partition ${name}/${index}`)
  );
}

/** A batch that was appended and is not known to be stored. */
interface InFlight {
  readonly records: number;
  readonly bytes: number;
  readonly committed: Promise<Refusal | null>;
}

class HomeSink implements ImportSink {
  stored = 0;
  readonly #builder = new BatchBuilder();
  readonly #inFlight: InFlight[] = [];
  #inFlightBytes = 0;

  constructor(private readonly partition: Partition | Refusal) {}

  async put(record: BatchRecord): Promise<string | null> {
    const builder = this.#builder;
    if (!builder.append(record)) {
      const refused = await this.#append();
      if (refused !== null) return refused;
      builder.append(record);
    }
    return builder.bytes < importBatchBytes ? null : await this.#append();
  }

  async end(): Promise<string | null> {
    const refused = this.#builder.recordsCount > 0 ? await this.#append() : null;
    const unsettled = await this.#settle(0);
    return refused ?? unsettled;
  }

  async #append(): Promise<string | null> {
    if (this.partition instanceof Refusal) return this.partition.message;
    const records = this.#builder.recordsCount;
    const batch = this.#builder.build();
    const appended = this.partition.append(batch);
    if (appended instanceof Refusal) return appended.message;
    const { committed } = appended;
    this.#inFlight.push({ records, bytes: batch.length, committed });
    this.#inFlightBytes += batch.length;
    return await this.#settle(importInFlightBytesMax);
  }

  /** Waits until no more than so many bytes are under way. */
  async #settle(bytesMax: number): Promise<string | null> {
    let refused: string | null = null;
    while (this.#inFlightBytes > bytesMax) {
      const oldest = this.#inFlight.shift();
      if (oldest === undefined) break;
      this.#inFlightBytes -= oldest.bytes;
      const refusal = await oldest.committed;
      if (refusal === null) this.stored += oldest.records;
      else refused ??= refusal.message;
    }
    return refused;
  }
}
