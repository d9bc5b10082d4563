import { describe, expect, test } from "bun:test";
import type { Assignor } from "../../../src/client/kafka/assignor.ts";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import {
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from "../../../src/client/kafka/consumer-protocol.ts";
import { Membership, type MembershipOptions } from "../../../src/client/kafka/membership.ts";
import { rangeAssignor } from "../../../src/client/kafka/range-assignor.ts";
import { roundRobinAssignor } from "../../../src/client/kafka/round-robin-assignor.ts";
import { apis } from "../../../src/kafka/apis.ts";
import type { ErrorName } from "../../../src/kafka/errors.ts";
import { at, counts } from "./assigned-members.ts";
import { codeOf, pass, ScriptedCluster, settled } from "./scripted-cluster.ts";

/** A group whose coordinator answers as it is told, and one member of it. */
class World {
  readonly cluster = new ScriptedCluster();
  readonly member: Membership;
  woken = 0;
  /** What the coordinator says; `NONE`: it does what it is asked. */
  join: ErrorName = "NONE";
  sync: ErrorName = "NONE";
  heartbeat: ErrorName = "NONE";
  generationId = 1;
  leader = "another";
  assigned = ["orders/0"];

  constructor(options: Partial<MembershipOptions> = {}) {
    const { cluster } = this;
    cluster.partitionCounts.set("orders", 2);
    cluster.on(apis.JoinGroup, ({ memberId }) => ({
      errorCode: codeOf(this.join),
      generationId: this.generationId,
      protocolType: "consumer",
      protocolName: "range",
      leader: this.leader,
      memberId: memberId || "m-1",
      members:
        this.leader === "another"
          ? []
          : ["m-1", "m-2"].map((each) => ({
              memberId: each,
              groupInstanceId: null,
              metadata: writeSubscription({ topics: ["orders"], owned: [], generationId: -1 }),
            })),
    }));
    cluster.on(apis.SyncGroup, () => ({
      errorCode: codeOf(this.sync),
      assignment: writeAssignment(this.assigned.map(at)),
    }));
    cluster.on(apis.Heartbeat, () => ({ errorCode: codeOf(this.heartbeat) }));
    cluster.on(apis.LeaveGroup, () => ({}));
    this.member = new Membership({
      cluster,
      lane: "join",
      wake: () => this.woken++,
      options: {
        group: "bills",
        groupInstanceId: null,
        topics: ["orders"],
        assignors: [rangeAssignor, roundRobinAssignor],
        sessionTimeoutMs: 10_000,
        heartbeatIntervalMs: 1_000,
        maxPollIntervalMs: 60_000,
        ...options,
      },
    });
  }

  /** Joins, as often as it takes one call. */
  async joins(): Promise<void> {
    this.member.join([]);
    await settled();
  }
}

describe("joining", () => {
  test("a member joins, hears what to read, and says that it lives", async () => {
    const { cluster, member } = new World();
    expect(member.needsJoin).toBe(true);
    member.join([at("orders/1")]);
    await settled();
    expect(member.takeJoined()?.assigned).toEqual([at("orders/0")]);
    expect(member.takeJoined()).toBeNull();
    expect(member.generation).toEqual({ generationId: 1, memberId: "m-1" });
    const [request] = cluster.requests(apis.JoinGroup);
    expect(request).toMatchObject({ groupId: "bills", rebalanceTimeoutMs: 60_000, memberId: "" });
    expect(request?.protocols.map(({ name }) => name)).toEqual(["range", "roundrobin"]);
    expect(readSubscription(request!.protocols[0]!.metadata)).toMatchObject({
      topics: ["orders"],
      owned: [at("orders/1")],
    });
    expect(cluster.sent.find(({ api }) => api === "JoinGroup")?.options.lane).toBe("join");
    await pass(cluster, 3_000);
    expect(cluster.requests(apis.Heartbeat)).toHaveLength(3);
  });

  test("a leader divides for all, by the rule that the group has chosen", async () => {
    const world = new World();
    world.leader = "m-1";
    await world.joins();
    const [request] = world.cluster.requests(apis.SyncGroup);
    const plan = request?.assignments.map(({ memberId, assignment }) => {
      return [memberId, readAssignment(assignment)];
    });
    expect(plan).toEqual([
      ["m-1", [at("orders/0")]],
      ["m-2", [at("orders/1")]],
    ]);
    const joined = world.member.takeJoined();
    expect(joined?.divided).toEqual(counts({ orders: 2 }));
    expect(joined?.groupTopics).toEqual(["orders"]);
  });

  test("a member that is given its id comes back with it (KIP-394)", async () => {
    const world = new World();
    let asked = 0;
    world.cluster.on(apis.JoinGroup, ({ memberId }) => {
      asked += 1;
      if (memberId === "") return { errorCode: codeOf("MEMBER_ID_REQUIRED"), memberId: "given" };
      return { generationId: 4, protocolName: "range", memberId, leader: "another" };
    });
    await world.joins();
    expect(asked).toBe(2);
    expect(world.member.generation).toEqual({ generationId: 4, memberId: "given" });
  });

  const again: readonly ErrorName[] = [
    "COORDINATOR_LOAD_IN_PROGRESS",
    "NOT_COORDINATOR",
    "COORDINATOR_NOT_AVAILABLE",
    "UNKNOWN_MEMBER_ID",
  ];
  test.each(again)("%s: it pauses and joins again", async (error) => {
    const world = new World();
    world.join = error;
    await world.joins();
    expect(world.member.needsJoin).toBe(false);
    expect(world.member.takeFailure()).toBeNull();
    world.join = "NONE";
    await pass(world.cluster, 200);
    expect(world.member.needsJoin).toBe(true);
    await world.joins();
    expect(world.member.takeJoined()).not.toBeNull();
    const isElsewhere = error === "NOT_COORDINATOR" || error === "COORDINATOR_NOT_AVAILABLE";
    expect(world.cluster.forgottenCoordinators).toBe(isElsewhere ? 1 : 0);
  });

  const told: readonly ErrorName[] = [
    "INCONSISTENT_GROUP_PROTOCOL",
    "GROUP_AUTHORIZATION_FAILED",
    "GROUP_MAX_SIZE_REACHED",
    "INVALID_SESSION_TIMEOUT",
  ];
  test.each(told)("%s: the program is told, once", async (error) => {
    const world = new World();
    world.join = error;
    await world.joins();
    expect(world.member.takeFailure()).toMatchObject({ code: error });
    expect(world.member.takeFailure()).toBeNull();
    expect(world.woken).toBeGreaterThan(0);
  });

  test("REBALANCE_IN_PROGRESS while it is told what to read: it joins anew at once", async () => {
    const world = new World();
    world.sync = "REBALANCE_IN_PROGRESS";
    await world.joins();
    expect(world.member.takeJoined()).toBeNull();
    expect(world.member.needsJoin).toBe(true);
    expect(world.member.takeLoss()).toBe(false);
    world.sync = "NONE";
    await world.joins();
    expect(world.cluster.requests(apis.JoinGroup)[1]?.memberId).toBe("m-1");
    expect(world.member.takeJoined()).not.toBeNull();
  });

  test("a group that divides by another rule than this member's is refused", async () => {
    const known: Assignor = { ...rangeAssignor, name: "mine" };
    const world = new World({ assignors: [known] });
    await world.joins();
    expect(world.member.takeFailure()).toMatchObject({ code: "INCONSISTENT_GROUP_PROTOCOL" });
  });
});

describe("heartbeats", () => {
  async function joined(options: Partial<MembershipOptions> = {}): Promise<World> {
    const world = new World(options);
    await world.joins();
    world.member.takeJoined();
    return world;
  }

  test("REBALANCE_IN_PROGRESS: it joins anew with the next poll, and lives until then", async () => {
    const world = await joined();
    world.heartbeat = "REBALANCE_IN_PROGRESS";
    await pass(world.cluster, 3_000);
    expect(world.member.needsJoin).toBe(true);
    expect(world.member.takeLoss()).toBe(false);
    expect(world.cluster.requests(apis.Heartbeat)).toHaveLength(3);
  });

  test("ILLEGAL_GENERATION: what it has is lost, its id is not", async () => {
    const world = await joined();
    world.heartbeat = "ILLEGAL_GENERATION";
    await pass(world.cluster, 3_000);
    expect(world.member.takeLoss()).toBe(true);
    expect(world.member.generation).toEqual({ generationId: -1, memberId: "m-1" });
    expect(world.cluster.requests(apis.Heartbeat)).toHaveLength(1);
  });

  test("UNKNOWN_MEMBER_ID: what it has is lost, and its id", async () => {
    const world = await joined();
    world.heartbeat = "UNKNOWN_MEMBER_ID";
    await pass(world.cluster, 1_000);
    expect(world.member.takeLoss()).toBe(true);
    expect(world.member.takeLoss()).toBe(false);
    expect(world.member.generation.memberId).toBe("");
    expect(world.member.needsJoin).toBe(true);
  });

  test("FENCED_INSTANCE_ID: it is over, and does not take the place back", async () => {
    const world = await joined({ groupInstanceId: "one" });
    world.heartbeat = "FENCED_INSTANCE_ID";
    await pass(world.cluster, 1_000);
    expect(world.member.takeLoss()).toBe(true);
    for (let poll = 0; poll < 2; poll++) {
      expect(world.member.takeFailure()).toMatchObject({ code: "FENCED_INSTANCE_ID" });
    }
    expect(world.member.needsJoin).toBe(false);
  });

  test("NOT_COORDINATOR: it looks for the coordinator, and keeps what it has", async () => {
    const world = await joined();
    world.heartbeat = "NOT_COORDINATOR";
    await pass(world.cluster, 1_000);
    world.heartbeat = "NONE";
    await pass(world.cluster, 200, 10);
    expect(world.cluster.forgottenCoordinators).toBe(1);
    expect(world.cluster.requests(apis.Heartbeat)).toHaveLength(2);
    expect(world.member.takeLoss()).toBe(false);
    expect(world.member.needsJoin).toBe(false);
  });

  test("the answer of a generation that is over says nothing of the next", async () => {
    const world = await joined();
    const { generation } = world.member;
    world.member.requestJoin();
    world.generationId = 2;
    await world.joins();
    const error = new ClientError("UNKNOWN_MEMBER_ID", "said of the old generation");
    expect(world.member.suffer(error, generation)).toBe(true);
    expect(world.member.takeLoss()).toBe(false);
    expect(world.member.takeFailure()).toBeNull();
  });

  test("a program that does not poll loses its place, and says so to the group", async () => {
    const world = await joined({ maxPollIntervalMs: 5_000 });
    world.member.pollBegins();
    world.member.pollEnds();
    await pass(world.cluster, 5_000, 1_000);
    expect(world.member.takeLoss()).toBe(true);
    expect(world.cluster.requests(apis.LeaveGroup)[0]).toMatchObject({
      groupId: "bills",
      memberId: "m-1",
      members: [{ memberId: "m-1", reason: "not polled for 5000 ms" }],
    });
    expect(world.member.needsJoin).toBe(true);
  });
});

describe("leaving", () => {
  test("a member leaves; a static one does not, nor one that has no place", async () => {
    const usual = new World();
    await usual.joins();
    await usual.member.close();
    expect(usual.cluster.requests(apis.LeaveGroup)).toHaveLength(1);
    expect(usual.member.needsJoin).toBe(false);
    const still = new World({ groupInstanceId: "one" });
    await still.joins();
    await still.member.close();
    expect(still.cluster.requests(apis.LeaveGroup)).toEqual([]);
    const outside = new World();
    await outside.member.close();
    expect(outside.cluster.sent).toEqual([]);
    for (const { cluster } of [usual, still, outside]) expect(cluster.clock.pending).toBe(0);
  });

  test("a group that can't be told is left all the same", async () => {
    const world = new World();
    await world.joins();
    world.cluster.on(apis.LeaveGroup, () => Promise.reject(new Error("no network")));
    await world.member.close();
    expect(world.member.generation.memberId).toBe("");
  });

  test("what it is told of joining afterwards is not heard", async () => {
    const world = new World();
    let answer = (): void => {};
    world.cluster.on(apis.SyncGroup, async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return { assignment: writeAssignment([at("orders/0")]) };
    });
    await world.joins();
    await world.member.close();
    answer();
    await settled();
    expect(world.member.takeJoined()).toBeNull();
    expect(world.cluster.clock.pending).toBe(0);
  });
});
