/**
 * The life of a topic in the metadata and on the disk. Every step is durable before the next one
 * begins, in an order in which a crash after any of them leaves something that the next start can
 * finish (`topic-recovery.ts`), and in which nothing is removed that anybody could still want.
 *
 * Creation:
 *   1. The row is inserted, `creating`: from here on the directories have an owner. Directories
 *      first would look like those of a topic whose metadata was lost, and be adopted.
 *   2. `topics/<name>` is made, and the topic's id written into it (`topic-identity.ts`): from here
 *      on it is known whose directory this is, even beside metadata that is an older copy.
 *   3. `topics/<name>/<partition>` are made and the logs opened.
 *   4. The row becomes `ready`, and only then may the topic be seen: what was acknowledged in it
 *      can be found again.
 * Deletion:
 *   1. The row becomes `deleting`: now it will happen, whatever else does.
 *   2. The topic disappears from sight, its appends are refused, its logs are deleted.
 *   3. `topics/<name>` is renamed to `topics/.deleted-<id>`, unless the id in it is another's. A
 *      rename is durable and a removal is not: after a power cut what was removed may be there
 *      again, and must not look like a topic.
 *   4. The row is removed. Any earlier, a crash would leave a directory without a row: adopted.
 *   5. The files are removed.
 * Before step 4 whoever remembers something of the topic by its name forgets it: what is created
 * under that name later is another topic.
 *
 * More partitions:
 *   1. Their directories are made, and their logs opened. A crash leaves directories that nobody
 *      knows; they hold no records, and are taken when partitions are asked for again.
 *   2. The row gets the new number, and only then may they be seen.
 *
 * Durable is what the metadata has resolved to: a row that is committed and not synced yet tells
 * nobody anything, not even that its name is taken (`metadata/transactions.ts`).
 *
 * A creation that fails is undone as a deletion: nobody has seen the topic yet.
 */
import { Refusal } from "../base/refusal.ts";
import { DiskError, type Disk } from "../disk/disk.ts";
import type { Logger } from "../base/logger.ts";
import { logsOpeningMax } from "../limits.ts";
import { deletedPrefix, partitionDirectory, topicsDirectory } from "../log/layout.ts";
import type { LogConfig, PartitionLog } from "../log/log.ts";
import type { Metadata, TopicRow } from "../metadata/metadata.ts";
import { concurrently } from "../base/concurrently.ts";
import { Slots } from "./slots.ts";
import { readIdentity, writeIdentity } from "./topic-identity.ts";

export const topicDirectory = (name: string): string => `${topicsDirectory}/${name}`;
const deletedDirectory = (id: string): string => `${topicsDirectory}/${deletedPrefix}${id}`;

/** Opens the log in a directory that exists; never rejects. */
export type OpenLog = (directory: string, config: LogConfig) => Promise<PartitionLog | Refusal>;

/** Forgets what is remembered by a topic's name; a refusal keeps the name taken. */
export type ForgetTopic = (name: string) => Promise<Refusal | null>;

/** See the head of this file. The caller sees to it that one name has one step at a time. */
export class TopicLife {
  /** For all topics together: the disk and its threads are few, however many topics are made. */
  readonly #opening = new Slots(logsOpeningMax);

  constructor(
    private readonly disk: Disk,
    private readonly metadata: Metadata,
    private readonly logger: Logger,
    private readonly openLog: OpenLog,
    private readonly forget: ForgetTopic,
  ) {}

  /** Step 1 of a creation; after a refusal nothing is there. */
  async begin(row: TopicRow): Promise<Refusal | null> {
    return (await this.#inTheWay(row.name)) ?? (await this.metadata.topics.insert(row));
  }

  /**
   * Steps 2 to 4 of a creation, also of one that a crash interrupted: what is there already, is
   * kept. After a refusal the row is still `creating`, and no log is open.
   */
  async complete(row: TopicRow, config: LogConfig): Promise<readonly PartitionLog[] | Refusal> {
    const unclaimed = await this.#opening.run(() => refusalOf(this.#claim(row)));
    if (unclaimed !== null) return unclaimed;
    return await this.#open(row.name, 0, row.partitionCount, config, () =>
      this.metadata.topics.setState(row.id, "ready"),
    );
  }

  /**
   * Both steps of giving a topic more partitions: those from `row.partitionCount` to before
   * `count`. After a refusal the topic is as before, and no log of them is open.
   */
  async extend(
    row: TopicRow,
    count: number,
    config: LogConfig,
  ): Promise<readonly PartitionLog[] | Refusal> {
    return await this.#open(row.name, row.partitionCount, count, config, () =>
      this.metadata.topics.setPartitionCount(row.id, count),
    );
  }

  /** Step 1 of a deletion; after a refusal it has not begun. */
  condemn(row: TopicRow): Promise<Refusal | null> {
    return this.metadata.topics.setState(row.id, "deleting");
  }

  /** Steps 3 to 5 of a deletion; it has no open log. After a refusal it can be asked again. */
  async remove(row: TopicRow): Promise<Refusal | null> {
    const deleted = deletedDirectory(row.id);
    const owner = await readIdentity(this.disk, row.name);
    if (owner instanceof Refusal) return owner;
    // A topic that was made since the metadata was copied is not deleted on that copy's word.
    if (owner !== null && owner !== row.id) return await this.metadata.topics.remove(row.id);
    const refused =
      (await this.#setAside(row.name, deleted)) ??
      (await this.forget(row.name)) ??
      (await this.metadata.topics.remove(row.id));
    if (refused !== null) return refused;
    await this.sweep(deleted);
    return null;
  }

  async #setAside(name: string, deleted: string): Promise<Refusal | null> {
    try {
      await this.disk.rename(topicDirectory(name), deleted);
      return null;
    } catch (error) {
      // It was renamed before a crash, or the creation did not get this far.
      if (!isMissing(error)) return diskRefusal(error);
    }
    try {
      // A process that died in the middle has renamed it for other processes, and not for a power
      // cut: what comes back without a row would be adopted.
      await this.disk.syncDirectory(topicsDirectory);
      return null;
    } catch (error) {
      return isMissing(error) ? null : diskRefusal(error);
    }
  }

  /** Removes what a deletion has renamed; what cannot be removed now is left to the next start. */
  async sweep(directory: string): Promise<void> {
    const refused = await refusalOf(this.disk.remove(directory));
    if (refused === null) return;
    this.logger.warn("files of a deleted topic are left over", { directory, reason: `${refused}` });
  }

  async #claim(row: TopicRow): Promise<void> {
    await this.disk.makeDirectory(topicDirectory(row.name));
    await writeIdentity(this.disk, row.name, row.id);
  }

  /** Makes directories, opens their logs, and then does what makes them the topic's. */
  async #open(
    topic: string,
    from: number,
    to: number,
    config: LogConfig,
    finish: () => Promise<Refusal | null>,
  ): Promise<readonly PartitionLog[] | Refusal> {
    const indexes = Array.from({ length: to - from }, (_, at) => from + at);
    const opened = await concurrently(indexes, logsOpeningMax, (index) =>
      this.#opening.run(async () => {
        const directory = partitionDirectory(topicsDirectory, topic, index);
        const made = await refusalOf(this.disk.makeDirectory(directory));
        return made ?? (await this.openLog(directory, config));
      }),
    );
    const logs = opened.filter((log): log is PartitionLog => !(log instanceof Refusal));
    const refused =
      opened.find((log): log is Refusal => log instanceof Refusal) ?? (await finish());
    if (refused === null) return logs;
    await closeLogs(logs);
    return refused;
  }

  /**
   * The directory of a new topic must not exist. If it does, it belongs to a topic whose name
   * differs in case only, on a file system that does not tell them apart; or to nobody we know.
   */
  async #inTheWay(name: string): Promise<Refusal | null> {
    const directory = topicDirectory(name);
    try {
      await this.disk.list(directory);
    } catch (error) {
      return isMissing(error) ? null : diskRefusal(error);
    }
    return new Refusal(
      "INVALID_TOPIC_EXCEPTION",
      `the directory ${directory} exists already: another topic's name differs only in case, ` +
        "which this file system does not tell apart, or it was put there by hand; use another name",
    );
  }
}

/** Closes logs, a few at a time. */
async function closeLogs(logs: readonly PartitionLog[]): Promise<void> {
  await concurrently(logs, logsOpeningMax, (log) => log.close());
}

export const isMissing = (error: unknown): boolean =>
  error instanceof DiskError && error.kind === "missing";

/** The refusal for a disk's error; anything else is a programmer's and is thrown on. */
export function diskRefusal(error: unknown): Refusal {
  if (!(error instanceof DiskError)) throw error;
  return new Refusal(error.kind === "full" ? "DISK_FULL" : "KAFKA_STORAGE_ERROR", error.message);
}

async function refusalOf(work: Promise<void>): Promise<Refusal | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return diskRefusal(error);
  }
}
