/**
 * What a start makes of the topics that the metadata and the disk tell of. Nothing is ever deleted
 * on the word of what is missing (metadata may be lost, damaged or an older copy): only the
 * directory of a durable `deleting`, or one that a deletion has renamed, is removed.
 *
 * Whose a directory is, its own file says (`topic-identity.ts`), and not its name. A directory
 * without that file belongs to the row of its name, and gets the file with the row's id.
 *
 *     row        topics/<name>   what is done
 *     any        another's       the row is an older copy's: it is removed, the directory adopted
 *     creating   its own, none   the creation is completed: nobody saw the topic, so nothing can
 *                                be lost either way, and completing it removes nothing
 *     ready      its own         it is served; a partition that cannot be opened refuses meanwhile
 *     ready      missing         it refuses, until the directory is put back or it is deleted
 *     deleting   its own, none   the deletion is completed
 *     deleting   cannot be told  nothing; it is tried again
 *     none       .deleted-<id>   removed
 *     none       partitions      adopted: a new row with the directory's id, or a new one if it has
 *                                none or is a copy, and with the default configuration
 *     none       anything else   left alone
 */
import { Refusal } from "../base/refusal.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Disk, DiskEntry } from "../disk/disk.ts";
import { logsOpeningMax, partitionsMax, partitionsPerTopicMax } from "../limits.ts";
import { deletedPrefix, listTopic, partitionDirectory, topicsDirectory } from "../log/layout.ts";
import type { LogConfig, PartitionLog } from "../log/log.ts";
import type { Metadata, TopicRow } from "../metadata/metadata.ts";
import { concurrently } from "../base/concurrently.ts";
import { LateLog } from "./late-log.ts";
import { refusingLog } from "./refusing-log.ts";
import { logConfigOf, storedTopicConfig, type TopicConfig } from "./topic-config.ts";
import {
  diskRefusal,
  isMissing,
  type OpenLog,
  topicDirectory,
  type TopicLife,
} from "./topic-life.ts";
import { readIdentity, writeIdentity } from "./topic-identity.ts";
import { topicNameFault } from "./topic-name.ts";

/** A topic to be served; one log for each partition. */
export interface RecoveredTopic {
  readonly row: TopicRow;
  readonly config: TopicConfig;
  readonly logs: readonly PartitionLog[];
}

/** What a start found. */
export interface Recovered {
  readonly topics: readonly RecoveredTopic[];
  /** Deletions that could not be completed now; their names are still taken. */
  readonly unfinished: readonly TopicRow[];
  /** Logs among those of the topics that could not be opened yet. */
  readonly late: readonly LateLog[];
  /** Directories that deletions have renamed, to be removed whenever there is time. */
  readonly deleted: readonly string[];
}

/** What recovery works with. */
export interface RecoveryParts {
  readonly disk: Disk;
  readonly metadata: Metadata;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly openLog: OpenLog;
  readonly life: TopicLife;
  readonly topicDefaults: TopicConfig;
  readonly lingerMs: number;
}

/** A topic and, for each partition, why its log is not even to be opened; `null`: it is. */
interface Found {
  readonly row: TopicRow;
  readonly config: TopicConfig;
  readonly faults: readonly (Refusal | null)[];
}

/** Recovers all topics; a refusal if the metadata or the directory cannot be read at all. */
export async function recoverTopics(parts: RecoveryParts): Promise<Recovered | Refusal> {
  const rows = await parts.metadata.topics.all();
  if (rows instanceof Refusal) return rows;
  const entries = await unlessMissing(parts.disk.list(topicsDirectory));
  if (entries instanceof Refusal) return entries;
  return await new Recovery(parts, entries).run(rows);
}

class Recovery {
  readonly #topics: RecoveredTopic[] = [];
  readonly #unfinished: TopicRow[] = [];
  readonly #late: LateLog[] = [];
  /** What no row has claimed yet. */
  readonly #unclaimed: Map<string, DiskEntry>;
  /** The ids of the rows. */
  readonly #ids = new Set<string>();
  #partitions = 0;

  constructor(
    private readonly parts: RecoveryParts,
    entries: readonly DiskEntry[],
  ) {
    this.#unclaimed = new Map(entries.map((entry) => [entry.name, entry]));
  }

  async run(rows: readonly TopicRow[]): Promise<Recovered> {
    const ready: [TopicRow, DiskEntry | undefined][] = [];
    const owners = await concurrently(rows, logsOpeningMax, (row) => this.#ownerOf(row));
    for (const [index, row] of rows.entries()) {
      const owner = owners[index] ?? null;
      if (typeof owner === "string" && owner !== row.id) {
        await this.#disown(row, owner);
        continue;
      }
      const entry = this.#unclaimed.get(row.name);
      this.#unclaimed.delete(row.name);
      this.#ids.add(row.id);
      this.#partitions += row.partitionCount;
      // The name becomes a path: nothing is done with one that a damaged row made up.
      const fault = topicNameFault(row.name);
      if (fault !== null) this.parts.logger.error("topic not served", { reason: fault.message });
      else if (row.state === "creating") await this.#complete(row);
      else if (row.state === "deleting") await this.#remove(row);
      else {
        if (entry !== undefined && owner === null) await this.#claim(row.name, row.id);
        if (owner instanceof Refusal) this.#ownerUnknown(row.name, owner);
        ready.push([row, entry]);
      }
    }
    const found = await concurrently(ready, logsOpeningMax, ([row, entry]) =>
      this.#lookAt(row, entry),
    );
    const deleted: string[] = [];
    for (const entry of this.#unclaimed.values()) {
      const path = topicDirectory(entry.name);
      if (deletedName.test(entry.name)) deleted.push(path);
      else found.push(...(await this.#adopt(entry)));
    }
    await this.#open(found);
    return { topics: this.#topics, unfinished: this.#unfinished, late: this.#late, deleted };
  }

  /** See `readIdentity`; `null` also for a row without a directory. */
  async #ownerOf(row: TopicRow): Promise<string | null | Refusal> {
    const isThere = this.#unclaimed.get(row.name)?.kind === "directory";
    return isThere ? await readIdentity(this.parts.disk, row.name) : null;
  }

  /** The directory of this name is another topic's, made after this metadata was copied. */
  async #disown(row: TopicRow, owner: string): Promise<void> {
    const about = { topic: row.name, id: row.id, owner };
    const refused = await this.parts.metadata.topics.remove(row.id);
    if (refused === null) {
      this.parts.logger.warn("topic forgotten: its directory is a newer topic's", about);
    } else {
      this.#unclaimed.delete(row.name);
      const reason = refused.message;
      this.parts.logger.error("topic not served: its row is an older one's", { ...about, reason });
    }
  }

  /** Writes into a directory whose it is; if that cannot be done now, a later start does it. */
  async #claim(name: string, id: string): Promise<void> {
    try {
      await writeIdentity(this.parts.disk, name, id);
    } catch (error) {
      this.#ownerUnknown(name, diskRefusal(error));
    }
  }

  #ownerUnknown(topic: string, { message: reason }: Refusal): void {
    this.parts.logger.error("the topic's directory does not tell its id", { topic, reason });
  }

  async #complete(row: TopicRow): Promise<void> {
    const config = this.#configOf(row);
    const logs = await this.parts.life.complete(row, logConfigOf(config, this.parts.lingerMs));
    if (logs instanceof Refusal) {
      const reason = logs.message;
      this.parts.logger.error("topic refuses: not created yet", { topic: row.name, reason });
      const refusing = Array.from({ length: row.partitionCount }, () => refusingLog(logs));
      this.#topics.push({ row, config, logs: refusing });
    } else {
      this.parts.logger.info("topic created", { topic: row.name, id: row.id });
      this.#topics.push({ row, config, logs });
    }
  }

  async #remove(row: TopicRow): Promise<void> {
    const refused = await this.parts.life.remove(row);
    const about = { topic: row.name, id: row.id };
    if (refused === null) this.parts.logger.info("topic deleted", about);
    else {
      this.parts.logger.error("topic not deleted yet", { ...about, reason: refused.message });
      this.#unfinished.push(row);
    }
  }

  /** Compares a topic that should be there with what is there. */
  async #lookAt(row: TopicRow, entry: DiskEntry | undefined): Promise<Found> {
    const config = this.#configOf(row);
    const present = entry === undefined ? [] : await this.#partitionsIn(row.name);
    if (present instanceof Refusal) {
      const about = { topic: row.name, reason: present.message };
      // Nothing is known to be missing. A log that is not there, or cannot be read either, refuses
      // by itself, and is tried again.
      this.parts.logger.error("the topic's directory cannot be read", about);
      return { row, config, faults: Array.from({ length: row.partitionCount }, () => null) };
    }
    const unknown = await this.#withRecords(
      row.name,
      present.filter((index) => index >= row.partitionCount),
    );
    if (unknown.length > 0) {
      const about = { topic: row.name, partitions: unknown.join(" ") };
      this.parts.logger.error("partitions not served: the metadata does not know them", about);
    }
    return { row, config, faults: this.#missing(row, new Set(present)) };
  }

  /** Those of the directories that hold anything: an empty one is left of an interrupted growth. */
  async #withRecords(topic: string, indexes: readonly number[]): Promise<number[]> {
    const found: number[] = [];
    for (const index of indexes) {
      const directory = partitionDirectory(topicsDirectory, topic, index);
      const entries = await unlessMissing(this.parts.disk.list(directory));
      if (entries instanceof Refusal || entries.length > 0) found.push(index);
    }
    return found;
  }

  /** A partition whose directory is missing refuses: an empty one in its place would be a lie. */
  #missing(row: TopicRow, present: ReadonlySet<number>): (Refusal | null)[] {
    const faults = Array.from({ length: row.partitionCount }, (_, index) =>
      present.has(index) ? null : missingDirectory(row.name, index),
    );
    const missing = [...faults.keys()].filter((index) => faults[index] !== null);
    if (missing.length > 0) {
      const about = { topic: row.name, partitions: missing.join(" ") };
      this.parts.logger.error("partitions refuse: their directories are missing", about);
    }
    return faults;
  }

  /** Takes in a directory that no row knows, if it is one of a topic. */
  async #adopt(entry: DiskEntry): Promise<Found[]> {
    const path = topicDirectory(entry.name);
    const leave = (level: "warn" | "error", event: string, reason: string): Found[] => {
      this.parts.logger[level](event, { path, reason });
      return [];
    };
    const foreign = (reason: string): Found[] => leave("warn", "left alone: not a topic", reason);
    const failed = (reason: string): Found[] => leave("error", "topic not adopted", reason);
    if (entry.kind !== "directory") return foreign("it is no directory");
    const fault = topicNameFault(entry.name);
    if (fault !== null) return foreign(fault.message);
    const present = await this.#partitionsIn(entry.name);
    if (present instanceof Refusal) return failed(present.message);
    const partitionCount = Math.max(-1, ...present) + 1;
    if (partitionCount === 0) return foreign("it holds no partition");
    if (this.#partitions + partitionCount > partitionsMax) {
      return failed(`there would be more than ${partitionsMax} partitions`);
    }
    const owner = await readIdentity(this.parts.disk, entry.name);
    if (owner instanceof Refusal) this.#ownerUnknown(entry.name, owner);
    const isOwn = typeof owner === "string" && !this.#ids.has(owner);
    const row: TopicRow = {
      id: isOwn ? owner : this.parts.random.uuid(),
      name: entry.name,
      partitionCount,
      state: "ready",
      createdAt: this.parts.clock.now(),
      config: {},
    };
    const refused = await this.parts.metadata.topics.insert(row);
    if (refused !== null) return failed(refused.message);
    if (!isOwn) await this.#claim(row.name, row.id);
    this.#ids.add(row.id);
    this.#partitions += partitionCount;
    const about = { topic: row.name, id: row.id, partitionCount };
    this.parts.logger.warn("topic adopted: the metadata did not know its directory", about);
    return [{ row, config: this.#configOf(row), faults: this.#missing(row, new Set(present)) }];
  }

  /** Opens the logs of all topics, a few at a time. */
  async #open(found: readonly Found[]): Promise<void> {
    const wanted = found.flatMap(({ row, config, faults }) => {
      // One for all of them: there may be many.
      const logConfig = logConfigOf(config, this.parts.lingerMs);
      return faults.map((fault, index) => ({ topic: row.name, logConfig, fault, index }));
    });
    const logs = await concurrently(wanted, logsOpeningMax, ({ topic, logConfig, fault, index }) =>
      fault === null ? this.#openLog(topic, index, logConfig) : Promise.resolve(refusingLog(fault)),
    );
    let at = 0;
    for (const { row, config, faults } of found) {
      this.#topics.push({ row, config, logs: logs.slice(at, at + faults.length) });
      at += faults.length;
    }
  }

  async #openLog(topic: string, index: number, config: LogConfig): Promise<PartitionLog> {
    const { openLog, logger } = this.parts;
    const directory = partitionDirectory(topicsDirectory, topic, index);
    const open = () => openLog(directory, config);
    const log = await open();
    if (!(log instanceof Refusal)) return log;
    const about = { topic, partition: index };
    const { message: reason } = log;
    logger.error("partition refuses: its log cannot be opened", { ...about, reason });
    const late = new LateLog(log, async () => {
      const opened = await open();
      if (!(opened instanceof Refusal)) logger.info("partition serves: its log is open", about);
      return opened;
    });
    this.#late.push(late);
    return late;
  }

  /** The numbers of the partitions that have a directory; none if the topic has none. */
  async #partitionsIn(name: string): Promise<number[] | Refusal> {
    const listed = await unlessMissing(listTopic(this.parts.disk, topicsDirectory, name));
    if (listed instanceof Refusal) return listed;
    const indexes = listed.map(({ partition }) => partition);
    return indexes.filter((index) => index < partitionsPerTopicMax);
  }

  #configOf(row: TopicRow): TopicConfig {
    const { config, faults } = storedTopicConfig(row.config, this.parts.topicDefaults);
    for (const { message: reason } of faults) {
      this.parts.logger.error("configuration ignored", { topic: row.name, reason });
    }
    return config;
  }
}

/** As `remove` of topic-life.ts names them. */
const deletedName = new RegExp(`^${deletedPrefix.replace(".", "\\.")}[0-9a-f-]{36}$`);

/** What a listing gives; nothing if the directory does not exist. */
async function unlessMissing<T>(listing: Promise<readonly T[]>): Promise<readonly T[] | Refusal> {
  try {
    return await listing;
  } catch (error) {
    return isMissing(error) ? [] : diskRefusal(error);
  }
}

function missingDirectory(name: string, index: number): Refusal {
  const directory = partitionDirectory(topicsDirectory, name, index);
  return new Refusal(
    "KAFKA_STORAGE_ERROR",
    `the directory ${directory} is missing; put it back and restart, or delete topic ${name}`,
  );
}
