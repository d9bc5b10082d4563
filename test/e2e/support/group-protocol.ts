/**
 * What members of a consumer group say to one another through the broker, which reads little of
 * it: Kafka's ConsumerProtocolSubscription and ConsumerProtocolAssignment, with one topic; and how
 * a leader divides its partitions.
 */
import { assert } from "../../../src/base/assert.ts";
import { codec } from "../../../src/wire/codec.ts";
import { Malformed, Reader } from "../../../src/wire/reader.ts";
import { bytes, int16, int32, list, message, string, type Row } from "../../../src/wire/table.ts";
import { Writer } from "../../../src/wire/writer.ts";

/** Of version 2, which says since when the partitions are owned (KIP-792). */
const version = 2;

const partitionsOf = { topic: string, partitions: list(int32) };

const Subscription = message(
  { name: "ConsumerProtocolSubscription", versions: [version, version] },
  {
    version: int16,
    topics: list(string),
    userData: bytes.nullable(),
    ownedPartitions: list(partitionsOf),
    generationId: int32,
  },
);

const Assignment = message(
  { name: "ConsumerProtocolAssignment", versions: [version, version] },
  { version: int16, assignedPartitions: list(partitionsOf), userData: bytes.nullable() },
);

/** One member, as the leader is told of it. */
export interface Subscriber {
  readonly memberId: string;
  readonly owned: readonly number[];
  /** The generation that gave it these; -1: none. */
  readonly generationId: number;
}

/** Who gets what: partitions by member id. */
export type Assignments = ReadonlyMap<string, readonly number[]>;

export function encodeSubscription(
  topic: string,
  { owned, generationId }: Omit<Subscriber, "memberId">,
): Uint8Array {
  const ownedPartitions = [{ topic, partitions: owned }];
  const row = { version, topics: [topic], userData: null, ownedPartitions, generationId };
  return written((writer) => codec(Subscription, version).write(writer, row));
}

export function decodeSubscription(memberId: string, from: Uint8Array): Subscriber {
  const row: Row<typeof Subscription.shape> | Malformed = codec(Subscription, version).read(
    Reader.of(from),
  );
  if (row instanceof Malformed) throw row;
  const owned = row.ownedPartitions.flatMap(({ partitions }) => partitions);
  return { memberId, owned, generationId: row.generationId };
}

export function encodeAssignment(topic: string, partitions: readonly number[]): Uint8Array {
  const row = { version, assignedPartitions: [{ topic, partitions }], userData: null };
  return written((writer) => codec(Assignment, version).write(writer, row));
}

export function decodeAssignment(from: Uint8Array): readonly number[] {
  const row = codec(Assignment, version).read(Reader.of(from));
  if (row instanceof Malformed) throw row;
  return row.assignedPartitions.flatMap(({ partitions }) => partitions);
}

/** Everything is given up before it is given out: each in turn gets the next. */
export function assignEagerly(members: readonly Subscriber[], count: number): Assignments {
  return new Map(
    members.map(({ memberId }, at) => {
      const partitions = Array.from({ length: count }, (_each, index) => index);
      return [memberId, partitions.filter((index) => index % members.length === at)];
    }),
  );
}

/**
 * Everybody keeps what it has, up to its share. What one has beyond that is given to nobody in this
 * generation: its owner gives it up and joins again, and then it is free (KIP-429).
 */
export function assignCooperatively(members: readonly Subscriber[], count: number): Assignments {
  const owners = ownersOf(members);
  const had = members.map(({ memberId }) => {
    const partitions = [...owners].filter(([, owner]) => owner === memberId);
    return { memberId, partitions: partitions.map(([index]) => index) };
  });
  had.sort((a, b) => b.partitions.length - a.partitions.length);
  const share = Math.floor(count / members.length);
  const larger = count % members.length;
  const free = Array.from({ length: count }, (_, index) => index).filter((at) => !owners.has(at));
  return new Map(
    had.map(({ memberId, partitions }, at) => {
      const room = share + (at < larger ? 1 : 0);
      const kept = partitions.slice(0, room);
      return [memberId, [...kept, ...free.splice(0, room - kept.length)]];
    }),
  );
}

/** Who owns what: of two that say so, the one that was given it last. */
function ownersOf(members: readonly Subscriber[]): Map<number, string> {
  const owners = new Map<number, string>();
  for (const { memberId, owned } of members.toSorted((a, b) => a.generationId - b.generationId)) {
    for (const index of owned) owners.set(index, memberId);
  }
  return owners;
}

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  writer.begin();
  write(writer);
  const frame = new Uint8Array(Buffer.concat(writer.finish()));
  assert(frame.length >= 4, "a frame begins with its length");
  return frame.subarray(4);
}
