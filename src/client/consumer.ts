/**
 * The embedded consumer: reads topics from the files of a data directory, without a broker or
 * beside one at work, and remembers how far a group has come. The original's verbs, its
 * directories included.
 *
 * Delivery is **at least once**: what was polled and not committed is polled again by the group's
 * next consumer. Commits are on the device when `commit` resolves. A group has one consumer at a
 * time; others are refused, or look on read-only.
 *
 * Of a directory that a broker is writing, only what it acknowledged is seen.
 *
 * A topic has one partition or several. The verbs of the original that speak of a topic's one
 * offset take a partition as well; without it they answer the sum over the partitions, which for
 * one partition is its offset, and otherwise says how far the topic is as a whole.
 *
 * Methods reject with a {@link ConsumerError}. Calls are carried out one after another.
 */
import { offset, type Offset } from "../base/brands.ts";
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import type { Disk } from "../disk/disk.ts";
import {
  consumerLookMs,
  pollBytesMax,
  pollMessagesDefault,
  pollMessagesMax,
  shownCharactersMax,
} from "../limits.ts";
import { nameFault } from "../log/layout.ts";
import { CallQueue } from "./call-queue.ts";
import { CommitStore, storageError } from "./commit-store.ts";
import type { ConsumedPartition } from "./consumed-partition.ts";
import { ConsumedTopic } from "./consumed-topic.ts";
import { ConsumerError } from "./consumer-error.ts";
import { ConsumerMessage } from "./consumer-message.ts";
import { ConsumerWarnings, type ConsumerWarning } from "./consumer-warning.ts";
import { localWorld, readerEnvironment, type ConsumerWorld } from "./consumer-world.ts";
import { isListOf, isText } from "./given.ts";
import type { Committed } from "./marks.ts";

/** What a consumer is told. */
export interface ConsumerOptions {
  /** The broker's data directory, or its `topics` directory; it exists. */
  readonly data: string;
  /** Topics need not exist yet. */
  readonly topics: readonly string[];
  /** In whose name offsets are committed. Names follow the rule of topics' names. */
  readonly group?: string;
  /** To look only: nothing is written, and the group may have another consumer. */
  readonly isReadOnly?: boolean;
}

/** Offsets by partition. */
export type PartitionOffsets = ReadonlyMap<number, number> | Readonly<Record<number, number>>;

/** See the head of this file. */
export class Consumer {
  readonly #topics: ReadonlyMap<string, ConsumedTopic>;
  readonly #warnings = new ConsumerWarnings();
  readonly #calls = new CallQueue((message) => new ConsumerError("OVERLOADED", message));
  #isClosed = false;
  /** The partition with which the next poll begins, if it is among those polled. */
  #turn: ConsumedPartition | null = null;
  /** When to look for new topics and partitions even if there is enough to read. */
  #lookAt = -Infinity;
  /** Whether the last poll found nothing; then it is worth a look. */
  #wasEmpty = false;

  private constructor(
    options: ConsumerOptions,
    private readonly world: ConsumerWorld,
    private readonly store: CommitStore,
  ) {
    const environment = readerEnvironment(world);
    const commits = () => store.commits;
    const parts = { environment, isLive: world.isLive, commits, warnings: this.#warnings };
    this.#topics = new Map(options.topics.map((name) => [name, new ConsumedTopic(name, parts)]));
  }

  /** INVALID, GROUP_IN_USE, COMMITS_DAMAGED, STORAGE. */
  static async open(options: ConsumerOptions, world?: ConsumerWorld): Promise<Consumer> {
    const { topics, group = "default", isReadOnly = false } = options;
    if (!isText(options.data)) throw new ConsumerError("INVALID", "data is a path");
    if (!isListOf(topics, isText)) {
      throw new ConsumerError("INVALID", "topics are a list of names");
    }
    if (!isText(group)) throw new ConsumerError("INVALID", "group is a name");
    for (const name of topics) checkName("a topic", name);
    checkName("a consumer group", group);
    if (topics.length === 0) throw new ConsumerError("INVALID", "a consumer has a topic at least");
    const on = world ?? localWorld(options.data);
    await checkDirectory(on.disk, options.data);
    const store = await CommitStore.open({
      disk: on.disk,
      group,
      lock: isReadOnly ? null : on.lock,
    });
    return new Consumer(options, on, store);
  }

  /**
   * The next messages of a topic, or of all, `max` at most; none if there are none yet. Within a
   * partition they come in order; partitions take turns.
   * RECORDS_DAMAGED: the next ones of a partition can't be read. What is good before them has been
   * polled already, other partitions go on being polled, and this one stays where it is until
   * {@link skipDamage}; each turn of it rejects again.
   */
  poll(topic?: string, max = pollMessagesDefault): Promise<ConsumerMessage[]> {
    return this.#exclusively(async () => {
      if (!Number.isInteger(max) || max < 1 || max > pollMessagesMax) {
        throw new ConsumerError("INVALID", `a poll takes 1 to ${pollMessagesMax} messages`);
      }
      const partitions = await this.#inTurn(topic);
      const messages: ConsumerMessage[] = [];
      let bytes = 0;
      for (const [at, partition] of partitions.entries()) {
        const failure = await partition.read((record) => {
          const message = new ConsumerMessage(partition.topic, partition.partition, record);
          messages.push(message);
          bytes += message.bytes;
          return messages.length < max && bytes < pollBytesMax;
        });
        const next = partitions[(at + 1) % partitions.length] ?? partition;
        // Whoever is in the middle of a read goes on with it, so that it is not read twice.
        this.#passTurn(failure === null && partition.isOpen ? partition : next);
        if (failure !== null && messages.length > 0) {
          // What was read before is handed out; the failure comes again with the next poll.
          this.#passTurn(partition);
          break;
        }
        if (failure !== null) await this.#fail(partition, failure);
        if (messages.length >= max || bytes >= pollBytesMax) break;
      }
      this.#wasEmpty = messages.length === 0;
      return messages;
    });
  }

  /**
   * Remembers for the group that everything polled so far was processed: of all topics, or of one.
   * With offsets: that everything before them was, by partition; one number will do for a topic of
   * one partition. They are at most what was polled, since `poll` has moved on already.
   * INVALID, READ_ONLY, STORAGE.
   */
  commit(topic?: string, offsets?: number | PartitionOffsets): Promise<void> {
    return this.#exclusively(async () => {
      const commits = this.store.commits.copy();
      const committed: [ConsumedPartition, Committed][] = [];
      for (const [partition, at] of await this.#toCommit(topic, offsets)) {
        const now = valueOf(await partition.committable(at));
        if (now === null) continue;
        commits.set(partition.topic, partition.partition, now);
        committed.push([partition, now]);
      }
      if (committed.length === 0) return;
      await this.store.save(commits);
      for (const [partition, now] of committed) partition.noteCommit(now);
    });
  }

  /** The offset of the next message to poll; see the head of this file for several partitions. */
  currentOffset(topic: string, partition?: number): Promise<number> {
    return this.#sum(topic, partition, (each) => each.position());
  }

  /** What the group has committed; where it has not, the start of the partition. */
  committedOffset(topic: string, partition?: number): Promise<number> {
    return this.#sum(topic, partition, async ({ source, partition: number }) => {
      const committed = this.store.commits.get(topic, number);
      if (committed !== null) return committed.offset;
      return (await source.refresh()) ?? source.startOffset;
    });
  }

  /** The offset after the newest message. */
  endOffset(topic: string, partition?: number): Promise<number> {
    return this.#sum(topic, partition, ({ source }) => source.visibleEnd());
  }

  /** How many offsets there are from the oldest message to the newest, polled or not. */
  messageCount(topic: string, partition?: number): Promise<number> {
    return this.#sum(topic, partition, async ({ source }) => {
      const end = await source.visibleEnd();
      return end instanceof Refusal ? end : offset(end - source.startOffset);
    });
  }

  /** The numbers of a topic's partitions; none if it does not exist yet. */
  partitions(topic: string): Promise<readonly number[]> {
    return this.#exclusively(async () => {
      const found = await this.#partitionsOf(topic);
      return found.map(({ partition }) => partition);
    });
  }

  /** Goes back to the oldest messages of a topic. What is committed stays until `commit`. */
  reset(topic: string): Promise<void> {
    return this.#exclusively(async () => {
      for (const partition of await this.#partitionsOf(topic)) {
        valueOf(await partition.source.refresh());
        partition.seek(partition.source.startOffset);
      }
    });
  }

  /** Goes back to what the group has committed of a topic; where it has not, to the start. */
  rollback(topic: string): Promise<void> {
    return this.#exclusively(async () => {
      for (const partition of await this.#partitionsOf(topic)) valueOf(await partition.rollback());
    });
  }

  /** Goes to an offset between the start and the end of a partition. */
  seek(topic: string, partition: number, to: number): Promise<void> {
    return this.#exclusively(async () => {
      const [found] = await this.#partitionsOf(topic, partition);
      if (found === undefined) throw noPartition(topic, partition);
      const end = valueOf(await found.source.visibleEnd());
      const { startOffset } = found.source;
      if (!Number.isSafeInteger(to) || to < startOffset || to > end) {
        const message = `offset ${to} of ${topic}/${partition} is not in [${startOffset}, ${end}]`;
        throw new ConsumerError("INVALID", message);
      }
      found.seek(offset(to));
    });
  }

  /**
   * Goes on behind the damage that a poll has rejected with, giving those messages up: of one
   * partition, or of all of the topic. INVALID: none of them has come upon damage.
   */
  skipDamage(topic: string, partition?: number): Promise<void> {
    return this.#exclusively(async () => {
      const found = await this.#partitionsOf(topic, partition);
      const skipped = found.filter((each) => each.skipDamage());
      if (skipped.length > 0) return;
      const message = `no poll has come upon damage where topic ${topic} stands now`;
      throw new ConsumerError("INVALID", message);
    });
  }

  /** What the consumer had to decide by itself since the last call; `dropped`: too many to keep. */
  takeWarnings(): { warnings: readonly ConsumerWarning[]; dropped: number } {
    return this.#warnings.take();
  }

  /** Gives the group free, without committing. Closing twice is allowed. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#calls.over;
    for (const topic of this.#topics.values()) await topic.close();
    this.store.close();
  }

  /** Runs `action` when all calls before it have ended. */
  #exclusively<T>(action: () => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(new ConsumerError("CLOSED", "the consumer is closed"));
    }
    return this.#calls.run(action);
  }

  #chosen(topic?: string): readonly ConsumedTopic[] {
    if (topic === undefined) return [...this.#topics.values()];
    const chosen = this.#topics.get(topic);
    if (chosen !== undefined) return [chosen];
    const name = quoted(topic, shownCharactersMax);
    throw new ConsumerError("INVALID", `this consumer was not opened for topic ${name}`);
  }

  async #partitionsOf(topic?: string, partition?: number): Promise<readonly ConsumedPartition[]> {
    const found: ConsumedPartition[] = [];
    for (const chosen of this.#chosen(topic)) {
      valueOf(await chosen.look());
      found.push(...chosen.partitions);
    }
    if (partition === undefined) return found;
    return found.filter((each) => each.partition === partition);
  }

  /** The partitions to poll, beginning with the one whose turn it is. */
  async #inTurn(topic?: string): Promise<readonly ConsumedPartition[]> {
    const now = this.world.clock.monotonic();
    const isDue = this.#wasEmpty || now >= this.#lookAt;
    const found: ConsumedPartition[] = [];
    for (const chosen of this.#chosen(topic)) {
      if (isDue || chosen.partitions.length === 0) valueOf(await chosen.look());
      found.push(...chosen.partitions);
    }
    if (isDue) this.#lookAt = now + consumerLookMs;
    const first = found.findIndex((partition) => partition === this.#turn);
    return first <= 0 ? found : [...found.slice(first), ...found.slice(0, first)];
  }

  /** One read at most stays open: what it holds in memory may be large. */
  #passTurn(next: ConsumedPartition): void {
    if (this.#turn !== null && this.#turn !== next) this.#turn.release();
    this.#turn = next;
  }

  /** Throws, unless the partition is only gone. */
  async #fail(partition: ConsumedPartition, failure: ConsumerError | Refusal): Promise<void> {
    if (failure instanceof ConsumerError) throw failure;
    if (failure.code !== "UNKNOWN_TOPIC_OR_PARTITION") valueOf(failure);
    await this.#topics.get(partition.topic)?.forget(partition);
  }

  async #toCommit(
    topic: string | undefined,
    offsets: number | PartitionOffsets | undefined,
  ): Promise<[ConsumedPartition, Offset][]> {
    const found = await this.#partitionsOf(topic);
    if (offsets === undefined) {
      return found.flatMap((each): [ConsumedPartition, Offset][] =>
        each.knownPosition === null ? [] : [[each, each.knownPosition]],
      );
    }
    const chosen: [ConsumedPartition, Offset][] = [];
    for (const [number, at] of byPartition(topic, found, offsets)) {
      const partition = found.find((each) => each.partition === number);
      if (partition === undefined) throw noPartition(topic ?? "", number);
      const position = valueOf(await partition.position());
      if (!Number.isSafeInteger(at) || at < 0 || at > position) {
        throw new ConsumerError(
          "INVALID",
          `offset ${at} of ${topic}/${number} can't be committed: only up to ${position} was ` +
            "polled. commit() without an offset commits all of that.",
        );
      }
      chosen.push([partition, offset(at)]);
    }
    return chosen;
  }

  #sum(
    topic: string,
    partition: number | undefined,
    of: (partition: ConsumedPartition) => Promise<Offset | Refusal>,
  ): Promise<number> {
    return this.#exclusively(async () => {
      const found = await this.#partitionsOf(topic, partition);
      if (partition !== undefined && found.length === 0) throw noPartition(topic, partition);
      let sum = 0;
      for (const each of found) sum += valueOf(await of(each));
      return sum;
    });
  }
}

/** The value, or the refusal as an error. */
function valueOf<T>(value: T | Refusal): T {
  if (value instanceof Refusal) throw new ConsumerError("STORAGE", value.message);
  return value;
}

const noPartition = (topic: string, partition: number): ConsumerError =>
  new ConsumerError("INVALID", `topic ${topic} has no partition ${partition}`);

function checkName(what: string, name: string): void {
  const fault = nameFault(name);
  if (fault === null) return;
  const shown = quoted(name, shownCharactersMax);
  throw new ConsumerError("INVALID", `${shown} cannot be the name of ${what}: ${fault}`);
}

/** A directory that is not there is a wrong path, and not one without messages. */
async function checkDirectory(disk: Disk, path: string): Promise<void> {
  try {
    await disk.list(".");
  } catch (error) {
    throw storageError(error, `opening ${quoted(path, shownCharactersMax)}`);
  }
}

function byPartition(
  topic: string | undefined,
  found: readonly ConsumedPartition[],
  offsets: number | PartitionOffsets,
): (readonly [partition: number, at: number])[] {
  if (topic === undefined) {
    throw new ConsumerError("INVALID", "offsets to commit are those of one topic: name it");
  }
  if (typeof offsets === "number") {
    const [only] = found;
    if (only !== undefined && found.length === 1) return [[only.partition, offsets]];
    const count = found.length === 0 ? "no partition yet" : `${found.length} partitions`;
    throw new ConsumerError("INVALID", `topic ${topic} has ${count}: commit offsets by partition`);
  }
  if (offsets instanceof Map) return [...offsets];
  return Object.entries(offsets).map(([partition, at]) => [Number(partition), Number(at)]);
}
