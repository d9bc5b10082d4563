/** All groups together: requests, answers, restarts. What one group does is in `group.test.ts`. */
import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { createGroups, type GroupSnapshot, type Groups } from "../../src/broker/groups.ts";
import { groupIdCharactersMax } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryGroupStore } from "../fake/group-store.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Random } from "../../src/base/random.ts";
import { turns } from "../support/until.ts";
import type { JoinGroupReply } from "../../src/broker/group-coordinator.ts";
import { caller, codesOf, GroupsWorld, subscription } from "./groups-world.ts";

test("a consumer joins, is assigned, is heard of, commits and leaves", async () => {
  const world = await GroupsWorld.open();
  const first = await world.join("g", {}, 9);
  expect(first).toMatchObject({ errorCode: "MEMBER_ID_REQUIRED", generationId: -1 });
  expect(first.memberId).toMatch(/^app-[0-9a-f-]{36}$/);
  const joined = await world.stable("g", { memberId: first.memberId });
  expect(joined).toMatchObject({ errorCode: "NONE", generationId: 1, memberId: first.memberId });
  expect(await world.heartbeat("g", joined)).toBe("NONE");
  const committing = world.commit("g", { "t 0": 7, "t 1": 9 }, joined);
  await world.settle();
  expect(codesOf(await committing)).toEqual(["NONE", "NONE"]);
  expect(await world.committed("g")).toEqual({ "t 0": 7, "t 1": 9 });
  const members = [{ memberId: joined.memberId, groupInstanceId: null, reason: null }];
  const left = await world.groups.leaveGroup({ groupId: "g", members });
  expect(left.members.map(({ errorCode }) => errorCode)).toEqual(["NONE"]);
  expect(await world.heartbeat("g", joined)).toBe("UNKNOWN_MEMBER_ID");
});

test("an assignment is given out only when the store has it", async () => {
  const world = await GroupsWorld.open();
  const joining = world.join("g");
  await world.pass(3_000);
  const joined = await joining;
  world.store.fate = () => "stop before";
  let answered = false;
  void world.sync("g", joined).then(() => (answered = true));
  await world.settle();
  expect(answered).toBe(false);
  await world.crash();
  expect(await world.heartbeat("g", joined)).toBe("UNKNOWN_MEMBER_ID");
});

test("after a crash a stable group goes on as if nothing had happened", async () => {
  const world = await GroupsWorld.open();
  const joined = await world.stable("g");
  const committing = world.commit("g", { "t 0": 41 }, joined);
  await world.settle();
  await committing;
  const before = await world.groups.describeGroups(["g"], caller(6));
  await world.crash();
  expect(await world.groups.describeGroups(["g"], caller(6))).toEqual(before);
  expect(await world.committed("g")).toEqual({ "t 0": 41 });
  await world.pass(9_000);
  expect(await world.heartbeat("g", joined)).toBe("NONE");
  await world.pass(10_000);
  expect(await world.heartbeat("g", joined)).toBe("UNKNOWN_MEMBER_ID");
});

test("a session ends by the clock that never jumps", async () => {
  const world = await GroupsWorld.open();
  const joined = await world.stable("g");
  Object.assign(world.clock, { startMs: world.clock.startMs + 3600_000 });
  await world.pass(9_000);
  expect(await world.heartbeat("g", joined)).toBe("NONE");
});

test("a group that has nothing to be remembered leaves no trace", async () => {
  const world = await GroupsWorld.open();
  await world.join("pending", {}, 9);
  const refused = await world.join("refused", { protocols: [] });
  expect(refused.errorCode).toBe("INCONSISTENT_GROUP_PROTOCOL");
  const listed = await world.groups.listGroups({ statesFilter: [], typesFilter: [] });
  expect(listed.groups.map(({ groupId }) => groupId)).toEqual(["pending"]);
  await world.pass(10_000);
  const later = await world.groups.listGroups({ statesFilter: [], typesFilter: [] });
  expect(later.groups).toEqual([]);
  expect(world.store.calls).toEqual([]);
});

test("who speaks of a group that is not there is no member of it", async () => {
  const world = await GroupsWorld.open();
  const joined = { ...(await world.join("g", {}, 9)), generationId: 3 };
  const { memberId } = joined;
  expect((await world.join("other", { memberId })).errorCode).toBe("UNKNOWN_MEMBER_ID");
  expect((await world.sync("other", joined)).errorCode).toBe("UNKNOWN_MEMBER_ID");
  expect(await world.heartbeat("other", joined)).toBe("UNKNOWN_MEMBER_ID");
  const members = [{ memberId, groupInstanceId: null, reason: null }];
  expect(await world.groups.leaveGroup({ groupId: "other", members })).toEqual({
    errorCode: "NONE",
    members: [{ memberId, groupInstanceId: null, errorCode: "UNKNOWN_MEMBER_ID" }],
  });
});

test("requests beyond a bound are refused before a group sees them", async () => {
  const world = await GroupsWorld.open({ groupsMax: 1, groupsBytesMax: 4_000 });
  const long = "g".repeat(groupIdCharactersMax + 1);
  for (const groupId of ["", long, "\ud800"]) {
    expect((await world.join(groupId)).errorCode).toBe("INVALID_GROUP_ID");
  }
  for (const sessionTimeoutMs of [5_999, 1_800_001]) {
    const refused = await world.join("g", { sessionTimeoutMs });
    expect(refused.errorCode).toBe("INVALID_SESSION_TIMEOUT");
  }
  const large = [{ name: "range", metadata: new Uint8Array(4_001) }];
  expect((await world.join("g", { protocols: large })).errorCode).toBe("POLICY_VIOLATION");
  const joined = await world.stable("g");
  expect((await world.join("another")).errorCode).toBe("POLICY_VIOLATION");
  expect(codesOf(await world.commit("another", { "t 0": 1 }))).toEqual(["POLICY_VIOLATION"]);
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`t ${at}`, 1]));
  const refused = codesOf(await world.commit("g", many, joined));
  expect(new Set(refused)).toEqual(new Set(["POLICY_VIOLATION"]));
  expect(await world.heartbeat("g", joined)).toBe("NONE");
});

test("what a request holds is copied: its bytes may be used again", async () => {
  const world = await GroupsWorld.open();
  const metadata = subscription("t");
  const joining = world.join("g", { protocols: [{ name: "range", metadata }] });
  metadata.fill(0xee);
  await world.pass(3_000);
  const joined = await joining;
  expect(joined.members.map((member) => member.metadata)).toEqual([subscription("t")]);
});

test("an empty group is deleted with all that it has", async () => {
  const world = await GroupsWorld.open();
  const joined = await world.stable("busy");
  const committing = world.commit("idle", { "t 0": 1 });
  await world.settle();
  await committing;
  const deleting = world.groups.deleteGroups(["busy", "idle", "none", "idle"]);
  // Nobody comes in while it is being deleted.
  expect(codesOf(await world.commit("idle", { "t 0": 2 }))).toEqual(["COORDINATOR_NOT_AVAILABLE"]);
  expect((await world.join("idle")).errorCode).toBe("COORDINATOR_NOT_AVAILABLE");
  await world.settle();
  expect((await deleting).map(({ errorCode }) => errorCode)).toEqual([
    "NON_EMPTY_GROUP",
    "NONE",
    "GROUP_ID_NOT_FOUND",
    "GROUP_ID_NOT_FOUND",
  ]);
  expect(await world.committed("idle")).toEqual({});
  expect(await world.heartbeat("busy", joined)).toBe("NONE");
  await world.crash();
  expect(await world.committed("idle")).toEqual({});
});

test("a group whose deletion fails is as it was", async () => {
  const world = await GroupsWorld.open();
  const committing = world.commit("g", { "t 0": 1 });
  await world.settle();
  await committing;
  world.store.fate = () => new Refusal("KAFKA_STORAGE_ERROR", "broken");
  const deleting = world.groups.deleteGroups(["g"]);
  await world.settle();
  expect(await deleting).toEqual([{ groupId: "g", errorCode: "KAFKA_STORAGE_ERROR" }]);
  expect(await world.committed("g")).toEqual({ "t 0": 1 });
  world.store.fate = () => "go on";
  const again = world.commit("g", { "t 0": 2 });
  await world.settle();
  expect(codesOf(await again)).toEqual(["NONE"]);
});

test("closing answers who waits, stores what was taken, and refuses the rest", async () => {
  const world = await GroupsWorld.open();
  const joined = await world.stable("g");
  const committing = world.commit("g", { "t 0": 5 }, joined);
  const joining = world.join("new");
  const closing = world.groups.close();
  expect(world.groups.close()).toBe(closing);
  await closing;
  expect((await joining).errorCode).toBe("COORDINATOR_NOT_AVAILABLE");
  expect(codesOf(await committing)).toEqual(["NONE"]);
  expect(world.clock.pending).toBe(0);
  await expectAllRefused(world.groups);
  await world.crash();
  expect(await world.committed("g")).toEqual({ "t 0": 5 });
});

async function expectAllRefused(groups: Groups): Promise<void> {
  const member = { groupId: "g", memberId: "m", generationId: 1, groupInstanceId: null };
  const protocol = { protocolType: "consumer", protocolName: "range", protocols: [] };
  const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 };
  const commit = {
    ...member,
    generationIdOrMemberEpoch: 1,
    retentionTimeMs: -1,
    topics: [
      {
        name: "t",
        partitions: [
          {
            partitionIndex: 0,
            committedOffset: 1,
            committedLeaderEpoch: 0,
            committedMetadata: null,
          },
        ],
      },
    ],
  };
  const fetched = await groups.offsetFetch({
    groups: [{ groupId: "g", topics: null }],
    requireStable: true,
  });
  const refused = [
    (await groups.joinGroup({ ...member, ...protocol, ...timeouts, reason: null }, caller(9)))
      .errorCode,
    (await groups.syncGroup({ ...member, ...protocol, assignments: [] }, caller(5))).errorCode,
    (await groups.heartbeat(member)).errorCode,
    (await groups.leaveGroup({ groupId: "g", members: [] })).errorCode,
    (await groups.listGroups({ statesFilter: [], typesFilter: [] })).errorCode,
    (await groups.describeGroups(["g"], caller(5)))[0]?.errorCode,
    (await groups.deleteGroups(["g"]))[0]?.errorCode,
    ...codesOf(await groups.offsetCommit(commit, caller(9))),
    (await groups.offsetDelete({ groupId: "g", topics: [] })).errorCode,
    fetched.groups[0]?.errorCode,
    await groups.forgetTopic("t"),
  ];
  expect(refused).toEqual(refused.map(() => "COORDINATOR_NOT_AVAILABLE"));
}

test("groups that cannot be read are not replaced by none", async () => {
  const store = new MemoryGroupStore();
  store.isClosed = true;
  const parts = {
    store,
    clock: new ManualClock(),
    random: seededRandom(1),
    logger: new MemoryLogger(),
  };
  const refused = await createGroups(parts, (await GroupsWorld.open()).rules);
  expect(refused).toBeInstanceOf(Refusal);
});

/** A consumer as it should be: it joins, syncs and sends heartbeats, and comes again when told. */
class Consumer {
  memberId = "";
  generationId = -1;
  /** What it may read: names of partitions. */
  owned: readonly string[] = [];
  isAlive = true;

  constructor(
    private readonly world: GroupsWorld,
    private readonly partitions: readonly string[],
  ) {}

  async live(): Promise<void> {
    while (this.isAlive) {
      if (this.generationId < 0) await this.#join();
      else await this.#beat();
      await turns(1);
    }
  }

  async #join(): Promise<void> {
    const { memberId } = this;
    this.owned = [];
    const joined = await this.world.join("g", { memberId }, 9);
    this.memberId = joined.errorCode === "UNKNOWN_MEMBER_ID" ? "" : joined.memberId;
    if (joined.errorCode !== "NONE") return;
    const assignments = joined.members.map((member, at) => ({
      memberId: member.memberId,
      assignment: new TextEncoder().encode(
        this.partitions.filter((_, index) => index % joined.members.length === at).join(" "),
      ),
    }));
    const synced = await this.world.groups.syncGroup(
      {
        groupId: "g",
        generationId: joined.generationId,
        memberId: this.memberId,
        groupInstanceId: null,
        protocolType: "consumer",
        protocolName: "range",
        assignments,
      },
      caller(5),
    );
    if (synced.errorCode !== "NONE" || !this.isAlive) return;
    this.generationId = joined.generationId;
    this.owned = new TextDecoder()
      .decode(synced.assignment)
      .split(" ")
      .filter((each) => each);
  }

  async #beat(): Promise<void> {
    const { memberId, generationId } = this;
    const request = { groupId: "g", memberId, generationId, groupInstanceId: null };
    const { errorCode } = await this.world.groups.heartbeat(request);
    if (errorCode === "NONE" || errorCode === "COORDINATOR_NOT_AVAILABLE") return;
    this.generationId = -1;
    this.owned = [];
    if (errorCode === "UNKNOWN_MEMBER_ID") this.memberId = "";
  }
}

/** Every partition, read by exactly one of the living. */
const isShared = (consumers: readonly Consumer[], partitions: readonly string[]): boolean => {
  const living = consumers.filter(({ isAlive }) => isAlive);
  const owned = living.flatMap((consumer) => consumer.owned).sort();
  return owned.join() === partitions.toSorted().join();
};

test("fifty members form a group, and share all again when ten are killed and the broker too", async () => {
  const world = await GroupsWorld.open();
  const partitions = Array.from({ length: 120 }, (_, at) => `t-${at}`);
  const consumers = Array.from({ length: 50 }, () => new Consumer(world, partitions));
  const lives = consumers.map((consumer) => consumer.live());
  const share = async (): Promise<void> => {
    for (let left = 60; !isShared(consumers, partitions); left--) {
      expect(left).toBeGreaterThan(0);
      await world.pass(1_000, 500);
    }
  };
  await share();
  for (const consumer of consumers.slice(0, 10)) consumer.isAlive = false;
  await world.pass(11_000, 500);
  await share();
  const { generationId } = consumers.at(-1) ?? {};
  await world.crash();
  await world.pass(5_000, 500);
  expect(isShared(consumers, partitions)).toBe(true);
  expect(consumers.at(-1)?.generationId).toBe(generationId);
  for (const consumer of consumers) consumer.isAlive = false;
  await world.groups.close();
  await Promise.all(lives);
});

/** A client that mostly does what it should, and sometimes anything. */
class Capricious {
  private joined: JoinGroupReply | null = null;
  private isSynced = false;

  constructor(
    private readonly world: GroupsWorld,
    private readonly random: Random,
    private readonly groupId: string,
    private readonly groupInstanceId: string | null,
  ) {}

  act(): void {
    const { world, random, groupId } = this;
    const mood = random.next();
    if (this.joined === null || mood < 0.05) void this.#join();
    else if (!this.isSynced && this.joined.generationId >= 0) void this.#sync(this.joined);
    else if (mood < 0.5) void this.#beat(this.joined);
    else if (mood < 0.85) {
      void world.commit(groupId, { [`u ${random.below(3)}`]: random.below(100) }, this.joined);
    } else if (mood < 0.9) this.joined = null;
    else if (mood < 0.95) this.joined = { ...this.joined, generationId: random.below(4) };
    else void this.#leave(this.joined);
  }

  async #join(): Promise<void> {
    const { world, random, groupId, groupInstanceId } = this;
    const memberId = groupInstanceId === null ? (this.joined?.memberId ?? "") : "";
    const protocols = [{ name: "range", metadata: subscription(random.next() < 0.5 ? "t" : "u") }];
    // While one request waits, another may be sent: the last answer counts.
    const reply = await world.join(groupId, { memberId, groupInstanceId, protocols }, 9);
    const isIn = reply.errorCode === "NONE" || reply.errorCode === "MEMBER_ID_REQUIRED";
    this.joined = isIn ? reply : null;
    this.isSynced = false;
    if (reply.errorCode === "MEMBER_ID_REQUIRED") await this.#join();
  }

  async #sync(joined: JoinGroupReply): Promise<void> {
    this.isSynced = true;
    const { errorCode } = await this.world.sync(this.groupId, joined, this.groupInstanceId);
    if (errorCode !== "NONE") this.joined = null;
  }

  async #beat(joined: JoinGroupReply): Promise<void> {
    const errorCode = await this.world.heartbeat(this.groupId, joined, this.groupInstanceId);
    if (errorCode === "REBALANCE_IN_PROGRESS") await this.#join();
    else if (errorCode !== "NONE") this.joined = null;
  }

  async #leave({ memberId }: JoinGroupReply): Promise<void> {
    const member = { memberId, groupInstanceId: this.groupInstanceId, reason: null };
    this.joined = null;
    await this.world.groups.leaveGroup({ groupId: this.groupId, members: [member] });
  }
}

/** What others than the members do. */
function interfere(world: GroupsWorld, random: Random): void {
  const groupId = ["g", "h", "\0 odd"][random.below(3)] ?? "";
  const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex }));
  const chance = random.next();
  if (chance < 0.4) void world.commit(groupId, { [`t ${random.below(3)}`]: random.below(100) });
  else if (chance < 0.6) {
    const topics = ["t", "u"].map((name) => ({ name, partitions }));
    void world.groups.offsetDelete({ groupId, topics });
  } else if (chance < 0.8) void world.groups.deleteGroups([groupId]);
  else if (chance < 0.85) void world.groups.forgetTopic("u");
}

test("at any time the living groups are what another start would find", async () => {
  const random = randomForTest();
  // Of one run no group may ever have become stable; of all of them, many did.
  let withMembers = 0;
  for (let run = rounds(4, 100); run > 0; run--) {
    const world = await GroupsWorld.open({ membersMax: 4 }, random);
    const clients = ["g", "h", "\0 odd"].flatMap((groupId) =>
      [null, null, "i", "j"].map((instance) => new Capricious(world, random, groupId, instance)),
    );
    for (let left = 300; left > 0; left--) {
      const client = clients[random.below(clients.length)];
      if (random.next() < 0.9) client?.act();
      else interfere(world, random);
      await world.pass(random.below(400));
      if (left % 5 > 0) continue;
      await world.settle();
      withMembers += expectSame(world.groups, await world.create(world.store.reopened()));
      if (random.next() < 0.05) await world.crash();
    }
    await world.groups.close();
  }
  expect(withMembers).toBeGreaterThan(0);
}, 120_000);

/** Compares what lives, what is said to be stored, and what is. Returns how many were stable. */
function expectSame(living: Groups, reloaded: Groups): number {
  const stored = (snapshot: GroupSnapshot): unknown => [
    snapshot.groupId,
    snapshot.row,
    snapshot.offsets,
  ];
  const before = living.snapshot();
  const after = reloaded.snapshot();
  const isThere = ({ row, offsets }: GroupSnapshot): boolean => row !== null || offsets.length > 0;
  expect(after.map(stored)).toEqual(before.filter(isThere).map(stored));
  for (const { live, row } of [...before, ...after]) if (live !== null) expect(live).toEqual(row!);
  expect(after.every(({ live, row }) => (live === null) === (row === null))).toBe(true);
  void reloaded.close();
  return before.filter(({ live }) => live !== null && live.members.length > 0).length;
}
