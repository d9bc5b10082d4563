import { expect, test } from "bun:test";
import { HttpError } from "../../../src/http/errors.ts";
import { placesOf, type StartAsked } from "../../../src/http/streams/starts.ts";
import { streamPartitionsMax } from "../../../src/limits.ts";
import { batchOf } from "../../support/batches.ts";
import { HttpWorld } from "../../support/http-world.ts";

/** Partition 0 has the offsets 2 to 5, one a second; 1 has none. */
async function started(asked: StartAsked, partitionCount = 2): Promise<unknown> {
  await using world = await HttpWorld.open();
  await world.topic("t", partitionCount);
  const topic = world.broker.topic("t");
  if (topic === undefined) throw new Error("there is no t");
  await topic.partitions[0]?.produce(batchOf({ first: 0, count: 5, timestamp: 1_000 }));
  await topic.partitions[0]?.deleteRecords(2);
  const places = await placesOf(topic, asked);
  if (places instanceof HttpError) return [places.status, places.errorCode];
  return places.map(({ partition, offset }) => `${partition.index}:${offset}`).join();
}

test.each([
  [{}, "0:5,1:0"],
  [{ offset: "earliest" }, "0:2,1:0"],
  [{ offset: "0:3,1:0" }, "0:3,1:0"],
  [{ offset: "0:0" }, "0:0,1:0"],
  [{ offset: "4", partition: [0] }, "0:4"],
  [{ partition: [1, 0, 1] }, "0:5,1:0"],
  [{ time: "0", partition: [0] }, "0:2"],
  [{ time: "9999999999999" }, "0:5,1:0"],
  [{ offset: "4" }, [400, 400]],
  [{ offset: "0:6" }, [404, 40411]],
  [{ partition: [0, 2] }, [404, 40402]],
  [{ time: "soon" }, [400, 400]],
])("%j", async (asked, expected) => {
  expect(await started(asked)).toEqual(expected);
});

test("a stream has only so many partitions, unless some are chosen", async () => {
  expect(await started({}, streamPartitionsMax + 1)).toEqual([400, 400]);
  expect(await started({ partition: [0] }, streamPartitionsMax + 1)).toBe("0:5");
});
