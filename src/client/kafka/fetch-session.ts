/**
 * What a broker remembers of what this consumer reads there (KIP-227): after one request that names
 * all partitions, the next ones name only what has changed.
 *
 * Invariants: `asked` is what the broker believes to be wanted, if it has taken the last request.
 * When it is not known whether it has, the next request is a full one and begins a new session.
 */
import type { apis } from "../../kafka/apis.ts";
import { errors } from "../../kafka/errors.ts";
import { noUuid, type RequestOf, type ResponseOf } from "../../wire/table.ts";
import { type ClientError, kafkaError } from "./client-error.ts";
import type { Offset } from "../../base/brands.ts";
import type { Position } from "./position.ts";
import { byTopic, partitionName, type TopicPartition } from "./topic-partition.ts";

/** A partition as it is asked for. */
export interface Wanted extends TopicPartition {
  readonly position: Position;
  /** `noUuid`: the broker has none. */
  readonly topicId: string;
  readonly leaderEpoch: number;
  readonly fetchOffset: Offset;
}

type FetchRequest = RequestOf<typeof apis.Fetch>;
type FetchResponse = ResponseOf<typeof apis.Fetch>;

/** The columns of a request that are the session's. */
export type SessionColumns = Pick<
  FetchRequest,
  "sessionId" | "sessionEpoch" | "topics" | "forgottenTopicsData"
>;

const noSession = 0;
const newEpoch = 0;
const lastEpoch = -1;
const epochMax = 0x7fff_ffff;

/** See the head of this file. */
export class FetchSession {
  #sessionId = noSession;
  #epoch = newEpoch;
  #byIds = false;
  #asked = new Map<string, Wanted>();
  #names = new Map<string, string>();

  constructor(private readonly partitionBytesMax: number) {}

  /** Whether topics are asked for by their ids; a session has either ids or names. */
  get byIds(): boolean {
    return this.#byIds;
  }

  /** The next request. */
  next(wanted: readonly Wanted[]): SessionColumns {
    const byIds = wanted.every(({ topicId }) => topicId !== noUuid);
    if (byIds !== this.#byIds) this.#epoch = newEpoch;
    this.#byIds = byIds;
    const before = this.#epoch === newEpoch ? new Map<string, Wanted>() : this.#asked;
    const asked = new Map(wanted.map((each) => [partitionName(each), each]));
    const changed = [...asked].filter(([name, each]) => !isSame(each, before.get(name)));
    const forgotten = [...before].filter(([name, { topicId }]) => {
      return asked.get(name)?.topicId !== topicId;
    });
    this.#asked = asked;
    this.#names = new Map(wanted.map(({ topic, topicId }) => [topicId, topic]));
    return {
      sessionId: this.#sessionId,
      sessionEpoch: this.#epoch,
      topics: this.#topicRows(changed.map(([, each]) => each)),
      forgottenTopicsData: [...byTopic(forgotten.map(([, each]) => each))].map(
        ([topic, partitions]) => ({
          topic,
          topicId: partitions[0]?.topicId ?? noUuid,
          partitions: partitions.map(({ partition }) => partition),
        }),
      ),
    };
  }

  /** The response has come: its error, if it says nothing of partitions. */
  answered({ errorCode, sessionId }: FetchResponse): ClientError | null {
    if (errorCode === errors.NONE.code) {
      const isIncremental = this.#epoch !== newEpoch;
      this.#sessionId = sessionId;
      if (sessionId === noSession) this.#epoch = newEpoch;
      else this.#epoch = isIncremental && this.#epoch < epochMax ? this.#epoch + 1 : 1;
      return null;
    }
    if (errorCode === errors.FETCH_SESSION_ID_NOT_FOUND.code) this.#sessionId = noSession;
    this.failed();
    return kafkaError(errorCode, "fetching records");
  }

  /** No response has come. */
  failed(): void {
    this.#epoch = newEpoch;
  }

  /** What a row of a response is about. */
  find(topic: string, topicId: string, partition: number): Wanted | undefined {
    // Brokers that have ids and not Fetch 13 answer with names.
    const name = topicId === noUuid ? topic : this.#names.get(topicId);
    return name === undefined
      ? undefined
      : this.#asked.get(partitionName({ topic: name, partition }));
  }

  /** What ends it; `null`: there is none. */
  last(): SessionColumns | null {
    const sessionId = this.#sessionId;
    if (sessionId === noSession) return null;
    return { sessionId, sessionEpoch: lastEpoch, topics: [], forgottenTopicsData: [] };
  }

  #topicRows(wanted: readonly Wanted[]): FetchRequest["topics"] {
    return [...byTopic(wanted)].map(([topic, partitions]) => ({
      topic,
      topicId: partitions[0]?.topicId ?? noUuid,
      partitions: partitions.map(({ partition, leaderEpoch, fetchOffset }) => ({
        partition,
        currentLeaderEpoch: leaderEpoch,
        fetchOffset,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: this.partitionBytesMax,
        replicaDirectoryId: noUuid,
      })),
    }));
  }
}

const isSame = (a: Wanted, b: Wanted | undefined): boolean =>
  b !== undefined &&
  a.fetchOffset === b.fetchOffset &&
  a.leaderEpoch === b.leaderEpoch &&
  a.topicId === b.topicId;
