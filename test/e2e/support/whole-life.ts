/**
 * A short life with everything in it: topics that are created and deleted, batches of an idempotent
 * producer and of others, rolls, offsets that are committed, records that are deleted by request,
 * by retention and by compaction, a stop in peace. One thing is asked after the other, so a life
 * that ends in the middle of it has at most one question that nobody has answered.
 *
 * Owns what was asked and answered. Since one client sends one record after the other, a record's
 * number is its offset, and every log can be held against its topic's numbers.
 */
import { type ApiName } from "../../../src/kafka/apis.ts";
import { keyed } from "../../support/compaction.ts";
import { named, type Request, type Response, type Some } from "../../support/kafka-world.ts";
import type { StartedBroker } from "./broker-process.ts";
import { KafkaClient } from "./kafka-client.ts";
import { type PartitionRead, readPartition } from "./kafka-partition.ts";
import { untilWithin } from "./within.ts";

/** Options of `serve` with which all of it happens within a second. */
export const wholeLifeOptions = [
  ...["--segment-bytes", "64KiB", "--retention-check-interval", "100ms"],
  ...["--compaction-check-interval", "100ms", "--compaction-rate", "64GiB"],
  ...["--disk-reserve", "1MiB"],
] as const;

const recordsPerBatch = 2;
/** Two batches fit a segment, three don't. */
const valueCharacters = 14_000;
const compactedKeys = 4;
/** `retention.bytes` of the topic whose old records go, and how many it keeps at least. */
const retentionBytes = 100_000;
const retainedMin = 6;
/** Records before this one are deleted by request. */
const deletedUpTo = 3;
const groupId = "group";
/** For whatever a broker does by itself, on a machine that is busy. */
const upkeepMsMax = 30_000;

/** What becomes of a topic's records. */
type Kind = "idempotent" | "plain" | "retained" | "compacted" | "trimmed" | "doomed";

const configs: Readonly<Record<Kind, readonly { name: string; value: string }[]>> = {
  idempotent: [],
  plain: [],
  retained: [{ name: "retention.bytes", value: String(retentionBytes) }],
  compacted: [
    { name: "cleanup.policy", value: "compact" },
    { name: "min.cleanable.dirty.ratio", value: "0.01" },
  ],
  trimmed: [],
  doomed: [],
};

const batchesOf: Readonly<Record<Kind, number>> = {
  ...{ idempotent: 6, plain: 4, retained: 8, compacted: 8, trimmed: 3, doomed: 2 },
};
const roundCount = 8;
const kinds = Object.keys(configs) as readonly Kind[];

/** How far something has come, as its client knows. */
type Standing = "unasked" | "asked" | "answered";

/** A topic and what was said of it. */
export class Topic {
  created: Standing = "unasked";
  deleted: Standing = "unasked";
  trimmed: Standing = "unasked";
  /** Records sent, and of them those that were acknowledged. */
  sent = 0;
  acknowledged = 0;
  /** What it was refused with; from then on it is sent nothing. */
  refusedWith: string | null = null;

  constructor(readonly kind: Kind) {}

  key(number: number): string {
    return this.kind === "compacted" ? `k${number % compactedKeys}` : `key ${number}`;
  }

  value(number: number): string {
    return `${this.kind} ${number} `.padEnd(valueCharacters, String(number % 10));
  }

  /** Why this can't be what is there of it. */
  faults({ start, end, records, refused }: PartitionRead): string[] {
    const faults = refused.map(({ code, from, to }) => `${from} to ${to} give ${code}`);
    if (end < this.acknowledged) faults.push(`lost: ends at ${end} of ${this.acknowledged}`);
    if (end > this.sent) faults.push(`unsent: ends at ${end}, sent were ${this.sent}`);
    if (start < this.#startMin || start > this.#startMax(end)) faults.push(`starts at ${start}`);
    for (const { offset, key, value } of records) {
      const isRight = key === this.key(offset) && value === this.value(offset);
      if (!isRight) faults.push(`altered: ${offset} is ${value?.slice(0, 30)}`);
    }
    const found = new Set(records.map(({ offset }) => offset));
    if (found.size !== records.length) faults.push("doubled: an offset came twice");
    for (let at = start; at < end; at++) {
      if (refused.some(({ from, to }) => from <= at && at < to)) continue;
      // Of a key that is compacted, the last one is there.
      const mayGo = this.kind === "compacted" && at + compactedKeys < end;
      if (!found.has(at) && !mayGo) faults.push(`lost: ${at} of ${start} to ${end}`);
    }
    return faults.map((fault) => `${this.kind}: ${fault}`);
  }

  get #startMin(): number {
    return this.trimmed === "answered" ? deletedUpTo : 0;
  }

  #startMax(end: number): number {
    if (this.kind === "retained") return Math.max(0, end - retainedMin);
    return this.trimmed === "unasked" ? 0 : deletedUpTo;
  }
}

/** The connection is gone, and with it the life. */
class Gone extends Error {}

/** See the head of this file. */
export class WholeLife {
  /** Answers that no broker may give, in words. */
  readonly violations: string[] = [];
  readonly topics: readonly Topic[] = kinds.map((kind) => new Topic(kind));
  #producerId = -1;
  #committed = { sent: -1, acknowledged: -1 };

  /** @param allowed errors that a request may be answered with, where the disk is not well */
  constructor(private readonly allowed: readonly string[] = []) {}

  /** Records that were acknowledged. */
  get acknowledged(): number {
    return this.topics.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Lives until the end, or until the broker is gone; its exit code. */
  async live({ process: broker, kafkaPort }: StartedBroker): Promise<number> {
    try {
      using client = await KafkaClient.connect(kafkaPort);
      await this.#fill(client);
      await this.#upkeep(client, broker.exited);
      broker.kill("SIGTERM");
      // The stop finds a connection that is open.
      return await broker.exited;
    } catch (error) {
      // A connection that was refused, or broken while it was made: the broker was gone by then.
      if (!(error instanceof Gone) && !(error instanceof Error && "code" in error)) throw error;
      return await broker.exited;
    }
  }

  /** Holds what a broker says, after this life, against what was told. */
  async faults(client: KafkaClient): Promise<string[]> {
    const there = await this.names(client);
    const faults = [...this.violations];
    for (const topic of this.topics) {
      const isThere = there.includes(topic.kind);
      const mustBe = topic.created === "answered" && topic.deleted === "unasked";
      const mustNot = topic.created === "unasked" || topic.deleted === "answered";
      if (mustBe && !isThere) faults.push(`lost: the topic ${topic.kind}`);
      if (mustNot && isThere) faults.push(`the topic ${topic.kind} is there again`);
      // Of one that was to be deleted and is there, nothing is missing.
      if (isThere) faults.push(...topic.faults(await readPartition(client, topic.kind)));
    }
    faults.push(...(await this.committedFaults(client)));
    return faults;
  }

  /** The topics that a broker says it has. */
  async names(client: KafkaClient): Promise<readonly (string | null)[]> {
    const found = await this.#ask(client, "Metadata", 9, { topics: null });
    return found.topics.map(({ name }) => name);
  }

  /** Why the group's committed offset can't be what it is. */
  async committedFaults(client: KafkaClient): Promise<string[]> {
    const topics = [{ name: "plain", partitionIndexes: [0] }];
    const request = { groups: [{ groupId, topics }], requireStable: true };
    const found = await this.#ask(client, "OffsetFetch", 8, request);
    const offset = Number(found.groups[0]?.topics[0]?.partitions[0]?.committedOffset);
    const { sent, acknowledged } = this.#committed;
    if (offset >= acknowledged && offset <= sent) return [];
    return [`lost: ${acknowledged} to ${sent} was committed, found is ${offset}`];
  }

  /** Goes on where it ended: sends the last batch of the idempotent producer again, and others. */
  async goOn(client: KafkaClient): Promise<string[]> {
    const there = await this.names(client);
    const faults: string[] = [];
    for (const topic of this.topics) {
      if (!there.includes(topic.kind)) continue;
      const { kind, sent } = topic;
      const { end } = await readPartition(client, kind);
      const isIdempotent = kind === "idempotent" && sent > 0;
      const from = isIdempotent ? sent - recordsPerBatch : end;
      const { code, baseOffset } = await this.#send(client, topic, from);
      if (code !== "NONE" || baseOffset !== from) {
        faults.push(`${kind}: ${from} of ${end} was answered ${code} at ${baseOffset}`);
      }
      topic.sent = topic.acknowledged = Math.max(from + recordsPerBatch, topic.acknowledged);
    }
    await this.#commit(client, this.#committed.sent + 1);
    return [...faults, ...this.violations];
  }

  async #fill(client: KafkaClient): Promise<void> {
    for (const topic of this.topics) {
      const { kind: name } = topic;
      topic.created = "asked";
      const shape = { name, numPartitions: 1, replicationFactor: 1, configs: configs[name] };
      const made = await this.#ask(client, "CreateTopics", 5, { topics: [shape] });
      if (this.#isDone("CreateTopics", made.topics[0]?.errorCode)) topic.created = "answered";
    }
    const given = await this.#ask(client, "InitProducerId", 4, { transactionalId: null });
    if (this.#isDone("InitProducerId", given.errorCode)) this.#producerId = given.producerId;
    for (let round = 0; round < roundCount; round++) {
      for (const topic of this.topics) {
        if (round < batchesOf[topic.kind]) await this.#produce(client, topic);
      }
      await this.#commit(client, round);
      if (round === batchesOf.trimmed) await this.#trim(client);
      if (round === batchesOf.doomed) await this.#deleteDoomed(client);
    }
  }

  async #produce(client: KafkaClient, topic: Topic): Promise<void> {
    const { kind, sent: from } = topic;
    if (topic.created !== "answered" || topic.refusedWith !== null) return;
    if (kind === "idempotent" && this.#producerId < 0) return;
    topic.sent = from + recordsPerBatch;
    const { code, baseOffset } = await this.#send(client, topic, from);
    if (!this.#isDone(`Produce to ${kind}`, code)) topic.refusedWith = code;
    else {
      topic.acknowledged = topic.sent;
      if (baseOffset !== from) this.violations.push(`${kind}: ${from} was stored at ${baseOffset}`);
    }
  }

  async #send(client: KafkaClient, topic: Topic, from: number) {
    const numbers = Array.from({ length: recordsPerBatch }, (_, index) => from + index);
    const identity = { producerId: this.#producerId, producerEpoch: 0, baseSequence: from };
    const records = keyed(
      numbers.map((number) => [topic.key(number), topic.value(number)] as const),
      { timestamp: Date.now(), ...(topic.kind === "idempotent" ? { producer: identity } : {}) },
    );
    const topicData = [{ name: topic.kind, partitionData: [{ index: 0, records }] }];
    const request = { acks: -1, timeoutMs: 30_000, topicData };
    const answer = await this.#ask(client, "Produce", 9, request);
    const partition = answer.responses[0]?.partitionResponses[0];
    return {
      code: named(partition?.errorCode ?? NaN),
      baseOffset: Number(partition?.baseOffset),
    };
  }

  async #commit(client: KafkaClient, offset: number): Promise<void> {
    if (this.#topic("plain").acknowledged === 0) return;
    this.#committed.sent = offset;
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: "" }];
    const answer = await this.#ask(client, "OffsetCommit", 8, {
      groupId,
      generationIdOrMemberEpoch: -1,
      topics: [{ name: "plain", partitions }],
    });
    const code = answer.topics[0]?.partitions[0]?.errorCode;
    if (this.#isDone("OffsetCommit", code)) this.#committed.acknowledged = offset;
  }

  async #trim(client: KafkaClient): Promise<void> {
    const topic = this.#topic("trimmed");
    if (topic.acknowledged < deletedUpTo) return;
    topic.trimmed = "asked";
    const partitions = [{ partitionIndex: 0, offset: deletedUpTo }];
    const request = { topics: [{ name: topic.kind, partitions }], timeoutMs: 30_000 };
    const answer = await this.#ask(client, "DeleteRecords", 2, request);
    const code = answer.topics[0]?.partitions[0]?.errorCode;
    if (this.#isDone("DeleteRecords", code)) topic.trimmed = "answered";
  }

  async #deleteDoomed(client: KafkaClient): Promise<void> {
    const topic = this.#topic("doomed");
    if (topic.created !== "answered") return;
    topic.deleted = "asked";
    const request = { topicNames: [topic.kind], timeoutMs: 30_000 };
    const answer = await this.#ask(client, "DeleteTopics", 5, request);
    if (this.#isDone("DeleteTopics", answer.responses[0]?.errorCode)) topic.deleted = "answered";
  }

  /** Waits until retention and compaction have done what they can. */
  async #upkeep(client: KafkaClient, exited: Promise<unknown>): Promise<void> {
    let isOver = false;
    void exited.then(() => (isOver = true));
    for (const kind of ["retained", "compacted"] as const) {
      const topic = this.#topic(kind);
      if (topic.acknowledged < batchesOf[kind] * recordsPerBatch) continue;
      await untilWithin(upkeepMsMax, `the upkeep of ${kind}`, async () => {
        if (isOver || this.allowed.length > 0) return true;
        const { start, records } = await readPartition(client, kind).catch((error: unknown) => {
          if (client.isGone) throw new Gone();
          throw error;
        });
        return kind === "retained" ? start > 0 : records.length < topic.acknowledged;
      });
    }
  }

  #topic(kind: Kind): Topic {
    return this.topics[kinds.indexOf(kind)]!;
  }

  #isDone(what: string, code: number | string | undefined): boolean {
    const name = typeof code === "number" ? named(code) : String(code);
    if (name !== "NONE" && !this.allowed.includes(name)) {
      this.violations.push(`${what} was answered ${name}`);
    }
    return name === "NONE";
  }

  async #ask<Name extends ApiName>(
    client: KafkaClient,
    name: Name,
    version: number,
    request: Some<Request<Name>>,
  ): Promise<Response<Name>> {
    const answer = await client.ask(name, version, request);
    if (answer === null) throw new Gone(`${name} was not answered`);
    return answer;
  }
}
