/**
 * OffsetCommit, OffsetFetch, OffsetDelete: how far groups have come.
 *
 * OffsetCommit
 * - Only for partitions that there are; the others of a request are committed all the same.
 * - Version 10 names topics by id, and is answered by id.
 * OffsetFetch
 * - Before version 8 it asks for one group, before version 2 always for certain topics.
 * OffsetDelete
 * - Topics that members of the group read stay.
 */
import { offset } from "../../base/brands.ts";
import type {
  FetchedGroup,
  FetchedOffset,
  OffsetFetchGroup,
  PartitionErrors,
} from "../../broker/group-coordinator.ts";
import { noUuid, type RequestOf, type ResponseOf } from "../../wire/table.ts";
import { type ErrorName, errors } from "../errors.ts";
import type { Handler, Handlers, RequestContext } from "../handler.ts";
import type * as tables from "../messages/offsets.ts";
import { unique } from "../unique.ts";

type CommitTopic = RequestOf<typeof tables.OffsetCommit>["topics"][number];
type CommitTopicResponse = ResponseOf<typeof tables.OffsetCommit>["topics"][number];

const offsetCommit: Handler<"OffsetCommit"> = async (request, context) => {
  const { services, apiVersion, clientId, caller } = context;
  const topics = request.topics.map((topic) => sortOut(topic, context));
  const reply = await services.groups.offsetCommit(
    { ...request, topics: topics.flatMap(({ name, known }) => ({ name, partitions: known })) },
    { apiVersion, clientId, clientHost: `/${caller.host}` },
  );
  const answered = topics.map((topic, at) => committed(topic, reply.topics[at]));
  return { throttleTimeMs: 0, topics: answered };
};

/** One topic of a commit: what goes to the coordinator, and what is refused before. */
interface SortedTopic {
  readonly asked: CommitTopic;
  readonly name: string;
  readonly known: CommitTopic["partitions"];
  /** Why the others are not known. */
  readonly error: ErrorName;
}

function sortOut(asked: CommitTopic, { services, apiVersion }: RequestContext): SortedTopic {
  const byId = apiVersion >= 10;
  const topic = byId ? services.topicIds.find(asked.topicId) : services.broker.topic(asked.name);
  const count = topic?.partitions.length ?? 0;
  const known = asked.partitions.filter(({ partitionIndex: index }) => index >= 0 && index < count);
  const isMissing = topic === undefined && byId;
  const error = isMissing ? "UNKNOWN_TOPIC_ID" : "UNKNOWN_TOPIC_OR_PARTITION";
  return { asked, name: topic?.name ?? asked.name, known, error };
}

/** All partitions in the order of the request. */
function committed(
  { asked, known, error }: SortedTopic,
  reply: PartitionErrors | undefined,
): CommitTopicResponse {
  let answered = 0;
  const partitions = asked.partitions.map((partition) => {
    const { partitionIndex } = partition;
    const isKnown = known[answered] === partition;
    const errorCode = isKnown ? reply?.partitions[answered]?.errorCode : error;
    if (isKnown) answered += 1;
    return { partitionIndex, errorCode: errors[errorCode ?? "UNKNOWN_SERVER_ERROR"].code };
  });
  return { name: asked.name, topicId: asked.topicId, partitions };
}

type FetchRequest = RequestOf<typeof tables.OffsetFetch>;
type FetchResponse = ResponseOf<typeof tables.OffsetFetch>;
type FetchedGroupRow = FetchResponse["groups"][number];
type FetchedTopicRow = FetchedGroupRow["topics"][number];
type FetchedRow = FetchedTopicRow["partitions"][number];

const offsetFetch: Handler<"OffsetFetch"> = async (request, context) => {
  const { services, apiVersion } = context;
  const { requireStable } = request;
  if (apiVersion < 8) {
    const groups = [{ groupId: request.groupId, topics: request.topics }];
    const [group] = (await services.groups.offsetFetch({ groups, requireStable })).groups;
    const { errorCode, topics } = oldGroup(request, group, apiVersion);
    return { throttleTimeMs: 0, topics, errorCode, groups: [] };
  }
  // All that a group has committed is answered once, however often it is asked for.
  const wanted = unique(request.groups, (group) => (group.topics === null ? group.groupId : group));
  const asked = wanted.map((group) => askedGroup(group, context));
  const reply = await services.groups.offsetFetch({ groups: asked, requireStable });
  const groups = wanted.map((group, at) => groupRow(group, reply.groups[at], context));
  return { throttleTimeMs: 0, topics: [], errorCode: 0, groups };
};

const offsetRow = (fetched: FetchedOffset): FetchedRow => ({
  ...fetched,
  committedOffset: offset(fetched.committedOffset),
  errorCode: errors[fetched.errorCode].code,
});

const noOffset = (partitionIndex: number, error: ErrorName): FetchedRow => ({
  partitionIndex,
  committedOffset: offset(-1),
  committedLeaderEpoch: -1,
  metadata: "",
  errorCode: errors[error].code,
});

/** Before version 2 the answer has no place for the group's error: each partition has it. */
function oldGroup(
  request: FetchRequest,
  group: FetchedGroup | undefined,
  apiVersion: number,
): Pick<FetchResponse, "topics" | "errorCode"> {
  const error = group?.errorCode ?? "NONE";
  if (error !== "NONE" && apiVersion < 2) {
    const topics = (request.topics ?? []).map(({ name, partitionIndexes }) => {
      return { name, partitions: partitionIndexes.map((index) => noOffset(index, error)) };
    });
    return { topics, errorCode: 0 };
  }
  const topics = (group?.topics ?? []).map(({ name, partitions }) => {
    return { name, partitions: partitions.map(offsetRow) };
  });
  return { topics, errorCode: errors[error].code };
}

/** A group as the coordinator is asked for it: without topics whose ids nobody has. */
function askedGroup(
  { groupId, topics }: FetchRequest["groups"][number],
  { services, apiVersion }: RequestContext,
): OffsetFetchGroup {
  if (topics === null || apiVersion < 10) return { groupId, topics };
  const known = topics.flatMap(({ topicId, partitionIndexes }) => {
    const topic = services.topicIds.find(topicId);
    return topic === undefined ? [] : { name: topic.name, partitionIndexes };
  });
  return { groupId, topics: known };
}

function groupRow(
  asked: FetchRequest["groups"][number],
  fetched: FetchedGroup | undefined,
  context: RequestContext,
): FetchedGroupRow {
  const error = fetched?.errorCode ?? "NONE";
  const { groupId } = asked;
  if (error !== "NONE") return { groupId, topics: [], errorCode: errors[error].code };
  const found = (fetched?.topics ?? []).flatMap(({ name, partitions }) => {
    const topicId = context.services.broker.topic(name)?.id;
    // A topic that is just being deleted has no id any more.
    if (topicId === undefined && context.apiVersion >= 10) return [];
    return { name, topicId: topicId ?? noUuid, partitions: partitions.map(offsetRow) };
  });
  const isById = asked.topics !== null && context.apiVersion >= 10;
  return { groupId, topics: isById ? inOrder(asked.topics, found) : found, errorCode: 0 };
}

/** All topics that were asked for, in their order; those that are unknown with an error. */
function inOrder(
  asked: NonNullable<FetchRequest["groups"][number]["topics"]>,
  found: readonly FetchedTopicRow[],
): FetchedTopicRow[] {
  let next = 0;
  return asked.map(({ name, topicId, partitionIndexes }) => {
    const row = found[next];
    if (row?.topicId === topicId) {
      next += 1;
      return row;
    }
    const partitions = partitionIndexes.map((index) => noOffset(index, "UNKNOWN_TOPIC_ID"));
    return { name, topicId, partitions };
  });
}

const offsetDelete: Handler<"OffsetDelete"> = async (request, { services }) => {
  const reply = await services.groups.offsetDelete(request);
  const topics = reply.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, errorCode }) => {
      return { partitionIndex, errorCode: errors[errorCode].code };
    }),
  }));
  return { errorCode: errors[reply.errorCode].code, throttleTimeMs: 0, topics };
};

export const handlers = {
  OffsetCommit: offsetCommit,
  OffsetDelete: offsetDelete,
  OffsetFetch: offsetFetch,
} satisfies Partial<Handlers>;
