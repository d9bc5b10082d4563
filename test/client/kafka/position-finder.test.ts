import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { GroupOffsets } from "../../../src/client/kafka/group-offsets.ts";
import { earliestTime, latestTime, OffsetLookup } from "../../../src/client/kafka/offset-lookup.ts";
import { PositionFinder } from "../../../src/client/kafka/position-finder.ts";
import { Positions } from "../../../src/client/kafka/positions.ts";
import { ConsumerWarnings } from "../../../src/client/consumer-warning.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { at } from "./assigned-members.ts";
import { codeOf, pass, ScriptedCluster, settled } from "./scripted-cluster.ts";

/** A log of offsets 10 to 19, at most one of them committed. */
class World {
  readonly cluster = new ScriptedCluster();
  readonly warnings = new ConsumerWarnings();
  readonly positions: Positions;
  readonly offsets: GroupOffsets;
  readonly finder: PositionFinder;
  committed: number | null = null;
  error = codeOf("NONE");
  woken = 0;
  gone = 0;

  constructor(fromTime: number, isGroup = true) {
    const { cluster, warnings } = this;
    const wake = () => void this.woken++;
    const gone = () => void this.gone++;
    cluster.partitionCounts.set("orders", 2);
    this.positions = new Positions(cluster.world, wake);
    this.positions.assign([at("orders/0")]);
    const lookup = new OffsetLookup(cluster, 0);
    const group = { group: "bills", groupInstanceId: null, requireStable: false, member: null };
    this.offsets = new GroupOffsets({ cluster, ...group });
    const offsets = isGroup ? this.offsets : null;
    const { positions } = this;
    this.finder = new PositionFinder({
      positions,
      offsets,
      lookup,
      fromTime,
      warnings,
      wake,
      gone,
    });
    cluster.on(apis.OffsetFetch, () => ({
      topics: [
        {
          name: "orders",
          partitions: [
            {
              partitionIndex: 0,
              committedOffset: offset(this.committed ?? -1),
              committedLeaderEpoch: 1,
              metadata: "",
              errorCode: 0,
            },
          ],
        },
      ],
    }));
    cluster.on(apis.ListOffsets, ({ topics }) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => ({
          partitionIndex,
          errorCode: this.error,
          timestamp: -1,
          offset: offset(
            new Map([
              [earliestTime, 10],
              [latestTime, 20],
              [500, 15],
            ]).get(timestamp) ?? -1,
          ),
          leaderEpoch: 1,
        })),
      })),
    }));
  }

  async found(): Promise<number | null | undefined> {
    this.finder.kick();
    await settled();
    return this.positions.find(at("orders/0"))?.offset;
  }
}

const rows: readonly (readonly [string, number, number | null, number])[] = [
  ["what is committed comes first", latestTime, 13, 13],
  ["the start", earliestTime, null, 10],
  ["the end", latestTime, null, 20],
  ["the first record as late as a time", 500, null, 15],
  ["the end, if no record is as late as that", 900, null, 20],
];
test.each(rows)("%s", async (_, fromTime, committed, found) => {
  const world = new World(fromTime);
  world.committed = committed;
  expect(await world.found()).toBe(offset(found));
  expect(world.woken).toBe(1);
  expect(world.warnings.take().warnings).toEqual([]);
});

test("without a group nobody is asked for commits", async () => {
  const world = new World(earliestTime, false);
  expect(await world.found()).toBe(offset(10));
  expect(world.cluster.requests(apis.OffsetFetch)).toEqual([]);
});

test("an offset that the log does not have any more, or not yet, is replaced with a warning", async () => {
  const world = new World(earliestTime);
  world.committed = 3;
  const position = world.positions.find(at("orders/0"));
  for (const [from, kind] of [
    [3, "trimmed"],
    [99, "changed"],
  ] as const) {
    position?.seek(from);
    position?.forget();
    expect(await world.found()).toBe(offset(10));
    expect(world.warnings.take().warnings).toMatchObject([
      { kind, topic: "orders", partition: 0, fromOffset: from, resumedAt: 10 },
    ]);
  }
});

test("a topic that was created again is read from its start, wherever reading was to begin", async () => {
  const world = new World(latestTime);
  world.committed = 13;
  const position = world.positions.find(at("orders/0"));
  position?.seek(15);
  const ids = ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"];
  expect(ids.map((id) => position?.belongsTo(id))).toEqual([true, false]);
  expect(await world.found()).toBe(offset(10));
  expect(world.warnings.take().warnings).toMatchObject([
    { kind: "changed", fromOffset: 15, resumedAt: 10, message: expect.stringContaining("again") },
  ]);
});

test("what passes is tried again after a pause, what does not is told", async () => {
  const world = new World(earliestTime);
  world.error = codeOf("LEADER_NOT_AVAILABLE");
  expect(await world.found()).toBeNull();
  expect(world.finder.takeFailure()).toBeNull();
  world.finder.kick();
  await settled();
  expect(world.cluster.requests(apis.ListOffsets)).toHaveLength(1);
  await pass(world.cluster, 200);
  world.error = codeOf("TOPIC_AUTHORIZATION_FAILED");
  expect(await world.found()).toBeNull();
  expect(world.finder.takeFailure()).toMatchObject({ code: "TOPIC_AUTHORIZATION_FAILED" });
  expect(world.finder.takeFailure()).toBeNull();
});

test("a position that was sought or given back meanwhile is left alone", async () => {
  const world = new World(earliestTime);
  const position = world.positions.find(at("orders/0"));
  world.finder.kick();
  position?.seek(17);
  await settled();
  expect(position?.offset).toBe(offset(17));
});

test("going back to what is committed, and to the start where nothing is", async () => {
  const world = new World(latestTime);
  world.positions.assign([at("orders/1")]);
  world.committed = 13;
  await world.finder.rollback(world.offsets, world.positions.all());
  expect(world.positions.all().map((position) => position.offset)).toEqual([13, 10].map(offset));
});

test("a partition that is not there any more is told", async () => {
  const world = new World(earliestTime);
  world.error = codeOf("UNKNOWN_TOPIC_OR_PARTITION");
  expect(await world.found()).toBeNull();
  expect(world.gone).toBe(1);
});
