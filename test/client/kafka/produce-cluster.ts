/**
 * A cluster in memory for tests of producers: brokers that keep to the rules of sequence numbers,
 * and answer, lose or refuse as a test says.
 */
import { offset, type Offset } from "../../../src/base/brands.ts";
import { Refusal } from "../../../src/base/refusal.ts";
import { seededRandom, type Random } from "../../../src/base/random.ts";
import { entryAfter, judge, type ProducerEntry } from "../../../src/broker/producer-sequence.ts";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import type { SendOptions, TopicMetadata } from "../../../src/client/kafka/cluster.ts";
import type { ProducerCluster } from "../../../src/client/kafka/sender.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { errors, refusalErrors, type ErrorName } from "../../../src/kafka/errors.ts";
import { checkBatch, readHeader, viewOf, type BatchHeader } from "../../../src/record/batch.ts";
import { openRecords } from "../../../src/record/records.ts";
import { blank, type RequestOf, type ResponseOf } from "../../../src/wire/table.ts";
import { ManualClock } from "../../fake/clock.ts";

type ProduceRequest = RequestOf<typeof apis.Produce>;
type ProduceResponse = ResponseOf<typeof apis.Produce>;
type PartitionResponse = ProduceResponse["responses"][number]["partitionResponses"][number];

/** A batch as it came. */
export interface ArrivedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly header: BatchHeader;
  readonly bytes: Uint8Array;
  readonly values: readonly string[];
}

/** What one partition has. */
class FakePartition {
  readonly values: string[] = [];
  readonly producers = new Map<number, ProducerEntry>();
  /** Larger batches are refused. */
  bytesMax = Infinity;

  /** Stores the batch, or says why not. */
  append({ header, values, bytes }: ArrivedBatch): { error: ErrorName; baseOffset: Offset } {
    if (bytes.length > this.bytesMax) return { error: "MESSAGE_TOO_LARGE", baseOffset: offset(-1) };
    const entry = this.producers.get(header.producerId) ?? null;
    const baseOffset = offset(this.values.length);
    if (header.producerId >= 0) {
      const verdict = judge(entry, null, header);
      if (verdict instanceof Refusal) {
        return { error: refusalErrors[verdict.code], baseOffset: offset(-1) };
      }
      if (verdict !== "next") return { error: "NONE", baseOffset: verdict.baseOffset };
      const nextOffset = offset(baseOffset + values.length);
      const after = entryAfter(entry, header, baseOffset, nextOffset, 0);
      this.producers.set(header.producerId, after);
    }
    this.values.push(...values);
    return { error: "NONE", baseOffset };
  }
}

/** A Produce request that nobody has answered yet. */
export class HeldRequest {
  isOver = false;
  #isOut = false;

  constructor(
    private readonly cluster: ProduceCluster,
    readonly to: number,
    readonly request: ProduceRequest,
    readonly options: SendOptions,
    readonly batches: readonly ArrivedBatch[],
    private readonly settle: {
      resolve: (response: ProduceResponse) => void;
      reject: (error: ClientError) => void;
    },
  ) {}

  /** All values, as they came. */
  get values(): readonly string[] {
    return this.batches.flatMap(({ values }) => values);
  }

  /** Stores it, without a word. */
  store(): ReturnType<FakePartition["append"]>[] {
    this.connect();
    if (this.isOver) return [];
    return this.batches.map((batch) => {
      const led = this.cluster.leaders.get(batch.topic)?.[batch.partition];
      if (led !== this.to) return { error: "NOT_LEADER_OR_FOLLOWER", baseOffset: offset(-1) };
      return this.cluster.partition(batch.topic, batch.partition).append(batch);
    });
  }

  /** Stores it and says so, or why not. */
  answer(more: Partial<PartitionResponse> = {}, throttleTimeMs = 0): void {
    const stored = this.store();
    this.respond(
      stored.map(({ error, baseOffset }) => ({
        errorCode: errors[error].code,
        baseOffset,
        ...more,
      })),
      throttleTimeMs,
    );
  }

  /** Stores nothing, and gives this answer for each batch. */
  refuse(error: ErrorName, more: Partial<PartitionResponse> = {}): void {
    this.connect();
    this.respond(this.batches.map(() => ({ errorCode: errors[error].code, ...more })));
  }

  /** There is a connection by now: the request is sent, unless it is kept back. */
  connect(): void {
    if (this.#isOut || this.isOver) return;
    try {
      this.#isOut = true;
      this.options.onVersion?.(apis.Produce.versions[1]);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#end(() => this.settle.reject(error));
    }
  }

  /** The connection breaks. What is in flight beside it is the test's to break. */
  lose(): void {
    this.#end(() => this.settle.reject(new ClientError("NETWORK", "the connection broke")));
  }

  timeOut(): void {
    this.#end(() => this.settle.reject(new ClientError("TIMED_OUT", "no answer in time")));
  }

  respond(outcomes: readonly Partial<PartitionResponse>[], throttleTimeMs = 0): void {
    let index = 0;
    const responses = this.request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map((partition) => ({
        ...blankPartition,
        index: partition.index,
        ...outcomes[index++],
      })),
    }));
    const response = { ...blank(apis.Produce.response.shape), responses, throttleTimeMs };
    this.#end(() => this.settle.resolve(response));
  }

  #end(settle: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    const { held } = this.cluster;
    held.splice(held.indexOf(this), 1);
    settle();
  }
}

const blankPartition: PartitionResponse = {
  index: 0,
  errorCode: 0,
  baseOffset: offset(-1),
  logAppendTimeMs: -1,
  logStartOffset: offset(-1),
  recordErrors: [],
  errorMessage: null,
  currentLeader: { leaderId: -1, leaderEpoch: -1 },
};

/** See the head of this file. */
export class ProduceCluster implements ProducerCluster {
  readonly clock = new ManualClock();
  readonly world: ProducerCluster["world"];
  /** Nodes that lead a topic's partitions; -1: nobody. */
  readonly leaders = new Map<string, readonly number[]>();
  readonly partitions = new Map<string, FakePartition>();
  /** Requests that were not answered, the oldest first; none if it `answers` by itself. */
  readonly held: HeldRequest[] = [];
  answers = false;
  /** Whether there are connections: what is held without one has not been sent. */
  connects = true;
  /** How often each was asked. */
  lookups = 0;
  identities = 0;
  /** What the next questions for an identity are answered; then they succeed. */
  readonly identityErrors: ErrorName[] = [];
  /** The epoch that new producers begin with. */
  firstEpoch = 0;
  /** What looking topics up comes to. */
  topicError: ClientError | null = null;
  isClosed = false;
  readonly #known = new Map<string, TopicMetadata>();

  constructor(random: Random = seededRandom(1)) {
    const dial = (): never => {
      throw new Error("this cluster has no sockets");
    };
    this.world = { clock: this.clock, random, dial };
  }

  partition(topic: string, partition = 0): FakePartition {
    const key = `${topic}/${partition}`;
    let found = this.partitions.get(key);
    if (found === undefined) {
      found = new FakePartition();
      this.partitions.set(key, found);
    }
    return found;
  }

  readonly send: ProducerCluster["send"] = (to, api, request, options) => {
    const answer: Promise<unknown> =
      api.name === "InitProducerId"
        ? this.#identify()
        : this.#produce(to as number, request as ProduceRequest, options ?? {});
    // The compiler can't follow from a name to the type of its response.
    return answer as Promise<ResponseOf<typeof api>>;
  };

  topic(name: string): Promise<TopicMetadata> {
    const known = this.#known.get(name);
    if (known !== undefined) return Promise.resolve(known);
    this.lookups += 1;
    if (this.topicError !== null) return Promise.reject(this.topicError);
    const leaders = this.leaders.get(name) ?? [1];
    this.leaders.set(name, leaders);
    const partitions = leaders.map((leaderId, partition) => ({
      partition,
      leaderId,
      leaderEpoch: 0,
      replicas: [leaderId],
      inSyncReplicas: [leaderId],
      offlineReplicas: [],
    }));
    const topicId = `01234567-89ab-cdef-0123-${name.padEnd(12, "0").slice(0, 12)}`;
    const metadata = { name, topicId, isInternal: false, partitions, error: null };
    this.#known.set(name, metadata);
    return Promise.resolve(metadata);
  }

  forgetTopic(name: string): void {
    this.#known.delete(name);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #identify(): Promise<ResponseOf<typeof apis.InitProducerId>> {
    const errorCode = errors[this.identityErrors.shift() ?? "NONE"].code;
    const producerId = 1000 + this.identities++;
    const throttleTimeMs = 0;
    return Promise.resolve({
      errorCode,
      producerId,
      producerEpoch: this.firstEpoch,
      throttleTimeMs,
    });
  }

  #produce(to: number, request: ProduceRequest, options: SendOptions): Promise<ProduceResponse> {
    return new Promise((resolve, reject) => {
      const batches = batchesOf(request);
      const settle = { resolve, reject };
      const held = new HeldRequest(this, to, request, options, batches, settle);
      this.held.push(held);
      // In the order of their requests.
      const ofNode = this.held.filter((each) => each.to === to);
      if (this.connects) for (const each of ofNode) each.connect();
      if (this.answers) held.answer();
    });
  }
}

function batchesOf(request: ProduceRequest): ArrivedBatch[] {
  return request.topicData.flatMap(({ name, partitionData }) =>
    partitionData.map(({ index, records }) => {
      const bytes = records ?? new Uint8Array();
      const view = viewOf(bytes);
      const fault = checkBatch(bytes, view, 0, bytes.length, Infinity);
      if (fault !== null) throw new Error(`a batch with a fault: ${fault}`);
      const header = readHeader(view, 0);
      return { topic: name, partition: index, header, bytes, values: valuesOf(bytes, view) };
    }),
  );
}

function valuesOf(bytes: Uint8Array, view: DataView): string[] {
  const cursor = openRecords(bytes, view, 0);
  if (cursor instanceof Refusal) throw new Error(cursor.message);
  const values: string[] = [];
  while (cursor.next()) values.push(new TextDecoder().decode(cursor.record().value ?? undefined));
  if (cursor.damage !== null) throw new Error(cursor.damage.message);
  return values;
}
