/**
 * Live streams: the records of a topic, or of a group, as they come. The same path speaks
 * server-sent events (`events.ts`) and, where it is asked for, WebSocket (`socket-stream.ts`).
 *
 * Whoever was cut off goes on where it was: an EventSource by its `Last-Event-ID`, anybody by
 * `?offset=` with a position that came with the records.
 */
import { streamPartitionsMax, streamTopicsMax } from "../../limits.ts";
import { HttpError } from "../errors.ts";
import { type FilterAsked, filterOf, filterQuery } from "../record-filter.ts";
import { showings, type Showing } from "../record-data.ts";
import { type Reply, stream } from "../reply.ts";
import { type Inbound, route, type Route } from "../route.ts";
import { list, oneOf, optional, text, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import type { Form } from "./chunk.ts";
import { eventsMediaType, eventStream } from "./events.ts";
import { type Feed, TopicFeed } from "./feed.ts";
import { GroupFeed, type GroupWish } from "./group-feed.ts";
import { type PositionEntry, positionOf } from "./position.ts";
import { SocketStream } from "./socket-stream.ts";
import { placesOf } from "./starts.ts";
import type { Wish } from "./stations.ts";

const streamQuery = {
  format: optional(
    oneOf(showings, { doc: "How to show keys and values; json by default, where they are JSON." }),
  ),
  ...filterQuery,
};

const streamHeaders = {
  "last-event-id": optional(
    text({ doc: "The id of the last event that was seen: the stream goes on behind it." }),
  ),
  upgrade: optional(text({ doc: "`websocket`, for a WebSocket instead of events." })),
};

const streamAnswers = {
  101: { doc: "A WebSocket: JSON messages, each with its `type`." },
  200: { doc: "Server-sent events: a record each.", mediaTypes: [eventsMediaType] },
};

const gone = new HttpError(404, 40401, "Topic not found.");
const noGroup = HttpError.of(400, "a stream of a topic takes no acknowledgements");

/** What to send of the records; 400. */
function wishOf(
  form: Form,
  topic: string | null,
  query: FilterAsked & { readonly format?: Showing },
): Wish | HttpError {
  const filter = filterOf(query);
  if (filter instanceof HttpError) return filter;
  const { format: showing = "json", key, header, contains } = query;
  const filterText = JSON.stringify([key, header, contains]);
  return { style: { form, showing, topic }, filter, filterText };
}

const formOf = (headers: { readonly upgrade?: string }): Form =>
  headers.upgrade?.toLowerCase() === "websocket" ? "socket" : "events";

/** The feed is opened when its peer is there: not for HEAD, nor for a WebSocket that fails. */
function replyOf(
  form: Form,
  { clock }: HttpServices,
  { onEnd }: Inbound,
  openFeed: () => Feed,
): Reply {
  if (form === "events") {
    return stream(() => eventStream(openFeed(), onEnd), eventsMediaType, { isQuiet: true });
  }
  const content = { kind: "socket", session: new SocketStream(openFeed, clock) } as const;
  return { status: 101, content, headers: {}, entityTag: null };
}

const streamTopic = route({
  method: "GET",
  at: "/streams/topics/{topic_name}",
  operation: "streamTopic",
  tag: "streams",
  summary: "The records of a topic as they come: server-sent events, or WebSocket.",
  path: { topic_name: text() },
  query: {
    offset: optional(
      text({ doc: "`latest` (the default), `earliest`, or a position: as an event's id." }),
    ),
    time: optional(
      text({ doc: "Instead: from the first record that is as late; RFC 3339 or milliseconds." }),
    ),
    partition: optional(
      list(whole({ min: 0 }), {
        countMax: streamPartitionsMax,
        doc: "Only these partitions; may be given several times.",
      }),
    ),
    ...streamQuery,
  },
  headers: streamHeaders,
  answers: streamAnswers,
  handle: async ({ path, query, headers, request, services }) => {
    const { broker, stations } = services;
    const topic = broker.topic(path.topic_name);
    if (topic === undefined) return gone;
    if (query.offset !== undefined && query.time !== undefined) {
      return HttpError.of(400, "query: offset, or time, not both");
    }
    const form = formOf(headers);
    const wish = wishOf(form, topic.name, query);
    if (wish instanceof HttpError) return wish;
    const { partition = [] } = query;
    const last = headers["last-event-id"] ?? "";
    const places = await placesOf(topic, last === "" ? query : { partition, offset: last });
    if (places instanceof HttpError) return places;
    const isWhole = partition.length === 0;
    return replyOf(form, services, request, () => {
      return new TopicFeed({ stations, broker, topic, isWhole, wish, gone, noGroup }, places);
    });
  },
});

/** Where a reader of a group was, and where it begins otherwise; 400. */
function startOf(given: string, last: string): Pick<GroupWish, "reset" | "resume"> | HttpError {
  const isWord = given === "earliest" || given === "latest";
  const position = last === "" && !isWord ? given : last;
  const resume: readonly PositionEntry[] | HttpError =
    position === "" ? [] : positionOf(position, null);
  return resume instanceof HttpError ? resume : { reset: isWord ? given : "latest", resume };
}

const streamGroup = route({
  method: "GET",
  at: "/streams/groups/{consumer_group_id}",
  operation: "streamGroup",
  tag: "streams",
  summary: "What a consumer group gives to this reader, who is a member while the stream is open.",
  isMoving: true,
  path: { consumer_group_id: text() },
  query: {
    topic: list(text(), {
      countMax: streamTopicsMax,
      doc: "What to read; may be given several times.",
    }),
    offset: optional(
      text({
        doc: "`latest` (the default) or `earliest`, where nothing is committed; or a position.",
      }),
    ),
    ...streamQuery,
  },
  headers: streamHeaders,
  answers: streamAnswers,
  handle: ({ path, query, headers, request, services }) => {
    const missing = query.topic.find((name) => services.broker.topic(name) === undefined);
    if (missing !== undefined) return gone;
    const form = formOf(headers);
    const wish = wishOf(form, null, query);
    if (wish instanceof HttpError) return wish;
    const start = startOf(query.offset ?? "latest", headers["last-event-id"] ?? "");
    if (start instanceof HttpError) return start;
    const commits = form === "events" ? "taken" : "acknowledged";
    const topics = [...new Set(query.topic)].sort();
    const group: GroupWish = { groupId: path.consumer_group_id, topics, commits, ...start };
    return replyOf(form, services, request, () => new GroupFeed(services, group, wish));
  },
});

/** The routes of this family. */
export const streamRoutes: readonly Route[] = [streamTopic, streamGroup];
