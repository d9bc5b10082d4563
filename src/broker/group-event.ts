/**
 * What can happen to a group, and what a group wants done: the two ends of the state machine in
 * `group.ts`. Nothing here waits or acts.
 */
import type { GroupRow } from "../metadata/metadata.ts";
import type {
  GroupCaller,
  HeartbeatReply,
  HeartbeatRequest,
  JoinGroupReply,
  JoinGroupRequest,
  LeaveGroupReply,
  LeaveGroupRequest,
  SyncGroupReply,
  SyncGroupRequest,
} from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";

/** Names of the states as Kafka shows them. */
export type GroupState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable" | "Dead";

/** Both clocks at the moment of an event. */
export interface Now {
  /** Milliseconds since 1970, for what is stored. */
  readonly wallMs: number;
  /** Never goes back, for deadlines. */
  readonly monotonicMs: number;
}

/** One request that is to be answered; a number that is given once. */
export type Ticket = number;

/**
 * - `join`: the end of waiting for members to join.
 * - `sync`: the end of waiting for members to ask for their assignment.
 * - `session …`: this member must have been heard of.
 */
export type GroupTimer = "join" | "sync" | `session ${string}`;

export interface JoinEvent {
  readonly kind: "join";
  readonly ticket: Ticket;
  readonly caller: GroupCaller;
  readonly request: JoinGroupRequest;
  /** Never used before; for a member that has none yet. */
  readonly newMemberId: string;
}

export type GroupEvent =
  | JoinEvent
  | { readonly kind: "sync"; readonly ticket: Ticket; readonly request: SyncGroupRequest }
  | { readonly kind: "heartbeat"; readonly ticket: Ticket; readonly request: HeartbeatRequest }
  | { readonly kind: "leave"; readonly ticket: Ticket; readonly request: LeaveGroupRequest }
  /** A member has committed offsets, which keeps its session up. */
  | { readonly kind: "commit"; readonly memberId: string }
  /** A timer is due. */
  | { readonly kind: "timer"; readonly timer: GroupTimer }
  /** What effect `store` asked for is on the device, or is not (any code but NONE). */
  | { readonly kind: "stored"; readonly storeId: number; readonly errorCode: GroupErrorCode }
  /** The group was read from the store: its members are expected to be heard of again. */
  | { readonly kind: "loaded" }
  /** An empty group is about to be deleted from the store: nobody may come in any more. */
  | { readonly kind: "condemned"; readonly reason: string }
  /** Its deletion has failed. */
  | { readonly kind: "spared" }
  /** The broker stops. */
  | { readonly kind: "closed" };

export type GroupEffect =
  | { readonly kind: "join reply"; readonly ticket: Ticket; readonly reply: JoinGroupReply }
  | { readonly kind: "sync reply"; readonly ticket: Ticket; readonly reply: SyncGroupReply }
  | { readonly kind: "heartbeat reply"; readonly ticket: Ticket; readonly reply: HeartbeatReply }
  | { readonly kind: "leave reply"; readonly ticket: Ticket; readonly reply: LeaveGroupReply }
  /** Send event `timer` at this monotonic time; replaces an earlier deadline of that name. */
  | { readonly kind: "schedule"; readonly timer: GroupTimer; readonly deadlineMs: number }
  | { readonly kind: "cancel"; readonly timer: GroupTimer }
  /** Store this generation, then send event `stored` with the same id. */
  | { readonly kind: "store"; readonly storeId: number; readonly row: GroupRow }
  /** The group went into another state; for the log. */
  | {
      readonly kind: "state";
      readonly state: GroupState;
      readonly generationId: number;
      readonly memberCount: number;
      readonly reason: string;
    };
