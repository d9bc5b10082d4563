/** Columns that more than one table has, or that need a word of explanation. */
import { type Offset, offset } from "../../base/brands.ts";
import { int32, int64, roundedInt64, string } from "../../wire/table.ts";

/** An offset that is stored, or given back as it is: exact. */
export const logOffset = int64.as<Offset>();
/** The same, or -1 for none. */
export const optionalOffset = logOffset.default(offset(-1));
/** An offset that a client asks for; one that no log can have is out of range, not malformed. */
export const askedOffset = roundedInt64.as<Offset>();
/** Milliseconds since 1970, as producers have them: anything may come. */
export const timestamp = roundedInt64;

/** A bit for each `AclOperation`; the smallest int32: it was not asked for. */
export const authorizedOperations = int32.default(-0x8000_0000);

/** Who leads a partition that the asked broker does not; -1: not known (KIP-951). */
export const currentLeader = { leaderId: int32.default(-1), leaderEpoch: int32.default(-1) };

/** Where a node is found. */
export const nodeEndpoint = {
  nodeId: int32,
  host: string,
  port: int32,
  rack: string.nullable().default(null),
};
