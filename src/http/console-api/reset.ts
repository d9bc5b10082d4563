/**
 * Moving what a group has committed: first looked at, then done. Both compute the same, so what was
 * shown is what happens, but for records that came meanwhile.
 *
 * Only a group without members can be moved: members keep their places themselves, and would commit
 * over it. New places lie between the first record and the end; what was asked beyond is cut.
 */
import { Refusal } from "../../base/refusal.ts";
import type { Partition } from "../../broker/broker.ts";
import { concurrently } from "../../base/concurrently.ts";
import type { GroupLag } from "../../broker/group-lag.ts";
import { lagReadsMax, partitionsMax } from "../../limits.ts";
import { errorOf, groupError, HttpError } from "../errors.ts";
import { timeOf } from "../record-data.ts";
import { json } from "../reply.ts";
import { jsonBody, route, type Route } from "../route.ts";
import {
  flag,
  list,
  named,
  nullable,
  object,
  oneOf,
  optional,
  text,
  type ValueOf,
  whole,
} from "../schema.ts";
import type { HttpServices } from "../services.ts";

const resetType = named(
  "ConsoleResetRequest",
  object({
    to: oneOf(["earliest", "latest", "offset", "time", "shift"]),
    value: optional(
      text({ doc: "The offset; the time, RFC 3339 or milliseconds; or by how many, as -100." }),
    ),
    topics: optional(
      list(object({ topic: text(), partitions: optional(list(whole({ min: 0 }))) }), {
        countMax: partitionsMax,
        doc: "All that it has committed by default.",
      }),
    ),
    preview: flag({ doc: "Only says what would be done." }),
  }),
);
type Reset = ValueOf<typeof resetType>;

const moveType = named(
  "ConsoleResetResult",
  object({
    is_done: flag(),
    moves: list(
      object({
        topic: text(),
        partition: whole(),
        before: nullable(whole(), { doc: "null: it had committed none." }),
        after: whole(),
        wanted: whole({ doc: "What was asked for, before it was cut to what there is." }),
        start: whole({ doc: "The first record." }),
        end: whole(),
      }),
    ),
  }),
);
export type ResetResult = ValueOf<typeof moveType>;
type Move = ResetResult["moves"][number];

/** One partition, and where the group is in it. */
interface Place {
  readonly partition: Partition;
  readonly before: number | null;
}

/** What the group is to be moved in. */
function placesOf(
  { broker }: HttpServices,
  { partitions: committed }: GroupLag,
  topics: Reset["topics"],
): readonly Place[] | HttpError {
  const known = new Map(committed.map((each) => [keyOf(each.topic, each.partition), each]));
  const wanted =
    topics?.flatMap(({ topic, partitions }) => {
      const all = broker.topic(topic)?.partitions.map(({ index }) => index) ?? [0];
      return (partitions ?? all).map((partition) => ({ topic, partition }));
    }) ?? committed;
  const places = new Map<string, Place>();
  for (const { topic, partition: index } of wanted) {
    const partition = broker.topic(topic)?.partitions[index];
    const key = keyOf(topic, index);
    if (partition === undefined) {
      return new HttpError(404, 40403, `there is no partition ${index} of topic ${topic}`);
    }
    places.set(key, { partition, before: known.get(key)?.currentOffset ?? null });
  }
  return [...places.values()];
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** From a place to where it is to be. */
type Target = (place: Place) => number | Refusal | Promise<number | Refusal>;

function targetOf({ to, value = "" }: Reset): Target | HttpError {
  switch (to) {
    case "earliest":
      return ({ partition }) => partition.watermarks.startOffset;
    case "latest":
      return ({ partition }) => partition.highWatermark;
    case "offset": {
      if (!/^\d{1,15}$/.test(value)) return HttpError.of(422, "value: an offset, from 0 on");
      return () => Number(value);
    }
    case "shift": {
      if (!/^[+-]?\d{1,15}$/.test(value)) return HttpError.of(422, "value: a number, as -100");
      return ({ partition, before }) =>
        (before ?? partition.watermarks.startOffset) + Number(value);
    }
    default: {
      const time = timeOf(value);
      if (time === null) {
        return HttpError.of(422, "value: RFC 3339, or milliseconds since 1970");
      }
      return async ({ partition }) => {
        const found = await partition.offsetForTime(time);
        if (found instanceof Refusal) return found;
        return found?.offset ?? partition.highWatermark;
      };
    }
  }
}

async function movesOf(
  places: readonly Place[],
  target: Target,
): Promise<readonly Move[] | HttpError> {
  const moves = await concurrently(places, lagReadsMax, async (place): Promise<Move | Refusal> => {
    const { topic, index: partition, watermarks, highWatermark: end } = place.partition;
    const fault = place.partition.offsetsFault();
    if (fault !== null) return fault;
    const wanted = await target(place);
    if (wanted instanceof Refusal) return wanted;
    const start = watermarks.startOffset;
    const after = Math.min(Math.max(wanted, start), end);
    return { topic, partition, before: place.before, after, wanted, start, end };
  });
  const refusal = moves.find((move) => move instanceof Refusal);
  return refusal instanceof Refusal ? errorOf(refusal) : (moves as readonly Move[]);
}

/** Commits as one who takes no part in the group, which refuses that once it has members. */
async function commit(
  { groups }: HttpServices,
  groupId: string,
  moves: readonly Move[],
): Promise<HttpError | null> {
  const topics = Map.groupBy(moves, ({ topic }) => topic);
  const request = {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: "",
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [...topics].map(([name, rows]) => ({
      name,
      partitions: rows.map(({ partition, after }) => ({
        partitionIndex: partition,
        committedOffset: after,
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })),
    })),
  };
  const caller = { apiVersion: 6, clientId: "obelisk", clientHost: "" };
  const reply = await groups.offsetCommit(request, caller);
  for (const { errorCode } of reply.topics.flatMap(({ partitions }) => partitions)) {
    if (errorCode === "UNKNOWN_MEMBER_ID") return hasMembers;
    if (errorCode !== "NONE") return groupError(errorCode, "consumer group");
  }
  return null;
}

const hasMembers = HttpError.of(409, "the group has members; stop them, then move it");

const resetOffsets = route({
  method: "POST",
  at: "/console/api/groups/{group_id}/reset",
  operation: "resetConsoleGroup",
  tag: "console",
  summary: "Moves what a group without members has committed, or says what that would do.",
  path: { group_id: text() },
  body: jsonBody(resetType),
  answers: { 200: { doc: "Where the group was, and where it is.", type: moveType } },
  errors: [409],
  handle: async ({ services, path, body }) => {
    const group = await services.lags.of(path.group_id);
    if (typeof group === "string") return groupError(group, "consumer group");
    const target = targetOf(body);
    if (target instanceof HttpError) return target;
    const places = placesOf(services, group, body.topics);
    if (places instanceof HttpError) return places;
    if (group.group.members.length > 0) return hasMembers;
    const moves = await movesOf(places, target);
    if (moves instanceof HttpError) return moves;
    if (!body.preview && moves.length > 0) {
      const failed = await commit(services, path.group_id, moves);
      if (failed !== null) return failed;
    }
    return json({ is_done: !body.preview, moves } satisfies ResetResult);
  },
});

/** The routes of this family. */
export const resetRoutes: readonly Route[] = [resetOffsets];
