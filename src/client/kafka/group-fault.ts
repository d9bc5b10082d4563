/** What a member of a group makes of an error, as Kafka's own consumer does. */
import { ClientError, type ClientErrorCode } from "./client-error.ts";

/**
 * - `coordinator`: look for the group's coordinator, and try again.
 * - `again`: try again after a pause.
 * - `rejoin`: the member is still one; it has to join anew.
 * - `generation`: what it was assigned is lost; it joins anew under its id.
 * - `member`: what it was assigned is lost, and so is its id.
 * - `final`: tell the program.
 */
export type GroupFault = "coordinator" | "again" | "rejoin" | "generation" | "member" | "final";

const faults: { readonly [Code in ClientErrorCode]?: GroupFault } = {
  COORDINATOR_NOT_AVAILABLE: "coordinator",
  NOT_COORDINATOR: "coordinator",
  REQUEST_TIMED_OUT: "coordinator",
  BROKER_NOT_AVAILABLE: "coordinator",
  NETWORK: "coordinator",
  TIMED_OUT: "coordinator",
  COORDINATOR_LOAD_IN_PROGRESS: "again",
  REBALANCE_IN_PROGRESS: "rejoin",
  ILLEGAL_GENERATION: "generation",
  UNKNOWN_MEMBER_ID: "member",
};

/** @param error whatever a request, or what its response says, was rejected with */
export function groupFault(error: unknown): GroupFault {
  if (!(error instanceof ClientError)) return "final";
  return faults[error.code] ?? (error.retriable ? "again" : "final");
}
