/**
 * What consumers tell one another through JoinGroup and SyncGroup, where their protocol type is
 * `consumer`. The broker hands it on unread, with one exception: which topics a group reads.
 *
 * An int16 before it says which version it is. A reader that knows only older ones reads what it
 * knows: later versions only add columns at the end.
 */
import { bytes, int32, list, message, string } from "../../wire/table.ts";

const topicPartition = { topic: string, partitions: list(int32) };

/**
 * What a member asks for. 1: `ownedPartitions` (KIP-429). 2: `generationId` (KIP-792).
 * 3: `rackId` (KIP-881).
 */
export const ConsumerProtocolSubscription = message(
  { name: "ConsumerProtocolSubscription", versions: [0, 3] },
  {
    topics: list(string),
    userData: bytes.nullable().default(null),
    ownedPartitions: list(topicPartition).since(1),
    // -1: unknown.
    generationId: int32.since(2).default(-1),
    rackId: string.since(3).nullable().default(null),
  },
);

/** What a member is given. */
export const ConsumerProtocolAssignment = message(
  { name: "ConsumerProtocolAssignment", versions: [0, 3] },
  { assignedPartitions: list(topicPartition), userData: bytes.nullable().default(null) },
);
