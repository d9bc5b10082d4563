/**
 * Fetch sessions (KIP-227): a consumer of many partitions names them once, then only what changes,
 * and is told only what has changed.
 *
 * A session belongs to its connection, which has at most one: clients that come back through
 * another connection are told that there is none, and begin a new one. So nothing is left over when
 * a client goes, and nobody can meddle with another's session.
 *
 * Partitions of which records were sent go to the end, so that the others come first the next time:
 * else those at the end of a full answer would starve.
 *
 * Owns what the sessions of all connections remember: at most `kafkaSessionPartitionsMax`
 * partitions in all, above which clients do without.
 */
import { kafkaSessionPartitionsMax } from "../limits.ts";
import type { ErrorName } from "./errors.ts";
import type { FetchedPartition, WantedPartition } from "./fetch-round.ts";

/** What all sessions share. */
export class FetchSessions {
  #lastId = 0;
  #partitions = 0;

  constructor(private readonly partitionsMax = kafkaSessionPartitionsMax) {}

  get partitions(): number {
    return this.#partitions;
  }

  hasRoom(count: number): boolean {
    return this.#partitions + count <= this.partitionsMax;
  }

  count(change: number): void {
    this.#partitions += change;
  }

  /** Ids are positive int32s; none is in use twice within two billion sessions. */
  nextId(): number {
    this.#lastId = this.#lastId === 0x7fff_ffff ? 1 : this.#lastId + 1;
    return this.#lastId;
  }
}

/** One partition of a session. */
interface SessionPartition {
  readonly key: string;
  wanted: WantedPartition;
  /** What the client was told last; -1: nothing yet, or an error. */
  highWatermark: number;
  logStartOffset: number;
}

/** A partition that a session is to leave out. */
export interface ForgottenPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/** What a request asks of its session. */
export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly wanted: readonly WantedPartition[];
  readonly forgotten: readonly ForgottenPartition[];
}

/** What to read, and how to tell of it. */
export interface SessionFetch {
  readonly wanted: readonly WantedPartition[];
  /** 0: there is no session. */
  readonly sessionId: number;
  /** Those that the client is to be told of; `results` are those of `wanted`, in its order. */
  select(results: readonly FetchedPartition[]): readonly FetchedPartition[];
}

/** The epoch of a request that has no session, or ends it; of one that begins a session. */
const finalEpoch = -1;
const initialEpoch = 0;

const keyOf = ({ topic, topicId, partition }: ForgottenPartition): string =>
  `${topicId}/${topic}/${partition}`;

/** The session of one connection. */
export class FetchSession {
  #id = 0;
  #epoch = initialEpoch;
  /** In the order in which they are read. */
  readonly #partitions = new Map<string, SessionPartition>();

  constructor(private readonly sessions: FetchSessions) {}

  /** Finds what a request wants; an error where it speaks of a session that there is not. */
  begin(request: SessionRequest): SessionFetch | ErrorName {
    const { sessionEpoch, wanted } = request;
    if (sessionEpoch === finalEpoch || sessionEpoch === initialEpoch) {
      this.end();
      const isWanted = sessionEpoch === initialEpoch && wanted.length > 0;
      if (!isWanted || !this.sessions.hasRoom(wanted.length)) return sessionless(wanted);
      return this.#open(wanted);
    }
    if (this.#id === 0 || request.sessionId !== this.#id) return "FETCH_SESSION_ID_NOT_FOUND";
    if (sessionEpoch !== this.#epoch) return "INVALID_FETCH_SESSION_EPOCH";
    return this.#goOn(request);
  }

  /** Forgets the session, if there is one. */
  end(): void {
    this.sessions.count(-this.#partitions.size);
    this.#partitions.clear();
    this.#id = 0;
  }

  #open(wanted: readonly WantedPartition[]): SessionFetch {
    this.#id = this.sessions.nextId();
    this.#epoch = initialEpoch + 1;
    for (const each of wanted) this.#put(each);
    return this.#fetch(true);
  }

  #goOn({ wanted, forgotten }: SessionRequest): SessionFetch {
    for (const each of forgotten) {
      if (this.#partitions.delete(keyOf(each))) this.sessions.count(-1);
    }
    for (const each of wanted) this.#put(each);
    if (this.#partitions.size === 0 || !this.sessions.hasRoom(0)) {
      const left = [...this.#partitions.values()].map((partition) => partition.wanted);
      this.end();
      return sessionless(left);
    }
    this.#epoch = this.#epoch === 0x7fff_ffff ? initialEpoch + 1 : this.#epoch + 1;
    return this.#fetch(false);
  }

  #put(wanted: WantedPartition): void {
    const key = keyOf(wanted);
    const known = this.#partitions.get(key);
    if (known !== undefined) {
      known.wanted = wanted;
      return;
    }
    this.#partitions.set(key, { key, wanted, highWatermark: -1, logStartOffset: -1 });
    this.sessions.count(1);
  }

  #fetch(isAll: boolean): SessionFetch {
    const partitions = [...this.#partitions.values()];
    return {
      wanted: partitions.map(({ wanted }) => wanted),
      sessionId: this.#id,
      select: (results) =>
        results.filter((result, at) => {
          const known = partitions[at];
          return (known !== undefined && this.#tell(known, result)) || isAll;
        }),
    };
  }

  /** Notes what is told of a partition, and whether the client does not know it yet. */
  #tell(known: SessionPartition, { error, partition, bytes }: FetchedPartition): boolean {
    const isFailed = error !== "NONE" || partition === undefined;
    const highWatermark = isFailed ? -1 : partition.watermarks.highWatermark;
    const logStartOffset = isFailed ? -1 : partition.watermarks.startOffset;
    const isNew =
      isFailed ||
      bytes > 0 ||
      highWatermark !== known.highWatermark ||
      logStartOffset !== known.logStartOffset;
    known.highWatermark = highWatermark;
    known.logStartOffset = logStartOffset;
    if (bytes > 0 && this.#partitions.delete(known.key)) this.#partitions.set(known.key, known);
    return isNew;
  }
}

const sessionless = (wanted: readonly WantedPartition[]): SessionFetch => {
  return { wanted, sessionId: 0, select: (results) => results };
};
