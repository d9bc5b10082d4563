/**
 * Fetches records ahead of the program, and hands them out: one request to each leader at a time,
 * what waits is bounded in bytes, and nothing is handed out of a partition that is not assigned any
 * more, or that was sought elsewhere since.
 *
 * Owns what was fetched and not read. Invariant: `#bufferedBytes` is what waits in `#pieces`, and
 * `#reservedBytes` the most that the requests under way may bring.
 */
import { offset, type Offset } from "../../base/brands.ts";
import { apis } from "../../kafka/apis.ts";
import { consumerFarewellMsMax, consumerPiecesWaitingMax, pollBytesMax } from "../../limits.ts";
import type { RequestOf, ResponseOf } from "../../wire/table.ts";
import { ConsumerMessage } from "../consumer-message.ts";
import { AbortedTransactions } from "./aborted-transactions.ts";
import { ClientError, isGone, kafkaError } from "./client-error.ts";
import type { ConsumerCluster } from "./consumer-cluster.ts";
import { DamageError } from "./damage-error.ts";
import type { EpochCheck } from "./epoch-check.ts";
import { FetchSession, type SessionColumns, type Wanted } from "./fetch-session.ts";
import { endOfBatches, FetchedRecords } from "./fetched-records.ts";
import type { IsolationLevel } from "./offset-lookup.ts";
import { Pause } from "./pause.ts";
import type { Position } from "./position.ts";
import type { Positions } from "./positions.ts";
import { partitionName } from "./topic-partition.ts";

export interface FetcherOptions {
  readonly isolationLevel: IsolationLevel;
  /** How long a broker may wait for the first record. */
  readonly fetchWaitMs: number;
  /** Of one response; a single batch may be larger. */
  readonly fetchBytes: number;
  /** Of one partition in a response; likewise. */
  readonly partitionFetchBytes: number;
  /** Of everything that was fetched and not read, with what is under way. */
  readonly bufferBytes: number;
}

export interface FetcherParts {
  readonly cluster: ConsumerCluster;
  readonly positions: Positions;
  readonly epochs: EpochCheck;
  readonly options: FetcherOptions;
  readonly lane: string;
  /** There is something to hand out, or to tell. */
  readonly wake: () => void;
  /** A partition, or its topic, is not what it was. */
  readonly gone: () => void;
}

/** One broker that is asked. */
interface Leader {
  readonly session: FetchSession;
  readonly pause: Pause;
  isAsked: boolean;
}

type FetchResponse = ResponseOf<typeof apis.Fetch>;
type PartitionRow = FetchResponse["responses"][number]["partitions"][number];

/** The last version that asks for topics by their names. */
const nameVersionMax = 12;

/** See the head of this file. */
export class Fetcher {
  readonly #leaders = new Map<number, Leader>();
  readonly #pieces: FetchedRecords[] = [];
  #bufferedBytes = 0;
  #reservedBytes = 0;
  #isPlanning = false;
  #failure: unknown = null;
  #isClosed = false;

  constructor(private readonly parts: FetcherParts) {}

  /** Asks for more in the background, wherever something may be asked for. */
  kick(): void {
    if (this.#isPlanning || this.#isClosed) return;
    const due = this.parts.positions.all().filter(isDue);
    if (due.length > 0) void this.#plan(due);
  }

  /**
   * Hands out up to `max` records, in the order of each partition.
   * @throws ClientError what went wrong since the last call, or behind what it handed out
   */
  take(max: number): ConsumerMessage[] {
    this.#throwFailure();
    const messages: ConsumerMessage[] = [];
    let bytes = 0;
    while (messages.length < max && bytes < pollBytesMax) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      const record = piece.isWanted ? piece.next() : null;
      if (record === null) {
        this.#endPiece(piece);
        if (this.#failure !== null) break;
        continue;
      }
      const { topic, partition } = piece.position;
      const message = new ConsumerMessage(topic, partition, record, piece.isAppendTime);
      messages.push(message);
      bytes += message.bytes;
      piece.position.read(piece.nextOffset, piece.recordEpoch);
    }
    if (messages.length === 0) this.#throwFailure();
    return messages;
  }

  /** Ends the brokers' sessions, as far as they can be reached; never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pieces.length = 0;
    await Promise.all(
      [...this.#leaders].map(async ([nodeId, { session, pause, isAsked }]) => {
        pause.stop();
        const last = session.last();
        // A request under way holds the connection; the session goes with it by and by.
        if (last === null || isAsked) return;
        const request = this.#request(last, 0);
        const versionMax = session.byIds ? Infinity : nameVersionMax;
        const { lane, cluster } = this.parts;
        const options = { lane, versionMax, timeoutMs: consumerFarewellMsMax };
        // Sessions that nobody uses are forgotten by their broker.
        await cluster.send(nodeId, apis.Fetch, request, options).catch(() => {});
      }),
    );
  }

  /** Looks up who leads, and sends what may be sent. */
  async #plan(due: readonly Position[]): Promise<void> {
    this.#isPlanning = true;
    const found = await Promise.all(due.map((position) => this.#wanted(position)));
    this.#isPlanning = false;
    if (this.#isClosed) return;
    const byLeader = new Map<number, Wanted[]>();
    for (const { leaderId, ...wanted } of found.filter((each) => each !== null)) {
      const known = byLeader.get(leaderId);
      if (known === undefined) byLeader.set(leaderId, [wanted]);
      else known.push(wanted);
    }
    const { fetchBytes, bufferBytes } = this.parts.options;
    for (const [nodeId, wanted] of byLeader) {
      const leader = this.#leader(nodeId);
      if (leader.isAsked || leader.pause.isOn) continue;
      const taken = this.#bufferedBytes + this.#reservedBytes;
      if (taken > 0 && taken + fetchBytes > bufferBytes) break;
      void this.#fetch(nodeId, leader, wanted);
    }
  }

  /** How to ask for a partition; `null`: not now. */
  async #wanted(position: Position): Promise<(Wanted & { readonly leaderId: number }) | null> {
    const { cluster, epochs } = this.parts;
    const { topic, partition } = position;
    try {
      const { leaderId, leaderEpoch } = await cluster.leaderOf(topic, partition);
      const { topicId } = await cluster.topic(topic);
      if (!isDue(position)) return null;
      if (!position.belongsTo(topicId)) {
        this.parts.gone();
        this.parts.wake();
        return null;
      }
      await epochs.check(position, leaderEpoch);
      const { fetchOffset } = position;
      if (!isDue(position) || fetchOffset === null) return null;
      return { topic, partition, position, topicId, leaderId, leaderEpoch, fetchOffset };
    } catch (error) {
      this.#postpone(position, error);
      return null;
    }
  }

  #leader(nodeId: number): Leader {
    const known = this.#leaders.get(nodeId);
    if (known !== undefined) return known;
    const { cluster, options } = this.parts;
    const session = new FetchSession(options.partitionFetchBytes);
    const pause = new Pause(cluster.world, () => this.kick());
    const leader = { session, pause, isAsked: false };
    this.#leaders.set(nodeId, leader);
    return leader;
  }

  async #fetch(nodeId: number, leader: Leader, wanted: readonly Wanted[]): Promise<void> {
    const { cluster, lane, options } = this.parts;
    const { session, pause } = leader;
    const request = this.#request(session.next(wanted), options.fetchWaitMs);
    const versionMax = session.byIds ? Infinity : nameVersionMax;
    leader.isAsked = true;
    this.#reservedBytes += options.fetchBytes;
    try {
      const response = await cluster.send(nodeId, apis.Fetch, request, { lane, versionMax });
      const error = session.answered(response);
      if (error !== null) throw error;
      pause.succeeded();
      if (!this.#isClosed) this.#takeIn(session, response);
    } catch (error) {
      session.failed();
      const isPassing = error instanceof ClientError && error.retriable;
      // Another may lead by now.
      for (const { topic } of wanted) cluster.forgetTopic(topic);
      if (!this.#isClosed) {
        pause.failed();
        if (!isPassing) this.#fail(error);
      }
    }
    leader.isAsked = false;
    this.#reservedBytes -= options.fetchBytes;
    this.kick();
    this.parts.wake();
  }

  #request(columns: SessionColumns, maxWaitMs: number): RequestOf<typeof apis.Fetch> {
    const { isolationLevel, fetchBytes } = this.parts.options;
    return {
      ...columns,
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      maxWaitMs,
      minBytes: 1,
      maxBytes: fetchBytes,
      isolationLevel,
      rackId: "",
    };
  }

  #takeIn(session: FetchSession, { responses }: FetchResponse): void {
    for (const { topic, topicId, partitions } of responses) {
      for (const row of partitions) {
        const wanted = session.find(topic, topicId, row.partitionIndex);
        // What was revoked, sought or forgotten meanwhile is nobody's.
        if (wanted === undefined) continue;
        const { position, fetchOffset } = wanted;
        if (!position.isAssigned || position.fetchOffset !== fetchOffset) continue;
        const doing = `fetching ${partitionName(position)} at offset ${fetchOffset}`;
        const error = kafkaError(row.errorCode, doing);
        if (error === null) this.#takeRow(position, fetchOffset, row);
        else if (error.code === "OFFSET_OUT_OF_RANGE") this.#outOfRange(position, fetchOffset);
        else if (error.code === "CORRUPT_MESSAGE") this.#damaged(position, fetchOffset);
        else this.#postpone(position, error);
      }
    }
  }

  #takeRow(position: Position, from: Offset, row: PartitionRow): void {
    const { isolationLevel } = this.parts.options;
    const [first, ...others] = row.records ?? [];
    position.pause.succeeded();
    if (first === undefined) return;
    const bytes = others.length === 0 ? first : Buffer.concat([first, ...others]);
    if (bytes.length === 0) return;
    const aborted =
      isolationLevel === 0 ? null : new AbortedTransactions(row.abortedTransactions ?? []);
    const end = endOfBatches(bytes);
    this.#pieces.push(new FetchedRecords(position, bytes, from, aborted));
    this.#bufferedBytes += bytes.length;
    position.fetched(end === null ? null : offset(Math.max(end, from)));
    this.parts.positions.served(position);
  }

  /** What has been fetched before it is still read; only then another offset is looked for. */
  #outOfRange(position: Position, fetchOffset: Offset): void {
    if (position.offset === fetchOffset) position.forget();
    else position.pause.failed();
  }

  /** Likewise told only then. It is asked for again: another broker may have it whole. */
  #damaged(position: Position, fetchOffset: Offset): void {
    position.pause.failed();
    this.parts.cluster.forgetTopic(position.topic);
    if (position.offset !== fetchOffset) return;
    const message = "the broker has records there that are damaged";
    this.#fail(new DamageError("CORRUPT_MESSAGE", position, fetchOffset, message));
  }

  /** A partition that can't be fetched is tried again, by whoever leads it then. */
  #postpone(position: Position, error: unknown): void {
    if (!position.isAssigned) return;
    position.pause.failed();
    this.parts.cluster.forgetTopic(position.topic);
    if (isGone(error)) this.parts.gone();
    const isPassing =
      error instanceof ClientError && (error.retriable || error.code === "UNKNOWN_SERVER_ERROR");
    if (!isPassing) this.#fail(error);
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.parts.wake();
  }

  /** Takes the first piece away: it has been read, is not wanted, or can't be read on. */
  #endPiece(piece: FetchedRecords): void {
    this.#pieces.shift();
    this.#bufferedBytes -= piece.bytes.length;
    if (!piece.isWanted) return;
    const { position, nextOffset, recordEpoch, failure } = piece;
    if (nextOffset !== position.offset) position.read(nextOffset, recordEpoch);
    position.pieceRead();
    if (failure === null) return;
    this.#failure ??= failure;
    // Perhaps the bytes were damaged on their way; what can't be read comes again and again.
    position.refetch();
    position.pause.failed();
  }
}

const isDue = (position: Position): boolean =>
  position.isFetchable && position.piecesWaiting < consumerPiecesWaitingMax;
