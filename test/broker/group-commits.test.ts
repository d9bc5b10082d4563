import { expect, test } from "bun:test";
import { commitOffsets, committedOffsets } from "../../src/broker/group-commits.ts";
import { HttpWorld } from "../support/http-world.ts";

const nobody = { groupId: "g", generationId: -1, memberId: "" };
const place = (topic: string, partition: number) => ({ topic, partition });

test("what is committed is found again, all of it or some", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 2);
  await world.topic("u");
  const offsets = [
    { ...place("t", 1), offset: 3, metadata: "note" },
    { ...place("u", 0), offset: 9 },
  ];
  expect(await world.moving(commitOffsets(world.groups, nobody, offsets))).toBe("NONE");
  const all = await committedOffsets(world.groups, "g", null);
  expect(all).toEqual([
    { ...place("t", 1), offset: 3, metadata: "note" },
    { ...place("u", 0), offset: 9, metadata: "" },
  ]);
  const some = await committedOffsets(world.groups, "g", [place("t", 0), place("t", 1)]);
  expect(some).toEqual([{ ...place("t", 1), offset: 3, metadata: "note" }]);
});

test("nothing is committed at once; what can't be is an error", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t");
  expect(await commitOffsets(world.groups, nobody, [])).toBe("NONE");
  const stranger = { ...nobody, memberId: "x", generationId: 4 };
  const refused = commitOffsets(world.groups, stranger, [{ ...place("t", 0), offset: 1 }]);
  expect(await world.moving(refused)).not.toBe("NONE");
});
