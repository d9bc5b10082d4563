/**
 * One partition as the broker hosts it: the rules that a batch must pass, the offsets that clients
 * see, who waits for records, and the idempotent producers, all above one log.
 *
 * Invariants: once it has ended, no append reaches the log and nothing is read, whoever still holds
 * it; a batch is judged and appended in one go, with no other in between; batches are appended in
 * the order in which they came, however long it takes to look at their records; whatever the log
 * does to its ends, watermarks and producers follow within the same call.
 */
import { offset, type Offset } from "../base/brands.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Memory } from "../base/memory.ts";
import { Refusal } from "../base/refusal.ts";
import type { Compactable, Compacted, CompactionMeans } from "../log/compaction.ts";
import type {
  Appended,
  Expired,
  LogFollower,
  LogRead,
  PartitionLog,
  TimedOffset,
} from "../log/log.ts";
import { leaderEpoch } from "../log/scan.ts";
import { type BatchHeader, readHeader, viewOf } from "../record/batch.ts";
import { admission, admit, type Admitted, type BatchRules, sizeRefusal } from "./batch-rules.ts";
import type { EpochEnd, Partition, Produced, ProducerState } from "./broker.ts";
import type { Examinations } from "./examinations.ts";
import { checkProduced, type ProduceOptions } from "./produced-batch.ts";
import type { ProducerCensus } from "./producer-census.ts";
import { ProducerKeeper } from "./producer-keeper.ts";
import type { RetainedBatch } from "./producer-sequence.ts";
import type { ProducerStore } from "./producer-snapshot.ts";
import type { DiskSpace } from "./space.ts";
import { type BrokerStats, Traffic } from "./stats.ts";
import { Watches } from "./waiters.ts";
import { Watermarks } from "./watermarks.ts";

/** What a partition knows of its topic; the rules change with the topic's configuration. */
export interface PartitionOwner {
  readonly name: string;
  readonly rules: BatchRules;
  /** `cleanup.policy` has `delete`. */
  readonly isDeleting: boolean;
}

/** What all partitions of a broker share. */
export interface PartitionParts {
  readonly space: DiskSpace;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly census: ProducerCensus;
  readonly stats: BrokerStats;
  readonly examinations: Examinations;
  /** Where the producers of one partition are kept. */
  readonly producerStore: (topic: string, index: number) => ProducerStore;
}

/** See the head of this file. */
export class HostedPartition implements Partition, LogFollower {
  readonly topic: string;
  readonly leaderEpoch = leaderEpoch;
  readonly watermarks: Watermarks;
  readonly watches = new Watches();
  readonly traffic = new Traffic();
  /** Made when it is first needed: most partitions of a broker with many are idle. */
  #kept: ProducerKeeper | null = null;
  /** `log.visibleBytes` and `log.visibleOffset` when those who wait were last told. */
  #visibleBytes: number;
  #visibleOffset: Offset;
  /** Set once, by {@link end} or {@link close}. */
  #ended: Refusal | null = null;
  /** Batches whose records are looked at, or will be: later ones wait for them. */
  #examining = 0;
  /** The deletion of records under way; one at a time, or a lower start could be stored last. */
  #trimming: Promise<unknown> = nothingToDo;

  constructor(
    private readonly owner: PartitionOwner,
    readonly index: number,
    readonly log: PartitionLog,
    private readonly parts: PartitionParts,
  ) {
    this.topic = owner.name;
    this.watermarks = new Watermarks(log);
    this.#visibleBytes = log.visibleBytes;
    this.#visibleOffset = log.visibleOffset;
    log.follow(this);
  }

  get #keeper(): ProducerKeeper {
    if (this.#kept !== null) return this.#kept;
    const { logger, producerStore, census } = this.parts;
    const about = { topic: this.topic, partition: this.index };
    const store = producerStore(this.topic, this.index);
    this.#kept = new ProducerKeeper(this.log, store, census, logger.with(about));
    return this.#kept;
  }

  get highWatermark(): Offset {
    return this.watermarks.highWatermark;
  }

  append(batch: Uint8Array): Appended | Refusal {
    if (this.#ended !== null) return this.#ended;
    const header = this.#headerOf(batch, { isTrusted: true });
    if (header instanceof Refusal) return header;
    const admitted = admit(batch, header, this.owner.rules, this.parts.clock.now(), true);
    return admitted instanceof Refusal ? admitted : this.#append(admitted.batch);
  }

  produce(batch: Uint8Array, options: ProduceOptions = {}): Promise<Produced | Refusal> {
    const header = this.#ended ?? this.#headerOf(batch, options);
    if (header instanceof Refusal) return Promise.resolve(header);
    const examine = () => this.#examine(batch, header, options);
    if (header.producerId < 0 || this.#keeper.isLoaded) return examine();
    const { promise, resolve } = Promise.withResolvers<Produced | Refusal>();
    this.#keeper.whenLoaded((refusal) => {
      // It has to come again, before those that are on their way behind it.
      if (refusal !== null && this.#ended === null) this.#keeper.producers.refused(header);
      resolve(refusal ?? examine());
    });
    return promise;
  }

  read(from: Offset, bytesMax: number): LogRead | Refusal | Promise<LogRead | Refusal> {
    const read = this.#ended ?? this.log.read(from, bytesMax);
    // What was asked of a topic that is deleted meanwhile must not look like the next one's.
    return read instanceof Promise ? read.then((found) => this.#ended ?? found) : read;
  }

  offsetsFault(): Refusal | null {
    // At its end an open log has nothing to read, and says so at once.
    const read = this.read(this.highWatermark, 1);
    return read instanceof Refusal ? read : null;
  }

  async offsetForTime(timestamp: number): Promise<TimedOffset | null | Refusal> {
    const found = this.#ended ?? (await this.log.offsetForTime(timestamp));
    return this.#ended ?? found;
  }

  async deleteRecords(before: number): Promise<Offset | Refusal> {
    if (!this.owner.isDeleting) {
      const message = `cleanup.policy of topic ${this.topic} has no delete: its records stay`;
      return new Refusal("POLICY_VIOLATION", message);
    }
    const trimmed = this.#trimming.then(() => this.#trim(before));
    this.#trimming = trimmed;
    return await trimmed;
  }

  /** Applies the topic's retention, if it has one; `null`: it keeps everything, or has ended. */
  async expire(now: number): Promise<Expired | Refusal | null> {
    if (!this.owner.isDeleting) return null;
    const expired = this.#trimming.then(() => this.#expire(now));
    this.#trimming = expired;
    return await expired;
  }

  /** What there is to compact; `null`: nothing. `now` as `expire` takes it. */
  async compactable(now: number): Promise<Compactable | null> {
    if (this.#ended !== null || !this.owner.rules.isCompacted) return null;
    const refusal = await this.log.rollForCompaction(now);
    if (refusal !== null) {
      const about = { topic: this.topic, partition: this.index, reason: refusal.message };
      this.parts.logger.warn("a segment could not be ended for compaction", about);
    }
    return this.#ended === null ? this.log.compactable(now) : null;
  }

  /**
   * Compacts the log up to `end`, as `compactable` has told it. The last batch of each producer
   * that is known stays, if empty, so that reading the log tells what it has sent.
   */
  async compact(
    end: Offset,
    means: Omit<CompactionMeans, "isLastOf" | "intactEnd">,
  ): Promise<Compacted | Refusal> {
    const intactEnd = this.#ended ?? (await this.#keeper.beforeCompaction(end));
    const refusal = this.#ended ?? (intactEnd instanceof Refusal ? intactEnd : null);
    if (refusal !== null || intactEnd instanceof Refusal) return refusal ?? closed;
    const lastOf = new Map<number, Offset>();
    for (const [producerId, { batches }] of this.#keeper.producers.acknowledged()) {
      const last = batches.at(-1);
      if (last !== undefined) lastOf.set(producerId, last.baseOffset);
    }
    const isLastOf = (producerId: number, baseOffset: Offset): boolean =>
      lastOf.get(producerId) === baseOffset;
    return await this.log.compact({ ...means, intactEnd, isLastOf });
  }

  leaderEpochFault(currentLeaderEpoch: number): Refusal | null {
    if (currentLeaderEpoch === -1 || currentLeaderEpoch === leaderEpoch) return null;
    const isNewer = currentLeaderEpoch > leaderEpoch;
    return new Refusal(
      isNewer ? "UNKNOWN_LEADER_EPOCH" : "FENCED_LEADER_EPOCH",
      `the leader of ${this.topic}/${this.index} has epoch ${leaderEpoch}, not ` +
        String(currentLeaderEpoch),
    );
  }

  endOfEpoch(epoch: number): EpochEnd {
    if (epoch !== leaderEpoch) return { leaderEpoch: -1, endOffset: -1 };
    return { leaderEpoch, endOffset: this.watermarks.highWatermark };
  }

  async describeProducers(): Promise<readonly ProducerState[] | Refusal> {
    if (this.#ended !== null) return this.#ended;
    const { promise, resolve } = Promise.withResolvers<Refusal | null>();
    this.#keeper.whenLoaded(resolve);
    const refusal = (await promise) ?? this.#ended;
    if (refusal !== null) return refusal;
    const states: ProducerState[] = [];
    for (const [producerId, entry] of this.#keeper.producers.acknowledged()) {
      const last = entry.batches.at(-1);
      const { lastSequence = -1, timestamp: lastTimestamp = -1 } = last ?? {};
      const { producerEpoch } = entry;
      states.push({ producerId, producerEpoch, lastSequence, lastTimestamp });
    }
    return states.sort((a, b) => a.producerId - b.producerId);
  }

  /** Refuses everything with `refusal` from now on, and lets go of who waits. */
  end(refusal: Refusal): void {
    this.#ended ??= refusal;
    this.watches.end("changed");
  }

  /** Removes the log of a partition that has ended. */
  async delete(): Promise<Refusal | null> {
    await this.#trimming;
    // What is still being written would lie in the directory of the next topic of this name.
    await this.#kept?.end(this.#ended ?? closed);
    return await this.log.delete();
  }

  /** Brings everything to the disk and closes the log. */
  async close(): Promise<void> {
    this.#ended ??= closed;
    this.watches.end("closing");
    await this.#trimming;
    await this.log.flush();
    await this.#kept?.close();
    await this.log.close();
  }

  #headerOf(batch: Uint8Array, options: ProduceOptions): BatchHeader | Refusal {
    const { rules } = this.owner;
    if (options.isTrusted !== true) return checkProduced(batch, rules, options);
    if (batch.byteLength > rules.messageBytesMax) return sizeRefusal(batch.byteLength, rules);
    return readHeader(viewOf(batch), 0);
  }

  /** Looks at the records, in later turns if they are many, and stores them in their order. */
  #examine(
    batch: Uint8Array,
    header: BatchHeader,
    { memory, isTrusted = false }: ProduceOptions,
  ): Promise<Produced | Refusal> {
    const steps = admission(batch, header, this.owner.rules, this.parts.clock.now(), isTrusted);
    if (this.#examining === 0) {
      const answer = this.#judge(header);
      if (answer !== null) return answer;
      const first = steps.next();
      if (first.done === true) return this.#store(header, first.value, memory);
    }
    this.#examining += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Produced | Refusal>();
    this.parts.examinations.take(steps, (admitted) => {
      this.#examining -= 1;
      try {
        resolve(this.#judge(header) ?? this.#store(header, admitted(), memory));
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }

  /** What a batch is answered without being stored; `null`: it is to be, with no other between. */
  #judge(header: BatchHeader): Promise<Produced | Refusal> | null {
    if (this.#ended !== null) return Promise.resolve(this.#ended);
    if (header.producerId < 0) return null;
    const verdict = this.#keeper.producers.judge(header);
    if (verdict instanceof Refusal) return Promise.resolve(verdict);
    return verdict === "next" ? null : this.#again(verdict);
  }

  #store(
    header: BatchHeader,
    admitted: Admitted | Refusal,
    memory: Memory | undefined,
  ): Promise<Produced | Refusal> {
    if (admitted instanceof Refusal) return Promise.resolve(admitted);
    const appended = this.#append(admitted.batch, memory);
    const { producers } = this.#keeper;
    if (appended instanceof Refusal) {
      if (header.producerId >= 0) producers.refused(header);
      return Promise.resolve(appended);
    }
    const { maxTimestamp } = admitted;
    if (header.producerId >= 0) producers.appended(header, appended, maxTimestamp);
    return this.#answer(appended.committed, appended.baseOffset, maxTimestamp);
  }

  /** Answers a batch that was here before: as then, or as it will be. */
  #again(batch: RetainedBatch): Promise<Produced | Refusal> {
    const fate = this.#keeper.producers.fateOf(batch);
    return this.#answer(fate, batch.baseOffset, batch.timestamp);
  }

  async #answer(
    fate: Promise<Refusal | null>,
    baseOffset: Offset,
    timestamp: number,
  ): Promise<Produced | Refusal> {
    const logAppendTimeMs = this.owner.rules.isLogAppendTime ? timestamp : -1;
    const refusal = await fate;
    return refusal ?? { baseOffset, logAppendTimeMs, logStartOffset: this.log.startOffset };
  }

  #append(batch: Uint8Array, memory?: Memory): Appended | Refusal {
    const { space } = this.parts;
    const appended = space.take(batch.byteLength) ?? this.log.append(batch, memory);
    if (appended instanceof Refusal) return appended;
    this.parts.stats.appended(batch.byteLength, appended.nextOffset - appended.baseOffset);
    this.watermarks.set(this.log);
    this.#keeper.appended(appended.baseOffset, batch.byteLength);
    return appended;
  }

  async #trim(before: number): Promise<Offset | Refusal> {
    const target = before === -1 ? this.log.visibleOffset : before;
    if (target < 0) return new Refusal("OFFSET_OUT_OF_RANGE", `there is no offset ${before}`);
    const refusal = this.#ended ?? (await this.log.trim(offset(target)));
    this.watermarks.set(this.log);
    this.watches.trimmed(this.log.startOffset);
    return refusal ?? this.log.startOffset;
  }

  async #expire(now: number): Promise<Expired | Refusal | null> {
    if (this.#ended !== null) return null;
    const expired = await this.log.expire(now);
    this.watermarks.set(this.log);
    this.watches.trimmed(this.log.startOffset);
    return this.#ended === null ? expired : null;
  }

  visible(): void {
    const bytes = this.log.visibleBytes - this.#visibleBytes;
    this.#visibleBytes += bytes;
    const records = this.log.visibleOffset - this.#visibleOffset;
    this.#visibleOffset = this.log.visibleOffset;
    // Without bytes it is a log that could not be opened before, and brings what it has.
    if (bytes > 0) this.traffic.received(records, bytes);
    this.watermarks.set(this.log);
    this.#kept?.producers.commit(this.log.visibleOffset);
    this.watches.arrived(bytes);
  }

  rolledBack(): void {
    this.watermarks.set(this.log);
    this.#kept?.producers.rollBack();
  }
}

/** What the trimmings of all partitions begin behind. */
const nothingToDo = Promise.resolve();

const closed = new Refusal("SHUTTING_DOWN", "the broker is shutting down; send again later");
