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

const text = new TextDecoder();

/** The topics of one subscription; `null` if they are cut short. */
function topicsOf(subscription: Uint8Array): readonly string[] | null {
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
