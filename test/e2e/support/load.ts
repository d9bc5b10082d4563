/**
 * Producers under load, native ones and Kafka's: each has one connection and keeps a window of
 * records in flight. A cut connection is the end: nothing is sent twice. Invariant: every record is
 * in the history before its first byte leaves.
 */
import type { Random } from "../../../src/base/random.ts";
import type { StartedBroker } from "./broker-process.ts";
import type { ProducerHistory } from "./history.ts";
import { KafkaLoadProducer } from "./kafka-load.ts";
import type { LoadProducer, LoadShape } from "./load-shape.ts";
import { NativeLoadProducer } from "./native-load.ts";

/** Where a broker listens. */
export type Doors = Pick<StartedBroker, "port" | "kafkaPort">;

/** Several producers at once. */
export class Load {
  private constructor(readonly producers: readonly LoadProducer[]) {}

  static async start(
    { port, kafkaPort }: Doors,
    producers: readonly ProducerHistory[],
    shape: LoadShape,
    random: Random,
  ): Promise<Load> {
    const { ways = ["native"] } = shape;
    const connecting = producers.map((producer, index): Promise<LoadProducer> => {
      const way = ways[index % ways.length] ?? "native";
      if (way === "native") return NativeLoadProducer.connect(port, producer, shape, random);
      return KafkaLoadProducer.connect(kafkaPort, producer, shape, random, way);
    });
    return new Load(await Promise.all(connecting));
  }

  get sent(): number {
    return this.#sum(({ sent }) => sent);
  }

  get acknowledged(): number {
    return this.#sum(({ acknowledged }) => acknowledged);
  }

  get refused(): number {
    return this.#sum(({ refused }) => refused);
  }

  get inFlight(): number {
    return this.#sum(({ inFlight }) => inFlight);
  }

  get violations(): readonly string[] {
    return this.producers.flatMap(({ violations }) => violations);
  }

  pause(): void {
    for (const producer of this.producers) producer.pause();
  }

  resume(): void {
    for (const producer of this.producers) producer.resume();
  }

  abandon(): void {
    for (const producer of this.producers) producer.abandon();
  }

  async close(): Promise<void> {
    for (const producer of this.producers) producer.close();
    await this.closed();
  }

  /** Resolves when every connection is gone. */
  async closed(): Promise<void> {
    await Promise.all(this.producers.map(({ closed }) => closed));
  }

  #sum(of: (producer: LoadProducer) => number): number {
    return this.producers.reduce((sum, producer) => sum + of(producer), 0);
  }
}
