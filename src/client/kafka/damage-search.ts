/**
 * Looks for the end of records that can't be read. A broker does not tell it: it refuses an offset,
 * or hands out bytes that are not what was written. So offset after offset is asked for, several at
 * a time, until one can be read: nothing that is good is passed over.
 */
import { offset } from "../../base/brands.ts";
import { consumerDamageProbesAtOnce, consumerDamageProbesMax } from "../../limits.ts";
import { batchHeaderBytes, nextOffsetAt, viewOf } from "../../record/batch.ts";
import { ClientError } from "./client-error.ts";
import { FetchedRecords } from "./fetched-records.ts";
import type { Position } from "./position.ts";
import { fetchBatch, type FetchCluster } from "./single-fetch.ts";

/** See the head of this file. */
export class DamageSearch {
  constructor(private readonly cluster: FetchCluster) {}

  /**
   * The first offset from `from` on that can be read; `end` if there is none. After so many
   * questions as limits.ts has, how far they have come: nothing before that can be read.
   */
  async endOf(position: Position, from: number, end: number): Promise<number> {
    let at = from;
    let count = 1;
    for (let left = consumerDamageProbesMax; left > 0 && at < end; left -= count) {
      count = Math.min(count, left, end - at);
      const asked = Array.from({ length: count }, (_, index) => at + index);
      const found = await Promise.all(asked.map((each) => this.#probe(position, each)));
      let hasJumped = false;
      for (const [index, next] of found.entries()) {
        const each = asked[index] ?? at;
        // A batch that reaches further was come upon.
        if (each < at) continue;
        if (next === null) return each;
        const isFar = next > each + 1 && next <= end;
        // What says how far it reaches is damaged: before its end nothing may be readable.
        const isTrue = isFar && (await this.#probe(position, next - 1)) !== null;
        at = isTrue ? next : each + 1;
        hasJumped ||= isTrue;
      }
      // Each of these questions may bring a whole batch.
      count = hasJumped ? 1 : Math.min(2 * count, consumerDamageProbesAtOnce);
    }
    return at;
  }

  /** `null`: it can be read; otherwise the next offset that perhaps can. */
  async #probe(position: Position, at: number): Promise<number | null> {
    let bytes: Uint8Array | null;
    try {
      bytes = await fetchBatch(this.cluster, position, at);
    } catch (error) {
      if (error instanceof ClientError && error.code === "CORRUPT_MESSAGE") return at + 1;
      throw error;
    }
    // Nothing there, and nothing wrong.
    if (bytes === null || bytes.length < batchHeaderBytes) return null;
    const records = new FetchedRecords(position, bytes, offset(at), null);
    if (records.next() !== null || records.nextOffset > at) return null;
    const view = viewOf(bytes);
    const next = view.getInt8(16) === 2 ? nextOffsetAt(view, 0) : 0;
    return Math.max(at + 1, Number.isSafeInteger(next) ? next : 0);
  }
}
