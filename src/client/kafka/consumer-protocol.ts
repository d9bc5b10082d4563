/**
 * What members of a group tell one another, as bytes: subscriptions to the leader, assignments back
 * (Kafka's ConsumerProtocol). The columns are those of kafka/messages/consumer-protocol.ts; here is
 * the version before them, and what members of other libraries leave out.
 *
 *     version int16, columns of that version
 *
 * Bytes come from strangers: they are read or found to be unreadable, never believed.
 */
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from "../../kafka/messages/consumer-protocol.ts";
import { codec } from "../../wire/codec.ts";
import { Malformed, Reader } from "../../wire/reader.ts";
import type { Row, Shape, Table } from "../../wire/table.ts";
import { Writer } from "../../wire/writer.ts";
import { byTopic, type TopicPartition } from "./topic-partition.ts";

/** What a member asks for, and what it has. */
export interface Subscription {
  readonly topics: readonly string[];
  /** Partitions that it keeps while the group rebalances. */
  readonly owned: readonly TopicPartition[];
  /** The generation in which it was given them; -1: unknown, or none. */
  readonly generationId: number;
}

/** The protocol type of consumers. */
export const consumerProtocolType = "consumer";

/** Members of any age read the first version of an assignment; later ones have the same columns. */
const assignmentVersion = 0;
const versionBytes = 2;
/** Before version 2, cooperative-sticky members say their generation in their user data. */
const generationBytes = 4;

/** In the newest version: readers of older ones pass over what comes later. */
export function writeSubscription(subscription: Subscription): Uint8Array {
  const { topics, owned, generationId } = subscription;
  const userData = new Uint8Array(generationBytes);
  new DataView(userData.buffer).setInt32(0, generationId);
  return write(ConsumerProtocolSubscription, ConsumerProtocolSubscription.versions[1], {
    topics,
    userData,
    ownedPartitions: rows(owned),
    generationId,
    rackId: null,
  });
}

export function readSubscription(bytes: Uint8Array): Subscription | Malformed {
  const row = read(ConsumerProtocolSubscription, bytes);
  if (row instanceof Malformed) return row;
  const { topics, userData, ownedPartitions, generationId } = row;
  const isInUserData = generationId === -1 && userData?.length === generationBytes;
  return {
    topics,
    owned: partitionsOf(ownedPartitions),
    generationId: isInUserData
      ? new DataView(userData.buffer, userData.byteOffset).getInt32(0)
      : generationId,
  };
}

export const writeAssignment = (partitions: Iterable<TopicPartition>): Uint8Array =>
  write(ConsumerProtocolAssignment, assignmentVersion, {
    assignedPartitions: rows(partitions),
    userData: null,
  });

/** No bytes at all are no partitions: some leaders leave those out that get none. */
export function readAssignment(bytes: Uint8Array): TopicPartition[] | Malformed {
  if (bytes.length === 0) return [];
  const row = read(ConsumerProtocolAssignment, bytes);
  return row instanceof Malformed ? row : partitionsOf(row.assignedPartitions);
}

type Rows = readonly { readonly topic: string; readonly partitions: readonly number[] }[];

const rows = (partitions: Iterable<TopicPartition>): Rows =>
  [...byTopic(partitions)].map(([topic, owned]) => ({
    topic,
    partitions: owned.map(({ partition }) => partition),
  }));

const partitionsOf = (topics: Rows): TopicPartition[] =>
  topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));

function write<S extends Shape>(table: Table<S>, version: number, row: Row<S>): Uint8Array {
  const writer = new Writer();
  writer.begin();
  const at = writer.take(versionBytes);
  writer.view.setInt16(at, version);
  codec(table, version).write(writer, row);
  // A frame begins with its length, which these bytes don't have.
  return Buffer.concat(writer.finish()).subarray(4);
}

function read<S extends Shape>(table: Table<S>, bytes: Uint8Array): Row<S> | Malformed {
  const reader = Reader.of(bytes);
  if (bytes.length < versionBytes) return new Malformed("no version", 0);
  const version = reader.view.getInt16(reader.take(versionBytes));
  if (version < 0) return new Malformed(`version ${version}`, 0);
  return codec(table, Math.min(version, table.versions[1])).read(reader);
}
