/**
 * Fetch, ListOffsets, OffsetForLeaderEpoch: reading, and finding where to read.
 *
 * Fetch
 * - Answers whole batches from the one that holds the offset asked for; see `fetch-round.ts` for
 *   what bounds them. `minBytes` and `maxWaitMs` are kept by waiting for appends; an error is
 *   answered at once, with the records of other partitions.
 * - Every reader sees what is acknowledged. There is no transaction, so both isolation levels see
 *   the same, and no transaction was ever aborted.
 * - Sessions (KIP-227): see `fetch-sessions.ts`.
 * - Does not serve replicas, nor tell of diverging epochs: there has only been one.
 * Versions: 13 names topics by id, also those that a session is to forget.
 *
 * ListOffsets
 * - A time finds the first record that is as late; -1 is the end, -2 the start, -3 the first of the
 *   records with the latest time. -4 is the start as well, and -5 nothing: there are no tiers.
 */
import { offset } from "../../base/brands.ts";
import { Refusal } from "../../base/refusal.ts";
import type { Partition } from "../../broker/broker.ts";
import { paced } from "../../broker/paced.ts";
import { kafkaFetchBytesMax, kafkaSearchesMax } from "../../limits.ts";
import type { RequestOf, ResponseOf } from "../../wire/table.ts";
import { errors, type ErrorName, refusalErrors } from "../errors.ts";
import { type FetchedPartition, FetchRound, type WantedPartition } from "../fetch-round.ts";
import type { ForgottenPartition } from "../fetch-sessions.ts";
import type { Handler, Handlers, RequestContext } from "../handler.ts";
import { latestTime } from "../latest-time.ts";
import type * as tables from "../messages/fetch.ts";

type FetchRequest = RequestOf<typeof tables.Fetch>;
type FetchResponse = ResponseOf<typeof tables.Fetch>;
type FetchTopic = FetchResponse["responses"][number];
type FetchPartition = FetchTopic["partitions"][number];

const fetchRecords: Handler<"Fetch"> = (request, context) => {
  const begun = context.caller.fetchSession.begin({
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    wanted: wantedOf(request),
    forgotten: forgottenOf(request),
  });
  if (typeof begun === "string") return fetchResponse(begun, 0, [], 0);
  const { wanted, sessionId } = begun;
  const answer = (round: FetchRound): FetchResponse => {
    // The session takes its bytes of the budget as soon as it has the response.
    round.release();
    for (const memory of round.memories) context.memories.push(memory);
    const found = begun.select(round.results);
    for (const { bytes, count, partition } of found) {
      if (bytes > 0) partition?.traffic.sent(count, bytes);
    }
    if (round.next !== null) context.caller.readAhead.begin(round.next);
    return fetchResponse("NONE", sessionId, found, request.isolationLevel);
  };
  const reading = new Reading(request, wanted, context).read();
  return reading instanceof Promise ? reading.then(answer) : answer(reading);
};

/** What a request names: those of all its topics, each with its topic. */
function wantedOf({ topics }: FetchRequest): WantedPartition[] {
  const wanted: WantedPartition[] = [];
  for (const { topic, topicId, partitions } of topics) {
    for (const { partition, currentLeaderEpoch, fetchOffset, partitionMaxBytes } of partitions) {
      wanted.push({
        topic,
        topicId,
        partition,
        currentLeaderEpoch,
        fetchOffset,
        partitionMaxBytes,
      });
    }
  }
  return wanted;
}

function forgottenOf({ forgottenTopicsData }: FetchRequest): ForgottenPartition[] {
  const forgotten: ForgottenPartition[] = [];
  for (const { topic, topicId, partitions } of forgottenTopicsData) {
    for (const partition of partitions) forgotten.push({ topic, topicId, partition });
  }
  return forgotten;
}

/** Reads until there is enough, or it is time. */
class Reading {
  readonly #deadline: number;

  constructor(
    private readonly request: FetchRequest,
    private readonly wanted: readonly WantedPartition[],
    private readonly context: RequestContext,
  ) {
    this.#deadline = context.services.clock.monotonic() + request.maxWaitMs;
  }

  read(): FetchRound | Promise<FetchRound> {
    const round = this.#round().run();
    return round instanceof Promise ? round.then((read) => this.#goOn(read)) : this.#goOn(round);
  }

  #round(): FetchRound {
    const { services, caller } = this.context;
    const asked = Math.min(this.request.maxBytes, kafkaFetchBytesMax);
    const bytesMax = services.fetchBudget.grant(asked);
    return new FetchRound(services, this.wanted, bytesMax, caller.readAhead);
  }

  #goOn(round: FetchRound): FetchRound | Promise<FetchRound> {
    const { minBytes, maxBytes } = this.request;
    const missing = Math.min(minBytes, maxBytes, kafkaFetchBytesMax) - round.bytes;
    const maxWaitMs = this.#deadline - this.context.services.clock.monotonic();
    if (missing <= 0 || round.hasError || round.more.length === 0 || maxWaitMs <= 0) return round;
    return this.#wait(round, missing, maxWaitMs);
  }

  async #wait(round: FetchRound, bytes: number, maxWaitMs: number): Promise<FetchRound> {
    const { services, caller } = this.context;
    const wait = services.broker.wait({ partitions: round.more, bytes, maxWaitMs });
    const forget = caller.onEnd(() => wait.cancel());
    const end = await wait.ended;
    forget();
    if (end === "cancelled" || end === "closing") return round;
    round.drop();
    if (end === "time") return await this.#round().run();
    return await this.read();
  }
}

function fetchResponse(
  error: ErrorName,
  sessionId: number,
  found: readonly FetchedPartition[],
  isolationLevel: number,
): FetchResponse {
  const responses: { topic: string; topicId: string; partitions: FetchPartition[] }[] = [];
  for (const result of found) {
    const { topic, topicId } = result.wanted;
    let last = responses.at(-1);
    if (last === undefined || last.topic !== topic || last.topicId !== topicId) {
      last = { topic, topicId, partitions: [] };
      responses.push(last);
    }
    last.partitions.push(fetchRow(result, isolationLevel));
  }
  const errorCode = errors[error].code;
  return { throttleTimeMs: 0, errorCode, sessionId, responses, nodeEndpoints: [] };
}

/** What is the same in all answers here. */
const neverSaid = {
  divergingEpoch: { epoch: -1, endOffset: offset(-1) },
  currentLeader: { leaderId: -1, leaderEpoch: -1 },
  snapshotId: { endOffset: offset(-1), epoch: -1 },
};

function fetchRow(
  { wanted, error, partition, records }: FetchedPartition,
  isolationLevel: number,
): FetchPartition {
  const marks = partition?.watermarks;
  return {
    partitionIndex: wanted.partition,
    errorCode: errors[error].code,
    highWatermark: marks?.highWatermark ?? offset(-1),
    lastStableOffset: marks?.lastStableOffset ?? offset(-1),
    logStartOffset: marks?.startOffset ?? offset(-1),
    divergingEpoch: neverSaid.divergingEpoch,
    currentLeader: neverSaid.currentLeader,
    snapshotId: neverSaid.snapshotId,
    preferredReadReplica: -1,
    abortedTransactions: isolationLevel === 1 ? [] : null,
    records,
  };
}

type ListPartition = RequestOf<typeof tables.ListOffsets>["topics"][number]["partitions"][number];
type ListedTopic = ResponseOf<typeof tables.ListOffsets>["topics"][number];
type ListedPartition = ListedTopic["partitions"][number];

const listOffsets: Handler<"ListOffsets"> = async (request, context) => {
  const { services } = context;
  const topics: ListedTopic[] = [];
  for (const { name, partitions } of request.topics) {
    const found = services.broker.topic(name)?.partitions ?? [];
    const list = (asked: ListPartition): ListedPartition | Promise<ListedPartition> =>
      listOffset(asked, found[asked.partitionIndex], request.isolationLevel);
    topics.push({ name, partitions: await paced(partitions, services, list, kafkaSearchesMax) });
  }
  return { throttleTimeMs: 0, topics };
};

async function listOffset(
  { partitionIndex, currentLeaderEpoch, timestamp }: ListPartition,
  partition: Partition | undefined,
  isolationLevel: number,
): Promise<ListedPartition> {
  const nothing = { partitionIndex, errorCode: 0, timestamp: -1, offset: offset(-1) };
  const failed = (error: ErrorName): ListedPartition => {
    return { ...nothing, errorCode: errors[error].code, leaderEpoch: -1 };
  };
  if (partition === undefined) return failed("UNKNOWN_TOPIC_OR_PARTITION");
  const fault = partition.leaderEpochFault(currentLeaderEpoch) ?? partition.offsetsFault();
  if (fault !== null) return failed(refusalErrors[fault.code]);
  const { leaderEpoch, watermarks } = partition;
  switch (timestamp) {
    case -1: {
      const { lastStableOffset, highWatermark } = watermarks;
      const end = isolationLevel === 1 ? lastStableOffset : highWatermark;
      return { ...nothing, offset: end, leaderEpoch };
    }
    case -2:
    case -4:
      return { ...nothing, offset: watermarks.startOffset, leaderEpoch };
    case -5:
      return { ...nothing, leaderEpoch: -1 };
    default: {
      if (timestamp < -3) return failed("INVALID_REQUEST");
      const search = timestamp === -3 ? latestTime(partition) : partition.offsetForTime(timestamp);
      const found = await search;
      if (found instanceof Refusal) return failed(refusalErrors[found.code]);
      return found === null
        ? { ...nothing, leaderEpoch: -1 }
        : { ...nothing, ...found, leaderEpoch };
    }
  }
}

type EpochRow = ResponseOf<
  typeof tables.OffsetForLeaderEpoch
>["topics"][number]["partitions"][number];

const offsetForLeaderEpoch: Handler<"OffsetForLeaderEpoch"> = (request, { services }) => ({
  throttleTimeMs: 0,
  topics: request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(
      ({ partition: index, currentLeaderEpoch, leaderEpoch }): EpochRow => {
        const partition = services.broker.topic(topic)?.partitions[index];
        const failed = (error: ErrorName): EpochRow => ({
          errorCode: errors[error].code,
          partition: index,
          leaderEpoch: -1,
          endOffset: offset(-1),
        });
        if (partition === undefined) return failed("UNKNOWN_TOPIC_OR_PARTITION");
        const fault = partition.leaderEpochFault(currentLeaderEpoch) ?? partition.offsetsFault();
        if (fault !== null) return failed(refusalErrors[fault.code]);
        const end = partition.endOfEpoch(leaderEpoch);
        return {
          errorCode: 0,
          partition: index,
          leaderEpoch: end.leaderEpoch,
          endOffset: offset(end.endOffset),
        };
      },
    ),
  })),
});

export const handlers = {
  Fetch: fetchRecords,
  ListOffsets: listOffsets,
  OffsetForLeaderEpoch: offsetForLeaderEpoch,
} satisfies Partial<Handlers>;
