import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import type { OffsetCommitRequest } from "../../src/broker/group-coordinator.ts";
import { groupTransactionRowsMax, offsetsRetentionCheckMs } from "../../src/limits.ts";
import { caller, codesOf, GroupsWorld } from "./groups-world.ts";

/** A commit by nobody in particular, with more to it than {@link GroupsWorld.commit} can say. */
const commitOf = (topics: OffsetCommitRequest["topics"]): OffsetCommitRequest => ({
  groupId: "g",
  generationIdOrMemberEpoch: -1,
  memberId: "",
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics,
});

const partition = (partitionIndex: number, committedMetadata: string | null = null) => {
  return { partitionIndex, committedOffset: 10, committedLeaderEpoch: 3, committedMetadata };
};

/** Commits as nobody, until it is stored. */
async function committed(
  world: GroupsWorld,
  groupId: string,
  offsets: Readonly<Record<string, number>>,
): Promise<void> {
  const committing = world.commit(groupId, offsets);
  await world.settle();
  expect(codesOf(await committing).every((code) => code === "NONE")).toBe(true);
}

test("offsets come back as they were committed, in the order of the request", async () => {
  const world = await GroupsWorld.open();
  const topics = [
    { name: "u", partitions: [partition(2, "here"), partition(0)] },
    { name: "t", partitions: [partition(1, "")] },
  ];
  const committing = world.groups.offsetCommit(commitOf(topics), caller(8));
  await world.settle();
  expect((await committing).topics.map(({ name }) => name)).toEqual(["u", "t"]);
  const asked = [
    { name: "u", partitionIndexes: [0, 7, 2] },
    { name: "none", partitionIndexes: [0] },
  ];
  const fetched = await world.groups.offsetFetch({
    groups: [
      { groupId: "g", topics: asked },
      { groupId: "none", topics: asked.slice(1) },
    ],
    requireStable: false,
  });
  const found = { committedOffset: 10, committedLeaderEpoch: 3, errorCode: "NONE" } as const;
  const none = {
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: "",
    errorCode: "NONE",
  } as const;
  expect(fetched.groups).toEqual([
    {
      groupId: "g",
      errorCode: "NONE",
      topics: [
        {
          name: "u",
          partitions: [
            { partitionIndex: 0, metadata: "", ...found },
            { partitionIndex: 7, ...none },
            { partitionIndex: 2, metadata: "here", ...found },
          ],
        },
        { name: "none", partitions: [{ partitionIndex: 0, ...none }] },
      ],
    },
    {
      groupId: "none",
      errorCode: "NONE",
      topics: [{ name: "none", partitions: [{ partitionIndex: 0, ...none }] }],
    },
  ]);
});

test("nobody sees an offset before it is stored; who wants it stable waits", async () => {
  const world = await GroupsWorld.open();
  await committed(world, "g", { "t 0": 1 });
  const committing = world.commit("g", { "t 0": 2 });
  const stable = world.committed("g", true);
  expect(await world.committed("g")).toEqual({ "t 0": 1 });
  await world.settle();
  await committing;
  expect(await stable).toEqual({ "t 0": 2 });
  expect(await world.committed("g")).toEqual({ "t 0": 2 });
});

test("metadata that is too long is refused for its partition alone", async () => {
  const world = await GroupsWorld.open({ offsetMetadataCharactersMax: 4 });
  const partitions = [partition(0, "1234"), partition(1, "12345"), partition(2)];
  const committing = world.groups.offsetCommit(commitOf([{ name: "t", partitions }]), caller(8));
  await world.settle();
  expect(codesOf(await committing)).toEqual(["NONE", "OFFSET_METADATA_TOO_LARGE", "NONE"]);
  expect(await world.committed("g")).toEqual({ "t 0": 10, "t 2": 10 });
});

test("a generation of a group that is not there is unknown, in the words of the version", async () => {
  const world = await GroupsWorld.open();
  const member = { memberId: "m", generationId: 1 };
  expect(codesOf(await world.commit("g", { "t 0": 1 }, member, 8))).toEqual(["ILLEGAL_GENERATION"]);
  expect(codesOf(await world.commit("g", { "t 0": 1 }, member, 9))).toEqual(["GROUP_ID_NOT_FOUND"]);
  expect(await world.committed("g")).toEqual({});
});

test("committing keeps a member's session up", async () => {
  const world = await GroupsWorld.open();
  const joined = await world.stable("g");
  for (let left = 4; left > 0; left--) {
    await world.pass(8_000);
    const committing = world.commit("g", { "t 0": left }, joined);
    await world.settle();
    expect(codesOf(await committing)).toEqual(["NONE"]);
  }
});

test("an offset that could not be stored is not committed", async () => {
  const world = await GroupsWorld.open();
  await committed(world, "g", { "t 0": 1 });
  world.store.fate = () => new Refusal("KAFKA_STORAGE_ERROR", "broken");
  const committing = world.commit("g", { "t 0": 2 });
  const fresh = world.commit("fresh", { "t 0": 2 });
  await world.settle();
  expect(codesOf(await committing)).toEqual(["KAFKA_STORAGE_ERROR"]);
  expect(codesOf(await fresh)).toEqual(["KAFKA_STORAGE_ERROR"]);
  expect(await world.committed("g")).toEqual({ "t 0": 1 });
  const { groups } = await world.groups.listGroups({ statesFilter: [], typesFilter: [] });
  expect(groups.map(({ groupId }) => groupId)).toEqual(["g"]);
});

test("a commit of many partitions is stored in pieces, and answered when all are", async () => {
  const world = await GroupsWorld.open();
  const count = 2 * groupTransactionRowsMax + 1;
  const partitions = Array.from({ length: count }, (_, at) => partition(at));
  const committing = world.groups.offsetCommit(commitOf([{ name: "t", partitions }]), caller(8));
  await world.settle();
  expect(codesOf(await committing)).toHaveLength(count);
  expect(world.store.calls).toHaveLength(3);
  expect(Object.keys(await world.committed("g"))).toHaveLength(count);
});

test("offsets are deleted, save those of topics that are being read", async () => {
  const world = await GroupsWorld.open();
  await committed(world, "g", { "t 0": 1, "u 0": 1, "u 1": 1 });
  await world.stable("g");
  const deleting = world.groups.offsetDelete({
    groupId: "g",
    topics: [
      { name: "u", partitions: [{ partitionIndex: 1 }, { partitionIndex: 9 }] },
      { name: "t", partitions: [{ partitionIndex: 0 }] },
    ],
  });
  await world.settle();
  const reply = await deleting;
  expect(reply.errorCode).toBe("NONE");
  expect(codesOf(reply)).toEqual(["NONE", "NONE", "GROUP_SUBSCRIBED_TO_TOPIC"]);
  expect(await world.committed("g")).toEqual({ "t 0": 1, "u 0": 1 });
});

test("offsets of other groups with members, and of no group, are not deleted", async () => {
  const world = await GroupsWorld.open();
  const topics = [{ name: "u", partitions: [{ partitionIndex: 0 }] }];
  await world.stable("connect", { protocolType: "connect" });
  const busy = await world.groups.offsetDelete({ groupId: "connect", topics });
  expect(busy).toEqual({ errorCode: "NON_EMPTY_GROUP", topics: [] });
  const none = await world.groups.offsetDelete({ groupId: "none", topics });
  expect(none).toEqual({ errorCode: "GROUP_ID_NOT_FOUND", topics: [] });
});

test("what was committed for a deleted topic is forgotten, also what is on its way", async () => {
  const world = await GroupsWorld.open();
  await committed(world, "g", { "t 0": 1, "u 0": 2 });
  await committed(world, "h", { "t 5": 3 });
  void world.commit("g", { "t 1": 4 });
  const forgetting = world.groups.forgetTopic("t");
  await world.settle();
  expect(await forgetting).toBe("NONE");
  expect(await world.committed("g")).toEqual({ "u 0": 2 });
  expect(await world.committed("h")).toEqual({});
  await world.crash();
  expect(await world.committed("g")).toEqual({ "u 0": 2 });
});

/** Lets time pass until what is too old has been looked for, and what was found is forgotten. */
async function look(world: GroupsWorld, durationMs: number): Promise<void> {
  await world.pass(Math.ceil(durationMs / offsetsRetentionCheckMs) * offsetsRetentionCheckMs);
}

test("offsets of nobody expire after their last commit, and the group with them", async () => {
  const world = await GroupsWorld.open();
  const { offsetsRetentionMs } = world.rules;
  await committed(world, "g", { "t 0": 1 });
  await look(world, offsetsRetentionMs / 2);
  await committed(world, "g", { "t 1": 2 });
  await look(world, offsetsRetentionMs / 2);
  expect(await world.committed("g")).toEqual({ "t 1": 2 });
  await look(world, offsetsRetentionMs / 2 + offsetsRetentionCheckMs);
  const { groups } = await world.groups.listGroups({ statesFilter: [], typesFilter: [] });
  expect(groups).toEqual([]);
  expect(await world.store.all()).toEqual([]);
  const reasons = world.logger.events.map(({ fields }) => fields["reason"]);
  expect(reasons).toContain("it has expired");
  expect(reasons).not.toContain("it is deleted");
});

test("offsets of a group expire a while after its last member has gone", async () => {
  const world = await GroupsWorld.open();
  const { offsetsRetentionMs } = world.rules;
  const joined = await world.stable("g", { sessionTimeoutMs: 1_800_000 });
  const committing = world.commit("g", { "t 0": 1 }, joined);
  await world.settle();
  await committing;
  for (let passedMs = 0; passedMs < 2 * offsetsRetentionMs; passedMs += offsetsRetentionCheckMs) {
    await world.pass(offsetsRetentionCheckMs);
    expect(await world.heartbeat("g", joined)).toBe("NONE");
  }
  expect(await world.committed("g")).toEqual({ "t 0": 1 });
  const members = [{ memberId: joined.memberId, groupInstanceId: null, reason: null }];
  await world.groups.leaveGroup({ groupId: "g", members });
  await look(world, offsetsRetentionMs - offsetsRetentionCheckMs);
  expect(await world.committed("g")).toEqual({ "t 0": 1 });
  await world.crash();
  await look(world, 2 * offsetsRetentionCheckMs);
  expect(await world.committed("g")).toEqual({});
  expect(await world.store.all()).toEqual([]);
});

test.each([
  [0, "at once"],
  [1_000, "as long as it says"],
  [2 ** 63, "for ever"],
])("an offset is kept for the %d ms that its client asks for: %s", async (retentionTimeMs) => {
  const world = await GroupsWorld.open();
  const topics = [{ name: "t", partitions: [partition(0)] }];
  const request = { ...commitOf(topics), retentionTimeMs };
  const committing = world.groups.offsetCommit(request, caller(4));
  await world.settle();
  expect(codesOf(await committing)).toEqual(["NONE"]);
  const [stored] = world.groups.snapshot();
  expect(stored?.offsets[0]?.expireTimestamp).toSatisfy(Number.isSafeInteger);
  await world.crash();
  await look(world, world.rules.offsetsRetentionMs + offsetsRetentionCheckMs);
  expect(await world.committed("g")).toEqual(retentionTimeMs < 2 ** 53 ? {} : { "t 0": 10 });
});

test("a clock that jumps ahead does not make offsets old at once", async () => {
  const world = await GroupsWorld.open();
  await committed(world, "g", { "t 0": 1 });
  const { startMs } = world.clock;
  Object.assign(world.clock, { startMs: startMs + 10 * 365 * 24 * 3600 * 1000 });
  await look(world, offsetsRetentionCheckMs);
  expect(await world.committed("g")).toEqual({ "t 0": 1 });
  expect(world.logger.named("the clock jumped; no offsets expire for now")).toHaveLength(1);
  Object.assign(world.clock, { startMs });
  await look(world, 2 * offsetsRetentionCheckMs);
  expect(await world.committed("g")).toEqual({ "t 0": 1 });
});
