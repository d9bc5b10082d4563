/**
 * Refusals as rows: one thing that is wrong, all else about a request being right, and the error
 * that a client of any age is told.
 */
import { expect, test } from "bun:test";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import type { ErrorName } from "../../src/kafka/errors.ts";
import type { Api } from "../../src/wire/table.ts";
import { batchOf } from "./batches.ts";
import { type KafkaPeer, KafkaWorld, named } from "./kafka-world.ts";

/** What stands ready: `t` of one partition, `small` for small batches, `keyed`, which compacts. */
export interface Ready {
  readonly world: KafkaWorld;
  readonly peer: KafkaPeer;
  readonly ids: Readonly<Record<string, string>>;
  /** A member of group `g`, which is stable. */
  readonly memberId: string;
}

/** One row. */
export interface Refused {
  readonly what: string;
  readonly api: ApiName;
  /** The versions that have it; left out: from the oldest, to the newest. */
  readonly since?: number;
  readonly until?: number;
  readonly request: (version: number, ready: Ready) => object;
  readonly error: ErrorName | ((version: number) => ErrorName);
}

/** An id that no topic has. */
export const unknownId = "11111111-2222-4333-8444-555555555555";
const settings = { partitionsMax: 50 };
const rules = { sessionTimeoutMsMin: 6_000, sessionTimeoutMsMax: 60_000 };

async function prepare(): Promise<Ready> {
  const world = await KafkaWorld.open(settings, rules);
  const ids = {
    t: await world.topic("t"),
    small: await world.topic("small", 1, { "max.message.bytes": "100" }),
    keyed: await world.topic("keyed", 1, { "cleanup.policy": "compact" }),
    timely: await world.topic("timely", 1, { "message.timestamp.after.max.ms": "1000" }),
  };
  const peer = world.connect();
  await peer.request("Produce", 9, produceRow("t", ids, 9, numbered(5, 3)));
  const join = { groupId: "g", sessionTimeoutMs: 10_000, protocolType: "consumer" };
  const joined = await peer.request("JoinGroup", 3, { ...join, protocols: [{ name: "range" }] });
  const { memberId, generationId } = joined;
  const assignments = [{ memberId, assignment: new Uint8Array(1) }];
  await peer.request("SyncGroup", 3, { groupId: "g", memberId, generationId, assignments });
  return { world, peer, ids, memberId };
}

/** A request to produce to partition 0, by name or by id. */
export function produceRow(
  topic: string,
  ids: Readonly<Record<string, string>>,
  version: number,
  records: Uint8Array | null,
  index = 0,
): object {
  const place = version >= 13 ? { topicId: ids[topic] ?? unknownId } : { name: topic };
  return { acks: 1, topicData: [{ ...place, partitionData: [{ index, records }] }] };
}

/** A batch of producer 7. */
export const numbered = (baseSequence: number, producerEpoch: number): Uint8Array =>
  batchOf({ first: 0, producer: { producerId: 7, producerEpoch, baseSequence } });

/** A topic that is not there, in an API that names it by id from a version on. */
export const byId =
  (since: number): ((version: number) => ErrorName) =>
  (version) =>
    version >= since ? "UNKNOWN_TOPIC_ID" : "UNKNOWN_TOPIC_OR_PARTITION";

/** Declares a test for each row: it holds in all versions that the row is about. */
export function refuses(rows: readonly Refused[]): void {
  test.each(rows.map((row) => [row.api, row.what, row] as const))(
    "%s: %s",
    async (api, _what, { since, until, request, error }) => {
      const { versions }: Api = apis[api];
      const ready = await prepare();
      const [oldest, newest] = [since ?? versions[0], until ?? versions[1]];
      expect(oldest).toBeLessThanOrEqual(newest);
      for (let version = oldest; version <= newest; version++) {
        const answer = await ready.peer.request(api, version, request(version, ready));
        const expected = typeof error === "string" ? error : error(version);
        expect([version, ...errorsIn(answer)]).toEqual([version, expected]);
      }
      expect(ready.peer.closedFor).toBeNull();
      expect(ready.peer.reservedBytes).toBe(0);
      await ready.world.close();
    },
  );
}

/** All errors in an answer, each once. */
function errorsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  const found = Object.entries(value).flatMap(([key, inner]) => {
    return key === "errorCode" && inner !== 0 ? [named(inner as number)] : errorsIn(inner);
  });
  return [...new Set(found)];
}
