import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { Position } from "../../../src/client/kafka/position.ts";
import { noUuid } from "../../../src/wire/table.ts";
import { at } from "./assigned-members.ts";
import { ScriptedCluster } from "./scripted-cluster.ts";

const position = (): Position =>
  new Position(at("orders/0"), new ScriptedCluster().world, () => {});

test("it is found before anything is fetched, and fetching runs ahead of reading", () => {
  const one = position();
  expect(one.isFetchable).toBe(false);
  one.seek(5);
  expect(one).toMatchObject({ offset: 5, fetchOffset: 5, isFetchable: true, hasMoved: false });
  one.fetched(offset(9));
  one.read(offset(6), 0);
  expect(one).toMatchObject({ offset: 6, fetchOffset: 9, hasMoved: true, piecesWaiting: 1 });
});

test("going elsewhere begins another turn: what was fetched is nobody's any more", () => {
  const one = position();
  one.seek(5);
  one.fetched(offset(9));
  const { turn } = one;
  one.refetch();
  expect(one).toMatchObject({ offset: 5, fetchOffset: 5, piecesWaiting: 0, turn: turn + 1 });
  one.forget();
  expect(one).toMatchObject({ offset: null, fetchOffset: null, outOfRange: 5, turn: turn + 2 });
  one.seek(7);
  expect(one.outOfRange).toBeNull();
});

test("an offset is of one topic: under its name there may be another one by now", () => {
  const one = position();
  const [first, second] = ["a", "b"].map((end) => `00000000-0000-0000-0000-00000000000${end}`);
  one.seek(5);
  expect([noUuid, first!, noUuid, first!].map((id) => one.belongsTo(id))).not.toContain(false);
  expect(one.belongsTo(second!)).toBe(false);
  expect(one).toMatchObject({ offset: null, outOfRange: 5, isRecreated: true });
  // Wherever a program goes is where it wants to be in the topic that there is.
  one.seek(7);
  expect(one.belongsTo(second!)).toBe(true);
  expect(one).toMatchObject({ offset: 7, isRecreated: false });
});

test("when it can't be told how far a piece goes, fetching goes on once it has been read", () => {
  const one = position();
  one.seek(5);
  one.fetched(null);
  expect(one.isFetchable).toBe(false);
  one.read(offset(8), 0);
  one.pieceRead();
  expect(one).toMatchObject({ fetchOffset: 8, isFetchable: true });
});

test("nothing is fetched while it is paused, after a failure, or for somebody else", () => {
  const one = position();
  one.seek(0);
  one.isPaused = true;
  expect(one.isFetchable).toBe(false);
  one.isPaused = false;
  one.pause.failed();
  expect(one.isFetchable).toBe(false);
  one.pause.stop();
  one.drop();
  expect(one.isFetchable).toBe(false);
});
