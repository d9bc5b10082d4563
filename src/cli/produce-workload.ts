/** The three workloads of the original's test client: the same topics, keys, values and pauses. */

/** One workload. Record n goes to `topic-<n mod 3>`. */
export interface Workload {
  readonly count: number;
  readonly key: (number: number) => string;
  readonly value: (number: number) => string;
  /** How long to wait after record `number`, from 0, before the next one. */
  readonly pauseMs: (number: number) => number;
}

const named = (keyPrefix: string, valuePrefix: string): Pick<Workload, "key" | "value"> => ({
  key: (number) => `${keyPrefix}-user${number}`,
  value: (number) => `${valuePrefix} message ${number}`,
});

export const workloadNames = ["size", "time", "realistic"] as const;
export type WorkloadName = (typeof workloadNames)[number];

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  /** As fast as it goes: batches are ended by their size. */
  size: { count: 150, ...named("batch", "Size test"), pauseMs: () => 0 },
  /** Slower than any --linger: each batch is ended by the time. */
  time: { count: 5, ...named("time", "Time test"), pauseMs: () => 2_000 },
  /** Pauses that grow from 50 ms to half a second. */
  realistic: {
    count: 20,
    ...named("real", "Realistic"),
    pauseMs: (number) => 50 + (number % 20) * 20,
  },
};

export const workloadTopic = (number: number): string => `topic-${number % 3}`;
