/**
 * How often to look for what has come: every {@link followPollMs} while something comes; where
 * nothing does, so seldom that looking alone keeps no processor busy, however much there is to
 * look at.
 */
import { followPollMs, followPollMsMax } from "../limits.ts";

/** A pause is this many times as long as a look that has found nothing. */
const pausesPerLook = 50;

/** How long to wait after a look that took so long. All times are milliseconds. */
export function pauseAfter(lookMs: number, hasFound: boolean): number {
  if (hasFound) return followPollMs;
  return Math.min(Math.max(followPollMs, lookMs * pausesPerLook), followPollMsMax);
}
