/**
 * Somebody else, who uses the same broker as the inputs do: what they stored stays, byte for byte,
 * they are served, and what the inputs have stored is sound for every reader.
 */
import { batchBytesAt, viewOf } from "../../src/record/batch.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { findPartitions } from "../../src/reader/directory.ts";
import { verifyPartition } from "../../src/reader/verify.ts";
import type { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import { type BrokerWorld, numbersOf } from "../support/broker-world.ts";
import type { KafkaWorld } from "../support/kafka-world.ts";
import { range, unwrap } from "../support/log-world.ts";
import { readerEnvironment } from "../support/reading.ts";
import { turns } from "../support/until.ts";
import { Finding, require } from "./target.ts";

/** No input names it. Whatever a broker's configuration may say is said here for good. */
const topic = "witness-4f1c9be7";
const config = {
  "cleanup.policy": "delete",
  "compression.type": "producer",
  "max.message.bytes": "1000000",
  "message.timestamp.after.max.ms": "9223372036854775807",
  "message.timestamp.before.max.ms": "9223372036854775807",
  "message.timestamp.type": "CreateTime",
  "retention.bytes": "-1",
  "retention.ms": "-1",
};

/** So much time passes once all inputs were taken: sessions end, old records are looked for. */
const afterwardsMs = 120_000;

/** See the head of this file. */
export class Witness {
  #produced = 0;

  private constructor(private readonly world: KafkaWorld) {}

  static async open(world: KafkaWorld): Promise<Witness> {
    await world.topic(topic, 1, config);
    const witness = new Witness(world);
    for (let left = 3; left > 0; left--) await witness.#produce();
    return witness;
  }

  /** Looks at everything, and closes the broker. */
  async close(): Promise<void> {
    const { base, broker } = this.world;
    for (let passed = 0; passed < afterwardsMs; passed += 10_000) {
      base.clock.advance(10_000);
      await turns(1);
    }
    await this.#produce();
    await this.#find(broker);
    await this.world.settle();
    const ends = endsOf(broker);
    await this.world.close();
    await verifyAll(base.disk.clone());
    await this.#startAgain(base.next(), ends);
  }

  /** One batch, through a connection of its own. */
  async #produce(): Promise<void> {
    const peer = this.world.connect();
    const records = batchOf({ first: this.#produced, timestamp: this.world.base.clock.now() });
    const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
    const { responses } = await peer.request("Produce", 9, { acks: -1, topicData });
    const answer = responses[0]?.partitionResponses[0];
    const isStored = answer?.errorCode === 0 && answer.baseOffset === this.#produced;
    require(isStored, () => `somebody else is refused: ${JSON.stringify(answer)}`);
    this.#produced += 1;
    peer.leave();
  }

  async #find(broker: Broker): Promise<void> {
    const numbers = await numbersOf(broker, topic);
    const expected = range(0, this.#produced).join();
    require(numbers.join() === expected, () => `somebody else's records are ${numbers.join()}`);
  }

  async #startAgain(next: BrokerWorld, ends: readonly string[]): Promise<void> {
    const broker = await next.tryStart();
    if (broker instanceof Refusal) throw new Finding(`the next start fails: ${broker.message}`);
    await this.#find(broker);
    const after = endsOf(broker);
    require(after.join() === ends.join(), () => `${ends.join()} has become ${after.join()}`);
    await broker.close();
  }
}

const endsOf = (broker: Broker): string[] =>
  broker
    .topics()
    .flatMap(({ name, partitions }) =>
      partitions.map(({ index, log }) => `${name}/${index} ${log.startOffset}-${log.endOffset}`),
    );

/** Every partition is healthy for who checks it. */
export async function verifyAll(disk: MemoryDisk): Promise<void> {
  const { partitions } = unwrap(await findPartitions(disk));
  for (const found of partitions) {
    const report = await verifyPartition(readerEnvironment(disk), found, { isLive: () => false });
    const { health, refusal, findings } = report;
    const isHealthy = health !== "damaged" && refusal === null;
    require(isHealthy, () => {
      const what = refusal?.message ?? JSON.stringify(findings.damages);
      return `check finds ${found.topic}/${found.partition} damaged: ${what}`;
    });
  }
}

/** The batches in whole chunks, one after another. */
export function* batchesIn(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const chunk of chunks) {
    const view = viewOf(chunk);
    for (let at = 0; at < chunk.length;) {
      const bytes = batchBytesAt(view, at);
      yield chunk.subarray(at, at + bytes);
      at += bytes;
    }
  }
}
