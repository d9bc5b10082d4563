/**
 * As much of the consumers' own protocol as a coordinator has to know: what members of a group of
 * type `consumer` say to its leader, and it to them. All else in it is theirs (Kafka's
 * ConsumerProtocolSubscription and ConsumerProtocolAssignment).
 *
 *     subscription = version:i16  topics:i32 × topic  …      later versions only add at the end
 *     topic        = length:i16   UTF-8
 *     assignment   = version:i16  topics:i32 × …  userData:i32 (-1: none)
 */
import { type Member, metadataOf, noBytes } from "./group-members.ts";

/** Kafka's `ConsumerProtocol.PROTOCOL_TYPE`. */
export const consumerProtocolType = "consumer";

/** Version 0, no topics, no user data. */
const nothingAssigned = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff);

/** What a group's members read is known from these. */
interface Subscribed {
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly members: { all(): readonly Member[] };
}

/**
 * The topics that a group's members read with their common protocol; `null` if they are no
 * consumers, or if one of them speaks it in a way that cannot be read.
 */
export function subscribedTopics(group: Subscribed): ReadonlySet<string> | null {
  if (group.protocolType !== consumerProtocolType) return null;
  const topics = new Set<string>();
  for (const member of group.members.all()) {
    const subscribed = topicsOf(metadataOf(member, group.protocolName));
    if (subscribed === null) return null;
    for (const topic of subscribed) topics.add(topic);
  }
  return topics;
}

/** Nothing, said so that a member of such a group can read it: some clients fail on no bytes. */
export const emptyAssignment = (protocolType: string | null): Uint8Array =>
  protocolType === consumerProtocolType ? nothingAssigned : noBytes;

/** A partition that a member reads. */
export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * What a member was told to read, in its assignment of the consumers' protocol; none if it is of
 * another protocol, or cut short.
 *
 *     assignment = version:i16  topics:i32 × (length:i16 UTF-8  partitions:i32 × i32)  userData…
 */
export function assignedPartitions(assignment: Uint8Array): readonly AssignedPartition[] {
  const view = new DataView(assignment.buffer, assignment.byteOffset, assignment.length);
  if (view.byteLength < 6) return [];
  const assigned: AssignedPartition[] = [];
  let at = 6;
  for (let left = view.getInt32(2); left > 0; left--) {
    if (at + 2 > view.byteLength) return [];
    const length = view.getInt16(at);
    const end = at + 2 + length;
    if (length < 0 || end + 4 > view.byteLength) return [];
    const topic = text.decode(assignment.subarray(at + 2, end));
    const count = view.getInt32(end);
    at = end + 4;
    if (count < 0 || count > (view.byteLength - at) / 4) return [];
    for (const stop = at + 4 * count; at < stop; at += 4) {
      assigned.push({ topic, partition: view.getInt32(at) });
    }
  }
  return assigned;
}

const text = new TextDecoder();
const utf8 = new TextEncoder();

/** A subscription of version 0 to these topics, without user data. */
export function subscriptionTo(topics: readonly string[]): Uint8Array {
  const names = topics.map((topic) => utf8.encode(topic));
  const bytes = new Uint8Array(10 + names.reduce((sum, { length }) => sum + 2 + length, 0));
  const view = new DataView(bytes.buffer);
  view.setInt32(2, names.length);
  let at = 6;
  for (const name of names) {
    view.setInt16(at, name.length);
    bytes.set(name, at + 2);
    at += 2 + name.length;
  }
  view.setInt32(at, -1);
  return bytes;
}

/** An assignment of version 0, without user data; what {@link assignedPartitions} reads. */
export function assignmentTo(assigned: readonly AssignedPartition[]): Uint8Array {
  const topics = [...Map.groupBy(assigned, ({ topic }) => topic)].map(([topic, partitions]) => {
    return { name: utf8.encode(topic), partitions };
  });
  const bytesOf = (topic: (typeof topics)[number]): number =>
    6 + topic.name.length + 4 * topic.partitions.length;
  const bytes = new Uint8Array(10 + topics.reduce((sum, topic) => sum + bytesOf(topic), 0));
  const view = new DataView(bytes.buffer);
  view.setInt32(2, topics.length);
  let at = 6;
  for (const { name, partitions } of topics) {
    view.setInt16(at, name.length);
    bytes.set(name, at + 2);
    view.setInt32(at + 2 + name.length, partitions.length);
    at += 6 + name.length;
    for (const { partition } of partitions) {
      view.setInt32(at, partition);
      at += 4;
    }
  }
  view.setInt32(at, -1);
  return bytes;
}

/** The topics of one subscription; `null` if they are cut short. */
export function topicsOf(subscription: Uint8Array): readonly string[] | null {
  const view = new DataView(subscription.buffer, subscription.byteOffset, subscription.length);
  if (view.byteLength < 6) return null;
  const count = view.getInt32(2);
  const topics: string[] = [];
  let at = 6;
  for (let left = count; left > 0; left--) {
    if (at + 2 > view.byteLength) return null;
    const length = view.getInt16(at);
    const end = at + 2 + length;
    if (length < 0 || end > view.byteLength) return null;
    topics.push(text.decode(subscription.subarray(at + 2, end)));
    at = end;
  }
  return topics;
}
