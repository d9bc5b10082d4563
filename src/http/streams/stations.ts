/**
 * Where readers of live streams meet. Readers with the same wishes (place, form, format, filter) at
 * the same position stand in one station: what comes next is read and encoded once, and handed to
 * all of them. Each reader asks again when its peer has taken what it got; one that is slower finds
 * what the others have had in the cache, or has it read again.
 *
 * Readers at the end of the records are always at the same position, whatever way they came: so a
 * topic with a thousand of them is encoded once.
 *
 * Owns the stations in which somebody stands, and the cache. Invariant: a station without readers
 * waits for nothing.
 */
import { offset } from "../../base/brands.ts";
import { Refusal } from "../../base/refusal.ts";
import type { Broker, Partition } from "../../broker/broker.ts";
import { visitRecords } from "../../broker/record-visit.ts";
import type { Wait } from "../../broker/waiters.ts";
import {
  httpScanReadBytes,
  streamCacheBytesMax,
  streamChunkBytes,
  streamChunkOverheadBytes,
  streamQuietMs,
  streamShareBytesMin,
} from "../../limits.ts";
import type { RecordFilter } from "../record-filter.ts";
import { type Chunk, type ChunkStyle, ChunkWriter } from "./chunk.ts";
import { type PositionEntry, positionText } from "./position.ts";

/** A partition, and where to read on in it. */
export interface Place {
  readonly partition: Partition;
  /** Of its topic: one of the same name later is another one. */
  readonly topicId: string;
  readonly offset: number;
}

/** What a reader wants, whatever the position. */
export interface Wish {
  readonly style: ChunkStyle;
  readonly filter: RecordFilter;
  /** Of the filter: who has the same text wants the same records. */
  readonly filterText: string;
}

/** What comes next. */
export type Step =
  /** Records, or at least progress. */
  | { readonly kind: "chunk"; readonly chunk: Chunk }
  /** Nothing has come for `streamQuietMs`. */
  | { readonly kind: "quiet" }
  /** It can't be read. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The broker stops. */
  | { readonly kind: "closing" };

type Listener = (step: Step) => void;

interface Station {
  readonly listeners: Set<Listener>;
  wait: Wait | null;
}

const quiet: Step = { kind: "quiet" };
const closing: Step = { kind: "closing" };

/** See the head of this file. */
export class Stations {
  readonly #open = new Map<string, Station>();
  /** By the same keys, the one that was not asked for the longest time first. */
  readonly #cache = new Map<string, Chunk>();
  #cachedBytes = 0;
  #encoded = 0;

  constructor(
    private readonly broker: Pick<Broker, "wait">,
    private readonly cacheBytesMax = streamCacheBytesMax,
  ) {}

  /** Chunks that were encoded since the start. */
  get encoded(): number {
    return this.#encoded;
  }

  /** Readers that wait, or are about to be told. */
  get readers(): number {
    return [...this.#open.values()].reduce((sum, { listeners }) => sum + listeners.size, 0);
  }

  /**
   * Calls `listener` once with what comes after these places; never before this returns.
   * Returns how to leave, after which it is not called.
   */
  ask(places: readonly Place[], wish: Wish, listener: Listener): () => void {
    const key = keyOf(places, wish);
    let station = this.#open.get(key);
    if (station === undefined) {
      station = { listeners: new Set(), wait: null };
      this.#open.set(key, station);
      void this.#serve(key, station, places, wish);
    }
    station.listeners.add(listener);
    const entered = station;
    return () => {
      entered.listeners.delete(listener);
      if (entered.listeners.size === 0) entered.wait?.cancel();
    };
  }

  async #serve(key: string, station: Station, places: readonly Place[], wish: Wish): Promise<void> {
    // Not at once: whoever asks is not told before it knows how to leave.
    await Promise.resolve();
    const step = await this.#next(key, station, places, wish);
    this.#open.delete(key);
    for (const listener of station.listeners) listener(step);
  }

  async #next(key: string, station: Station, places: readonly Place[], wish: Wish): Promise<Step> {
    const cached = this.#cache.get(key);
    if (cached !== undefined) {
      this.#cache.delete(key);
      this.#cache.set(key, cached);
      return { kind: "chunk", chunk: cached };
    }
    for (;;) {
      const chunk = await encode(places, wish);
      if (chunk instanceof Refusal) return { kind: "refused", refusal: chunk };
      const hasMoved = chunk.next.some((entry, at) => entry.offset !== places[at]?.offset);
      if (hasMoved) {
        this.#encoded += 1;
        this.#keep(key, chunk);
        return { kind: "chunk", chunk };
      }
      if (station.listeners.size === 0) return quiet;
      station.wait = this.broker.wait({
        partitions: places.map((place) => {
          return { partition: place.partition, nextOffset: offset(place.offset), bytesMax: 1 };
        }),
        bytes: 1,
        maxWaitMs: streamQuietMs,
      });
      const ended = await station.wait.ended;
      if (ended === "closing") return closing;
      // Whoever asks again looks first whether the topic is still the one it was.
      if (ended !== "bytes") return quiet;
    }
  }

  #keep(key: string, chunk: Chunk): void {
    this.#cache.set(key, chunk);
    this.#cachedBytes += weightOf(key, chunk);
    for (const [oldest, forgotten] of this.#cache) {
      if (this.#cachedBytes <= this.cacheBytesMax) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= weightOf(oldest, forgotten);
    }
  }
}

/** A text of the runtime has one or two bytes a unit. */
const weightOf = (key: string, { data }: Chunk): number =>
  streamChunkOverheadBytes +
  2 * key.length +
  (typeof data === "string" ? 2 * data.length : (data?.length ?? 0));

const entriesOf = (places: readonly Place[]): readonly PositionEntry[] =>
  places.map(({ partition, offset: at }) => {
    return { topic: partition.topic, partition: partition.index, offset: at };
  });

/** Everything that what comes next depends on. */
function keyOf(places: readonly Place[], { style, filterText }: Wish): string {
  const topics = [...new Set(places.map(({ topicId }) => topicId))].join();
  const position = positionText(entriesOf(places), null);
  return [topics, position, style.form, style.showing, style.topic ?? "", filterText].join("\n");
}

/** The next records of these places, each partition with its share; none at the end. */
async function encode(places: readonly Place[], wish: Wish): Promise<Chunk | Refusal> {
  const writer = new ChunkWriter(wish.style, entriesOf(places));
  const behind = places.filter(({ partition, offset: at }) => partition.highWatermark > at);
  const share = Math.max(streamShareBytesMin, streamChunkBytes / Math.max(1, behind.length));
  for (const [at, place] of places.entries()) {
    const { partition } = place;
    const { startOffset } = partition.watermarks;
    if (place.offset < startOffset) writer.skip(at, place.offset, startOffset);
    const from = offset(Math.max(place.offset, startOffset));
    if (from >= partition.highWatermark) continue;
    const full = writer.characters + share;
    const visited = await visitRecords(partition, from, httpScanReadBytes, (visit) => {
      const record = visit.record();
      if (wish.filter(record)) writer.record(at, record);
      return writer.characters < full;
    });
    if (visited instanceof Refusal) {
      // Retention may have been quicker; next time the start is another one.
      if (visited.code === "OFFSET_OUT_OF_RANGE" && partition.watermarks.startOffset > from) {
        continue;
      }
      return visited;
    }
    writer.passed(at, visited.nextOffset);
  }
  return writer.done();
}
