/** What every implementation of `GroupStore` does. */
import { expect, test } from "bun:test";
import type { Refusal } from "../../src/base/refusal.ts";
import type {
  GroupChange,
  GroupMemberRow,
  GroupRow,
  Metadata,
  OffsetRow,
  StoredGroup,
} from "../../src/metadata/metadata.ts";
import { unwrap } from "../support/log-world.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

/** One store under test, and how to open it again as the next start would. */
export interface GroupStoreWorld extends AsyncDisposable {
  open(): Promise<Metadata>;
}

const member = (memberId: string, more: Partial<GroupMemberRow> = {}): GroupMemberRow => ({
  memberId,
  groupInstanceId: null,
  clientId: "app",
  clientHost: "/127.0.0.1",
  rebalanceTimeoutMs: 300_000,
  sessionTimeoutMs: 45_000,
  protocols: [
    { name: "range", metadata: Uint8Array.of(0, 1, 0, 0, 0, 255) },
    { name: "cooperative-sticky", metadata: new Uint8Array() },
  ],
  assignment: Uint8Array.of(0, 0, 7),
  ...more,
});

const row = (groupId: string, more: Partial<GroupRow> = {}): GroupRow => ({
  groupId,
  generationId: 7,
  protocolType: "consumer",
  protocolName: "range",
  leader: "b-2",
  currentStateTimestamp: 1_754_705_528_480,
  // Not in the order of their ids: the order is theirs.
  members: [member("b-2"), member("a-1", { groupInstanceId: "i" }), member("c-3")],
  ...more,
});

const offset = (
  topic: string,
  partitionIndex: number,
  more: Partial<OffsetRow> = {},
): OffsetRow => ({
  topic,
  partitionIndex,
  committedOffset: 41,
  committedLeaderEpoch: 3,
  metadata: "",
  commitTimestamp: 1_754_705_528_481,
  expireTimestamp: null,
  ...more,
});

const generation = (stored: GroupRow): GroupChange => {
  return { kind: "generation", groupId: stored.groupId, row: stored };
};

const commit = (groupId: string, ...offsets: OffsetRow[]): GroupChange => {
  return { kind: "commit", groupId, offsets };
};

/** Registers the suite for one implementation. */
export function groupStoreSuite(
  implementation: string,
  makeWorld: () => Promise<GroupStoreWorld>,
): void {
  const story = (
    name: string,
    body: (kept: (...changes: GroupChange[]) => Promise<readonly StoredGroup[]>) => Promise<void>,
  ): void => {
    test(`${implementation}: ${name}`, async () => {
      await using world = await makeWorld();
      // Everything is looked at through another opening, as the next start sees it.
      await body(async (...changes) => {
        const metadata = await world.open();
        if (changes.length > 0) expect(await metadata.groups.apply(changes)).toBeNull();
        await metadata.close();
        const again = await world.open();
        const groups = unwrap(await again.groups.all());
        await again.close();
        return [...groups].sort((one, other) => (one.groupId < other.groupId ? -1 : 1));
      });
    });
  };

  story("a new store holds nothing", async (kept) => {
    expect(await kept()).toEqual([]);
  });

  story("a generation comes back whole, with its members in their order", async (kept) => {
    const stored = [{ groupId: "g", row: row("g"), offsets: [] }];
    expect(await kept(generation(row("g")))).toEqual(stored);
  });

  story("a generation takes the place of the one before", async (kept) => {
    await kept(generation(row("g")), commit("g", offset("t", 0)));
    const next = row("g", { generationId: 8, leader: "d", members: [member("d"), member("a-1")] });
    const stored = { groupId: "g", row: next, offsets: [offset("t", 0)] };
    expect(await kept(generation(next))).toEqual([stored]);
  });

  story("a group without members is remembered", async (kept) => {
    const empty = row("g", { protocolName: null, leader: null, members: [] });
    expect(await kept(generation(empty))).toEqual([{ groupId: "g", row: empty, offsets: [] }]);
  });

  story("offsets are kept for groups that have nothing else", async (kept) => {
    const offsets = [
      offset("t", 0, { committedOffset: Number.MAX_SAFE_INTEGER, committedLeaderEpoch: -1 }),
      offset("t", 2, { metadata: "half way", expireTimestamp: 1_754_705_600_000 }),
      offset("u", 10, { committedOffset: 0 }),
    ];
    expect(await kept(commit("g", ...offsets))).toEqual([{ groupId: "g", row: null, offsets }]);
  });

  story("of several commits the last one counts", async (kept) => {
    await kept(commit("g", offset("t", 0, { expireTimestamp: 5 }), offset("t", 1)));
    const last = offset("t", 0, { committedOffset: 3, metadata: "back", committedLeaderEpoch: 9 });
    const [group] = await kept(
      commit("g", offset("t", 0, { committedOffset: 99 })),
      commit("g", last),
    );
    expect(group?.offsets).toEqual([last, offset("t", 1)]);
  });

  story("forgotten offsets are gone, others stay", async (kept) => {
    await kept(commit("g", offset("t", 0), offset("t", 1)), commit("h", offset("t", 0)));
    const partitions = [
      { topic: "t", partitionIndex: 0 },
      { topic: "none", partitionIndex: 4 },
    ];
    expect(await kept({ kind: "forget", groupId: "g", partitions })).toEqual([
      { groupId: "g", row: null, offsets: [offset("t", 1)] },
      { groupId: "h", row: null, offsets: [offset("t", 0)] },
    ]);
  });

  story("a removed group is gone with all that it had, and may come again", async (kept) => {
    await kept(generation(row("g")), commit("g", offset("t", 0)), generation(row("h")));
    const removed = await kept({ kind: "remove", groupId: "g" });
    expect(removed.map(({ groupId }) => groupId)).toEqual(["h"]);
    const again = await kept(generation(row("g", { members: [] })));
    expect(again[0]).toEqual({ groupId: "g", row: row("g", { members: [] }), offsets: [] });
  });

  story("ids and texts are any text, bytes any bytes", async (kept) => {
    const random = randomForTest();
    const text = ["\0", "\\0", "\\", "'; --", "é", "\u{1f600}", "\n", ""].join("|");
    const odd = row(text, {
      protocolType: text,
      protocolName: text,
      leader: text,
      members: [
        member(text, {
          groupInstanceId: text,
          clientId: text,
          clientHost: text,
          protocols: [{ name: text, metadata: randomBytes(random, 3_000) }],
          assignment: randomBytes(random, 70_000),
        }),
      ],
    });
    const offsets = [offset("t", 0, { metadata: text })];
    const stored = await kept(generation(odd), commit(text, ...offsets));
    expect(stored).toEqual([{ groupId: text, row: odd, offsets }]);
  });

  story("ids are told apart by case and by blanks", async (kept) => {
    const ids = ["G", "g", "g "];
    const stored = await kept(...ids.map((id) => commit(id, offset("t", 0))));
    expect(stored.map(({ groupId }) => groupId)).toEqual(ids);
  });

  test(`${implementation}: after closing everything is refused`, async () => {
    await using world = await makeWorld();
    const metadata = await world.open();
    await metadata.close();
    const refused = [await metadata.groups.all(), await metadata.groups.apply([])];
    expect(refused.map((each) => (each as Refusal).code)).toEqual([
      "SHUTTING_DOWN",
      "SHUTTING_DOWN",
    ]);
  });
}
