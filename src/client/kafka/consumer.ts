/**
 * The consumer over Kafka's protocol: reads topics as a member of a group, all of their partitions
 * without one, or partitions that its program chose. The verbs of the embedded consumer
 * (`../consumer.ts`), which reads files.
 *
 * Delivery is **at least once**: what was polled and not committed is polled again by whoever reads
 * the partition next. Rebalances happen within `poll`, so that a program commits what it has
 * processed before others read on; heartbeats go on by themselves while it works.
 *
 *     poll ─► rebalance.ts ─► membership.ts ─► heartbeat.ts      who reads what
 *        └──► position-finder.ts ─► group-offsets.ts             from where
 *        └──► fetcher.ts ─► fetch-session.ts, fetched-records.ts the records
 *
 * Methods reject with a {@link ClientError}. A broker that goes away and comes back is survived:
 * polls find nothing meanwhile.
 */
import {
  consumerCloseMsMax,
  consumerPollWaitMs,
  consumerPollWaitMsMax,
  consumerTurnMs,
  pollMessagesDefault,
  pollMessagesMax,
} from "../../limits.ts";
import { CallQueue } from "../call-queue.ts";
import type { ConsumerMessage } from "../consumer-message.ts";
import { ConsumerWarnings, type ConsumerWarning } from "../consumer-warning.ts";
import type { PartitionCounts } from "./assignor.ts";
import { AutoCommit, commitOffsets, commitPositions } from "./auto-commit.ts";
import { ClientError } from "./client-error.ts";
import type { ClientWorld } from "./client-world.ts";
import { Cluster } from "./cluster.ts";
import type { ConsumerCluster } from "./consumer-cluster.ts";
import { type ConsumerOptions, type ConsumerPlan, planOf } from "./consumer-options.ts";
import { DamageSearch } from "./damage-search.ts";
import { EpochCheck } from "./epoch-check.ts";
import { Fetcher } from "./fetcher.ts";
import { GroupOffsets } from "./group-offsets.ts";
import { Membership } from "./membership.ts";
import { earliestTime, latestTime, OffsetLookup } from "./offset-lookup.ts";
import type { Position } from "./position.ts";
import { PositionFinder } from "./position-finder.ts";
import { Positions } from "./positions.ts";
import { Rebalance } from "./rebalance.ts";
import { Signal } from "./signal.ts";
import { partitionName, type TopicPartition } from "./topic-partition.ts";
import { TopicWatch } from "./topic-watch.ts";

/** Everything before `offset` was processed. */
export interface ProcessedOffset extends TopicPartition {
  readonly offset: number;
  /** Anything that the program wants to find beside it. */
  readonly metadata?: string;
}

/** Offsets that were given up: from `fromOffset` to before `toOffset`. */
export interface SkippedOffsets extends TopicPartition {
  readonly fromOffset: number;
  readonly toOffset: number;
}

/** See the head of this file. */
export class Consumer {
  readonly #signal: Signal;
  readonly #positions: Positions;
  readonly #warnings = new ConsumerWarnings();
  readonly #lookup: OffsetLookup;
  readonly #finder: PositionFinder;
  readonly #fetcher: Fetcher;
  /** `null`: without a group. */
  readonly #offsets: GroupOffsets | null;
  readonly #autoCommit: AutoCommit | null;
  /** `null`: not a member of a group. */
  readonly #member: Membership | null;
  readonly #rebalance: Rebalance | null;
  /** Of topics that are read without a group. */
  readonly #watch: TopicWatch | null;
  /** Of the monotonic clock: when a poll has last let the event loop turn. */
  #turnedAt = -Infinity;
  readonly #polls = new CallQueue((message) => new ClientError("OVERLOADED", message));
  #closing: Promise<void> | null = null;

  private constructor(
    plan: ConsumerPlan,
    private readonly cluster: ConsumerCluster,
    options: ConsumerOptions,
    private readonly lanes: { readonly fetch: string; readonly join: string },
    private readonly ownCluster: Cluster | null,
  ) {
    const { world } = cluster;
    const { group, groupInstanceId, topics, assign, fetching } = plan;
    const wake = (): void => this.#signal.raise();
    const gone = (): void => (this.#rebalance ?? this.#watch)?.lookSoon();
    const hooks = { wake, gone };
    this.#signal = new Signal(world.clock);
    this.#positions = new Positions(world, wake);
    this.#lookup = new OffsetLookup(cluster, fetching.isolationLevel);
    const isMember = group !== null && topics.length > 0;
    this.#member = isMember
      ? new Membership({
          cluster,
          options: { ...plan.membership, group },
          lane: lanes.join,
          wake,
        })
      : null;
    const requireStable = fetching.isolationLevel === 1;
    const offsets = { cluster, group: group ?? "", groupInstanceId, requireStable };
    this.#offsets = group === null ? null : new GroupOffsets({ ...offsets, member: this.#member });
    this.#autoCommit =
      this.#offsets === null || plan.autoCommitIntervalMs === null
        ? null
        : new AutoCommit({
            cluster,
            offsets: this.#offsets,
            intervalMs: plan.autoCommitIntervalMs,
          });
    const positions = this.#positions;
    const warnings = this.#warnings;
    const parts = { positions, offsets: this.#offsets, lookup: this.#lookup, warnings, ...hooks };
    this.#finder = new PositionFinder({ ...parts, fromTime: plan.fromTime });
    const epochs = new EpochCheck(this.#lookup, warnings);
    const lane = lanes.fetch;
    this.#fetcher = new Fetcher({ cluster, positions, epochs, options: fetching, lane, ...hooks });
    this.#rebalance =
      this.#member === null
        ? null
        : new Rebalance({
            cluster,
            member: this.#member,
            positions,
            isCooperative: plan.isCooperative,
            events: options,
            commitBefore: (partitions) => this.#commitBefore(partitions),
            wake,
          });
    this.#watch = !isMember && topics.length > 0 ? new TopicWatch({ cluster, wake }) : null;
    this.#watch?.watch(topics, null);
    positions.assign(assign);
  }

  /** INVALID; or why none of the brokers can be reached. Joining the group begins with a poll. */
  static async open(options: ConsumerOptions, world?: ClientWorld): Promise<Consumer> {
    const plan = planOf(options);
    const { brokers = [], clientId, cluster } = options;
    const named = clientId === undefined ? { brokers } : { brokers, clientId };
    const own = cluster === undefined ? await Cluster.open(named, world) : null;
    const used = cluster ?? own;
    if (used === null) throw new ClientError("INVALID", "brokers or a cluster, one of them");
    // What waits for others in a lane is never another consumer of the same cluster.
    const id = used.world.random.uuid();
    const lanes = { fetch: `fetch ${id}`, join: `join ${id}` };
    return new Consumer(plan, used, options, lanes, own);
  }

  /**
   * The next messages of all partitions, `max` at most; none if there are none within `waitMs`.
   * Those of a partition come in order. Polls are carried out one after another.
   *
   * A {@link DamageError}: the next records of a partition can't be read. What is good before them
   * has been polled, other partitions go on, and this one stays where it is, until `skipDamage` or
   * `seek`. FENCED_INSTANCE_ID: another consumer has this one's place for good. OVERLOADED: too
   * many polls wait already.
   */
  poll(max = pollMessagesDefault, waitMs = consumerPollWaitMs): Promise<ConsumerMessage[]> {
    if (!Number.isInteger(max) || max < 1 || max > pollMessagesMax) {
      const message = `a poll takes 1 to ${pollMessagesMax} messages`;
      return Promise.reject(new ClientError("INVALID", message));
    }
    if (!(waitMs >= 0 && waitMs <= consumerPollWaitMsMax)) {
      const message = `a poll waits for 0 to ${consumerPollWaitMsMax} ms`;
      return Promise.reject(new ClientError("INVALID", message));
    }
    return this.#polls.run(() => this.#poll(max, waitMs));
  }

  /**
   * Remembers for the group that everything polled so far was processed; with offsets: that
   * everything before them was. They are at most what was polled.
   * INVALID; ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID: the partitions are others' by now;
   * REBALANCE_IN_PROGRESS: the group is about to divide them anew.
   */
  async commit(offsets?: readonly ProcessedOffset[]): Promise<void> {
    this.#checkOpen();
    const group = this.#group();
    if (offsets === undefined) await commitPositions(group, this.#positions.all());
    else {
      const checked = offsets.map((each) => this.#committable(each));
      await commitOffsets(group, this.#positions.all(), checked);
    }
  }

  /** The offset of the next message to poll; of all assigned partitions of the topic, the sum. */
  async currentOffset(topic: string, partition?: number): Promise<number> {
    this.#checkOpen();
    const assigned = this.#assigned(topic, partition);
    await this.#found(assigned);
    return assigned.reduce((sum, { offset }) => sum + (offset ?? 0), 0);
  }

  /** What the group has committed; where it has not, the start of the partition. A sum likewise. */
  async committedOffset(topic: string, partition?: number): Promise<number> {
    this.#checkOpen();
    const partitions = await this.#partitionsOf(topic, partition);
    const committed = await this.#group().committed(partitions);
    const rest = partitions.filter((each) => !committed.has(partitionName(each)));
    const starts = await this.#ends(rest, earliestTime);
    return partitions.reduce((sum, each) => {
      const name = partitionName(each);
      return sum + (committed.get(name)?.offset ?? starts.get(name) ?? 0);
    }, 0);
  }

  /** The offset after the newest message that may be read; of all partitions, the sum. */
  async endOffset(topic: string, partition?: number): Promise<number> {
    this.#checkOpen();
    const ends = await this.#ends(await this.#partitionsOf(topic, partition), latestTime);
    return sumOf(ends);
  }

  /** How many offsets there are from the oldest message to the newest, polled or not. */
  async messageCount(topic: string, partition?: number): Promise<number> {
    this.#checkOpen();
    const partitions = await this.#partitionsOf(topic, partition);
    const starts = await this.#ends(partitions, earliestTime);
    const ends = await this.#ends(partitions, latestTime);
    return sumOf(ends) - sumOf(starts);
  }

  /** The numbers of a topic's partitions, whoever reads them; none if it does not exist yet. */
  async partitions(topic: string): Promise<readonly number[]> {
    this.#checkOpen();
    const [found] = await this.#retry(() => this.cluster.topics([topic]));
    const error = found?.error ?? null;
    if (error !== null && error.code !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
    return (found?.partitions ?? []).map(({ partition }) => partition);
  }

  /** What this consumer reads now. */
  assignment(): readonly TopicPartition[] {
    return this.#positions.partitions();
  }

  /** Goes back to the oldest messages of what it reads of a topic. Commits stay as they are. */
  async reset(topic: string): Promise<void> {
    this.#checkOpen();
    await this.#finder.goTo(earliestTime, this.#assigned(topic));
    this.#signal.raise();
  }

  /** Goes back to what the group has committed of a topic; where it has not, to the start. */
  async rollback(topic: string): Promise<void> {
    this.#checkOpen();
    await this.#finder.rollback(this.#group(), this.#assigned(topic));
    this.#signal.raise();
  }

  /** Goes to an offset between the start and the end of a partition that it reads. */
  async seek(topic: string, partition: number, to: number): Promise<void> {
    this.#checkOpen();
    const [position] = this.#assigned(topic, partition);
    const where = [{ topic, partition }];
    const start = sumOf(await this.#ends(where, earliestTime));
    const end = sumOf(await this.#ends(where, latestTime));
    if (!Number.isSafeInteger(to) || to < start || to > end) {
      const message = `offset ${to} of ${topic}/${partition} is not in [${start}, ${end}]`;
      throw new ClientError("INVALID", message);
    }
    if (position?.isAssigned !== true) throw notAssigned(topic, partition);
    position.seek(to);
    position.hasMoved = true;
    this.#signal.raise();
  }

  /**
   * Gives up the next records of a partition as far as they can't be read, and goes on behind them;
   * says which. `null`: the next one can be read.
   */
  async skipDamage(topic: string, partition: number): Promise<SkippedOffsets | null> {
    this.#checkOpen();
    const [position] = this.#assigned(topic, partition);
    const from = position?.offset ?? null;
    if (position === undefined || from === null) return null;
    const end = sumOf(await this.#ends([position], latestTime));
    const search = new DamageSearch(this.cluster);
    const to = await this.#retry(() => search.endOf(position, from, end));
    if (to === from) return null;
    if (!position.isAssigned) throw notAssigned(topic, partition);
    // The program has gone elsewhere meanwhile.
    if (position.offset !== from) return null;
    position.seek(to);
    position.hasMoved = true;
    this.#signal.raise();
    return { topic, partition, fromOffset: from, toOffset: to };
  }

  /** Hands out nothing more of what it reads of a topic, or of one partition, until `resume`. */
  pause(topic: string, partition?: number): void {
    this.#checkOpen();
    for (const position of this.#assigned(topic, partition)) {
      position.isPaused = true;
      // What waits would take the room of what may be read.
      position.refetch();
    }
  }

  /** Ends a pause. */
  resume(topic: string, partition?: number): void {
    this.#checkOpen();
    for (const position of this.#assigned(topic, partition)) position.isPaused = false;
    this.#signal.raise();
  }

  /** What the consumer had to decide by itself since the last call; `dropped`: too many to keep. */
  takeWarnings(): { warnings: readonly ConsumerWarning[]; dropped: number } {
    return this.#warnings.take();
  }

  /**
   * Commits what was polled, if that is done by itself; gives its partitions back and leaves the
   * group, a static member excepted. Closing twice is allowed. A program's own function that
   * closing waits for has nothing to wait for itself.
   */
  close(): Promise<void> {
    if (this.#closing !== null && this.#rebalance?.isCalling === true) return Promise.resolve();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #poll(max: number, waitMs: number): Promise<ConsumerMessage[]> {
    const { clock } = this.cluster.world;
    const deadline = clock.monotonic() + waitMs;
    this.#checkPolling();
    this.#member?.pollBegins();
    try {
      await this.#turn();
      this.#autoCommit?.tick(this.#positions.all());
      for (;;) {
        await this.#divide();
        this.#checkPolling();
        const failure = this.#finder.takeFailure();
        if (failure !== null) throw failure;
        this.#finder.kick();
        const messages = this.#fetcher.take(max);
        // While the program works on these, the next ones come.
        this.#fetcher.kick();
        const leftMs = deadline - clock.monotonic();
        if (messages.length > 0 || leftMs <= 0) return messages;
        await this.#signal.wait(leftMs);
        this.#checkPolling();
      }
    } finally {
      this.#member?.pollEnds();
    }
  }

  /**
   * Lets the event loop turn now and then, for a program that works on messages without a pause:
   * what has been fetched comes without one, too, and heartbeats are sent from timers.
   */
  async #turn(): Promise<void> {
    const { clock } = this.cluster.world;
    if (clock.monotonic() - this.#turnedAt < consumerTurnMs) return;
    await new Promise<void>((resolve) => void clock.after(0, resolve));
    this.#turnedAt = clock.monotonic();
  }

  /** Sees to what this consumer reads. */
  async #divide(): Promise<void> {
    await this.#rebalance?.step();
    const watch = this.#watch;
    if (watch === null) return;
    watch.look();
    const counts = watch.takeChange();
    if (counts !== null) this.#readAll(counts);
    const failure = watch.takeFailure();
    const isPassing = failure instanceof ClientError && failure.retriable;
    if (failure !== null && !isPassing) throw failure;
  }

  /** Reads all partitions that there are, and no others. */
  #readAll(counts: PartitionCounts): void {
    const there = [...counts].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    );
    this.#positions.drop(
      this.#positions.all().filter(({ topic, partition }) => partition >= (counts.get(topic) ?? 0)),
    );
    this.#positions.assign(there);
  }

  async #commitBefore(partitions: readonly TopicPartition[]): Promise<void> {
    const positions = partitions.map((each) => this.#positions.find(each));
    await this.#autoCommit?.before(positions.filter((each) => each !== undefined));
  }

  async #close(): Promise<void> {
    const { clock } = this.cluster.world;
    this.#signal.raise();
    this.#watch?.stop();
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(consumerCloseMsMax, resolve);
    });
    try {
      await Promise.race([this.#leave(), late]);
    } finally {
      cancel();
      this.#positions.drop(this.#positions.all());
      this.cluster.closeLane(this.lanes.fetch);
      this.cluster.closeLane(this.lanes.join);
      await this.ownCluster?.close();
    }
  }

  async #leave(): Promise<void> {
    // What the group is asked in vain by now would keep a poll waiting.
    this.cluster.closeLane(this.lanes.join);
    // A program may close from within its own function that a poll waits for.
    if (this.#rebalance?.isCalling !== true) await this.#polls.over;
    const fetcher = this.#fetcher.close();
    if (this.#rebalance !== null) await this.#rebalance.close();
    else await this.#commitBefore(this.#positions.partitions());
    await fetcher;
  }

  /** While it closes, a program may still commit from within its own function. */
  #checkOpen(): void {
    if (this.#rebalance?.isCalling !== true) this.#checkPolling();
  }

  #checkPolling(): void {
    if (this.#closing !== null) throw new ClientError("CLOSED", "the consumer is closed");
  }

  #group(): GroupOffsets {
    if (this.#offsets !== null) return this.#offsets;
    throw new ClientError("INVALID", "this consumer was opened without a group");
  }

  /** Positions of what is read of a topic. */
  #assigned(topic: string, partition?: number): Position[] {
    const assigned = this.#positions.of(topic);
    if (partition === undefined) return assigned;
    const found = assigned.filter((each) => each.partition === partition);
    if (found.length === 0) throw notAssigned(topic, partition);
    return found;
  }

  async #found(positions: readonly Position[]): Promise<void> {
    await this.#retry(this.#lookup.patiently(positions, () => this.#finder.find(positions)));
  }

  async #partitionsOf(topic: string, partition?: number): Promise<readonly TopicPartition[]> {
    if (partition !== undefined) {
      if (Number.isInteger(partition) && partition >= 0) return [{ topic, partition }];
      throw new ClientError("INVALID", `${topic}/${partition} cannot be a partition`);
    }
    return (await this.partitions(topic)).map((each) => ({ topic, partition: each }));
  }

  #ends(partitions: readonly TopicPartition[], timestamp: number) {
    return this.#lookup.all(partitions.map((each) => ({ ...each, timestamp })));
  }

  #retry<T>(attempt: () => Promise<T>): Promise<T> {
    const { clock } = this.cluster.world;
    return this.cluster.retry(clock.monotonic() + consumerCloseMsMax, attempt);
  }

  #committable({ topic, partition, offset, metadata = "" }: ProcessedOffset) {
    const position = this.#positions.find({ topic, partition });
    if (position === undefined) {
      const message = `${topic}/${partition} is not assigned to this consumer now`;
      throw new ClientError("ILLEGAL_GENERATION", `${message}: another may read it`);
    }
    const polled = position.offset ?? -1;
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > polled) {
      const message =
        `offset ${offset} of ${topic}/${partition} can't be committed: only up to ${polled} was ` +
        "polled. commit() without offsets commits all of that.";
      throw new ClientError("INVALID", message);
    }
    // That of the record before it is known at the position only.
    const leaderEpoch = offset === polled ? position.recordEpoch : -1;
    return { topic, partition, offset, leaderEpoch, metadata };
  }
}

const sumOf = (offsets: ReadonlyMap<string, number>): number =>
  [...offsets.values()].reduce((sum, each) => sum + each, 0);

const notAssigned = (topic: string, partition: number): ClientError =>
  new ClientError("INVALID", `${topic}/${partition} is not assigned to this consumer now`);
