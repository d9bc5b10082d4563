import { expect, test } from "bun:test";
import { seededRandom } from "../../src/base/random.ts";
import type { GroupRules } from "../../src/broker/group-rules.ts";
import { GroupHost, type HostedGroup } from "../../src/broker/group-host.ts";
import { groupEntryOverheadBytes } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryGroupStore } from "../fake/group-store.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { turns } from "../support/until.ts";
import { storyRules } from "./group-story.ts";

class HostWorld {
  readonly clock = new ManualClock();
  readonly store = new MemoryGroupStore();
  readonly host: GroupHost;

  constructor(rules: Partial<GroupRules> = {}) {
    const { store, clock } = this;
    const parts = { store, clock, random: seededRandom(1), logger: new MemoryLogger() };
    this.host = new GroupHost(parts, { ...storyRules, ...rules }, []);
  }

  group(groupId: string): HostedGroup {
    const hosted = this.host.getOrCreate(groupId);
    if (hosted === undefined) throw new Error("there are too many groups");
    return hosted;
  }

  /** Commits one offset with a text. */
  commit(hosted: HostedGroup, metadata: string): Promise<string> {
    const row = {
      topic: "t",
      partitionIndex: 0,
      committedOffset: 1,
      committedLeaderEpoch: -1,
      metadata,
      commitTimestamp: 0,
      expireTimestamp: null,
    };
    const { groupId } = hosted.group;
    return this.host.write(hosted, { kind: "commit", groupId, offsets: [row] }, () => {
      hosted.offsets.put(row);
    });
  }

  async pass(durationMs: number): Promise<void> {
    this.clock.advance(durationMs);
    await turns(1);
  }
}

test("what all groups hold is counted, and given back when they go", async () => {
  const groupsBytesMax = groupEntryOverheadBytes + 10;
  const world = new HostWorld({ groupsBytesMax });
  const hosted = world.group("g");
  expect(world.host.hasRoom(groupsBytesMax)).toBe(true);
  const committing = world.commit(hosted, "ten bytes!");
  await world.pass(1);
  expect(await committing).toBe("NONE");
  expect(world.host.hasRoom(0)).toBe(true);
  expect(world.host.hasRoom(1)).toBe(false);
  const removing = world.host.remove(hosted, "a test");
  await world.pass(10);
  expect(await removing).toBe("NONE");
  expect(world.host.hasRoom(groupsBytesMax)).toBe(true);
  expect(world.host.all()).toEqual([]);
});

test("a group without anything goes as soon as nothing is on its way", async () => {
  const world = new HostWorld();
  const hosted = world.group("g");
  void world.commit(hosted, "");
  world.host.settle(hosted);
  expect(world.host.get("g")).toBe(hosted);
  await world.pass(1);
  const forget = { kind: "forget", groupId: "g", partitions: [{ topic: "t", partitionIndex: 0 }] };
  void world.host.write(hosted, { ...forget, kind: "forget" }, () => hosted.offsets.remove("t", 0));
  await world.pass(10);
  expect(world.host.get("g")).toBeUndefined();
});

test("there are only so many groups, and none is taken from those who have it", () => {
  const world = new HostWorld({ groupsMax: 2 });
  const first = world.group("first");
  world.group("second");
  expect(world.host.getOrCreate("third")).toBeUndefined();
  expect(world.host.getOrCreate("first")).toBe(first);
});

test("waiting for all that is on its way waits also behind a refusal", async () => {
  const world = new HostWorld();
  const hosted = world.group("g");
  world.store.fate = () => "stop before";
  void world.commit(hosted, "");
  await world.pass(1);
  void world.host.close();
  expect(await world.commit(hosted, "")).toBe("COORDINATOR_NOT_AVAILABLE");
  let isWritten = false;
  void hosted.written.then(() => (isWritten = true));
  await turns(2);
  expect(isWritten).toBe(false);
});
