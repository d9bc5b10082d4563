import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker, Partition } from "../../src/broker/broker.ts";
import { visitRecords } from "../../src/broker/record-visit.ts";
import { batchOf } from "../support/batches.ts";
import { BrokerWorld } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

async function partitionOf(broker: Broker, ...counts: readonly number[]): Promise<Partition> {
  const topic = unwrap(await broker.createTopic({ name: "t" }));
  const [partition] = topic.partitions;
  if (partition === undefined) throw new Error("a topic has a partition");
  let first = 0;
  for (const count of counts) {
    unwrap(await partition.produce(batchOf({ first, count, compression: "gzip" })));
    first += count;
  }
  return partition;
}

/** The offsets that are shown, until `until` is. */
async function shown(partition: Partition, from: number, until = Infinity, bytesMax = 1_000_000) {
  const offsets: number[] = [];
  const visited = await visitRecords(partition, offset(from), bytesMax, (record) => {
    offsets.push(record.offset);
    return record.offset < until;
  });
  return { offsets, visited };
}

describe("a visit", () => {
  test("shows records from the offset on, within their batch and across batches", async () => {
    const partition = await partitionOf(await new BrokerWorld().start(), 3, 2);
    const { offsets, visited } = await shown(partition, 1);
    expect(offsets).toEqual([1, 2, 3, 4]);
    expect(visited).toMatchObject({ nextOffset: offset(5), isStopped: false });
  });

  test("ends when the visitor has enough, and says where to go on", async () => {
    const partition = await partitionOf(await new BrokerWorld().start(), 3, 2);
    const { offsets, visited } = await shown(partition, 0, 1);
    expect(offsets).toEqual([0, 1]);
    expect(visited).toMatchObject({ nextOffset: offset(2), isStopped: true });
  });

  test("reads at least one batch, however little it may read", async () => {
    const partition = await partitionOf(await new BrokerWorld().start(), 3, 2);
    const { offsets, visited } = await shown(partition, 0, Infinity, 1);
    expect(offsets).toEqual([0, 1, 2]);
    expect(visited).toMatchObject({ nextOffset: offset(3) });
  });

  test("shows nothing at the end, and is refused behind it", async () => {
    const partition = await partitionOf(await new BrokerWorld().start(), 1);
    expect(await shown(partition, 1)).toEqual({
      offsets: [],
      visited: { nextOffset: offset(1), bytes: 0, isStopped: false },
    });
    expect((await shown(partition, 2)).visited).toBeInstanceOf(Refusal);
  });
});
