/** What a live stream is fed with, whatever it becomes for its peer: one step after another. */
import type { Broker, Topic } from "../../broker/broker.ts";
import { streamPartitionsMax } from "../../limits.ts";
import type { HttpError } from "../errors.ts";
import type { Chunk } from "./chunk.ts";
import { type PositionEntry, positionText } from "./position.ts";
import type { Place, Stations, Step, Wish } from "./stations.ts";

/** What comes next for one reader. */
export type FeedStep =
  | Step
  /** A group has given it these partitions to read; for a stream of a topic: never. */
  | { readonly kind: "assigned"; readonly position: readonly PositionEntry[] }
  /** It is not read any more: the peer, the group or the broker has ended it. */
  | { readonly kind: "ended"; readonly error: HttpError | null };

/** Where a stream's steps come from. */
export interface Feed {
  /** Where it stands, as the text that leads back there. */
  readonly position: string;
  /** What comes next; whatever came before has been taken. One at a time. Never rejects. */
  next(): Promise<FeedStep>;
  /**
   * Notes that records before these offsets are done with; a refusal where that can't be, or where
   * there is nobody to note it.
   */
  acknowledge(entries: readonly PositionEntry[]): Promise<HttpError | null>;
  /** The step under way, and any later one, is the end. */
  close(): Promise<void>;
}

/** The same places after a chunk, which is handed out: each of its readers counts. */
export function movedBy({ next, sent }: Chunk, places: readonly Place[]): readonly Place[] {
  return places.map((place, at) => {
    const { records = 0, bytes = 0 } = sent[at] ?? {};
    if (records > 0) place.partition.traffic.sent(records, bytes);
    return { ...place, offset: next[at]?.offset ?? place.offset };
  });
}

/** Asks the stations, and can be told not to wait for their answer. */
export class Asking {
  #end: (() => void) | null = null;

  constructor(private readonly stations: Stations) {}

  /** What comes next; `null`: {@link end} was called. */
  async step(places: readonly Place[], wish: Wish): Promise<Step | null> {
    const { promise, resolve } = Promise.withResolvers<Step | null>();
    const leave = this.stations.ask(places, wish, resolve);
    this.#end = () => {
      leave();
      resolve(null);
    };
    const step = await promise;
    this.#end = null;
    return step;
  }

  end(): void {
    this.#end?.();
  }
}

/** What a stream of a topic is made of. */
interface TopicFeedParts {
  readonly stations: Stations;
  readonly broker: Pick<Broker, "topic">;
  readonly topic: Topic;
  /** Whether partitions that are added belong to it. */
  readonly isWhole: boolean;
  readonly wish: Wish;
  /** What the peer is told when the topic is gone. */
  readonly gone: HttpError;
  /** What an acknowledgement is told: nobody keeps it. */
  readonly noGroup: HttpError;
}

/** All partitions of a topic, new ones included, or some of them. */
export class TopicFeed implements Feed {
  #places: readonly Place[];
  #isClosed = false;
  readonly #asking: Asking;

  /** @param places where it begins */
  constructor(
    private readonly parts: TopicFeedParts,
    places: readonly Place[],
  ) {
    this.#places = places;
    this.#asking = new Asking(parts.stations);
  }

  get position(): string {
    const { name } = this.parts.topic;
    const entries = this.#places.map(({ partition, offset }) => {
      return { topic: name, partition: partition.index, offset };
    });
    return positionText(entries, name);
  }

  async next(): Promise<FeedStep> {
    if (this.#isClosed) return { kind: "ended", error: null };
    const { broker, topic, wish, gone } = this.parts;
    if (broker.topic(topic.name)?.id !== topic.id) return { kind: "ended", error: gone };
    this.#grow();
    const step = await this.#asking.step(this.#places, wish);
    if (step === null) return { kind: "ended", error: null };
    if (step.kind === "chunk") this.#places = movedBy(step.chunk, this.#places);
    if (step.kind !== "refused") return step;
    const isGone = step.refusal.code === "UNKNOWN_TOPIC_OR_PARTITION";
    return isGone ? { kind: "ended", error: gone } : step;
  }

  async acknowledge(): Promise<HttpError> {
    return this.parts.noGroup;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#asking.end();
  }

  /** A partition that was added is read from its first record on. */
  #grow(): void {
    const { partitions, id } = this.parts.topic;
    if (!this.parts.isWhole || partitions.length <= this.#places.length) return;
    const added = partitions.slice(this.#places.length, streamPartitionsMax);
    const places = added.map((partition) => ({ partition, topicId: id, offset: 0 }));
    this.#places = [...this.#places, ...places];
  }
}
