/**
 * What all clients of a story share: how they connect, when they give up, and what they tell.
 * Clients outlive machines: they connect again until the story is over.
 */
import type { Random } from "../../src/base/random.ts";
import { KafkaClient } from "../e2e/support/kafka-client.ts";
import { type ProducerHistory, timestampBase } from "../e2e/support/history.ts";
import { batchOfNumbers, someCompression } from "../e2e/support/kafka-batches.ts";
import { named } from "../support/kafka-world.ts";
import { recordsOf } from "./reading.ts";
import type { Ledger, Place } from "./ledger.ts";
import type { ClientEnd, ClientEvents } from "./network.ts";
import type { Scheduler } from "./scheduler.ts";

/** See the head of this file. */
export interface ClientWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly ledger: Ledger;
  /** Partitions of each topic. */
  readonly topics: ReadonlyMap<string, number>;
  /** Nobody begins anything new; what must be finished is. */
  isEnding: boolean;
  /** Everybody stops at once. */
  isOver: boolean;
  /** Clients read slowly, if at all. */
  isStalling: boolean;
  /** The metadata may refuse what is asked of it. */
  isRefusing: boolean;
  /** Readers look for records by their time, too. */
  isSearching: boolean;
  /** Up to so long between two requests of a client. */
  pauseMs: number;
  dial(protocol: "kafka" | "native", events: ClientEvents): ClientEnd;
}

/** A connection to the Kafka port; `null`: there was none to be had, and some time has passed. */
export async function connect(world: ClientWorld): Promise<KafkaClient | null> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const client = KafkaClient.over((events) =>
    world.dial("kafka", {
      ...events,
      opened: () => resolve(true),
      closed: () => {
        resolve(false);
        events.closed();
      },
    }),
  );
  if (await promise) return client;
  await world.scheduler.wait(1 + world.random.next() * 10);
  return null;
}

/** A pause between two requests. */
export const pause = (world: ClientWorld): Promise<void> =>
  world.scheduler.wait(world.random.next() * world.pauseMs);

/** Any partition of any of these topics. */
function somePlace({ random, topics }: ClientWorld, names: readonly string[]): Place {
  const topic = names[random.below(names.length)]!;
  return { topic, index: random.below(topics.get(topic)!) };
}

const valueBytesMax = 300;

/** Notes some records as sent, and makes their batch. */
export function newBatch(
  { random }: ClientWorld,
  producer: ProducerHistory,
  { topic, index }: Place,
  options: { producerId?: number; producerEpoch?: number; baseSequence?: number } = {},
): { readonly numbers: readonly number[]; readonly bytes: Uint8Array } {
  const isLarge = random.below(12) === 0;
  const numbers = Array.from({ length: 1 + random.below(4) }, () =>
    producer.send(topic, false, random.below(isLarge ? 10 * valueBytesMax : valueBytesMax), index),
  );
  const compression = someCompression(random);
  return { numbers, bytes: batchOfNumbers(producer, numbers, { ...options, compression }) };
}

/** A Kafka producer without numbers: what is not answered is given up. */
export async function produceOnce(
  world: ClientWorld,
  producer: ProducerHistory,
  acks: number,
  names: readonly string[],
): Promise<void> {
  const { random, ledger, scheduler } = world;
  while (!world.isEnding) {
    const client = await connect(world);
    if (client === null) continue;
    producer.connections += 1;
    for (let left = 1 + random.below(40); left > 0 && !client.isGone && !world.isEnding; left--) {
      const place = somePlace(world, names);
      const { numbers, bytes } = newBatch(world, producer, place);
      const partitionData = [{ index: place.index, records: bytes }];
      const request = { acks, timeoutMs: 100, topicData: [{ name: place.topic, partitionData }] };
      const version = 7 + random.below(6);
      const asked =
        acks === 0 ? client.tell(version, request) : client.ask("Produce", version, request);
      void asked?.then((response) => {
        const answer = response?.responses[0]?.partitionResponses[0];
        const code = answer === undefined ? "no answer" : named(answer.errorCode);
        scheduler.note(`${producer.nameOf(numbers[0]!)} ${place.topic}/${place.index}: ${code}`);
        if (answer?.errorCode !== 0) return;
        ledger.acked(producer, numbers, place, Number(answer.baseOffset));
      });
      if (client.inFlight > random.below(8)) await pause(world);
      if (client.inFlight > 8) await asked;
    }
    await pause(world);
    client[Symbol.dispose]();
  }
}

/** How a topic is read. */
export interface Reading {
  readonly fromStart: boolean;
  /** Whether nobody deletes records of it, so that all can be found by their times. */
  readonly isWhole: boolean;
}

/** Reads a topic over and over: from its start, or at its end, through Fetch with its sessions. */
export async function follow(
  world: ClientWorld,
  topic: string,
  { fromStart, isWhole }: Reading,
): Promise<void> {
  while (!world.isOver) {
    const client = await connect(world);
    if (client === null) continue;
    const positions = new Map<number, number>();
    for (let index = 0; index < world.topics.get(topic)!; index++) {
      const start = await listOffset(world, client, { topic, index }, fromStart ? -2 : -1);
      if (start !== null) positions.set(index, start);
    }
    const rounds = 1 + world.random.below(20);
    for (let left = rounds; left > 0 && !client.isGone && !world.isOver; left--) {
      if (!(await fetchAll(world, client, topic, positions))) break;
      if (isWhole && world.isSearching) await searchSome(world, client, topic);
      await stallSometimes(world, client);
      await pause(world);
    }
    client[Symbol.dispose]();
  }
}

/** Reads nothing for a while, now and then. */
async function stallSometimes(world: ClientWorld, client: KafkaClient): Promise<void> {
  if (!world.isStalling || world.random.below(10) > 0) return;
  client.pause();
  await world.scheduler.wait(world.random.next() * 50);
  if (!client.isGone) client.resume();
}

async function listOffset(
  { ledger, random }: ClientWorld,
  client: KafkaClient,
  place: Place,
  timestamp: number,
): Promise<number | null> {
  const before = ledger.marks(place);
  const partitions = [{ partitionIndex: place.index, timestamp }];
  const topics = [{ name: place.topic, partitions }];
  const listed = await client.ask("ListOffsets", 1 + random.below(10), { replicaId: -1, topics });
  const found = listed?.topics[0]?.partitions[0];
  if (found === undefined || found.errorCode !== 0) return null;
  const offset = Number(found.offset);
  const after = ledger.marks(place);
  if (timestamp === -2)
    ledger.told(place, { start: offset, high: after.high }, before, "ListOffsets");
  else ledger.told(place, { start: after.start, high: offset }, before, "ListOffsets");
  return offset;
}

/** Looks for the first record of a time. */
async function searchSome(world: ClientWorld, client: KafkaClient, topic: string): Promise<void> {
  const { ledger, random, topics } = world;
  const place = { topic, index: random.below(topics.get(topic)!) };
  const before = ledger.marks(place);
  const timestamp = timestampBase + random.below(1 + before.high);
  const partitions = [{ partitionIndex: place.index, timestamp }];
  const asked = { replicaId: -1, topics: [{ name: topic, partitions }] };
  const listed = await client.ask("ListOffsets", 1 + random.below(10), asked);
  const found = listed?.topics[0]?.partitions[0];
  if (found === undefined || found.errorCode !== 0) return;
  const offset = Number(found.offset);
  ledger.toldTime(place, timestamp, offset < 0 ? null : offset, before);
}

/** One Fetch for all partitions; `false`: begin again. */
async function fetchAll(
  { ledger, random }: ClientWorld,
  client: KafkaClient,
  topic: string,
  positions: Map<number, number>,
): Promise<boolean> {
  const before = new Map(
    [...positions.keys()].map((index) => [index, ledger.marks({ topic, index })]),
  );
  const partitions = [...positions].map(([partition, fetchOffset]) => {
    return { partition, fetchOffset, partitionMaxBytes: 1 + random.below(4000) };
  });
  const request = {
    maxWaitMs: random.below(20),
    minBytes: 1 + random.below(200),
    maxBytes: 20_000,
  };
  const topics = [{ topic, partitions }];
  const response = await client.ask("Fetch", 4 + random.below(9), { ...request, topics });
  if (response === null || response.errorCode !== 0) return false;
  const hadMore = [...positions].find(([index, position]) => position < before.get(index)!.high);
  let count = 0;
  for (const row of response.responses.flatMap((one) => one.partitions)) {
    const { partitionIndex: index, errorCode, records } = row;
    if (errorCode !== 0) {
      // Behind a hole, where nothing can be read, there is more.
      if (ledger.hasHoles({ topic, index })) positions.set(index, positions.get(index)! + 1);
      return ledger.hasHoles({ topic, index });
    }
    const high = Number(row.highWatermark);
    const place = { topic, index };
    // Before version 5 nobody says where the log starts.
    const said = Number(row.logStartOffset);
    const known = before.get(index)!;
    ledger.told(place, { start: said < 0 ? known.start : said, high }, known, "Fetch");
    if (Number(row.lastStableOffset) > high) ledger.note(`stable: above ${high} in ${topic}`);
    const next = takeRecords(ledger, place, records ?? [], positions.get(index)!);
    if (next > high) ledger.note(`beyond: ${topic}/${index} had ${next - 1}, and ended at ${high}`);
    count += next - positions.get(index)!;
    positions.set(index, next);
  }
  // However little it may bring, one batch comes; else whoever asks would ask for ever.
  if (hadMore !== undefined && count === 0 && !ledger.hasHoles({ topic, index: hadMore[0] })) {
    ledger.note(`liveness: ${topic}/${hadMore[0]} brings nothing from ${hadMore[1]} on`);
  }
  return true;
}

/** What a Fetch has brought, from `from` on; where to go on. */
function takeRecords(
  ledger: Ledger,
  place: Place,
  chunks: readonly Uint8Array[],
  from: number,
): number {
  let next = from;
  for (const record of recordsOf(chunks)) {
    if (record.offset < from) continue;
    ledger.saw(place, record);
    next = record.offset + 1;
  }
  return next;
}
