import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { AutoCommit, commitPositions } from "../../../src/client/kafka/auto-commit.ts";
import { GroupOffsets } from "../../../src/client/kafka/group-offsets.ts";
import { Positions } from "../../../src/client/kafka/positions.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { at } from "./assigned-members.ts";
import { codeOf, ScriptedCluster, settled } from "./scripted-cluster.ts";

function world() {
  const cluster = new ScriptedCluster();
  const state = { error: codeOf("NONE") };
  cluster.on(apis.OffsetCommit, () => ({
    topics: [
      { name: "orders", topicId: "", partitions: [{ partitionIndex: 0, errorCode: state.error }] },
    ],
  }));
  const group = { group: "bills", groupInstanceId: null, requireStable: false, member: null };
  const offsets = new GroupOffsets({ cluster, ...group });
  const positions = new Positions(cluster.world, () => {});
  positions.assign(["orders/0", "orders/1", "orders/2"].map(at));
  const [read, found] = positions.all();
  read?.seek(3);
  read?.read(offset(5), 0);
  found?.seek(8);
  const committed = (): unknown =>
    cluster
      .requests(apis.OffsetCommit)
      .map(({ topics }) =>
        topics.flatMap((topic) =>
          topic.partitions.map(({ partitionIndex, committedOffset }) => [
            partitionIndex,
            Number(committedOffset),
          ]),
        ),
      );
  const autoCommit = new AutoCommit({ cluster, offsets, intervalMs: 5_000 });
  return { cluster, state, offsets, positions, read: read!, autoCommit, committed };
}

test("only what was polled is committed, each interval, and once", async () => {
  const { cluster, positions, autoCommit, read, committed } = world();
  autoCommit.tick(positions.all());
  await settled();
  expect(committed()).toEqual([]);
  cluster.clock.advance(5_000);
  autoCommit.tick(positions.all());
  autoCommit.tick(positions.all());
  await settled();
  expect(committed()).toEqual([[[0, 5]]]);
  cluster.clock.advance(5_000);
  autoCommit.tick(positions.all());
  await settled();
  expect(committed()).toEqual([[[0, 5]]]);
  read.read(offset(6), 0);
  await autoCommit.before(positions.all());
  expect(committed()).toEqual([[[0, 5]], [[0, 6]]]);
});

test("what could not be committed keeps nobody, and is tried again", async () => {
  const { positions, autoCommit, state, committed } = world();
  state.error = codeOf("OFFSET_METADATA_TOO_LARGE");
  await autoCommit.before(positions.all());
  state.error = codeOf("NONE");
  await autoCommit.before(positions.all());
  expect(committed()).toEqual([[[0, 5]], [[0, 5]]]);
});

test("a program that commits, commits where it stands, polled or not", async () => {
  const { positions, offsets, committed } = world();
  await commitPositions(offsets, positions.all());
  expect(committed()).toEqual([
    [
      [0, 5],
      [1, 8],
    ],
  ]);
  await commitPositions(offsets, []);
  expect(committed()).toHaveLength(1);
});
