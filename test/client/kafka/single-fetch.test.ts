import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { fetchBatch } from "../../../src/client/kafka/single-fetch.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { noUuid } from "../../../src/wire/table.ts";
import { at } from "./assigned-members.ts";
import { fetchRow, ScriptedCluster } from "./scripted-cluster.ts";

const where = at("orders/1");

function clusterOf(row: Parameters<typeof fetchRow>[0]): ScriptedCluster {
  const cluster = new ScriptedCluster();
  cluster.partitionCounts.set("orders", 2);
  const partitions = [fetchRow({ partitionIndex: 1, ...row })];
  cluster.on(apis.Fetch, () => ({
    responses: [{ topic: "orders", topicId: noUuid, partitions }],
  }));
  return cluster;
}

test("asks for as little as there can be, without a session, and gives its bytes", async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const cluster = clusterOf({ records: [bytes] });
  expect(await fetchBatch(cluster, where, 7)).toBe(bytes);
  const [sent] = cluster.sent;
  expect(sent).toMatchObject({ to: 1, options: { versionMax: 12 } });
  expect(sent?.request).toMatchObject({ sessionId: 0, sessionEpoch: -1, maxBytes: 1 });
  expect(cluster.requests(apis.Fetch)[0]?.topics[0]?.partitions).toMatchObject([
    { partition: 1, fetchOffset: offset(7), partitionMaxBytes: 1 },
  ]);
});

test("there may be none, or an error; where another may lead, that is looked up again", async () => {
  expect(await fetchBatch(clusterOf({}), where, 7)).toBeNull();
  const cluster = clusterOf({ errorCode: 6 });
  await expect(fetchBatch(cluster, where, 7)).rejects.toMatchObject({
    code: "NOT_LEADER_OR_FOLLOWER",
    message: expect.stringContaining("reading orders/1 at offset 7"),
  });
  expect(cluster.forgottenTopics).toEqual(["orders"]);
});
