import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { DamageSearch } from "../../../src/client/kafka/damage-search.ts";
import { Position } from "../../../src/client/kafka/position.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { consumerDamageProbesAtOnce } from "../../../src/limits.ts";
import { stamp, viewOf } from "../../../src/record/batch.ts";
import { noUuid } from "../../../src/wire/table.ts";
import { batchOf } from "../../support/batches.ts";
import { at } from "./assigned-members.ts";
import { codeOf, fetchRow, ScriptedCluster } from "./scripted-cluster.ts";

/** What a broker gives for an offset: a batch from there to there, whole or not, or a refusal. */
type Given = readonly [first: number, count: number, how: "whole" | "damaged"] | "refused";

/** Where reading goes on behind offset 10 of a log that ends at `end`, and what was asked for. */
async function searched(
  end: number,
  give: (from: number) => Given,
): Promise<{ readonly to: number; readonly asked: readonly number[] }> {
  const cluster = new ScriptedCluster();
  cluster.partitionCounts.set("orders", 1);
  const asked: number[] = [];
  cluster.on(apis.Fetch, ({ topics }) => {
    const from = topics[0]?.partitions[0]?.fetchOffset ?? -1;
    asked.push(from);
    const given = give(from);
    let row = fetchRow({ errorCode: codeOf("CORRUPT_MESSAGE") });
    if (given !== "refused") {
      const [first, count, how] = given;
      const batch = batchOf({ first, count });
      stamp(viewOf(batch), 0, offset(first), 0);
      if (how === "damaged") batch[batch.length - 1]! ^= 1;
      row = fetchRow({ records: [batch] });
    }
    return { responses: [{ topic: "orders", topicId: noUuid, partitions: [row] }] };
  });
  const position = new Position(at("orders/0"), cluster.world, () => {});
  const to = await new DamageSearch(cluster).endOf(position, 10, end);
  return { to, asked };
}

test("what can be read is not passed over", async () => {
  expect(await searched(20, (from) => [from, 1, "whole"])).toEqual({ to: 10, asked: [10] });
});

test("where a broker refuses, each offset is asked for until one can be read", async () => {
  for (const good of [11, 12, 13, 14, 300]) {
    const isGood = (from: number): boolean => from === good || from > good + 2;
    const found = await searched(1_000, (from) => (isGood(from) ? [from, 1, "whole"] : "refused"));
    expect(found.to).toBe(good);
    expect(found.asked.length).toBeLessThan(good - 10 + consumerDamageProbesAtOnce);
  }
});

test("where nothing behind it can be read, reading goes on at the end", async () => {
  expect((await searched(500, () => "refused")).to).toBe(500);
});

test("a damaged batch that comes as it is says how far it reaches", async () => {
  const found = await searched(5_000, (from) =>
    from < 2_000 ? [0, 2_000, "damaged"] : [from, 1, "whole"],
  );
  // From its beginning on, whether that is true, and behind it.
  expect(found).toEqual({ to: 2_000, asked: [10, 1_999, 2_000] });
});

test("a damaged batch is not believed where something before its end can be read", async () => {
  const found = await searched(5_000, (from) =>
    from < 13 ? [10, 2_000, "damaged"] : [from, 1, "whole"],
  );
  expect(found.to).toBe(13);
});

test("what is wrong with the question is no damage", async () => {
  const cluster = new ScriptedCluster();
  const position = new Position(at("orders/0"), cluster.world, () => {});
  await expect(new DamageSearch(cluster).endOf(position, 10, 20)).rejects.toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
  });
});
