import { describe, expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { EpochCheck } from "../../../src/client/kafka/epoch-check.ts";
import { Fetcher, type FetcherOptions } from "../../../src/client/kafka/fetcher.ts";
import { OffsetLookup } from "../../../src/client/kafka/offset-lookup.ts";
import { Positions } from "../../../src/client/kafka/positions.ts";
import { partitionName } from "../../../src/client/kafka/topic-partition.ts";
import { ConsumerWarnings } from "../../../src/client/consumer-warning.ts";
import { apis } from "../../../src/kafka/apis.ts";
import type { ErrorName } from "../../../src/kafka/errors.ts";
import { consumerFarewellMsMax } from "../../../src/limits.ts";
import { stamp, viewOf } from "../../../src/record/batch.ts";
import { noUuid, type ResponseOf } from "../../../src/wire/table.ts";
import { batchOf } from "../../support/batches.ts";
import { at } from "./assigned-members.ts";
import { codeOf, fetchRow, pass, ScriptedCluster, settled } from "./scripted-cluster.ts";

type FetchResponse = ResponseOf<typeof apis.Fetch>;

/** A fetcher of orders/0 and orders/1, whose requests wait until a test answers them. */
class World {
  readonly cluster = new ScriptedCluster();
  readonly positions = new Positions(this.cluster.world, () => this.fetcher.kick());
  readonly fetcher: Fetcher;
  woken = 0;
  /** How often it was told that a partition is not what it was. */
  gone = 0;
  readonly #waiting: {
    resolve: (response: Partial<FetchResponse>) => void;
    reject: (error: Error) => void;
  }[] = [];

  constructor(options: Partial<FetcherOptions> = {}) {
    const { cluster, positions } = this;
    cluster.partitionCounts.set("orders", 2);
    cluster.on(
      apis.Fetch,
      () => new Promise((resolve, reject) => this.#waiting.push({ resolve, reject })),
    );
    const lookup = new OffsetLookup(cluster, 0);
    this.fetcher = new Fetcher({
      cluster,
      positions,
      epochs: new EpochCheck(lookup, new ConsumerWarnings()),
      lane: "fetch",
      wake: () => this.woken++,
      gone: () => this.gone++,
      options: {
        isolationLevel: 0,
        fetchWaitMs: 500,
        fetchBytes: 1_000,
        partitionFetchBytes: 500,
        bufferBytes: 10_000,
        ...options,
      },
    });
    positions.assign(["orders/0", "orders/1"].map(at));
    for (const position of positions.all()) position.seek(0);
  }

  async kick(): Promise<void> {
    this.fetcher.kick();
    await settled();
  }

  /** What each request asks for: `0@5` is partition 0 from offset 5 on. */
  get asked(): string[] {
    return this.cluster.requests(apis.Fetch).map(({ topics }) =>
      topics
        .flatMap((topic) => topic.partitions)
        .map(({ partition, fetchOffset }) => `${partition}@${fetchOffset}`)
        .join(" "),
    );
  }

  /** Answers the oldest request: records `[first, count]` by partition, or an error. */
  async answer(
    rows: Readonly<Record<number, readonly [first: number, count: number] | ErrorName>>,
  ): Promise<void> {
    const partitions = Object.entries(rows).map(([partition, what]) =>
      fetchRow({
        partitionIndex: Number(partition),
        ...(typeof what === "string"
          ? { errorCode: codeOf(what) }
          : { records: [stored(what[0], what[1])] }),
      }),
    );
    const responses = [{ topic: "orders", topicId: noUuid, partitions }];
    this.#waiting.shift()?.resolve({ responses });
    await settled();
  }

  async fail(error: ClientError): Promise<void> {
    this.#waiting.shift()?.reject(error);
    await settled();
  }

  take(max = 100): string[] {
    return this.fetcher.take(max).map((each) => `${partitionName(each)}@${each.offset}`);
  }
}

function stored(first: number, count: number): Uint8Array {
  const batch = batchOf({ first, count });
  stamp(viewOf(batch), 0, offset(first), 0);
  return batch;
}

describe("fetching", () => {
  test("one request to a leader at a time, for all its partitions, and ahead of the reader", async () => {
    const world = new World();
    await world.kick();
    await world.kick();
    expect(world.asked).toEqual(["0@0 1@0"]);
    await world.answer({ 0: [0, 3] });
    expect(world.woken).toBe(1);
    // Nothing has been read, and the next ones are asked for already; who was served comes last.
    expect(world.asked).toEqual(["0@0 1@0", "1@0 0@3"]);
    expect(world.take(2)).toEqual(["orders/0@0", "orders/0@1"]);
    await world.answer({ 0: [3, 1], 1: [0, 1] });
    expect(world.take()).toEqual(["orders/0@2", "orders/0@3", "orders/1@0"]);
    expect(world.cluster.sent[0]).toMatchObject({
      to: 1,
      options: { lane: "fetch", versionMax: 12 },
    });
  });

  test("stops when enough waits, and goes on when it has been read", async () => {
    const world = new World({ bufferBytes: 1_100 });
    await world.kick();
    await world.answer({ 0: [0, 5] });
    expect(world.asked).toHaveLength(1);
    expect(world.take()).toHaveLength(5);
    await world.kick();
    expect(world.asked).toEqual(["0@0 1@0", "1@0 0@5"]);
  });

  test("a partition that is not there any more is told, and so is a topic that was made anew", async () => {
    const world = new World();
    await world.kick();
    await world.answer({ 0: [0, 1], 1: "UNKNOWN_TOPIC_ID" });
    expect(world.gone).toBe(1);
    world.cluster.topicIds.set("orders", "one");
    await world.answer({});
    world.cluster.topicIds.set("orders", "two");
    await world.answer({});
    expect(world.gone).toBe(2);
  });

  test("nothing of what was revoked, sought elsewhere or paused meanwhile is handed out", async () => {
    const world = new World();
    await world.kick();
    await world.answer({ 0: [0, 2], 1: [0, 2] });
    world.positions.drop([at("orders/0")]);
    expect(world.take()).toEqual(["orders/1@0", "orders/1@1"]);
    const position = world.positions.find(at("orders/1"));
    position?.seek(7);
    await world.answer({ 0: [2, 2], 1: [2, 2] });
    expect(world.take()).toEqual([]);
    expect(world.asked.at(-1)).toBe("1@7");
    await world.answer({ 1: [7, 2] });
    position!.isPaused = true;
    position?.refetch();
    expect(world.take()).toEqual([]);
    // What a revoked partition brought does not come back with it.
    world.positions.assign([at("orders/0")]);
    expect(world.take()).toEqual([]);
  });

  test("an offset that the log does not have is looked for anew, once all before it was read", async () => {
    const world = new World();
    await world.kick();
    await world.answer({ 0: [0, 2], 1: "OFFSET_OUT_OF_RANGE" });
    expect(world.positions.find(at("orders/1"))).toMatchObject({ offset: null, outOfRange: 0 });
    await world.answer({ 0: "OFFSET_OUT_OF_RANGE" });
    const position = world.positions.find(at("orders/0"));
    expect(position?.offset).toBe(offset(0));
    expect(world.take()).toEqual(["orders/0@0", "orders/0@1"]);
    await pass(world.cluster, 200, 10);
    await world.answer({ 0: "OFFSET_OUT_OF_RANGE" });
    expect(position).toMatchObject({ offset: null, outOfRange: 2 });
  });

  const moved: readonly ErrorName[] = [
    "NOT_LEADER_OR_FOLLOWER",
    "FENCED_LEADER_EPOCH",
    "UNKNOWN_LEADER_EPOCH",
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_ID",
    "KAFKA_STORAGE_ERROR",
    "OFFSET_NOT_AVAILABLE",
  ];
  test.each(moved)("%s: the leader is looked up again, after a pause", async (error) => {
    const world = new World();
    await world.kick();
    await world.answer({ 0: error, 1: [0, 1] });
    expect(world.cluster.forgottenTopics).toEqual(["orders"]);
    expect(world.take()).toEqual(["orders/1@0"]);
    expect(world.asked.at(-1)).toBe("1@1");
    await world.answer({});
    await pass(world.cluster, 200, 10);
    await world.answer({});
    expect(world.asked.at(-1)).toContain("0@0");
  });

  test("what is not going to pass is told, and other partitions go on", async () => {
    const world = new World();
    await world.kick();
    await world.answer({ 0: "TOPIC_AUTHORIZATION_FAILED", 1: [0, 1] });
    expect(() => world.take()).toThrow(
      expect.objectContaining({ code: "TOPIC_AUTHORIZATION_FAILED" }),
    );
    expect(world.take()).toEqual(["orders/1@0"]);
  });

  test("a broker that goes away is asked again, from where reading stands", async () => {
    const world = new World();
    await world.kick();
    await world.fail(new ClientError("NETWORK", "gone"));
    expect(world.asked).toHaveLength(1);
    expect(world.cluster.forgottenTopics).toContain("orders");
    expect(world.take()).toEqual([]);
    await pass(world.cluster, 200, 10);
    expect(world.asked).toEqual(["0@0 1@0", "0@0 1@0"]);
  });

  test("damage comes behind what is good, is fetched again, and is told each time", async () => {
    const world = new World();
    world.positions.drop([at("orders/1")]);
    await world.kick();
    const bad = stored(2, 1);
    bad[bad.length - 1]! ^= 1;
    const row = fetchRow({ records: [Buffer.concat([stored(0, 2), bad])] });
    world.cluster.on(apis.Fetch, () => ({
      responses: [{ topic: "orders", topicId: noUuid, partitions: [row] }],
    }));
    await world.answer({});
    expect(world.take()).toEqual(["orders/0@0", "orders/0@1"]);
    expect(() => world.take()).toThrow(expect.objectContaining({ code: "CORRUPT_MESSAGE" }));
    expect(world.positions.find(at("orders/0"))?.offset).toBe(offset(2));
    await pass(world.cluster, 200, 10);
    expect(() => world.take()).toThrow(expect.objectContaining({ code: "CORRUPT_MESSAGE" }));
  });

  test("damage that a broker refuses to hand out is told, once all before it was read", async () => {
    const world = new World();
    world.positions.drop([at("orders/1")]);
    await world.kick();
    await world.answer({ 0: [0, 2] });
    await world.answer({ 0: "CORRUPT_MESSAGE" });
    expect(world.take()).toEqual(["orders/0@0", "orders/0@1"]);
    for (const each of [1, 2]) {
      await pass(world.cluster, 300 * each, 10);
      await world.answer({ 0: "CORRUPT_MESSAGE" });
      expect(() => world.take()).toThrow(
        expect.objectContaining({ code: "CORRUPT_MESSAGE", topic: "orders", offset: 2 }),
      );
    }
    expect(world.cluster.forgottenTopics).toContain("orders");
  });

  test("closing ends the sessions of its brokers, and leaves no timer", async () => {
    const world = new World();
    world.cluster.on(apis.Fetch, () => {
      for (const position of world.positions.all()) position.isPaused = true;
      return { sessionId: 9 };
    });
    await world.kick();
    await world.fetcher.close();
    const last = world.cluster.requests(apis.Fetch).map(({ sessionId, sessionEpoch }) => {
      return [sessionId, sessionEpoch];
    });
    expect(last).toEqual([
      [0, 0],
      [9, -1],
    ]);
    // A broker that wants a pause, or says nothing, does not keep anybody for long.
    expect(world.cluster.sent.at(-1)?.options).toMatchObject({ timeoutMs: consumerFarewellMsMax });
    expect(world.cluster.clock.pending).toBe(0);
  });
});
