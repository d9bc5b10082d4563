/**
 * `/metrics`: all families as text, in slices, so that nobody waits for a scrape for long. Parts of
 * the broker count in plain numbers of their own and know nothing of this folder; here they are
 * read, when somebody asks.
 */
import { metricsChunkCharacters, metricsSliceSamples } from "../limits.ts";
import { type Exposition, type Format, openExposition } from "./exposition.ts";
import { families } from "./families.ts";
import type { Family, Sample } from "./family.ts";
import { LoopDelay } from "./loop-delay.ts";
import { Pace } from "./pace.ts";
import { lookAt, type MetricsParts, type View } from "./view.ts";

/** A scrape that is to be read. */
export interface Scrape {
  readonly contentType: string;
  /** Made as they are taken. */
  readonly chunks: () => AsyncGenerator<Uint8Array, void>;
}

/** See the head of this file. */
export class Metrics {
  readonly #loopDelay: LoopDelay;
  /** Who asks while others do sees what they see. */
  #looking: Promise<View> | null = null;

  constructor(private readonly parts: MetricsParts) {
    this.#loopDelay = new LoopDelay(parts.clock);
  }

  /** Never rejects. @param names of the families that are wanted; none: all of them */
  async scrape(format: Format, names: readonly string[] = []): Promise<Scrape> {
    this.#loopDelay.look();
    this.#looking ??= lookAt(this.parts, this.#loopDelay).finally(() => (this.#looking = null));
    const [view, exposition] = await Promise.all([this.#looking, openExposition(format)]);
    const { contentType } = exposition;
    const pace = new Pace(this.parts.clock);
    const wanted = names.length === 0 ? families : families.filter(namedIn(new Set(names)));
    return { contentType, chunks: () => chunksOf(wanted, view, exposition, pace) };
  }

  /** Stops its timer. */
  close(): void {
    this.#loopDelay.close();
  }
}

const utf8 = new TextEncoder();

const namedIn =
  (names: ReadonlySet<string>) =>
  ({ name }: Family): boolean =>
    names.has(name);

async function* chunksOf(
  wanted: readonly Family[],
  view: View,
  exposition: Exposition,
  pace: Pace,
): AsyncGenerator<Uint8Array, void> {
  let text = "";
  for (const family of wanted) {
    let isFirst = true;
    for (const samples of slicesOf(family, view)) {
      text += await exposition.write(family, samples, isFirst);
      isFirst = false;
      if (text.length >= metricsChunkCharacters) {
        yield utf8.encode(text);
        text = "";
      }
      if (pace.isDue) await pace.rest();
    }
  }
  yield utf8.encode(text + exposition.end);
}

function* slicesOf(family: Family, view: View): Iterable<readonly Sample[]> {
  let slice: Sample[] = [];
  for (const sample of family.samples(view)) {
    slice.push(sample);
    if (slice.length < metricsSliceSamples) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}
