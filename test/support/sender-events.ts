/** Events of a sender of `produce`, as lines. */
import type { SenderEvents, Tally } from "../../src/cli/produce-sender.ts";

/** Adds a line to `said` for each event. @param tally the sender's, when the counts have moved */
export const tellingEvents = (said: string[], tally: () => Tally): SenderEvents => ({
  settled: () => void said.push(`stored ${tally().stored}`),
  failed: (message) => void said.push(`failed: ${message}`),
  halt: (message) => void said.push(`halt: ${message}`),
  hopeless: (message) => void said.push(`hopeless: ${message}`),
  nobodyThere: (message) => void said.push(`nobody there: ${message}`),
  lost: (reason) => void said.push(`lost: ${reason}`),
  back: () => void said.push("back"),
});
