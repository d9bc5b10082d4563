/** Which records somebody wants to see. Pure. */
import type { Filters } from "./api.ts";

const beginnings = ["newest", "oldest", "offset", "time"] as const;
export type Beginning = (typeof beginnings)[number];

/** See the head of this file. */
export interface RecordsWish {
  /** `null`: all. */
  readonly partition: number | null;
  readonly from: Beginning;
  /** The offset, or the local time, where one is meant. */
  readonly at: string;
  readonly filters: Filters;
  /** Those that come from now on. */
  readonly isLive: boolean;
}

/** Of more partitions the first is shown: each costs a request. */
const partitionsAtOnce = 64;

export const firstWish = (partitions: number): RecordsWish => ({
  partition: partitions > 1 && partitions <= partitionsAtOnce ? null : 0,
  from: "newest",
  at: "",
  filters: {},
  isLive: false,
});

export const isFiltered = ({ filters }: RecordsWish): boolean =>
  Object.values(filters).some((each) => each !== undefined && each !== "");
