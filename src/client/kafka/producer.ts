/**
 * The producer over Kafka's protocol: records in, promises out.
 *
 *     send ──room?──► a batch of its partition ──► its leader ──► stored
 *              └─no─► waiting ──room──┘    └──── again ────┘
 *
 * Delivery is **exactly once in order** for each partition as long as this producer lives and
 * nothing is given up (`idempotent`, the default): batches are numbered, and a broker knows those
 * that it has. A record whose time is over (`deliveryTimeoutMs`) may be stored all the same; its
 * error says whether it may (`mayBeStored`).
 */
import { ClientError } from "./client-error.ts";
import { systemWorld, type ClientWorld } from "./client-world.ts";
import { Cluster, type ClusterOptions } from "./cluster.ts";
import { Accumulator } from "./accumulator.ts";
import { Delivery, DeliveryGroup, type DeliveryEnd, type RecordMetadata } from "./delivery.ts";
import { batchBytesMax } from "../../limits.ts";
import { encodeRecord, type EncodedRecord, type ProducerRecord } from "./producer-record.ts";
import {
  producerSettings,
  type ProducerSettingOptions,
  type ProducerSettings,
} from "./producer-settings.ts";
import { Sender, type ProducerCluster } from "./sender.ts";

export { DeliveryError } from "./delivery-error.ts";
export type { RecordMetadata } from "./delivery.ts";
export type { Partitioner } from "./partitioner.ts";
export type { ProducerHeader, ProducerRecord } from "./producer-record.ts";

/** Where the brokers are, or a cluster that is open already and stays so; and how to work. */
export type ProducerOptions = ProducerSettingOptions &
  (ClusterOptions | { readonly cluster: ProducerCluster });

/** See the head of this file. */
export class Producer implements AsyncDisposable {
  readonly #accumulator: Accumulator;
  readonly #sender: Sender;
  /** A record alone in its batch may take so much. */
  readonly #aloneBytesMax: number;
  #group = new DeliveryGroup();
  /** Groups before this one that are not over. */
  #earlier: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(
    private readonly cluster: ProducerCluster,
    private readonly settings: ProducerSettings,
    private readonly ownsCluster: boolean,
  ) {
    const { clock, random } = cluster.world;
    const newInquiry = (topic: string): ReturnType<Sender["newInquiry"]> =>
      this.#sender.newInquiry(topic);
    const admitted = (): void => this.#sender.look();
    this.#accumulator = new Accumulator({ settings, clock, random, newInquiry, admitted });
    this.#sender = new Sender({ cluster, settings, accumulator: this.#accumulator });
    this.#aloneBytesMax = Math.min(settings.requestBytesMax, batchBytesMax);
  }

  /**
   * Connects, unless it is given a cluster that is open. Rejects with a {@link ClientError}:
   * INVALID, or why no broker can be reached.
   */
  static async open(options: ProducerOptions, world: ClientWorld = systemWorld): Promise<Producer> {
    const settings = producerSettings(options);
    if ("cluster" in options) return new Producer(options.cluster, settings, false);
    return new Producer(await Cluster.open(options, world), settings, true);
  }

  /**
   * Resolves once the record is stored, as `acks` asks; rejects with a {@link ClientError}, which
   * is a {@link DeliveryError} if the record was taken. Await it, or `ready` or `flush` now and
   * then: sends that find no room wait, and there is a limit to how many may (OVERLOADED).
   */
  send(record: ProducerRecord): Promise<RecordMetadata> {
    const { clock } = this.cluster.world;
    const encoded = encodeRecord(record, clock, this.#aloneBytesMax);
    if (encoded instanceof ClientError) return Promise.reject(encoded);
    const refusal = this.#refusal([record.topic]);
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#deliver([encoded], (error, metadata) => {
        if (metadata === null) reject(error);
        else resolve(metadata);
      });
    });
  }

  /**
   * The same for many records with one promise, which costs less. Rejects with the first error
   * among them, whose `index` says where; the others were delivered, or were refused as well. A
   * record that no request can carry is found before any is sent.
   */
  sendBatch(records: readonly ProducerRecord[]): Promise<void> {
    const { clock } = this.cluster.world;
    const encoded: EncodedRecord[] = [];
    if (!Array.isArray(records)) {
      return Promise.reject(new ClientError("INVALID", "sendBatch takes a list of records"));
    }
    for (const [index, record] of records.entries()) {
      const one = encodeRecord(record, clock, this.#aloneBytesMax);
      if (one instanceof ClientError) {
        const { code, message } = one;
        return Promise.reject(new ClientError(code, `record ${index}: ${message}`));
      }
      encoded.push(one);
    }
    if (encoded.length === 0) return Promise.resolve();
    const refusal = this.#refusal(records.map(({ topic }) => topic));
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#deliver(encoded, (error) => {
        if (error !== null) reject(error);
        else resolve();
      });
    });
  }

  /** Resolves once `send` would not wait for room. */
  ready(): Promise<void> {
    return this.#accumulator.room();
  }

  /** Resolves once everything sent before the call is settled, well or not. */
  async flush(): Promise<void> {
    const group = this.#group;
    this.#group = new DeliveryGroup();
    const over = Promise.all([this.#earlier, group.over()]);
    this.#earlier = over;
    this.#sender.flushes += 1;
    this.#sender.look();
    await over;
    this.#sender.flushes -= 1;
  }

  /** Takes no more records, waits until all are settled, and disconnects. */
  close(): Promise<void> {
    this.#closed ??= this.flush().then(() => this.#end());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Disconnects at once; what is not settled rejects with CLOSED. */
  async abort(): Promise<void> {
    this.#closed ??= Promise.resolve();
    this.#sender.stop();
    this.#accumulator.failAll(new ClientError("CLOSED", "the producer was closed"));
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#sender.stop();
    if (this.ownsCluster) await this.cluster.close();
  }

  #refusal(topics: readonly string[]): ClientError | null {
    if (this.#closed !== undefined) return new ClientError("CLOSED", "the producer is closed");
    return this.#accumulator.refusal(topics);
  }

  #deliver(records: readonly EncodedRecord[], done: DeliveryEnd): void {
    const deadline = this.cluster.world.clock.monotonic() + this.settings.deliveryTimeoutMs;
    this.#accumulator.take(new Delivery(records, deadline, this.#group, done));
    this.#sender.look();
  }
}
