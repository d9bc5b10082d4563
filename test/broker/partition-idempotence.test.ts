/**
 * 100,000 batches of idempotent producers, sent as real clients send them: up to five under way,
 * answers lost at random, the same batch again, batches of different connections out of order, a
 * disk that is full now and then, machines that go down. In the end each batch is stored once, in
 * its producer's order, at the offset that was answered.
 */
import { afterAll, expect, test } from "bun:test";
import type { Random } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Produced } from "../../src/broker/broker.ts";
import type { HostedPartition } from "../../src/broker/partition.ts";
import { batchOf } from "../support/batches.ts";
import { headersIn, PartitionWorld } from "../support/partition-world.ts";
import { randomForTest } from "../support/seed.ts";

const batchesInAll = 100_000;
const producersAtOnce = 40;
/** After so many a client is another producer, whom the broker does not know. */
const batchesOfOne = 500;
const window = 5;
const roundsMax = 20_000;

/** A batch that its client has numbered. */
interface Sent {
  readonly baseSequence: number;
  readonly bytes: Uint8Array;
  /** Where the broker said that it is; `null`: no answer has reached the client. */
  baseOffset: number | null;
  /** Where it once said so, even if that answer was lost. */
  toldOffset: number | null;
}

/** One producer, which has at most {@link window} batches that it was not answered for. */
class Client {
  readonly unanswered: Sent[] = [];
  readonly done: Sent[] = [];
  #sequence: number;

  constructor(
    readonly producerId: number,
    readonly producerEpoch: number,
    random: Random,
  ) {
    // Some begin where the numbers are about to wrap.
    this.#sequence = random.below(2) === 0 ? 0 : 0x7fff_ffff - random.below(3000);
  }

  /** Makes its next batch; false while it must wait. */
  next(count: number): boolean {
    if (this.unanswered.length === window) return false;
    const { producerId, producerEpoch } = this;
    const baseSequence = this.#sequence;
    const producer = { producerId, producerEpoch, baseSequence };
    const bytes = batchOf({ first: this.done.length, count, valueBytes: 4, producer });
    this.unanswered.push({ baseSequence, bytes, baseOffset: null, toldOffset: null });
    this.#sequence = (baseSequence + count) % 2 ** 31;
    return true;
  }

  /** The ones at the front that were answered are done with. */
  settle(): void {
    while (typeof this.unanswered[0]?.baseOffset === "number") {
      this.done.push(this.unanswered.shift()!);
    }
  }
}

/** What has happened, for the record that a run was no walk in the park. */
const counts = { lost: 0, outOfOrder: 0, full: 0, restarts: 0, again: 0 };

class Run {
  world = new PartitionWorld();
  partition!: HostedPartition;
  readonly everyone: Client[] = [];
  readonly clients: Client[];
  readonly #underWay: Promise<void>[] = [];

  constructor(readonly random: Random) {
    this.clients = Array.from({ length: producersAtOnce }, () => this.#newClient());
  }

  #newClient(): Client {
    const client = new Client(this.everyone.length, this.random.below(3), this.random);
    this.everyone.push(client);
    return client;
  }

  /** A client that has sent enough becomes another one, once it was answered for everything. */
  replaceDone(): void {
    for (const [at, { done, unanswered }] of this.clients.entries()) {
      const isDone = unanswered.length === 0 && done.length >= batchesOfOne;
      if (isDone) this.clients[at] = this.#newClient();
    }
  }

  /** Sends the newest batch of a client, if it has made one, or any that was not answered. */
  send({ unanswered }: Client, isNew: boolean): void {
    const { length } = unanswered;
    const sent = unanswered[isNew ? length - 1 : this.random.below(length)];
    if (sent !== undefined) this.#send(sent);
  }

  #send(sent: Sent): void {
    if (sent.toldOffset !== null) counts.again += 1;
    const isLost = this.random.below(5) === 0;
    const asked = this.world;
    const answer = this.partition.produce(sent.bytes);
    this.#underWay.push(
      answer.then((answered) => {
        // What a machine says that has gone down, reaches nobody; what it has stored, is stored.
        const isGone = asked !== this.world;
        if (!isGone || !(answered instanceof Refusal)) {
          this.#answered(sent, answered, isLost || isGone);
        }
      }),
    );
  }

  #answered(sent: Sent, answer: Produced | Refusal, isLost: boolean): void {
    if (answer instanceof Refusal) {
      if (answer.code === "OUT_OF_ORDER_SEQUENCE_NUMBER") counts.outOfOrder += 1;
      else if (answer.code === "DISK_FULL") counts.full += 1;
      else throw new Error(String(answer));
      return;
    }
    if (sent.toldOffset !== null) expect(Number(answer.baseOffset)).toBe(sent.toldOffset);
    sent.toldOffset = answer.baseOffset;
    if (isLost) counts.lost += 1;
    else sent.baseOffset = answer.baseOffset;
  }

  /** Waits for all answers. */
  async answers(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#underWay.length = 0;
    for (const client of this.clients) client.settle();
  }

  /** Closes it, or has its machine go down in the middle of what it does, and starts it again. */
  async restart(): Promise<void> {
    counts.restarts += 1;
    const isClosed = this.random.below(2) === 0;
    if (isClosed) {
      await this.answers();
      const before = await this.partition.describeProducers();
      await this.partition.close();
      this.world = this.world.next();
      this.partition = await this.world.open();
      expect(await this.partition.describeProducers()).toEqual(before);
    } else {
      this.#underWay.length = 0;
      // Not a power cut that tears a write in its middle: what is behind the tear would be stored,
      // and what is before it would not, which the log reports as a loss.
      this.world = this.world.next({ keep: this.random.below(2) === 0 ? "all" : "synced" });
      this.partition = await this.world.open();
    }
    // Whoever loses its connection sends all again, in order: none of it may be known there.
    for (const sent of this.clients.flatMap(({ unanswered }) => unanswered)) this.#send(sent);
  }
}

test("each of 100,000 batches is stored once, in order, where it was answered", async () => {
  const run = new Run(randomForTest());
  const { random, clients } = run;
  run.partition = await run.world.open();
  let made = 0;
  let rounds = 0;
  while (made < batchesInAll || clients.some(({ unanswered }) => unanswered.length > 0)) {
    // A batch that can never be stored would have its client try for ever.
    if (++rounds > roundsMax) throw new Error(`${made} batches made, and it does not get on`);
    for (const client of clients) {
      const isOld = client.done.length >= batchesOfOne;
      const isNew = made < batchesInAll && !isOld && client.next(1 + random.below(3));
      if (isNew) made += 1;
      run.send(client, isNew);
      // Some of what comes now finds a write under way, and goes to the disk in the next one.
      if (random.below(10) === 0) await Promise.resolve();
    }
    if (random.below(50) === 0) {
      const partialBytes = random.below(200);
      run.world.disk.failNext("append", /\.log$/, "full", { partialBytes });
    }
    if (random.below(3) === 0) await run.answers();
    run.replaceDone();
    if (random.below(200) === 0) await run.restart();
  }
  await run.answers();

  const stored = await headersIn(run.partition);
  const byProducer = Map.groupBy(stored, ({ producerId }) => producerId);
  let total = 0;
  for (const { producerId, done } of run.everyone) {
    const found = (byProducer.get(producerId) ?? []).map((header) => [
      header.baseSequence,
      Number(header.baseOffset),
    ]);
    expect(found).toEqual(done.map(({ baseSequence, baseOffset }) => [baseSequence, baseOffset!]));
    total += done.length;
  }
  expect(total).toBe(batchesInAll);
  expect(stored).toHaveLength(batchesInAll);
  await run.partition.close();
  process.stdout.write(`${rounds} rounds\n`);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(3);
}, 60_000);

afterAll(() => {
  process.stdout.write(`${JSON.stringify(counts)}\n`);
});
