import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { EpochCheck } from "../../../src/client/kafka/epoch-check.ts";
import { OffsetLookup } from "../../../src/client/kafka/offset-lookup.ts";
import { Position } from "../../../src/client/kafka/position.ts";
import { ConsumerWarnings } from "../../../src/client/consumer-warning.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { at } from "./assigned-members.ts";
import { ScriptedCluster } from "./scripted-cluster.ts";

/** A position that has read up to offset 10 in epoch 2, and a leader that has `end` of it. */
function world(end: number) {
  const cluster = new ScriptedCluster();
  cluster.partitionCounts.set("orders", 1);
  cluster.on(apis.OffsetForLeaderEpoch, () => ({
    topics: [
      {
        topic: "orders",
        partitions: [{ errorCode: 0, partition: 0, leaderEpoch: 2, endOffset: offset(end) }],
      },
    ],
  }));
  const warnings = new ConsumerWarnings();
  const position = new Position(at("orders/0"), cluster.world, () => {});
  position.seek(10, 2);
  return {
    cluster,
    warnings,
    position,
    check: new EpochCheck(new OffsetLookup(cluster, 0), warnings),
  };
}

test("a new leader that has all that was read is asked once", async () => {
  const { cluster, warnings, position, check } = world(10);
  await check.check(position, 2);
  expect(cluster.sent).toEqual([]);
  await check.check(position, 3);
  await check.check(position, 3);
  expect(cluster.requests(apis.OffsetForLeaderEpoch)).toHaveLength(1);
  expect(position).toMatchObject({ offset: 10, checkedEpoch: 3 });
  expect(warnings.take().warnings).toEqual([]);
});

test("one that has less sends reading back to where both logs are the same, with a warning", async () => {
  const { warnings, position, check } = world(7);
  await check.check(position, 3);
  expect(position).toMatchObject({ offset: 7, fetchOffset: 7, recordEpoch: 2 });
  expect(warnings.take().warnings).toMatchObject([
    { kind: "changed", fromOffset: 10, resumedAt: 7, topic: "orders" },
  ]);
});

test("one that knows nothing of the epoch leaves it to the policy", async () => {
  const { position, check } = world(-1);
  await check.check(position, 3);
  expect(position).toMatchObject({ offset: null, outOfRange: 10 });
});

test("a broker that is too old to be asked is believed; one that fails is asked again", async () => {
  const { cluster, position, check } = world(7);
  let code: "UNSUPPORTED" | "NETWORK" = "NETWORK";
  cluster.on(apis.OffsetForLeaderEpoch, () => Promise.reject(new ClientError(code, "said a test")));
  await expect(check.check(position, 3)).rejects.toMatchObject({ code: "NETWORK" });
  code = "UNSUPPORTED";
  await check.check(position, 3);
  expect(position).toMatchObject({ offset: 10, checkedEpoch: 3 });
});
