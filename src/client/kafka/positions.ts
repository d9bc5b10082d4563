/** The partitions that a consumer reads now, each with its position. */
import type { ClientWorld } from "./client-world.ts";
import { Position } from "./position.ts";
import { partitionName, type TopicPartition } from "./topic-partition.ts";

/** See the head of this file. */
export class Positions {
  readonly #positions = new Map<string, Position>();

  /** @param wake is called when a position may be worked on again */
  constructor(
    private readonly world: ClientWorld,
    private readonly wake: () => void,
  ) {}

  /** Those that are not assigned yet get a position, to be found. */
  assign(partitions: Iterable<TopicPartition>): void {
    for (const each of partitions) {
      const name = partitionName(each);
      if (this.#positions.has(name)) continue;
      this.#positions.set(name, new Position(each, this.world, this.wake));
    }
  }

  /** From now on, nothing of them is handed out. */
  drop(partitions: Iterable<TopicPartition>): void {
    for (const each of [...partitions]) {
      const name = partitionName(each);
      this.#positions.get(name)?.drop();
      this.#positions.delete(name);
    }
  }

  find(where: TopicPartition): Position | undefined {
    return this.#positions.get(partitionName(where));
  }

  all(): Position[] {
    return [...this.#positions.values()];
  }

  /** What is assigned, without what is known of it. */
  partitions(): TopicPartition[] {
    return this.all().map(({ topic, partition }) => ({ topic, partition }));
  }

  of(topic: string): Position[] {
    return this.all().filter((position) => position.topic === topic);
  }

  /** Whoever was served goes behind the others. */
  served(position: Position): void {
    const name = partitionName(position);
    if (this.#positions.get(name) !== position) return;
    this.#positions.delete(name);
    this.#positions.set(name, position);
  }
}
