/**
 * What a handler is: a function from a request to its response, for one API. It knows the broker
 * and who asks, and no bytes. `dispatch.ts` holds one for each API of `apis.ts`.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { LoopShare } from "../base/loop-share.ts";
import type { Memory } from "../base/memory.ts";
import type { Broker } from "../broker/broker.ts";
import type { GroupCoordinator } from "../broker/group-coordinator.ts";
import type { RequestOf, ResponseOf } from "../wire/table.ts";
import type { apis, ApiName } from "./apis.ts";
import type { FetchBudget } from "./fetch-budget.ts";
import type { FetchSession, FetchSessions } from "./fetch-sessions.ts";
import type { ReadAhead } from "./read-ahead.ts";
import type { TopicIds } from "./topic-ids.ts";

/** An address at which the broker is reached. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What all connections of the protocol share. */
export interface Services {
  readonly broker: Broker;
  readonly groups: GroupCoordinator;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What requests may take of a turn of the event loop. */
  readonly share: LoopShare;
  /** Kafka's name for the whole installation; the same for as long as its data directory. */
  readonly clusterId: string;
  /** Where the records are, as an absolute path. */
  readonly dataDirectory: string;
  /** What clients are told to connect to; `null`: whatever they have connected to. */
  readonly advertised: Endpoint | null;
  readonly topicIds: TopicIds;
  readonly fetchBudget: FetchBudget;
  /** For what is read before it is asked for. */
  readonly aheadBudget: FetchBudget;
  readonly fetchSessions: FetchSessions;
}

/** What belongs to one connection, and to all requests on it. */
export interface Caller {
  /** The peer's address, without its port. */
  readonly host: string;
  /** What the peer has connected to. */
  readonly local: Endpoint;
  /**
   * Calls `cancel` once the connection takes no more requests: then what waits for long is to be
   * answered. Returns how to forget that.
   */
  onEnd(cancel: Cancel): () => void;
  /** Nothing that came later starts until what this returns is called. */
  holdBack(): () => void;
  readonly fetchSession: FetchSession;
  readonly readAhead: ReadAhead;
  /** Takes no more requests, and closes the connection when the earlier ones are answered. */
  end(reason: string): void;
}

/** One request, as its handler sees it. */
export interface RequestContext {
  readonly services: Services;
  readonly caller: Caller;
  readonly apiVersion: number;
  /** What the client calls itself; may be empty. */
  readonly clientId: string;
  /**
   * What the response refers to, let go of when that has been sent; for a Produce, what the
   * request's bytes lie in, let go of when it is answered.
   */
  readonly memories: Memory[];
}

type Apis = typeof apis;

/** `null`: the client wants no response. */
export type Answer<Response> = Response | null | Promise<Response | null>;

/**
 * Answers one request. A value that is known at once is returned as it is: a promise costs a turn.
 * Promises never reject; what is thrown is a defect, and costs the client its connection.
 */
export type Handler<Name extends ApiName> = (
  request: RequestOf<Apis[Name]>,
  context: RequestContext,
) => Answer<ResponseOf<Apis[Name]>>;

/** One for each API: the compiler asks for those that are missing. */
export type Handlers = { readonly [Name in ApiName]: Handler<Name> };

/** The id of this broker, which is all there is of the cluster. */
export const nodeId = 1;

/** The epoch of every partition's leader: it has never been another one. */
export const leaderEpoch = 0;

/** Where a client is to find this broker. */
export const endpointFor = ({ services, caller }: RequestContext): Endpoint =>
  services.advertised ?? caller.local;
