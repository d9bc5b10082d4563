/**
 * The import into a broker that runs, through the original's protocol. The broker creates the
 * topics and chooses partitions by key, so the order that stays is that of the messages of one
 * key; a message counts as imported once the broker has said OK.
 */
import { dialTcp } from "../client/socket.ts";
import { Producer, type ProducerMessage } from "../client/producer.ts";
import { ProducerError } from "../client/producer-error.ts";
import { importBatchBytes, importRepliesAwaitedMax, importSendMessages } from "../limits.ts";
import { nanosecondsOf, nanosecondsPerMillisecond } from "../record/nanoseconds.ts";
import type { BatchRecord } from "../record/records.ts";
import { addressText, type BrokerAddress } from "./broker-address.ts";
import type { ImportSink, ImportTarget } from "./import-target.ts";
import { watchedDial } from "./produce-dial.ts";

/**
 * Connects with the first message. What the broker has already, it can't see.
 * @param warn told when a connection breaks and comes back
 */
export function openBrokerTarget(
  address: BrokerAddress,
  warn: (message: string) => void,
): ImportTarget {
  const line = new BrokerLine(address, warn);
  return {
    name: addressText(address),
    objections: () => [],
    prepare: async () => null,
    open: ({ name }) => new BrokerSink(line, name),
    close: () => line.close(),
  };
}

/** The producer of all topics, and why there is no use in going on with it. */
class BrokerLine {
  readonly #producer: Producer;
  #hopeless: string | null = null;
  /** The end of the connection is no news any more. */
  #isClosing = false;

  constructor(address: BrokerAddress, warn: (message: string) => void) {
    this.#producer = new Producer({
      ...address,
      dial: watchedDial(dialTcp, {
        hopeless: (reason) => {
          this.#hopeless ??= reason;
          this.#producer.abort();
        },
        lost: (reason) => {
          if (!this.#isClosing) warn(`the connection broke (${reason}); trying again`);
        },
        back: () => warn("connected again"),
      }),
    });
  }

  close(): Promise<void> {
    this.#isClosing = true;
    return this.#producer.close();
  }

  /** `null` once all are stored; otherwise why one is not. */
  async send(messages: readonly ProducerMessage[]): Promise<string | null> {
    try {
      await this.#producer.sendBatch(messages);
      return null;
    } catch (error) {
      if (error instanceof ProducerError) return this.#hopeless ?? error.message;
      throw error;
    }
  }
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
    private readonly line: BrokerLine,
    private readonly topic: string,
  ) {}

  async put(record: BatchRecord): Promise<string | null> {
    this.#messages.push(messageOf(this.topic, record));
    this.#bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    const isFull = this.#messages.length >= importSendMessages || this.#bytes >= importBatchBytes;
    return isFull ? await this.#send() : null;
  }

  async end(): Promise<string | null> {
    const refused = await this.#send();
    const unsettled = await this.#settle(0);
    return refused ?? unsettled;
  }

  async #send(): Promise<string | null> {
    const messages = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    this.#awaited.push({ count: messages.length, settled: this.line.send(messages) });
    return await this.#settle(importRepliesAwaitedMax);
  }

  /** Waits until no more than so many wait for their replies. */
  async #settle(awaitedMax: number): Promise<string | null> {
    let refused: string | null = null;
    while (this.#awaited.length > awaitedMax) {
      const oldest = this.#awaited.shift();
      if (oldest === undefined) break;
      const refusal = await oldest.settled;
      if (refusal === null) this.stored += oldest.count;
      else refused ??= refusal;
    }
    return refused;
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
