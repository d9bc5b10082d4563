/** A producer in a cluster of memory, for the stories of its tests. */
import { expect } from "bun:test";
import { type DeliveryError, Producer } from "../../../src/client/kafka/producer.ts";
import type { ProducerSettingOptions } from "../../../src/client/kafka/producer-settings.ts";
import { turns } from "../../support/until.ts";
import { type HeldRequest, ProduceCluster } from "./produce-cluster.ts";

/** Longer than any pause before the first repetition. */
export const pauseMs = 200;

/** A producer, and the cluster that it writes to. */
export class ProducerWorld implements AsyncDisposable {
  readonly cluster = new ProduceCluster();
  producer!: Producer;
  /** What became of each send, in the order in which they settled. */
  readonly outcomes: string[] = [];

  static async open(options: ProducerSettingOptions = {}): Promise<ProducerWorld> {
    const world = new ProducerWorld();
    world.producer = await Producer.open({ cluster: world.cluster, ...options });
    return world;
  }

  /** Sends records to one partition, and remembers how they end. */
  send(...values: readonly string[]): void {
    for (const value of values) this.sendTo(0, value);
  }

  sendTo(partition: number, ...values: readonly string[]): void {
    for (const value of values) {
      this.producer.send({ topic: "orders", partition, value }).then(
        ({ offset: at }) => this.outcomes.push(`${value}@${at}`),
        (error: DeliveryError) =>
          this.outcomes.push(`${value} ${error.code}${error.mayBeStored ? "?" : ""}`),
      );
    }
  }

  /** Each value in a request of its own, all of them in flight. */
  async sendApart(...values: readonly string[]): Promise<void> {
    for (const value of values) {
      this.send(value);
      await turns(2);
    }
  }

  /** A first record is stored, so that more than one request may be in flight. */
  async prove(): Promise<void> {
    this.send("first");
    await turns(2);
    this.held(0).answer();
    await turns(2);
  }

  held(index: number): HeldRequest {
    const held = this.cluster.held[index];
    if (held === undefined) throw new Error(`no request ${index} is held`);
    return held;
  }

  /** The values of the requests that are in flight. */
  get inFlight(): string[] {
    return this.cluster.held.map(({ values }) => values.join(" "));
  }

  get stored(): string {
    return this.cluster.partition("orders").values.join(" ");
  }

  /** Numbers of the batches in flight: `id/epoch: first sequence`. */
  get numbers(): string[] {
    return this.cluster.held.flatMap(({ batches }) =>
      batches.map(
        ({ header }) => `${header.producerId}/${header.producerEpoch}: ${header.baseSequence}`,
      ),
    );
  }

  /** Breaks the connection: whatever is in flight goes with it. */
  cut(): void {
    for (const held of [...this.cluster.held]) held.lose();
  }

  async pass(ms: number): Promise<void> {
    await turns(2);
    this.cluster.clock.advance(ms);
    await turns(2);
  }

  /** Answers what comes until nothing is left to do. */
  async settle(): Promise<void> {
    this.cluster.answers = true;
    for (const held of [...this.cluster.held]) held.answer();
    const flushed = this.producer.flush();
    let isOver = false;
    void flushed.then(() => (isOver = true));
    while (!isOver) await this.pass(200);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.producer.abort();
    expect(this.cluster.clock.pending).toBe(0);
  }
}
