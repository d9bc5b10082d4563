import { describe, expect, test } from "bun:test";
import type { Offset } from "../../src/base/brands.ts";
import type { Partition } from "../../src/broker/broker.ts";
import type { FetchedPartition, WantedPartition } from "../../src/kafka/fetch-round.ts";
import { FetchSession, FetchSessions } from "../../src/kafka/fetch-sessions.ts";
import { noUuid } from "../../src/wire/table.ts";

const wanted = (partition: number, from = 0): WantedPartition => ({
  topic: "t",
  topicId: noUuid,
  partition,
  currentLeaderEpoch: -1,
  fetchOffset: from as Offset,
  partitionMaxBytes: 100,
});

/** What was read of a partition that ends at `end`; more than 0 bytes are records. */
function found(of: WantedPartition, end: number, bytes = 0, start = 0): FetchedPartition {
  const watermarks = { highWatermark: end as Offset, startOffset: start as Offset };
  const partition = { watermarks } as unknown as Partition;
  return { wanted: of, error: "NONE", partition, records: [], bytes, count: 0 };
}

/** One client, which keeps to the protocol; `ends` is what the broker finds. */
class Client {
  #sessionId = 0;
  #epoch = 0;

  constructor(
    readonly session: FetchSession,
    readonly ends: Record<number, number>,
  ) {}

  /** The partitions that are read and those that are told of, each as text. */
  fetch(
    changed: readonly WantedPartition[],
    options: { forgotten?: readonly number[]; records?: readonly number[] } = {},
  ): { read: string; told: string } | string {
    const { forgotten = [], records = [] } = options;
    const begun = this.session.begin({
      sessionId: this.#sessionId,
      sessionEpoch: this.#epoch,
      wanted: changed,
      forgotten: forgotten.map((partition) => ({ topic: "t", topicId: noUuid, partition })),
    });
    if (typeof begun === "string") return begun;
    this.#sessionId = begun.sessionId;
    this.#epoch = begun.sessionId === 0 ? 0 : this.#epoch + 1;
    const results = begun.wanted.map((each) => {
      const isRead = records.includes(each.partition);
      return found(each, this.ends[each.partition] ?? 0, isRead ? 50 : 0);
    });
    const text = (all: readonly { partition: number }[]): string =>
      all.map(({ partition }) => partition).join(" ");
    const told = begun.select(results).map((result) => result.wanted);
    return { read: text(begun.wanted), told: text(told) };
  }

  get id(): number {
    return this.#sessionId;
  }
}

const client = (ends: Record<number, number>, sessions = new FetchSessions()): Client =>
  new Client(new FetchSession(sessions), ends);

describe("a session", () => {
  test("tells everything at first, then only what has changed", () => {
    const ends: Record<number, number> = { 0: 5, 1: 6, 2: 7 };
    const one = client(ends);
    expect(one.fetch([wanted(0), wanted(1), wanted(2)])).toEqual({ read: "0 1 2", told: "0 1 2" });
    expect(one.id).toBeGreaterThan(0);
    expect(one.fetch([])).toEqual({ read: "0 1 2", told: "" });
    ends[1] = 8;
    expect(one.fetch([])).toEqual({ read: "0 1 2", told: "1" });
    expect(one.fetch([])).toEqual({ read: "0 1 2", told: "" });
  });

  test("reads last what it has brought records of", () => {
    const one = client({ 0: 5, 1: 6, 2: 7 });
    one.fetch([wanted(0), wanted(1), wanted(2)], { records: [0] });
    expect(one.fetch([wanted(0, 5)], { records: [1] })).toEqual({ read: "1 2 0", told: "1" });
    expect(one.fetch([wanted(1, 6)])).toEqual({ read: "2 0 1", told: "" });
  });

  test("takes in new partitions and leaves out those that are forgotten", () => {
    const one = client({ 0: 5, 1: 6, 2: 7 });
    one.fetch([wanted(0), wanted(1)]);
    expect(one.fetch([wanted(2)], { forgotten: [0] })).toEqual({ read: "1 2", told: "2" });
    expect(one.fetch([], { forgotten: [5] })).toEqual({ read: "1 2", told: "" });
  });

  test("ends with its last partition, and with a request for a new one", () => {
    const sessions = new FetchSessions();
    const one = client({ 0: 5 }, sessions);
    one.fetch([wanted(0)]);
    expect(sessions.partitions).toBe(1);
    expect(one.fetch([], { forgotten: [0] })).toEqual({ read: "", told: "" });
    expect([one.id, sessions.partitions]).toEqual([0, 0]);
    one.fetch([wanted(0), wanted(1)]);
    expect(sessions.partitions).toBe(2);
    one.session.end();
    expect(sessions.partitions).toBe(0);
    expect(one.fetch([])).toBe("FETCH_SESSION_ID_NOT_FOUND");
  });

  test("of an error tells each time", () => {
    const session = new FetchSession(new FetchSessions());
    const begin = { wanted: [wanted(0)], forgotten: [], sessionId: 0, sessionEpoch: 0 };
    const failed: FetchedPartition = {
      wanted: wanted(0),
      error: "OFFSET_OUT_OF_RANGE",
      partition: undefined,
      records: [],
      bytes: 0,
      count: 0,
    };
    const first = session.begin(begin);
    if (typeof first === "string") throw new Error(first);
    expect(first.select([failed])).toEqual([failed]);
    const next = { ...begin, wanted: [], sessionId: first.sessionId, sessionEpoch: 1 };
    const second = session.begin(next);
    if (typeof second === "string") throw new Error(second);
    expect(second.select([failed])).toEqual([failed]);
  });
});

test("a request with the epoch -1 has no session, and ends the one that there was", () => {
  const sessions = new FetchSessions();
  const session = new FetchSession(sessions);
  const request = { wanted: [wanted(0)], forgotten: [] };
  session.begin({ ...request, sessionId: 0, sessionEpoch: 0 });
  const begun = session.begin({ ...request, sessionId: 1, sessionEpoch: -1 });
  expect(begun).toMatchObject({ sessionId: 0 });
  expect(sessions.partitions).toBe(0);
});

test("clients do without sessions when these remember too much", () => {
  const sessions = new FetchSessions(3);
  const [one, other] = [client({}, sessions), client({}, sessions)];
  one.fetch([wanted(0), wanted(1)]);
  expect(other.fetch([wanted(0), wanted(1)])).toEqual({ read: "0 1", told: "0 1" });
  expect(other.id).toBe(0);
  // A session that grows above it ends, and is told of everything once more.
  expect(one.fetch([wanted(2), wanted(3)])).toEqual({ read: "0 1 2 3", told: "0 1 2 3" });
  expect([one.id, sessions.partitions]).toEqual([0, 0]);
});

test("a wrong epoch leaves the session as it was", () => {
  const session = new FetchSession(new FetchSessions());
  const request = { wanted: [wanted(0)], forgotten: [] };
  const begun = session.begin({ ...request, sessionId: 0, sessionEpoch: 0 });
  const sessionId = typeof begun === "string" ? 0 : begun.sessionId;
  const wrong = { ...request, wanted: [], sessionId, sessionEpoch: 5 };
  expect(session.begin(wrong)).toBe("INVALID_FETCH_SESSION_EPOCH");
  expect(session.begin({ ...wrong, sessionEpoch: 1 })).toMatchObject({ sessionId });
});
