/**
 * A producer against brokers that lose answers, cut connections, refuse and move, held against the
 * model: whatever was sent is stored at most once, in the order of its calls, and the outcome that
 * its caller was told is true.
 */
import { expect, test } from "bun:test";
import type { Random } from "../../../src/base/random.ts";
import { DeliveryError, Producer } from "../../../src/client/kafka/producer.ts";
import { rounds } from "../../support/rounds.ts";
import { randomForTest } from "../../support/seed.ts";
import { turns } from "../../support/until.ts";
import { ProduceCluster } from "./produce-cluster.ts";

const partitions = 3;
const nodes = 2;

/** What became of a record. */
interface Sent {
  readonly value: string;
  readonly partition: number;
  outcome: "waits" | "stored" | "not stored" | "unknown";
  offset: number;
}

class Story {
  readonly cluster: ProduceCluster;
  readonly sent: Sent[] = [];

  private constructor(
    private readonly random: Random,
    private readonly producer: Producer,
    cluster: ProduceCluster,
  ) {
    this.cluster = cluster;
  }

  static async begin(random: Random): Promise<Story> {
    const cluster = new ProduceCluster(random);
    cluster.leaders.set(
      "orders",
      Array.from({ length: partitions }, () => random.below(nodes)),
    );
    const bytesMax = 150 + random.below(500);
    for (let partition = 0; partition < partitions; partition++) {
      if (random.next() < 0.3) cluster.partition("orders", partition).bytesMax = bytesMax;
    }
    const producer = await Producer.open({
      cluster,
      lingerMs: random.below(20),
      batchBytesMax: 100 + random.below(1000),
      bufferBytesMax: 500 + random.below(5000),
      maxInFlight: 1 + random.below(5),
      deliveryTimeoutMs: random.next() < 0.5 ? 300 + random.below(3000) : 100_000_000,
    });
    return new Story(random, producer, cluster);
  }

  send(): void {
    const partition = this.random.below(partitions);
    for (let left = this.random.below(12); left > 0; left--) {
      const value = `${this.sent.length}${"x".repeat(this.random.below(60))}`;
      const sent: Sent = { value, partition, outcome: "waits", offset: -1 };
      this.sent.push(sent);
      this.producer.send({ topic: "orders", partition, value }).then(
        ({ offset }) => {
          sent.outcome = "stored";
          sent.offset = offset;
        },
        (error: unknown) => {
          if (!(error instanceof DeliveryError)) throw error;
          sent.outcome = error.mayBeStored ? "unknown" : "not stored";
        },
      );
    }
  }

  /** Requests of one node, in the order in which its connection has them. */
  requests(): ProduceCluster["held"] {
    const node = this.random.below(nodes);
    return this.cluster.held.filter(({ to }) => to === node);
  }

  /** The connection to one node breaks, after some of its requests were done. */
  cut(): void {
    const held = this.requests();
    const done = this.random.below(held.length + 1);
    for (const request of held.slice(0, done)) request.store();
    for (const request of held) request.lose();
  }

  async step(): Promise<void> {
    const { random, cluster } = this;
    const dice = random.next();
    const first = this.requests()[0];
    if (dice < 0.3) this.send();
    else if (dice < 0.65) first?.answer();
    else if (dice < 0.72) first?.refuse("NOT_ENOUGH_REPLICAS");
    else if (dice < 0.74) first?.refuse("INVALID_RECORD");
    else if (dice < 0.8) this.cut();
    else if (dice < 0.82) {
      const leaders = Array.from({ length: partitions }, () => random.below(nodes));
      cluster.leaders.set("orders", leaders);
    } else if (dice < 0.84) cluster.connects = !cluster.connects;
    else cluster.clock.advance(random.below(300));
    await turns(random.below(2));
  }

  /** All is well again: everything comes to its end. */
  async end(): Promise<void> {
    let isOver = false;
    this.cluster.connects = true;
    void this.producer.close().then(() => (isOver = true));
    while (!isOver) {
      for (const held of [...this.cluster.held]) held.answer();
      await turns(1);
      this.cluster.clock.advance(50);
    }
  }

  check(): void {
    for (let partition = 0; partition < partitions; partition++) {
      const stored = this.cluster.partition("orders", partition).values;
      const sent = this.sent.filter((each) => each.partition === partition);
      const places = new Map(stored.map((value, offset) => [value, offset]));
      expect(places.size).toBe(stored.length);
      const order = sent.map(({ value }) => value).filter((value) => places.has(value));
      expect(stored).toEqual(order);
      for (const { value, outcome, offset } of sent) {
        expect(outcome).not.toBe("waits");
        if (outcome === "stored") expect(places.get(value)).toBe(offset);
        if (outcome === "not stored") expect(places.has(value)).toBe(false);
      }
    }
  }
}

test("what was sent is stored once, in order, and every outcome told is true", async () => {
  const random = randomForTest();
  for (let round = 0; round < rounds(150, 1500); round++) {
    const story = await Story.begin(random);
    for (let left = 200; left > 0; left--) await story.step();
    await story.end();
    story.check();
  }
}, 120_000);
