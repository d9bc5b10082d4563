/**
 * The record with the latest time (KIP-734). Records come in any order of their times, and a log
 * finds the first one that is at least as late as a given time: so the latest time is searched for,
 * with steps that double, then by halves, which takes some dozens of look-ups.
 */
import { Refusal } from "../base/refusal.ts";
import type { Partition } from "../broker/broker.ts";

type Found = Awaited<ReturnType<Partition["offsetForTime"]>>;

/** The first of the records with the latest time; `null` if there are no records. */
export async function latestTime(partition: Pick<Partition, "offsetForTime">): Promise<Found> {
  let latest = await partition.offsetForTime(Number.MIN_SAFE_INTEGER);
  if (latest === null || latest instanceof Refusal) return latest;
  /** A time at which there is nothing any more; infinite until one was found. */
  let above = Infinity;
  for (let step = 1; latest.timestamp + 1 < above;) {
    const isBounded = above !== Infinity;
    const middle: number = latest.timestamp + Math.ceil((above - latest.timestamp) / 2);
    const tried: number = isBounded ? middle : latest.timestamp + step;
    const found: Found = await partition.offsetForTime(tried);
    if (found instanceof Refusal) return found;
    if (found === null) above = tried;
    else latest = found;
    step *= 2;
  }
  return latest;
}
