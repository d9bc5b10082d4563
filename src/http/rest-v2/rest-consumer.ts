/**
 * One consumer instance of REST v2: what it is to read, and where it is. Subscribed to topics it is
 * a member of its group, which shares the partitions out among all members, whatever they are; or
 * it has been assigned partitions by hand, and is no member.
 *
 * Positions are of the next records to be answered: they move when an answer is complete, and not
 * if its client has gone before. Nothing that was read is kept between two requests.
 *
 * Source: confluentinc/kafka-rest `KafkaConsumerState`, `KafkaConsumerReadTask`; Apache Kafka
 * `KafkaConsumer`, whose behaviour clients of the proxy see.
 */
import { offset } from "../../base/brands.ts";
import type { Clock } from "../../base/clock.ts";
import { Refusal } from "../../base/refusal.ts";
import type { Broker, Partition } from "../../broker/broker.ts";
import type { AssignedPartition } from "../../broker/consumer-protocol.ts";
import { commitOffsets, committedOffsets, type ReachedOffset } from "../../broker/group-commits.ts";
import type { GroupCoordinator } from "../../broker/group-coordinator.ts";
import type { GroupErrorCode } from "../../broker/group-errors.ts";
import type { GroupMember } from "../../broker/group-member.ts";
import { type VisitedRecord, visitRecords } from "../../broker/record-visit.ts";
import type { ResidentMembers } from "../../broker/resident-members.ts";
import type { Slots } from "../../broker/slots.ts";
import type { Wait } from "../../broker/waiters.ts";
import { autoCommitMs, httpScanReadBytes, httpWaitMsMax } from "../../limits.ts";
import { HttpError, noRoom } from "../errors.ts";
import type { Inbound } from "../route.ts";
import { embeddedBytes, type EmbeddedRecord, embeddedRecord } from "./embedded-record.ts";
import { consumerFault, groupFault, illegalState, partitionNotFound } from "./errors.ts";
import type { EmbeddedFormat } from "./media.ts";

/** What consumers stand on. */
export interface ConsumerParts {
  readonly broker: Broker;
  readonly groups: Pick<GroupCoordinator, "offsetCommit" | "offsetFetch">;
  readonly members: ResidentMembers;
  readonly clock: Clock;
  readonly pages: Pick<Slots, "run">;
}

/** What an instance was created with. */
export interface ConsumerSettings {
  readonly format: EmbeddedFormat;
  /** Where the group has committed nothing. */
  readonly reset: "earliest" | "latest" | "none";
  readonly autoCommit: boolean;
  /** A read waits for so many bytes of keys and values; infinite: for as long as it may. */
  readonly minBytes: number;
  readonly waitMs: number;
}

/** What it reads: topics by name or by pattern, or partitions; `null`: nothing yet. */
export type Reading =
  | { readonly kind: "topics"; readonly topics: readonly string[] }
  | { readonly kind: "pattern"; readonly pattern: RegExp }
  | { readonly kind: "partitions"; readonly partitions: readonly AssignedPartition[] };

/** What one read may give. */
export interface ReadAsked {
  readonly bytesMax: number;
  readonly waitMs: number;
  /** It is looked at and not taken: positions stay. */
  readonly isPeek: boolean;
  readonly hasRoom: Inbound["hasRoom"];
  readonly onEnd: Inbound["onEnd"];
}

/** Where it is in a partition of this very topic: one of the same name later is another one. */
interface Position extends ReachedOffset {
  readonly topicId: string | null;
}

/** A partition that is read, and from where on. */
interface Reader {
  readonly partition: Partition;
  readonly from: number;
  offset: number;
}

/** One answer as it is made. */
interface Answer {
  readonly records: EmbeddedRecord[];
  readonly readers: readonly Reader[];
  bytes: number;
  isFull: boolean;
}

/** What comes of one look. What waits holds no records meanwhile: they are read again. */
type Step =
  | {
      readonly kind: "answered";
      readonly records: readonly EmbeddedRecord[];
      readonly readers: readonly Reader[];
    }
  | { readonly kind: "waits"; readonly readers: readonly Reader[]; readonly bytes: number };

const keyOf = ({ topic, partition }: AssignedPartition): string => `${topic}/${partition}`;

/** See the head of this file. */
export class RestConsumer {
  #reading: Reading | null = null;
  #member: GroupMember | null = null;
  readonly #positions = new Map<string, Position>();
  #committedAtMs: number;
  /** Of partitions, so that a busy one does not keep others from being read. */
  #turn = 0;
  /** The read under way waits for records. */
  #wait: Wait | null = null;

  constructor(
    private readonly parts: ConsumerParts,
    readonly group: string,
    readonly name: string,
    readonly settings: ConsumerSettings,
  ) {
    this.#committedAtMs = parts.clock.monotonic();
  }

  /** The topics that it has subscribed to; of a pattern, those that match now. */
  get subscription(): readonly string[] {
    const reading = this.#reading;
    if (reading?.kind === "topics") return reading.topics;
    if (reading?.kind !== "pattern") return [];
    const names = this.parts.broker.topics().map(({ name }) => name);
    return names.filter((name) => reading.pattern.test(name));
  }

  /** What it may read now. */
  get assignment(): readonly AssignedPartition[] {
    if (this.#reading?.kind === "partitions") return this.#reading.partitions;
    return this.#member?.assignment ?? [];
  }

  /** Reads something else from now on; 40903 for another kind of reading than it has. */
  read(reading: Reading): HttpError | null {
    if (this.#reading !== null && this.#reading.kind !== reading.kind) {
      return illegalState("Subscription to topics, partitions and pattern are mutually exclusive");
    }
    this.#reading = reading;
    if (reading.kind === "partitions") {
      const kept = new Set(reading.partitions.map(keyOf));
      for (const key of this.#positions.keys()) if (!kept.has(key)) this.#positions.delete(key);
    } else {
      this.#member ??= this.#join();
    }
    this.#wait?.cancel();
    return null;
  }

  /** Reads nothing any more, and leaves the group. */
  async unsubscribe(): Promise<void> {
    const member = this.#member;
    this.#member = null;
    // Before the read under way hears of it: there is nothing that it could wait for.
    this.#reading = null;
    this.#wait?.cancel();
    await member?.close();
    this.#positions.clear();
  }

  /** Leaves; what was answered is committed, if that is to happen by itself. */
  async close(): Promise<void> {
    if (this.#member === null && this.settings.autoCommit) await this.#commitPositions();
    await this.unsubscribe();
  }

  /** Moves to these offsets; 40903 for a partition that it doesn't read. */
  seek(offsets: readonly ReachedOffset[]): HttpError | null {
    const assigned = new Set(this.assignment.map(keyOf));
    const strange = offsets.find((each) => !assigned.has(keyOf(each)));
    if (strange !== undefined) {
      return illegalState(
        `No current assignment for partition ${strange.topic}-${strange.partition}`,
      );
    }
    for (const each of offsets) this.#place(each);
    this.#wait?.cancel();
    return null;
  }

  /** Commits these offsets, or, `null`, all that was answered. */
  async commit(offsets: readonly ReachedOffset[] | null): Promise<HttpError | null> {
    if (offsets === null) return fault(await this.#commitPositions());
    const strange = offsets.find((each) => this.#partitionOf(each) === undefined);
    return strange === undefined ? fault(await this.#commit(offsets)) : partitionNotFound;
  }

  /** Everything that the group has committed. */
  async committed(): Promise<readonly Required<ReachedOffset>[] | HttpError> {
    const committed = await committedOffsets(this.parts.groups, this.group, null);
    if (committed === "GROUP_ID_NOT_FOUND") return [];
    return typeof committed === "string" ? groupFault(committed) : committed;
  }

  /** The next records, at least one if there is one; none if none came in time. One at a time. */
  async records(asked: ReadAsked): Promise<readonly EmbeddedRecord[] | HttpError> {
    if (this.#reading === null) {
      const what = "Consumer is not subscribed to any topics or assigned any partitions";
      return illegalState(what);
    }
    await this.#commitInTime();
    const { clock } = this.parts;
    const dueMs = clock.monotonic() + Math.min(asked.waitMs, httpWaitMsMax);
    let isGone = false;
    const forget = asked.onEnd(() => {
      isGone = true;
      this.#wait?.cancel();
    });
    try {
      for (;;) {
        const isOver = (): boolean => isGone || clock.monotonic() >= dueMs;
        const step = await this.parts.pages.run(() => this.#step(asked, isOver));
        if (step instanceof HttpError) return step;
        if (step.kind === "answered") {
          if (!isGone && !asked.isPeek) this.#moved(step.readers);
          return step.records;
        }
        await this.#more(step.readers, step.bytes, dueMs - clock.monotonic());
      }
    } finally {
      forget();
    }
  }

  #join(): GroupMember {
    const member: GroupMember = this.parts.members.join({
      groupId: this.group,
      clientId: this.name,
      clientHost: "",
      topics: () => this.subscription,
      revoking: async () => {
        // As the member that it was: there may be another one by now.
        if (this.settings.autoCommit) await member.commit(this.#existing());
      },
      changed: () => {
        if (this.#member !== member) return;
        this.#positions.clear();
        this.#wait?.cancel();
      },
    });
    return member;
  }

  #partitionOf({ topic, partition }: AssignedPartition): Partition | undefined {
    return this.parts.broker.topic(topic)?.partitions[partition];
  }

  async #commit(offsets: readonly ReachedOffset[]): Promise<GroupErrorCode> {
    if (this.#member !== null) return await this.#member.commit(offsets);
    const committer = { groupId: this.group, generationId: -1, memberId: "" };
    return await commitOffsets(this.parts.groups, committer, offsets);
  }

  async #commitPositions(): Promise<GroupErrorCode> {
    this.#committedAtMs = this.parts.clock.monotonic();
    return await this.#commit(this.#existing());
  }

  /** The positions in partitions that are still there. */
  #existing(): readonly ReachedOffset[] {
    return [...this.#positions.values()]
      .filter((each) => this.#isValid(each))
      .map(({ topic, partition, offset: at }) => ({ topic, partition, offset: at }));
  }

  #place(reached: ReachedOffset): void {
    const topicId = this.parts.broker.topic(reached.topic)?.id ?? null;
    this.#positions.set(keyOf(reached), { ...reached, topicId });
  }

  #isValid({ topicId, ...each }: Position): boolean {
    return this.#partitionOf(each) !== undefined && this.#topicIdOf(each) === topicId;
  }

  #topicIdOf({ topic }: AssignedPartition): string | undefined {
    return this.parts.broker.topic(topic)?.id;
  }

  /** Every `autoCommitMs`, what earlier reads have answered; what fails is tried again. */
  async #commitInTime(): Promise<void> {
    if (!this.settings.autoCommit) return;
    if (this.parts.clock.monotonic() - this.#committedAtMs < autoCommitMs) return;
    await this.#commitPositions();
  }

  /** What there is now if that is enough, or there is no more time; otherwise what to wait for. */
  async #step({ bytesMax, hasRoom }: ReadAsked, isOver: () => boolean): Promise<Step | HttpError> {
    if (!hasRoom()) return noRoom;
    const answer = await this.#answer(bytesMax);
    if (answer instanceof HttpError) return answer;
    const { records, readers, isFull } = answer;
    const missing = this.settings.minBytes - answer.bytes;
    if (missing <= 0 || isFull || isOver() || this.#reading === null) {
      return { kind: "answered", records, readers };
    }
    const bytes = Math.min(missing, Math.max(1, bytesMax - answer.bytes));
    return { kind: "waits", readers, bytes };
  }

  /** What there is now, without waiting; the readers say how far it goes. */
  async #answer(bytesMax: number): Promise<Answer | HttpError> {
    if (this.#member !== null && this.#member.fault !== null) return groupFault(this.#member.fault);
    const missing = await this.#locate();
    if (missing !== null) return missing;
    const readers = this.#readers();
    const answer: Answer = { records: [], readers, bytes: 0, isFull: false };
    for (const reader of readers) {
      const ended = await this.#take(answer, reader, bytesMax);
      // A bad record is told of when those before it were answered.
      if (ended !== null && answer.records.length === 0) return ended;
      if (ended !== null) answer.isFull = true;
      if (answer.isFull) break;
    }
    return answer;
  }

  /** Where to read partitions of which that is not known yet. */
  async #locate(): Promise<HttpError | null> {
    for (const [key, each] of this.#positions) {
      if (this.#partitionOf(each) !== undefined && !this.#isValid(each))
        this.#positions.delete(key);
    }
    const unknown = this.assignment.filter((each) => !this.#positions.has(keyOf(each)));
    if (unknown.length === 0) return null;
    const committed = await committedOffsets(this.parts.groups, this.group, unknown);
    if (typeof committed === "string" && committed !== "GROUP_ID_NOT_FOUND") {
      return groupFault(committed);
    }
    const known = new Map(
      typeof committed === "string" ? [] : committed.map((each) => [keyOf(each), each.offset]),
    );
    for (const each of this.assignment) {
      const partition = this.#partitionOf(each);
      const key = keyOf(each);
      if (partition === undefined || this.#positions.has(key)) continue;
      const fault = partition.offsetsFault();
      if (fault !== null) return consumerFault(fault.message);
      const at = known.get(key) ?? this.#resetOffset(partition);
      if (at === null) {
        const what = `[${each.topic}-${each.partition}]`;
        return consumerFault(`Undefined offset with no reset policy for partitions: ${what}`);
      }
      this.#place({ topic: each.topic, partition: each.partition, offset: at });
    }
    return null;
  }

  #resetOffset({ watermarks, highWatermark }: Partition): number | null {
    const { reset } = this.settings;
    if (reset === "none") return null;
    return reset === "earliest" ? watermarks.startOffset : highWatermark;
  }

  #readers(): readonly Reader[] {
    const readers = this.assignment.flatMap((each) => {
      const partition = this.#partitionOf(each);
      const position = this.#positions.get(keyOf(each));
      const isThere = partition !== undefined && position !== undefined;
      return isThere ? [{ partition, from: position.offset, offset: position.offset }] : [];
    });
    this.#turn += 1;
    const first = readers.length === 0 ? 0 : this.#turn % readers.length;
    return [...readers.slice(first), ...readers.slice(0, first)];
  }

  /** Records of one partition; an error for the one that can't be shown. */
  async #take(answer: Answer, reader: Reader, bytesMax: number): Promise<HttpError | null> {
    const { partition } = reader;
    const fault = partition.offsetsFault();
    if (fault !== null) return consumerFault(fault.message);
    if (reader.offset > partition.highWatermark) {
      const at = this.#resetOffset(partition);
      if (at === null) return consumerFault(`Offset ${reader.offset} is behind the last record`);
      reader.offset = at;
    }
    let bad: HttpError | null = null;
    const visit = (record: VisitedRecord): boolean => {
      const whole = record.record();
      const bytes = embeddedBytes(whole);
      if (answer.records.length > 0 && answer.bytes + bytes > bytesMax) answer.isFull = true;
      if (answer.isFull) return false;
      const shown = embeddedRecord(partition.topic, partition.index, whole, this.settings.format);
      if (shown instanceof HttpError) bad = shown;
      if (shown instanceof HttpError) return false;
      answer.records.push(shown);
      partition.traffic.sent(1, bytes);
      answer.bytes += bytes;
      reader.offset = record.offset + 1;
      answer.isFull = answer.bytes >= bytesMax;
      return !answer.isFull;
    };
    while (!answer.isFull && bad === null && reader.offset < partition.highWatermark) {
      const visited = await visitRecords(
        partition,
        offset(reader.offset),
        httpScanReadBytes,
        visit,
      );
      if (visited instanceof Refusal) {
        const at = visited.code === "OFFSET_OUT_OF_RANGE" ? this.#resetOffset(partition) : null;
        if (at === null || at === reader.offset) return consumerFault(visited.message);
        reader.offset = at;
      } else if (!visited.isStopped) reader.offset = visited.nextOffset;
    }
    return bad;
  }

  /** Waits until there is more of these, or there are others, or the time is up. */
  async #more(readers: readonly Reader[], bytes: number, maxWaitMs: number): Promise<void> {
    const partitions = readers.map((reader) => {
      return { partition: reader.partition, nextOffset: offset(reader.offset), bytesMax: bytes };
    });
    this.#wait = this.parts.broker.wait({ partitions, bytes, maxWaitMs });
    await this.#wait.ended;
    this.#wait = null;
  }

  /** The answer is complete; a partition that was moved or taken away meanwhile stays so. */
  #moved(readers: readonly Reader[]): void {
    for (const { partition, from, offset: at } of readers) {
      const key = keyOf({ topic: partition.topic, partition: partition.index });
      const position = this.#positions.get(key);
      if (position?.offset !== from) continue;
      const { topic, partition: index, topicId } = position;
      this.#positions.set(key, { topic, partition: index, offset: at, topicId });
    }
  }
}

const fault = (code: GroupErrorCode): HttpError | null =>
  code === "NONE" ? null : groupFault(code);
