/**
 * One connection of Kafka's protocol, one request at a time, with nothing of a client around it:
 * what it measures is the broker and two passes through the loopback device.
 */
import type { Offset } from "../../src/base/brands.ts";
import { parseAddress } from "../../src/client/kafka/address.ts";
import { ClientError } from "../../src/client/kafka/client-error.ts";
import { systemWorld } from "../../src/client/kafka/client-world.ts";
import { Connection } from "../../src/client/kafka/connection.ts";
import { produceOutcomes, produceRequest } from "../../src/client/kafka/produce-request.ts";
import { apis } from "../../src/kafka/apis.ts";
import { baseOffsetAt, batchBytesAt, nextOffsetAt, viewOf } from "../../src/record/batch.ts";
import { recordsCountAt } from "../../src/record/batch.ts";
import { BatchBuilder } from "../../src/record/builder.ts";
import { noUuid, type RequestOf } from "../../src/wire/table.ts";
import { Writer } from "../../src/wire/writer.ts";

type FetchRequest = RequestOf<(typeof apis)["Fetch"]>;

/** For a request; a benchmark would rather end than hang. */
const timeoutMs = 60_000;
/** Versions that name topics, and that both Kafka 4 and Obelisk have. */
const produceVersion = 9;
const fetchVersion = 12;
/** What a Fetch waits for a record that does not come. */
const fetchWaitMs = 500;
/** UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER. */
const unledErrors = new Set([3, 5, 6]);
/** Between two looks at a topic that has no leader yet. */
const retryMs = 10;
/** What librdkafka asks for at most, of one partition and in all. */
const fetchBytesMax = 1 << 20;

/** What came of a fetch. */
export interface Fetched {
  readonly bytes: number;
  readonly records: number;
  readonly nextOffset: number;
}

/** See the head of this file. */
export class KafkaLink {
  private constructor(private readonly connection: Connection) {}

  static async open(address: string): Promise<KafkaLink> {
    const { clock, dial } = systemWorld;
    const parts = { address: parseAddress(address), clientId: "bench", clock, dial };
    const connection = Connection.open({ ...parts, writer: new Writer() }, timeoutMs);
    await connection.ready;
    return new KafkaLink(connection);
  }

  /** Stores a batch in partition 0, with `acks` all. */
  async produce(topic: string, bytes: Uint8Array): Promise<void> {
    const parcels = [{ topic, topicId: noUuid, partition: 0, bytes }];
    const request = produceRequest(parcels, "all", timeoutMs);
    const { connection } = this;
    const response = await connection.send(apis.Produce, produceVersion, request, timeoutMs);
    const error = produceOutcomes(response, parcels)[0]?.error;
    if (error !== null) throw error ?? new Error("Produce: no answer for the batch");
  }

  /** Returns once partition 0 of a new topic has a leader: brokers create before they can serve. */
  async untilLed(topic: string): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const errorCode = (await this.#ask(topic, 0, 0))?.errorCode ?? -1;
      if (errorCode === 0) return;
      const isOnTheWay = unledErrors.has(errorCode) && performance.now() < deadline;
      if (!isOnTheWay) throw new Error(`${topic} has no leader: error ${errorCode}`);
      await Bun.sleep(retryMs);
    }
  }

  /** Batches of partition 0; waits for a first one, though not for ever. */
  async fetch(topic: string, from: number): Promise<Fetched> {
    const partition = await this.#ask(topic, from, fetchWaitMs);
    if (partition?.errorCode !== 0) throw new Error(`Fetch: error ${partition?.errorCode}`);
    let fetched: Fetched = { bytes: 0, records: 0, nextOffset: from };
    for (const piece of partition.records ?? []) fetched = countBatches(piece, fetched);
    return fetched;
  }

  async #ask(topic: string, from: number, waitMs: number) {
    const request = fetchRequest(topic, from as Offset, waitMs);
    const { connection } = this;
    const response = await connection.send(apis.Fetch, fetchVersion, request, timeoutMs);
    return response.responses[0]?.partitions[0];
  }

  close(): void {
    this.connection.close(new ClientError("CLOSED", "the benchmark is done"));
  }
}

/** A batch of one record without a key. */
export function batchOfOne(recordBytes: number): Uint8Array {
  const builder = new BatchBuilder();
  const value = new Uint8Array(recordBytes).fill(0x78);
  builder.append({ timestamp: 1_754_705_528_480, key: null, value });
  return builder.build({});
}

/** Adds whole batches to what was fetched; the last one may be cut. */
function countBatches(bytes: Uint8Array, before: Fetched): Fetched {
  const view = viewOf(bytes);
  let { records, nextOffset } = before;
  for (let at = 0; at + 61 <= bytes.length; at += batchBytesAt(view, at)) {
    if (at + batchBytesAt(view, at) > bytes.length) break;
    if (baseOffsetAt(view, at) < nextOffset && nextOffsetAt(view, at) <= nextOffset) continue;
    records += recordsCountAt(view, at);
    nextOffset = nextOffsetAt(view, at);
  }
  return { bytes: before.bytes + bytes.length, records, nextOffset };
}

const fetchRequest = (topic: string, fetchOffset: Offset, maxWaitMs: number): FetchRequest => ({
  clusterId: null,
  replicaId: -1,
  replicaState: { replicaId: -1, replicaEpoch: -1 },
  maxWaitMs,
  minBytes: 1,
  maxBytes: 50 * fetchBytesMax,
  isolationLevel: 0,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [
    {
      topic,
      topicId: noUuid,
      partitions: [
        {
          partition: 0,
          currentLeaderEpoch: -1,
          fetchOffset,
          lastFetchedEpoch: -1,
          logStartOffset: -1,
          partitionMaxBytes: fetchBytesMax,
          replicaDirectoryId: noUuid,
        },
      ],
    },
  ],
  forgottenTopicsData: [],
  rackId: "",
});
