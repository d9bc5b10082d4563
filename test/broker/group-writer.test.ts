import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { GroupWriter } from "../../src/broker/group-writer.ts";
import {
  groupRowsQueuedMax,
  groupTransactionPauseMs,
  groupTransactionRowsMax,
} from "../../src/limits.ts";
import type { GroupChange, GroupRow, OffsetRow } from "../../src/metadata/metadata.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryGroupStore } from "../fake/group-store.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { turns } from "../support/until.ts";

const offset = (partitionIndex: number, committedOffset = 1): OffsetRow => ({
  topic: "t",
  partitionIndex,
  committedOffset,
  committedLeaderEpoch: -1,
  metadata: "",
  commitTimestamp: 0,
  expireTimestamp: null,
});

const commit = (groupId: string, ...offsets: OffsetRow[]): GroupChange => {
  return { kind: "commit", groupId, offsets };
};

const generation = (groupId: string, generationId: number): GroupChange => {
  const row: GroupRow = {
    groupId,
    generationId,
    protocolType: null,
    protocolName: null,
    leader: null,
    currentStateTimestamp: 0,
    members: [],
  };
  return { kind: "generation", groupId, row };
};

class WriterWorld {
  readonly clock = new ManualClock();
  readonly store = new MemoryGroupStore();
  readonly logger = new MemoryLogger();
  readonly writer = new GroupWriter(this.store, this.clock, this.logger);
  /** What has happened, in its order. */
  readonly log: string[] = [];

  write(name: string, change: GroupChange): void {
    const written = this.writer.write(change, () => this.log.push(`${name} applied`));
    void written.then((errorCode) => this.log.push(`${name} ${errorCode}`));
  }

  async pass(durationMs: number): Promise<void> {
    this.clock.advance(durationMs);
    await turns(1);
  }
}

test("changes of one turn share a transaction, and are answered only after it", async () => {
  const world = new WriterWorld();
  world.write("one", commit("g", offset(0)));
  world.write("two", commit("h", offset(0)));
  await turns(1);
  expect(world.store.calls).toHaveLength(0);
  await world.pass(0);
  expect(world.store.calls).toEqual([[commit("g", offset(0)), commit("h", offset(0))]]);
  expect(world.log).toEqual(["one applied", "two applied", "one NONE", "two NONE"]);
});

test("between two transactions the event loop is left alone for a while", async () => {
  const world = new WriterWorld();
  world.write("one", commit("g", offset(0)));
  await world.pass(0);
  world.write("two", commit("g", offset(1)));
  world.write("three", commit("g", offset(2)));
  await world.pass(groupTransactionPauseMs - 1);
  expect(world.store.calls).toHaveLength(1);
  await world.pass(1);
  expect(world.store.calls).toHaveLength(2);
  expect(world.log.at(-1)).toBe("three NONE");
});

test("one transaction at a time", async () => {
  const world = new WriterWorld();
  world.store.fate = () => "stop before";
  world.write("one", commit("g", offset(0)));
  await world.pass(0);
  world.write("two", commit("g", offset(0)));
  await world.pass(1_000);
  expect(world.store.calls).toHaveLength(1);
  expect(world.log).toEqual([]);
});

test("what others of the same transaction undo is not stored", async () => {
  const world = new WriterWorld();
  world.write("1", generation("g", 1));
  world.write("2", commit("g", offset(0, 1), offset(1, 1), offset(0, 2)));
  world.write("3", generation("g", 2));
  world.write("4", commit("g", offset(0, 3)));
  world.write("5", { kind: "forget", groupId: "g", partitions: [offset(0), offset(1), offset(2)] });
  world.write("6", commit("g", offset(2, 4)));
  world.write("7", commit("h", offset(0)));
  world.write("8", { kind: "remove", groupId: "h" });
  world.write("9", commit("h", offset(0, 9)));
  await world.pass(0);
  const reopened = world.store.reopened();
  expect(await reopened.all()).toEqual([
    { groupId: "g", row: expect.objectContaining({ generationId: 2 }), offsets: [offset(2, 4)] },
    { groupId: "h", row: null, offsets: [offset(0, 9)] },
  ]);
  const stored = world.store.calls.flat().filter(({ kind }) => kind === "generation");
  expect(stored).toEqual([generation("g", 2)]);
  const offsets = world.store.calls
    .flat()
    .flatMap((each) => (each.kind === "commit" ? each.offsets : []));
  expect(offsets).toEqual([offset(2, 4), offset(0, 9)]);
});

test("a transaction holds so many rows; the rest goes in the next one", async () => {
  const world = new WriterWorld();
  const half = Array.from({ length: groupTransactionRowsMax / 2 }, (_, at) => offset(at));
  for (const name of ["one", "two", "three"]) world.write(name, commit(name, ...half));
  await world.pass(0);
  expect(world.store.calls.map((call) => call.length)).toEqual([2]);
  await world.pass(groupTransactionPauseMs);
  expect(world.store.calls.map((call) => call.length)).toEqual([2, 1]);
});

test("above the limit changes are refused; an empty queue takes a change of any size", async () => {
  const world = new WriterWorld();
  const many = Array.from({ length: groupRowsQueuedMax + 1 }, (_, at) => offset(at));
  world.write("large", commit("g", ...many));
  world.write("small", commit("g", offset(0)));
  await turns(1);
  expect(world.log).toEqual(["small COORDINATOR_NOT_AVAILABLE"]);
  expect(world.logger.named("group changes wait too long")).toHaveLength(1);
  await world.pass(0);
  expect(world.log.slice(1)).toEqual(["large applied", "large NONE"]);
  world.write("later", commit("g", offset(0)));
  await world.pass(groupTransactionPauseMs);
  expect(world.log.at(-1)).toBe("later NONE");
});

test("what is not stored is not applied, and the next change is tried", async () => {
  const world = new WriterWorld();
  world.store.fate = () => new Refusal("DISK_FULL", "no room");
  world.write("one", commit("g", offset(0)));
  await world.pass(0);
  expect(world.log).toEqual(["one COORDINATOR_NOT_AVAILABLE"]);
  expect(world.logger.named("group changes were not stored")).toHaveLength(1);
  world.store.fate = () => "go on";
  world.write("two", commit("g", offset(0)));
  await world.pass(groupTransactionPauseMs);
  expect(world.log.slice(1)).toEqual(["two applied", "two NONE"]);
});

test("closing stores what waits, without pauses, and refuses what comes later", async () => {
  const world = new WriterWorld();
  const many = Array.from({ length: groupTransactionRowsMax }, (_, at) => offset(at));
  for (const name of ["one", "two"]) world.write(name, commit(name, ...many));
  const closing = world.writer.close();
  world.write("late", commit("g", offset(0)));
  await closing;
  await turns(1);
  expect(world.store.calls).toHaveLength(2);
  expect(world.log).toEqual([
    "late COORDINATOR_NOT_AVAILABLE",
    "one applied",
    "one NONE",
    "two applied",
    "two NONE",
  ]);
  expect(world.clock.pending).toBe(0);
});
