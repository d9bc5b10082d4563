/** Pauses between attempts: each twice as long as the one before, up to a longest (KIP-580). */
import type { Random } from "../../base/random.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** By chance a fifth shorter or longer, so that many clients spread out. */
const jitter = 0.2;

/** @param failures attempts that have failed so far, from 1 */
export function backoffMs(
  { firstMs, longestMs }: Backoff,
  failures: number,
  random: Random,
): number {
  const full = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return full * (1 + jitter * (2 * random.next() - 1));
}
