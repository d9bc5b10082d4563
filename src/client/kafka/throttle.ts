/** How long a broker wants nothing new of a client, as a response says (KIP-124, KIP-219). */
import { clientThrottleMsMax } from "../../limits.ts";

/**
 * Milliseconds; 0: no pause. A broker that asks for more than limits.ts has gets that.
 * @param throttleTimeMs the column of this name; a response may have none
 */
export const throttleMs = (throttleTimeMs: unknown): number =>
  typeof throttleTimeMs === "number" && throttleTimeMs > 0
    ? Math.min(throttleTimeMs, clientThrottleMsMax)
    : 0;
