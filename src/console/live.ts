/**
 * The broker's counts, asked for once a second, and the rates between them: kept for as long as the
 * page is open, at most {@link samplesMax} of them.
 */
import type { Live } from "../http/console-api/live.ts";
import { api, messageOf } from "./api.ts";
import { Store } from "./store.ts";

/** How many samples are kept, and drawn: ten minutes. */
const samplesMax = 600;
const everyMs = 1_000;

/** One moment; rates are a second's, `null` where none is known. */
export interface Sample {
  /** Seconds since 1970. */
  readonly time: number;
  readonly records: number | null;
  readonly received: number | null;
  readonly sent: number | null;
  readonly lag: number;
  readonly stored: number;
}

/** What is known now. */
export interface LiveState {
  readonly now: Live | null;
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** Why the newest answer failed; `null`: it did not. */
  readonly error: string | null;
}

export const live = new Store<LiveState>({ now: null, samples: [], error: null });

/** What grew, by the second; a count that went back was of something that is gone. */
const rate = (now: number, before: number, seconds: number): number | null =>
  now >= before && seconds > 0 ? (now - before) / seconds : null;

function sampleOf(now: Live, before: Live | null): Sample {
  const seconds = before === null ? 0 : (now.time_ms - before.time_ms) / 1_000;
  // After a pause a rate would be that of the pause.
  const last = before !== null && seconds < 10 ? before : null;
  const rateOf = (name: "records" | "received_bytes" | "sent_bytes"): number | null =>
    last === null ? null : rate(now[name], last[name], seconds);
  return {
    time: now.time_ms / 1_000,
    records: rateOf("records"),
    received: rateOf("received_bytes"),
    sent: rateOf("sent_bytes"),
    lag: now.lag,
    stored: now.stored_bytes,
  };
}

async function ask(): Promise<void> {
  const { now: before, samples } = live.get();
  try {
    const now = await api.live();
    // Others may have asked within the same moment: the answer is then the same.
    if (before !== null && now.time_ms <= before.time_ms) return;
    const kept = samples.slice(-(samplesMax - 1));
    live.set({ now, samples: [...kept, sampleOf(now, before)], error: null });
  } catch (error) {
    live.set({ now: before, samples, error: messageOf(error) });
  }
}

/** Asks from now on, while the page is to be seen. */
export function startLive(): void {
  const run = async (): Promise<void> => {
    if (!document.hidden) await ask();
    setTimeout(() => void run(), everyMs);
  };
  void run();
}
