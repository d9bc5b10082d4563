/**
 * Sends over Kafka's protocol: each record has an answer of its own, so each is told by itself.
 *
 * A topic is looked up before the first record goes there. One that is not there, and is not made
 * by that, ends the run at once; a producer alone would wait for somebody to make it.
 */
import { printable, quoted } from "../base/printable.ts";
import { ClientError } from "../client/kafka/client-error.ts";
import type { Cluster } from "../client/kafka/cluster.ts";
import { DeliveryError } from "../client/kafka/delivery-error.ts";
import type { ProducerRecord } from "../client/kafka/producer-record.ts";
import { Producer } from "../client/kafka/producer.ts";
import type { Compression } from "../record/batch.ts";
import {
  batchBytesMax,
  failureCharactersMax,
  produceBatchRecordsMax,
  produceTopicMsMax,
  shownCharactersMax,
} from "../limits.ts";
import type { BrokerAddress } from "./broker-address.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import type { World } from "./command.ts";
import { tellingDial } from "./connection-watch.ts";
import { openCluster } from "./kafka-cluster.ts";
import {
  bytesOf,
  type Sender,
  type SenderBegin,
  type SenderEvents,
  type Tally,
  UnderWay,
} from "./produce-sender.ts";
import { reachFailure } from "./reach-failure.ts";
import type { Portion } from "./produce-sources.ts";

/** Where to send to, and how. Times are milliseconds. */
export interface KafkaTarget {
  readonly broker: readonly BrokerAddress[];
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  readonly timeoutMs: number;
  readonly acks: "all" | "1" | "0";
  readonly idempotent: boolean;
  readonly compression: Compression;
  readonly lingerMs: number;
}

/** Connects at once, so that a wrong address is told before anything is read. */
export const kafkaSender =
  (target: KafkaTarget, world: Pick<World, "clock" | "stderr">): SenderBegin =>
  async (events) => {
    const { timeoutMs, acks, compression, lingerMs } = target;
    const watch = tellingDial(events);
    const open = await openCluster({ ...target, data: "", watch }, world);
    if (open instanceof ClusterFailure) {
      events.nobodyThere(reachFailure(open, "--native speaks the original's protocol."));
      return null;
    }
    const { cluster } = open;
    const producer = await Producer.open({
      cluster,
      acks: acks === "all" ? "all" : acks === "1" ? 1 : 0,
      idempotent: target.idempotent && acks === "all",
      compression,
      lingerMs,
      deliveryTimeoutMs: timeoutMs,
      requestTimeoutMs: target.requestTimeoutMs,
      // How large a record may be is for the topic to say.
      requestBytesMax: batchBytesMax,
    });
    const close = async (): Promise<void> => {
      await producer.close();
      await open.close();
    };
    const taker: RecordTaker = {
      send: (record) => producer.send(record),
      flush: () => producer.flush(),
      abort: () => void producer.abort(),
      close,
    };
    return new KafkaSender(taker, cluster, events);
  };

/** What it takes to send: a `Producer`. */
export interface RecordTaker extends Pick<Producer, "send" | "flush" | "close"> {
  abort(): void;
}

/** What is asked about topics: a `Cluster`. */
export type TopicSource = Pick<Cluster, "topic" | "retry" | "world">;

/** See the head of this file. */
export class KafkaSender implements Sender {
  readonly tally: Tally = { stored: 0, refused: 0, unknown: 0, bytes: 0 };
  readonly batchRecords = produceBatchRecordsMax;
  readonly #underWay = new UnderWay();
  /** How many partitions each topic has that was looked up; `null`: the producer will see. */
  readonly #partitions = new Map<string, number | null>();

  constructor(
    private readonly taker: RecordTaker,
    private readonly topics: TopicSource,
    private readonly events: SenderEvents,
  ) {}

  room(records: readonly ProducerRecord[]): Promise<void> | null {
    for (const { topic, partition = -1 } of records) {
      const count = this.#partitions.get(topic);
      if (count === undefined) return this.#lookUp(topic);
      if (count === null || partition < count) continue;
      this.events.halt(
        `topic ${topic} has ${count === 1 ? "only partition 0" : `partitions 0 to ${count - 1}`}` +
          ` and no ${partition}: -p -1 leaves the choice to the key`,
      );
      return Promise.resolve();
    }
    return this.#underWay.room();
  }

  send(portion: Portion, from: number, count: number): void {
    for (let at = from; at < from + count; at++) {
      const record = portion.records[at];
      if (record !== undefined) this.#sendOne(portion, portion.numbers[at] ?? 0, record);
    }
  }

  flush(): Promise<void> {
    return this.taker.flush();
  }

  close(): Promise<void> {
    return this.taker.close();
  }

  abort(): void {
    this.taker.abort();
  }

  #sendOne(portion: Portion, number: number, record: ProducerRecord): void {
    const bytes = bytesOf(record);
    this.#underWay.add(1, bytes);
    void this.taker.send(record).then(
      () => {
        this.tally.stored += 1;
        this.tally.bytes += bytes;
        this.#settle(bytes);
      },
      (error: unknown) => {
        if (!(error instanceof ClientError)) throw error;
        this.#failed(portion.placeOf(number), error);
        this.#settle(bytes);
      },
    );
  }

  #failed(place: string, error: ClientError): void {
    const { tally, events } = this;
    const { code } = error;
    const mayBeStored = error instanceof DeliveryError && error.mayBeStored;
    if (mayBeStored) tally.unknown += 1;
    else tally.refused += 1;
    const doubt = mayBeStored ? "; it may be stored all the same" : "";
    const text = `${place}: ${said(error)}${doubt}`;
    if (code === "TIMED_OUT") events.hopeless(text);
    else if (code !== "CLOSED") events.failed(text);
  }

  #settle(bytes: number): void {
    this.#underWay.remove(1, bytes);
    this.events.settled();
  }

  async #lookUp(topic: string): Promise<void> {
    const { clock } = this.topics.world;
    const deadline = clock.monotonic() + produceTopicMsMax;
    try {
      const found = await this.topics.retry(deadline, () =>
        this.topics.topic(topic, { create: true }),
      );
      this.#partitions.set(topic, found.partitions.length === 0 ? null : found.partitions.length);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (error.code === "UNKNOWN_TOPIC_OR_PARTITION") this.events.halt(missingText(topic));
      else if (error.retriable) this.#partitions.set(topic, null);
      else if (error.code !== "CLOSED") this.events.halt(said(error));
    }
  }
}

/** A broker's words may be anybody's. */
const said = ({ message }: ClientError): string => printable(message, failureCharactersMax);

const missingText = (topic: string): string =>
  `there is no topic ${quoted(topic, shownCharactersMax)}, and the broker makes none by itself: ` +
  "obelisk topics create does";
