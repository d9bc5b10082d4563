/**
 * What one door counts of its requests: how long each kind took, and what went wrong. Kinds and
 * errors are words of this program (an API's name, an error code's name) and never a client's, so
 * that their number has a bound. Only the door writes here; `/metrics` reads.
 */
import { durationBoundsMs, Histogram } from "./histogram.ts";

/** See the head of this file. */
export class RequestStats {
  /** Milliseconds, by kind; only kinds that were asked for are here. */
  readonly durations = new Map<string, Histogram>();
  /** How often each error was answered. */
  readonly errors = new Map<string, number>();

  answered(kind: string, durationMs: number): void {
    let durations = this.durations.get(kind);
    if (durations === undefined) {
      durations = new Histogram(durationBoundsMs);
      this.durations.set(kind, durations);
    }
    durations.observe(durationMs);
  }

  failed(error: string, count = 1): void {
    this.errors.set(error, (this.errors.get(error) ?? 0) + count);
  }
}
