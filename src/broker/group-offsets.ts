/**
 * The verbs of committed offsets: commit, fetch, delete, and forgetting what nobody uses. Who may
 * do what is in `offset-rules.ts`. Answers name topics and partitions in the order of the request.
 */
import { groupTransactionRowsMax, offsetsRetentionCheckMs } from "../limits.ts";
import type { OffsetRow, PartitionName } from "../metadata/metadata.ts";
import type {
  FetchedGroup,
  FetchedOffset,
  GroupCaller,
  OffsetCommitReply,
  OffsetCommitRequest,
  OffsetDeleteReply,
  OffsetDeleteRequest,
  OffsetFetchGroup,
  OffsetFetchReply,
  OffsetFetchRequest,
} from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import type { GroupHost, HostedGroup } from "./group-host.ts";
import { groupIdError } from "./group-requests.ts";
import { commitError, deleteError, expiredOffsets, isSubscribed } from "./offset-rules.ts";

/** See the head of this file. */
export class GroupOffsets {
  /** Once set, everything is refused. */
  isClosed = false;
  /** By how much wall time was ahead of the clock that never jumps, at the last look. */
  #wallAheadMs: number;

  constructor(private readonly host: GroupHost) {
    const { wallMs, monotonicMs } = host.now();
    this.#wallAheadMs = wallMs - monotonicMs;
  }

  async offsetCommit(
    request: OffsetCommitRequest,
    caller: GroupCaller,
  ): Promise<OffsetCommitReply> {
    const hosted = this.#committing(request, caller);
    if (typeof hosted === "string") return commitReply(request, () => hosted);
    const { state } = hosted.group;
    if (state === "Stable" || state === "PreparingRebalance") {
      this.host.step(hosted, { kind: "commit", memberId: request.memberId });
    }
    const rows = this.#rowsOf(request);
    const errorCode = this.host.hasRoom(hosted.offsets.bytesFor(rows))
      ? await this.#put(hosted, rows)
      : "POLICY_VIOLATION";
    this.host.settle(hosted);
    return commitReply(request, (metadata) =>
      this.#isTooLarge(metadata) ? "OFFSET_METADATA_TOO_LARGE" : errorCode,
    );
  }

  async offsetFetch({ groups, requireStable }: OffsetFetchRequest): Promise<OffsetFetchReply> {
    return { groups: await Promise.all(groups.map((each) => this.#fetch(each, requireStable))) };
  }

  async offsetDelete(request: OffsetDeleteRequest): Promise<OffsetDeleteReply> {
    const hosted = this.host.get(request.groupId);
    if (this.isClosed) return { errorCode: "COORDINATOR_NOT_AVAILABLE", topics: [] };
    if (hosted === undefined) return { errorCode: "GROUP_ID_NOT_FOUND", topics: [] };
    const refused = deleteError(hosted.group);
    if (refused !== "NONE") return { errorCode: refused, topics: [] };
    const read = new Set(
      request.topics.map(({ name }) => name).filter((name) => isSubscribed(hosted.group, name)),
    );
    const unread = request.topics.filter(({ name }) => !read.has(name));
    const errorCode = await this.#forget(
      hosted,
      unread.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex }) => ({ topic: name, partitionIndex })),
      ),
    );
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: read.has(name) ? "GROUP_SUBSCRIBED_TO_TOPIC" : errorCode,
      })),
    }));
    return { errorCode: "NONE", topics };
  }

  /** See {@link GroupCoordinator.forgetTopic}. */
  async forgetTopic(name: string): Promise<GroupErrorCode> {
    if (this.isClosed) return "COORDINATOR_NOT_AVAILABLE";
    const forgotten = this.host.all().map(async (hosted) => {
      // What was taken before the topic went away may still be on its way.
      await hosted.written;
      return await this.#forget(hosted, hosted.offsets.of(name));
    });
    const errorCodes = await Promise.all(forgotten);
    return errorCodes.find((errorCode) => errorCode !== "NONE") ?? "NONE";
  }

  /**
   * Forgets offsets that are out of use for too long, and empty groups that have no others. Not if
   * the wall clock has just jumped: by the next look somebody may have set it right.
   */
  expire(): void {
    const { wallMs: nowMs, monotonicMs } = this.host.now();
    const jumpMs = nowMs - monotonicMs - this.#wallAheadMs;
    this.#wallAheadMs += jumpMs;
    if (jumpMs > offsetsRetentionCheckMs) {
      this.host.parts.logger.warn("the clock jumped; no offsets expire for now", { jumpMs });
      return;
    }
    for (const hosted of this.host.all()) {
      const { group, offsets, writes } = hosted;
      // A commit on its way would be forgotten with what it replaces.
      if (writes > 0 || group.state === "Dead") continue;
      const expired = expiredOffsets(group, offsets, nowMs, this.host.rules.offsetsRetentionMs);
      if (expired.length === offsets.size && group.isDeserted)
        void this.host.remove(hosted, "it has expired");
      else void this.#forget(hosted, expired);
      if (expired.length === 0) continue;
      const fields = { group: group.groupId, offsets: expired.length };
      this.host.parts.logger.info("committed offsets expired", fields);
    }
  }

  #committing(
    request: OffsetCommitRequest,
    { apiVersion }: GroupCaller,
  ): HostedGroup | GroupErrorCode {
    const { groupId, generationIdOrMemberEpoch: generationId } = request;
    if (this.isClosed) return "COORDINATOR_NOT_AVAILABLE";
    const refused = groupIdError(groupId);
    if (refused !== "NONE") return refused;
    // Whoever takes no part in rebalances may begin a group by committing.
    const hosted = generationId < 0 ? this.host.getOrCreate(groupId) : this.host.get(groupId);
    if (hosted === undefined) {
      if (generationId < 0) return "POLICY_VIOLATION";
      return apiVersion >= 9 ? "GROUP_ID_NOT_FOUND" : "ILLEGAL_GENERATION";
    }
    const errorCode = commitError(hosted.group, request);
    return errorCode === "NONE" ? hosted : errorCode;
  }

  #rowsOf({ topics, retentionTimeMs }: OffsetCommitRequest): readonly OffsetRow[] {
    const commitTimestamp = this.host.now().wallMs;
    // For ever is a time that can still be stored exactly.
    const keptUntil = Math.min(commitTimestamp + retentionTimeMs, Number.MAX_SAFE_INTEGER);
    return topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ committedMetadata }) => !this.#isTooLarge(committedMetadata))
        .map((partition) => ({
          topic: name,
          partitionIndex: partition.partitionIndex,
          committedOffset: partition.committedOffset,
          committedLeaderEpoch: partition.committedLeaderEpoch,
          // The store holds well-formed text only, and would give back another.
          metadata: (partition.committedMetadata ?? "").toWellFormed(),
          commitTimestamp,
          expireTimestamp: retentionTimeMs < 0 ? null : keptUntil,
        })),
    );
  }

  #isTooLarge(metadata: string | null): boolean {
    return (metadata ?? "").length > this.host.rules.offsetMetadataCharactersMax;
  }

  async #put(hosted: HostedGroup, rows: readonly OffsetRow[]): Promise<GroupErrorCode> {
    const { groupId } = hosted.group;
    return await inPieces(rows, (offsets) =>
      this.host.write(hosted, { kind: "commit", groupId, offsets }, () => {
        for (const row of offsets) hosted.offsets.put(row);
      }),
    );
  }

  async #forget(hosted: HostedGroup, names: readonly PartitionName[]): Promise<GroupErrorCode> {
    const { groupId } = hosted.group;
    return await inPieces(names, (partitions) =>
      this.host.write(hosted, { kind: "forget", groupId, partitions }, () => {
        for (const each of partitions) hosted.offsets.remove(each.topic, each.partitionIndex);
      }),
    );
  }

  async #fetch(request: OffsetFetchGroup, requireStable: boolean): Promise<FetchedGroup> {
    const { groupId } = request;
    if (this.isClosed) return { groupId, errorCode: "COORDINATOR_NOT_AVAILABLE", topics: [] };
    // Another member's last commit may be on its way: reading on without it would read twice.
    if (requireStable) await this.host.get(groupId)?.written;
    const offsets = this.host.get(groupId)?.offsets;
    const topics =
      request.topics ??
      offsets?.topics().map((name) => {
        return { name, partitionIndexes: offsets.of(name).map((row) => row.partitionIndex) };
      }) ??
      [];
    const fetched = topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => fetchedOf(index, offsets?.get(name, index))),
    }));
    return { groupId, errorCode: "NONE", topics: fetched };
  }
}

function commitReply(
  { topics }: OffsetCommitRequest,
  errorCodeOf: (metadata: string | null) => GroupErrorCode,
): OffsetCommitReply {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedMetadata }) => ({
        partitionIndex,
        errorCode: errorCodeOf(committedMetadata),
      })),
    })),
  };
}

const fetchedOf = (partitionIndex: number, row: OffsetRow | undefined): FetchedOffset => ({
  partitionIndex,
  committedOffset: row?.committedOffset ?? -1,
  committedLeaderEpoch: row?.committedLeaderEpoch ?? -1,
  metadata: row?.metadata ?? "",
  errorCode: "NONE",
});

/** Writes a long list as several changes: one transaction must not hold the event loop for long. */
async function inPieces<Item>(
  items: readonly Item[],
  write: (piece: readonly Item[]) => Promise<GroupErrorCode>,
): Promise<GroupErrorCode> {
  const written: Promise<GroupErrorCode>[] = [];
  for (let at = 0; at < items.length; at += groupTransactionRowsMax) {
    written.push(write(items.slice(at, at + groupTransactionRowsMax)));
  }
  const errorCodes = await Promise.all(written);
  return errorCodes.find((errorCode) => errorCode !== "NONE") ?? "NONE";
}
