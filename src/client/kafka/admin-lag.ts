/**
 * How far groups are behind: in records, and in time. The lag in time is the age of the first
 * record that was not read: what is in a log counts, not how fast anybody writes.
 */
import { clientLagBatchesMax, clientLagFetchesMax, clientResponseBytesMax } from "../../limits.ts";
import { Refusal } from "../../base/refusal.ts";
import { batchBytesAt, checkBatch, nextOffsetAt, viewOf } from "../../record/batch.ts";
import { openRecords } from "../../record/records.ts";
import type { AdminCalls, Outcome } from "./admin-calls.ts";
import { committedOffsets, inOrder } from "./admin-commits.ts";
import { describeGroups } from "./admin-groups.ts";
import { listOffsets, type ListedOffset, type OffsetPlace } from "./admin-offsets.ts";
import { ClientError } from "./client-error.ts";
import { fetchBatch } from "./single-fetch.ts";
import { partitionName, type TopicPartition } from "./topic-partition.ts";

/** One partition that a group reads, or has committed for. */
export interface PartitionLag extends TopicPartition, Outcome {
  /** Who reads it now; `null`: nobody. */
  readonly memberId: string | null;
  readonly clientId: string | null;
  /** `null`: nothing is committed. */
  readonly committedOffset: number | null;
  /** The oldest record there is, and the offset after the newest. -1 if there is an error. */
  readonly startOffset: number;
  readonly endOffset: number;
  /** Records that are there and were not read; `null`: nothing is committed. */
  readonly lag: number | null;
  /** The age of the first of them, 0 if there is none; `null`: it is not known. */
  readonly lagSeconds: number | null;
}

/**
 * By topic and partition. Rejects with GROUP_ID_NOT_FOUND if there is no such group; one of the
 * newer kind (KIP-848) is not described, and who reads what is not known of it.
 */
export async function groupLag(calls: AdminCalls, groupId: string): Promise<PartitionLag[]> {
  const [[group], committed] = await Promise.all([
    describeGroups(calls, [groupId]),
    committedOffsets(calls, groupId, null),
  ]);
  const isUntold = group?.error?.code === "GROUP_ID_NOT_FOUND" && committed.length > 0;
  if (group?.error && !isUntold) throw group.error;
  const readers = new Map(
    (group?.members ?? []).flatMap(({ assignment, memberId, clientId }) =>
      (assignment ?? []).map(
        (each) => [partitionName(each), { ...each, memberId, clientId }] as const,
      ),
    ),
  );
  const commits = new Map(committed.map((each) => [partitionName(each), each]));
  const partitions = [...new Map<string, TopicPartition>([...commits, ...readers]).values()]
    .map(({ topic, partition }) => ({ topic, partition }))
    .sort(inOrder);
  const unled = await withoutLeader(calls, partitions);
  const led = partitions.filter((each) => !unled.has(partitionName(each)));
  const at = async (place: OffsetPlace): Promise<ReadonlyMap<string, ListedOffset>> => {
    const queries = led.map((each) => ({ ...each, at: place }));
    const listed = await listOffsets(calls, queries);
    return new Map(listed.map((each) => [partitionName(each), each]));
  };
  const [starts, ends] = await Promise.all([at("earliest"), at("latest")]);
  const lags = partitions.map((each): PartitionLag => {
    const name = partitionName(each);
    const [start, end, commit] = [starts.get(name), ends.get(name), commits.get(name)];
    const reader = readers.get(name);
    const error = commit?.error ?? unled.get(name) ?? start?.error ?? end?.error;
    const startOffset = start?.offset ?? -1;
    const endOffset = end?.offset ?? -1;
    const committedOffset = commit?.offset ?? null;
    const isKnown = committedOffset !== null && !error;
    const lag = isKnown ? Math.max(0, endOffset - Math.max(committedOffset, startOffset)) : null;
    return {
      ...each,
      memberId: reader?.memberId ?? null,
      clientId: reader?.clientId ?? null,
      committedOffset,
      startOffset,
      endOffset,
      lag,
      lagSeconds: lag === 0 ? 0 : null,
      error: error ?? null,
    };
  });
  const aged: PartitionLag[] = [];
  // Each of them may bring a large batch.
  for (let from = 0; from < lags.length; from += clientLagFetchesMax) {
    const some = lags.slice(from, from + clientLagFetchesMax);
    aged.push(...(await Promise.all(some.map((lag) => withAge(calls, lag)))));
  }
  return aged;
}

/** By name. Somebody will lead them at some time; whoever looks now is told that nobody does. */
async function withoutLeader(
  calls: AdminCalls,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, ClientError>> {
  const names = [...new Set(partitions.map(({ topic }) => topic))];
  const topics = await calls.once(() => calls.cluster.topics(names));
  const unled = topics.flatMap((topic) =>
    topic.partitions
      .filter(({ leaderId }) => leaderId < 0)
      .map(({ partition }) => partitionName({ topic: topic.name, partition })),
  );
  return new Map(
    unled.map((name) => [
      name,
      new ClientError("LEADER_NOT_AVAILABLE", `nobody leads ${name} at the moment`),
    ]),
  );
}

/** Looks for the first unread record of a partition that has such. */
async function withAge(calls: AdminCalls, lag: PartitionLag): Promise<PartitionLag> {
  if (lag.lag === null || lag.lag === 0) return lag;
  try {
    const timestamp = await firstTimestamp(calls, lag);
    if (timestamp === "none") return { ...lag, lagSeconds: 0 };
    if (timestamp < 0) return lag;
    const ageMs = calls.cluster.world.clock.now() - timestamp;
    return { ...lag, lagSeconds: Math.max(0, ageMs / 1000) };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    // It was cut off between two questions; the next look will show it.
    if (error.code === "OFFSET_OUT_OF_RANGE") return lag;
    return { ...lag, error };
  }
}

/** Of the first record that is not read; -1: it has none; `none`: only markers are left. */
async function firstTimestamp(calls: AdminCalls, lag: PartitionLag): Promise<number | "none"> {
  let at = Math.max(lag.committedOffset ?? 0, lag.startOffset);
  for (let batches = clientLagBatchesMax; batches > 0 && at < lag.endOffset; batches--) {
    const from = at;
    const chunk = await calls.once(() => fetchBatch(calls.cluster, lag, from));
    const found = chunk === null ? null : timestampIn(chunk, from);
    if (found === null) return -1;
    if (found.timestamp !== null) return found.timestamp;
    at = found.nextOffset;
  }
  return at < lag.endOffset ? -1 : "none";
}

/** The first record from `from` on in a batch; `null`: the batch can't be read. */
function timestampIn(
  chunk: Uint8Array,
  from: number,
): { readonly timestamp: number | null; readonly nextOffset: number } | null {
  const view = viewOf(chunk);
  let nextOffset = from;
  for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
    if (checkBatch(chunk, view, at, chunk.length, clientResponseBytesMax) !== null) break;
    const records = openRecords(chunk, view, at);
    if (records instanceof Refusal) break;
    while (!records.isControl && records.next()) {
      if (records.offset >= from) return { timestamp: records.timestamp, nextOffset };
    }
    nextOffset = Math.max(nextOffset, nextOffsetAt(view, at));
  }
  return nextOffset === from ? null : { timestamp: null, nextOffset };
}
