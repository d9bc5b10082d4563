/** Time, handed in: production code never asks the machine itself, so a simulator can own it. */

/** Stops a timer that has not fired; afterwards it does nothing. */
export type Cancel = () => void;

/** Both clocks and the timer of whoever runs the code. All times are milliseconds. */
export interface Clock {
  /** Wall time since 1970. It may jump: only for what people and retention see. */
  now(): number;
  /** A clock that never goes back: for deadlines, sessions and durations. */
  monotonic(): number;
  /** Calls `action` once, `delayMs` later. */
  after(delayMs: number, action: () => void): Cancel;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
