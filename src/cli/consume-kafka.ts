/**
 * The consumer over Kafka's protocol: as a member of a group, or for itself.
 *
 * - With a group it joins, goes on where the group has committed, and commits what was printed: now
 *   and then, and before partitions go to other members.
 * - With a group and without commits it only looks: it reads what the group has not come to, and
 *   does not join.
 * - Without a group nothing is remembered.
 *
 * Owns what was printed and not committed. Invariant: a commit covers that and nothing else, also
 * when a poll that was given up has gone on.
 */
import { printable, quoted } from "../base/printable.ts";
import { ClientError } from "../client/kafka/client-error.ts";
import { Consumer, type ProcessedOffset } from "../client/kafka/consumer.ts";
import { DamageError } from "../client/kafka/damage-error.ts";
import type { ConsumerOptions } from "../client/kafka/consumer-options.ts";
import type { TopicMetadata } from "../client/kafka/topic-metadata.ts";
import { partitionName, type TopicPartition } from "../client/kafka/topic-partition.ts";
import type { ConsumerMessage } from "../client/consumer-message.ts";
import { consumerPollWaitMs, failureCharactersMax, shownCharactersMax } from "../limits.ts";
import { exitCode, type ExitCode } from "./command.ts";
import { offsetsText } from "./counted.ts";
import type { ConsumptionContext, MessageSource, SourceSettings } from "./consume-source.ts";
import type { OpenCluster } from "./kafka-cluster.ts";
import type { Interruption } from "./produce-interruption.ts";
import type { KcatOffset } from "./read-options.ts";

/** What was asked for. */
export interface KafkaSettings extends SourceSettings {
  /** Of each topic; none: all. */
  readonly partitions: readonly number[];
  /** `null`: none. */
  readonly group: string | null;
  readonly commit: boolean;
  /**
   * Where to begin; with a group, in partitions of which it has committed nothing. `null`: with the
   * oldest message.
   */
  readonly start: KcatOffset | null;
  /** A partition ends before its first message as late as this; `null`: it does not. */
  readonly untilMs: number | null;
  readonly sessionTimeoutMs: number;
  /** Gives messages up that can't be read. */
  readonly skipDamaged: boolean;
  /** Tells which partitions come and go. */
  readonly isVerbose: boolean;
}

/** What the group has told others by now: who reads on there prints it again. */
const goneCodes: readonly string[] = [
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
  "FENCED_INSTANCE_ID",
];

/** See the head of this file. */
export class KafkaSource implements MessageSource {
  code: ExitCode = exitCode.ok;
  #consumer: Consumer | null = null;
  /** By partition: the offset behind what was printed and is not committed. */
  readonly #printed = new Map<string, ProcessedOffset>();
  /** By partition: its end when this consumer came to it. */
  readonly #ends = new Map<string, number>();
  /** Partitions whose next messages can't be read: their offset, which was told of. */
  readonly #stuck = new Map<string, number>();
  /** Partitions whose next message comes too late. */
  readonly #late = new Set<string>();
  /** Partitions were assigned once. */
  #isBegun = false;
  /** The group has gathered, and this member knows what it got. */
  #isDivided = false;
  #isOver = false;

  constructor(
    private readonly open: OpenCluster,
    private readonly settings: KafkaSettings,
    private readonly context: ConsumptionContext,
    private readonly interruption: Interruption,
  ) {}

  async begin(): Promise<boolean> {
    const { cluster } = this.open;
    const { topics } = this.settings;
    const begun = this.#try(false, async () => {
      const { clock } = cluster.world;
      const deadline = clock.monotonic() + consumerPollWaitMs;
      const found = await cluster.retry(deadline, () => cluster.topics(topics));
      const chosen = this.#choose(found);
      if (chosen === null) return false;
      this.#consumer = await Consumer.open({ ...this.#options(chosen), cluster });
      await this.#seekAll(this.#consumer);
      return true;
    });
    return (await this.interruption.until(begun)) ?? false;
  }

  async poll(max: number, waitMs: number): Promise<readonly ConsumerMessage[] | null> {
    const consumer = this.#consumer;
    if (consumer === null || this.#isOver) return null;
    return await this.#try(null, async () => {
      const polling = this.#readable(consumer, max, Math.min(waitMs, consumerPollWaitMs));
      const polled = await this.interruption.until(polling);
      this.#tellWarnings(consumer);
      const { untilMs } = this.settings;
      return polled === null || untilMs === null ? polled : this.#inTime(consumer, polled, untilMs);
    });
  }

  async isAtEnd(): Promise<boolean> {
    const consumer = this.#consumer;
    if (consumer === null || this.#isOver) return true;
    const assigned = consumer.assignment().filter((each) => !this.#late.has(partitionName(each)));
    const { untilEnd } = this.settings;
    if (assigned.length === 0) return this.#late.size > 0 || (untilEnd && this.#isDivided);
    if (!untilEnd) return false;
    const looking = this.#try(true, async () => {
      const reached = await Promise.all(assigned.map((each) => this.#hasReached(consumer, each)));
      return reached.every((each) => each);
    });
    return (await this.interruption.until(looking)) ?? true;
  }

  /** A poll has waited already. */
  pause(): Promise<void> {
    return Promise.resolve();
  }

  printed(messages: readonly ConsumerMessage[]): void {
    for (const { topic, partition, offset } of messages) {
      const next = { topic, partition, offset: offset + 1 };
      this.#printed.set(partitionName(next), next);
    }
  }

  async commit(): Promise<void> {
    const consumer = this.#consumer;
    const { group, commit } = this.settings;
    if (consumer === null || group === null || !commit) return;
    // What has gone to others by now was committed before, or can't be.
    const assigned = new Set(consumer.assignment().map(partitionName));
    for (const name of this.#printed.keys()) if (!assigned.has(name)) this.#printed.delete(name);
    const offsets = [...this.#printed.values()];
    if (offsets.length === 0) return;
    try {
      await consumer.commit(offsets);
      for (const each of offsets) {
        const name = partitionName(each);
        if (this.#printed.get(name) === each) this.#printed.delete(name);
      }
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#notCommitted(error, offsets);
    }
  }

  async close(): Promise<void> {
    await this.#try(undefined, async () => this.#consumer?.close());
    if (this.#printed.size > 0 && this.settings.group !== null && this.settings.commit) {
      const { reason } = this.context.stop;
      if (reason !== "closed" && reason !== "unwritable") {
        this.code = this.context.fail(`${this.#shown([...this.#printed.values()])}: ${again}`);
      }
    }
    await this.open.close();
  }

  /** The partitions to read; `null`: something is not there, and that was told. */
  #choose(found: readonly TopicMetadata[]): readonly TopicPartition[] | null {
    const { settings, context } = this;
    const { partitions: wanted, topics } = settings;
    const chosen: TopicPartition[] = [];
    let areThere = true;
    for (const topic of topics) {
      const { error = null, partitions = [] } = found.find(({ name }) => name === topic) ?? {};
      if (error !== null && error.code !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
      const shown = quoted(topic, shownCharactersMax);
      const absent = wanted.find((each) => each >= partitions.length);
      if (partitions.length === 0) {
        const message = `there is no topic ${shown}`;
        if (settings.mayWait && !this.#isAssigned) context.warn(`${message} yet`);
        else {
          this.code = context.fail(`${message}: obelisk topics list shows what there is`);
          areThere = false;
        }
      } else if (absent !== undefined) {
        const there = partitions.length === 1 ? "only 0" : `0 to ${partitions.length - 1}`;
        this.code = context.fail(`topic ${shown} has no partition ${absent}, but ${there}`);
        areThere = false;
      }
      for (const { partition } of partitions) {
        if (wanted.length === 0 || wanted.includes(partition)) chosen.push({ topic, partition });
      }
    }
    return areThere ? chosen : null;
  }

  /** Whether partitions are chosen here once, and not as they come. */
  get #isAssigned(): boolean {
    const { partitions, group, commit, start } = this.settings;
    const isSeeking = start !== null && start.kind !== "fromTime" && start.value > 0;
    return partitions.length > 0 || isSeeking || (group !== null && !commit);
  }

  #options(chosen: readonly TopicPartition[]): ConsumerOptions {
    const { topics, group, start, sessionTimeoutMs } = this.settings;
    return {
      sessionTimeoutMs,
      ...(group === null ? {} : { group }),
      ...(this.#isAssigned ? { assign: chosen } : { topics }),
      from: start === null ? "committed" : fromOf(start),
      // As kcat: what a transaction has taken back was never there.
      isolation: "read_committed",
      onAssigned: (partitions) => this.#assigned(partitions),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: (partitions) => this.#lost(partitions),
    };
  }

  /** Goes where `from` can't say: so far from an end, or to an offset; to the beginning. */
  async #seekAll(consumer: Consumer): Promise<void> {
    const { start, isReset, topics } = this.settings;
    const assigned = consumer.assignment();
    if (isReset) for (const topic of topics) await consumer.reset(topic);
    if (start === null || start.kind === "fromTime" || start.value === 0) return;
    const { kind, value } = start;
    await Promise.all(
      assigned.map(async ({ topic, partition }) => {
        const end = await consumer.endOffset(topic, partition);
        const first = end - (await consumer.messageCount(topic, partition));
        const to = kind === "from" ? value : Math.max(first, end - value);
        if (to >= first && to <= end) return await consumer.seek(topic, partition, to);
        const there = first === end ? `none, and ${end} is next` : `${first} to ${end - 1}`;
        throw new ClientError(
          "OFFSET_OUT_OF_RANGE",
          `${topic}/${partition} has no offset ${to}, but ${there}`,
        );
      }),
    );
  }

  async #hasReached(consumer: Consumer, { topic, partition }: TopicPartition): Promise<boolean> {
    const name = partitionName({ topic, partition });
    const position = await consumer.currentOffset(topic, partition);
    if (this.#stuck.get(name) === position) return true;
    const end = this.#ends.get(name) ?? (await consumer.endOffset(topic, partition));
    this.#ends.set(name, end);
    return position >= end;
  }

  /** What a poll gives; none where it comes upon what can't be read. */
  async #readable(
    consumer: Consumer,
    max: number,
    waitMs: number,
  ): Promise<readonly ConsumerMessage[]> {
    try {
      return await consumer.poll(max, waitMs);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      await this.#damaged(consumer, error);
      return [];
    }
  }

  /** Tells of it once, and gives it up if that was asked for. */
  async #damaged(consumer: Consumer, error: DamageError): Promise<void> {
    const { topic, partition, offset } = error;
    const name = partitionName(error);
    if (this.settings.skipDamaged) {
      const skipped = await consumer.skipDamage(topic, partition);
      if (skipped === null) return;
      this.code = exitCode.failed;
      const { fromOffset, toOffset } = skipped;
      const what = offsetsText(fromOffset, toOffset - 1);
      this.context.warn(`${name}: ${what} can't be read, left out`);
      this.#printed.set(name, { topic, partition, offset: toOffset });
    } else if (this.#stuck.get(name) !== offset) {
      this.#stuck.set(name, offset);
      const what = `${name}: ${offsetsText(offset, offset)} can't be read (${error.code})`;
      this.code = this.context.fail(`${what}: it stays there; --skip-damaged gives them up`);
    }
  }

  /** Those before `untilMs`; a partition ends there. */
  #inTime(
    consumer: Consumer,
    polled: readonly ConsumerMessage[],
    untilMs: number,
  ): readonly ConsumerMessage[] {
    return polled.filter((message) => {
      const name = partitionName(message);
      if (message.timestamp >= untilMs && !this.#late.has(name)) {
        this.#late.add(name);
        consumer.pause(message.topic, message.partition);
      }
      return !this.#late.has(name);
    });
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    this.#isDivided = true;
    if (partitions.length === 0) return;
    this.#note(`${this.#shown(partitions)}: read here from now on`);
    const isFirst = !this.#isBegun;
    this.#isBegun = true;
    if (!this.settings.isReset || !isFirst) return;
    for (const topic of new Set(partitions.map((each) => each.topic))) {
      await this.#try(undefined, async () => this.#consumer?.reset(topic));
    }
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    this.#isDivided = false;
    await this.commit();
    this.#note(`${this.#shown(partitions)}: given back`);
    for (const each of partitions) this.#ends.delete(partitionName(each));
  }

  #lost(partitions: readonly TopicPartition[]): void {
    this.#isDivided = false;
    const uncommitted = partitions.filter((each) => this.#printed.delete(partitionName(each)));
    if (uncommitted.length > 0) this.context.warn(`${this.#shown(uncommitted)}: ${again}`);
    this.#note(`${this.#shown(partitions)}: lost to others`);
  }

  #notCommitted(error: ClientError, offsets: readonly TopicPartition[]): void {
    // The group gathers anew: before it goes on, this member is asked for them.
    if (error.code === "REBALANCE_IN_PROGRESS") return;
    const message = `${this.#shown(offsets)}: ${again}: ${this.open.failureOf(error).message}`;
    this.context.warn(message);
    if (!goneCodes.includes(error.code)) return;
    for (const each of offsets) this.#printed.delete(partitionName(each));
  }

  #tellWarnings(consumer: Consumer): void {
    const { warnings, dropped } = consumer.takeWarnings();
    for (const warning of warnings) {
      this.context.warn(warning.message);
      if (warning.kind !== "changed") continue;
      // It is another log by now: neither its old end nor what was printed of it says anything.
      const name = partitionName(warning);
      this.#ends.delete(name);
      this.#printed.delete(name);
    }
    if (dropped > 0) this.context.warn(`and ${dropped} warnings before these`);
  }

  #note(message: string): void {
    if (this.settings.isVerbose) this.context.stderr.write(`${message}\n`);
  }

  #shown(partitions: readonly TopicPartition[]): string {
    return printable(partitions.map(partitionName).join(", "), failureCharactersMax);
  }

  /** What `action` gives; if it fails, `failed`, and the run is over. */
  async #try<T>(failed: T, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#isOver = true;
      // Who was interrupted closes the consumer, and waits no more for what it was asked before.
      const isGivenUp = error.code === "CLOSED" && this.interruption.isTriggered;
      if (!isGivenUp) this.code = this.context.fail(this.open.failureOf(error).message);
      return failed;
    }
  }
}

const again = "the last messages were printed and not committed; who reads on prints them again";

function fromOf({ kind, value }: KcatOffset): NonNullable<ConsumerOptions["from"]> {
  if (kind === "fromTime") return value;
  return kind === "last" && value === 0 ? "latest" : "earliest";
}
