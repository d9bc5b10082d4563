/**
 * The import into a broker that runs, through the original's protocol. The broker creates the
 * topics and chooses partitions by key, so the order that stays is that of the messages of one
 * key; a message counts as imported once the broker has said OK.
 */
import { Producer, type ProducerMessage } from "../client/producer.ts";
import { ProducerError } from "../client/producer-error.ts";
import { importBatchBytes, importRepliesAwaitedMax, importSendMessages } from "../limits.ts";
import { nanosecondsOf, nanosecondsPerMillisecond } from "../record/nanoseconds.ts";
import type { BatchRecord } from "../record/records.ts";
import type { ImportSink, ImportTarget } from "./import-target.ts";

/** Where a broker speaks the original's protocol. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** Connects with the first message. What the broker has already, it can't see. */
export function openBrokerTarget({ host, port }: BrokerAddress): ImportTarget {
  const producer = new Producer({ host, port });
  return {
    name: `${host}:${port}`,
    objections: () => [],
    prepare: async () => null,
    open: ({ name }) => new BrokerSink(producer, name),
    close: () => producer.close(),
  };
}

/** Messages that were sent, and what became of them: `null` once they are stored. */
interface Sent {
  readonly count: number;
  readonly settled: Promise<string | null>;
}

class BrokerSink implements ImportSink {
  stored = 0;
  #messages: ProducerMessage[] = [];
  /** Of their keys and values. */
  #bytes = 0;
  readonly #awaited: Sent[] = [];

  constructor(
    private readonly producer: Producer,
    private readonly topic: string,
  ) {}

  async put(record: BatchRecord): Promise<string | null> {
    this.#messages.push(messageOf(this.topic, record));
    this.#bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    const isFull = this.#messages.length >= importSendMessages || this.#bytes >= importBatchBytes;
    return isFull ? await this.#send() : null;
  }

  async end(): Promise<string | null> {
    return (await this.#send()) ?? (await this.#settle(0));
  }

  async #send(): Promise<string | null> {
    const count = this.#messages.length;
    const settled = this.producer.sendBatch(this.#messages).then(
      () => null,
      (error: unknown) => {
        if (error instanceof ProducerError) return error.message;
        throw error;
      },
    );
    this.#messages = [];
    this.#bytes = 0;
    this.#awaited.push({ count, settled });
    return await this.#settle(importRepliesAwaitedMax);
  }

  async #settle(awaitedMax: number): Promise<string | null> {
    while (this.#awaited.length > awaitedMax) {
      const oldest = this.#awaited.shift();
      const refused = (await oldest?.settled) ?? null;
      if (refused !== null) return refused;
      this.stored += oldest?.count ?? 0;
    }
    return null;
  }
}

function messageOf(topic: string, record: BatchRecord): ProducerMessage {
  const { key, value, timestamp } = record;
  const nanoseconds = BigInt(timestamp) * BigInt(nanosecondsPerMillisecond);
  return {
    topic,
    key: key ?? nothing,
    value: value ?? nothing,
    timestamp: nanoseconds + BigInt(nanosecondsOf(record)),
  };
}

const nothing = new Uint8Array(0);
