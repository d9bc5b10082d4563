/** Where a stream of a topic begins, as it was asked for. */
import { offset as offsetOf } from "../../base/brands.ts";
import { Refusal } from "../../base/refusal.ts";
import type { Partition, Topic } from "../../broker/broker.ts";
import { streamPartitionsMax } from "../../limits.ts";
import { errorOf, HttpError } from "../errors.ts";
import { timeOf } from "../record-data.ts";
import { positionOf } from "./position.ts";
import type { Place } from "./stations.ts";

/** What was asked for. */
export interface StartAsked {
  /** `earliest`, `latest`, a position, or an offset where there is one partition. */
  readonly offset?: string;
  /** Instead: RFC 3339, or milliseconds since 1970. */
  readonly time?: string;
  /** None: all of them. */
  readonly partition?: readonly number[];
}

/** The partitions that are meant, each with where to begin; 400, 404. */
export async function placesOf(
  topic: Topic,
  asked: StartAsked,
): Promise<readonly Place[] | HttpError> {
  const partitions = partitionsOf(topic, asked.partition ?? []);
  if (partitions instanceof HttpError) return partitions;
  const offsets = await offsetsOf(topic, partitions, asked);
  if (offsets instanceof HttpError) return offsets;
  return partitions.map((partition, at) => {
    return { partition, topicId: topic.id, offset: offsets[at] ?? 0 };
  });
}

function partitionsOf(topic: Topic, wanted: readonly number[]): readonly Partition[] | HttpError {
  const indexes = [...new Set(wanted)].sort((one, other) => one - other);
  const partitions =
    indexes.length === 0
      ? topic.partitions
      : indexes.flatMap((index) => topic.partitions[index] ?? []);
  if (indexes.length > partitions.length) {
    return new HttpError(404, 40402, "there is no such partition");
  }
  if (partitions.length <= streamPartitionsMax) return partitions;
  const message = `a stream has at most ${streamPartitionsMax} partitions; ?partition= says which`;
  return HttpError.of(400, message);
}

async function offsetsOf(
  topic: Topic,
  partitions: readonly Partition[],
  { offset: given = "latest", time }: StartAsked,
): Promise<readonly number[] | HttpError> {
  for (const partition of partitions) {
    const fault = partition.offsetsFault();
    if (fault !== null) return errorOf(fault);
  }
  if (time !== undefined) return await offsetsAt(partitions, time);
  if (given === "latest") return partitions.map(({ highWatermark }) => highWatermark);
  if (given === "earliest") return partitions.map(({ watermarks }) => watermarks.startOffset);
  const [only] = partitions;
  const isOffset = /^\d{1,15}$/.test(given);
  if (isOffset && (only === undefined || partitions.length > 1)) {
    return HttpError.of(400, "query: offset: of several partitions, it takes a position: 0:16,1:3");
  }
  const position = positionOf(isOffset ? `${only?.index}:${given}` : given, topic.name);
  if (position instanceof HttpError) return position;
  const offsets: number[] = [];
  for (const partition of partitions) {
    // What a position does not name was not there when it was written: it has not been read.
    const entry = position.find((each) => each.partition === partition.index);
    const at = entry?.offset ?? partition.watermarks.startOffset;
    if (at > partition.highWatermark) {
      const what = `partition ${partition.index} has no offset ${at}`;
      return new HttpError(404, 40411, `${what}; the next one is ${partition.highWatermark}`);
    }
    offsets.push(at);
  }
  return offsets;
}

async function offsetsAt(
  partitions: readonly Partition[],
  given: string,
): Promise<readonly number[] | HttpError> {
  const time = timeOf(given);
  if (time === null) return HttpError.of(400, "query: time: RFC 3339, or milliseconds since 1970");
  const offsets: number[] = [];
  for (const partition of partitions) {
    const found = await partition.offsetForTime(time);
    if (found instanceof Refusal) return errorOf(found);
    offsets.push(found?.offset ?? offsetOf(partition.highWatermark));
  }
  return offsets;
}
