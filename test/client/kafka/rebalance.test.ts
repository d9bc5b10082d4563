import { describe, expect, test } from "bun:test";
import {
  readSubscription,
  writeAssignment,
  writeSubscription,
} from "../../../src/client/kafka/consumer-protocol.ts";
import { cooperativeStickyAssignor } from "../../../src/client/kafka/sticky-assignor.ts";
import { Membership } from "../../../src/client/kafka/membership.ts";
import { Positions } from "../../../src/client/kafka/positions.ts";
import { rangeAssignor } from "../../../src/client/kafka/range-assignor.ts";
import { type OnPartitions, Rebalance } from "../../../src/client/kafka/rebalance.ts";
import { partitionName, type TopicPartition } from "../../../src/client/kafka/topic-partition.ts";
import { apis } from "../../../src/kafka/apis.ts";
import type { ErrorName } from "../../../src/kafka/errors.ts";
import { consumerTopicsLookMs } from "../../../src/limits.ts";
import { Malformed } from "../../../src/wire/reader.ts";
import { at } from "./assigned-members.ts";
import { codeOf, pass, ScriptedCluster, settled } from "./scripted-cluster.ts";

/** A member of a group that a test leads, and what it was told, in order. */
class World {
  readonly cluster = new ScriptedCluster();
  readonly positions = new Positions(this.cluster.world, () => {});
  readonly member: Membership;
  readonly rebalance: Rebalance;
  readonly told: string[] = [];
  assigned: string[] = ["orders/0", "orders/1"];
  heartbeat: ErrorName = "NONE";
  isLeader = false;
  /** Called with what the program is told. */
  also: (what: string) => void | Promise<void> = () => {};

  constructor(isCooperative: boolean, options: { readonly onLost?: boolean } = {}) {
    const { cluster, positions } = this;
    const assignor = isCooperative ? cooperativeStickyAssignor : rangeAssignor;
    cluster.partitionCounts.set("orders", 4);
    cluster.on(apis.JoinGroup, () => {
      this.told.push("join");
      const metadata = writeSubscription({ topics: ["orders"], owned: [], generationId: -1 });
      return {
        generationId: this.cluster.requests(apis.JoinGroup).length,
        protocolName: assignor.name,
        memberId: "m",
        leader: this.isLeader ? "m" : "another",
        members: this.isLeader ? [{ memberId: "m", groupInstanceId: null, metadata }] : [],
      };
    });
    cluster.on(apis.SyncGroup, () => ({ assignment: writeAssignment(this.assigned.map(at)) }));
    cluster.on(apis.Heartbeat, () => ({ errorCode: codeOf(this.heartbeat) }));
    cluster.on(apis.LeaveGroup, () => {
      this.told.push("leave");
      return {};
    });
    this.member = new Membership({
      cluster,
      lane: "join",
      wake: () => {},
      options: {
        group: "bills",
        groupInstanceId: null,
        topics: ["orders"],
        assignors: [assignor],
        sessionTimeoutMs: 10_000,
        heartbeatIntervalMs: 1_000,
        maxPollIntervalMs: 600_000,
      },
    });
    const lost = options.onLost === true ? { onLost: this.#tell("lost") } : {};
    this.rebalance = new Rebalance({
      cluster,
      member: this.member,
      positions,
      isCooperative,
      events: { onAssigned: this.#tell("assigned"), onRevoked: this.#tell("revoked"), ...lost },
      commitBefore: async (partitions) => {
        if (partitions.length > 0) this.told.push(`commit ${shown(partitions)}`);
      },
      wake: () => {},
    });
  }

  /** What a poll does, until nothing is under way. */
  async poll(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      await this.rebalance.step();
      await settled();
    }
  }

  takeTold(): string[] {
    return this.told.splice(0);
  }

  get reads(): string {
    return shown(this.positions.partitions());
  }

  #tell(what: string): OnPartitions {
    return async (partitions) => {
      this.told.push(`${what} ${shown(partitions)}`);
      await this.also(what);
    };
  }
}

const shown = (partitions: readonly TopicPartition[]): string =>
  partitions.map(partitionName).sort().join(" ");

describe("eager", () => {
  test("everything is committed and given back before the group gathers, and is read till then", async () => {
    const world = new World(false);
    await world.poll();
    expect(world.takeTold()).toEqual(["join", "assigned orders/0 orders/1"]);
    world.assigned = ["orders/1", "orders/2"];
    world.heartbeat = "REBALANCE_IN_PROGRESS";
    await pass(world.cluster, 1_000);
    expect(world.reads).toBe("orders/0 orders/1");
    world.heartbeat = "NONE";
    const before = world.positions.find(at("orders/1"));
    // The program still has what it is about to give back, and can commit.
    world.also = (what) => {
      if (what === "revoked") expect(world.reads).toBe("orders/0 orders/1");
    };
    await world.poll();
    expect(world.takeTold()).toEqual([
      "commit orders/0 orders/1",
      "revoked orders/0 orders/1",
      "join",
      "assigned orders/1 orders/2",
    ]);
    expect(before?.isAssigned).toBe(false);
    expect(world.positions.find(at("orders/1"))).not.toBe(before);
  });

  test("what was lost is not committed, and not read any more", async () => {
    const world = new World(false);
    await world.poll();
    world.takeTold();
    world.heartbeat = "UNKNOWN_MEMBER_ID";
    await pass(world.cluster, 1_000);
    world.heartbeat = "NONE";
    await world.poll();
    expect(world.takeTold()).toEqual([
      "revoked orders/0 orders/1",
      "join",
      "assigned orders/0 orders/1",
    ]);
  });

  test("a program that asks is told of a loss by its own name", async () => {
    const world = new World(false, { onLost: true });
    await world.poll();
    world.takeTold();
    world.heartbeat = "ILLEGAL_GENERATION";
    await pass(world.cluster, 1_000);
    await world.rebalance.step();
    expect(world.takeTold()[0]).toBe("lost orders/0 orders/1");
    expect(world.reads).toBe("");
  });
});

describe("cooperative", () => {
  test("a member keeps what stays, gives up the rest, and joins once more", async () => {
    const world = new World(true);
    await world.poll();
    expect(world.takeTold()).toEqual(["join", "assigned orders/0 orders/1"]);
    const kept = world.positions.find(at("orders/1"));
    world.assigned = ["orders/1"];
    world.member.requestJoin();
    await world.poll();
    expect(world.takeTold()).toEqual([
      "commit orders/0 orders/1",
      "join",
      "commit orders/0",
      "revoked orders/0",
      "assigned ",
      "commit orders/1",
      "join",
      "assigned ",
    ]);
    expect(world.positions.find(at("orders/1"))).toBe(kept);
    const said = world.cluster.requests(apis.JoinGroup).map(({ protocols }) => {
      const read = readSubscription(protocols[0]!.metadata);
      return read instanceof Malformed ? null : [shown(read.owned), read.generationId];
    });
    expect(said).toEqual([
      ["", -1],
      ["orders/0 orders/1", 1],
      ["orders/1", 2],
    ]);
  });

  test("what comes in addition is told alone", async () => {
    const world = new World(true);
    await world.poll();
    world.takeTold();
    world.assigned = ["orders/0", "orders/1", "orders/2"];
    world.member.requestJoin();
    await world.poll();
    expect(world.takeTold()).toEqual(["commit orders/0 orders/1", "join", "assigned orders/2"]);
  });
});

test("a leader whose topics grow has the group divide anew", async () => {
  const world = new World(false);
  world.isLeader = true;
  await world.poll();
  world.takeTold();
  world.cluster.partitionCounts.set("orders", 5);
  await pass(world.cluster, consumerTopicsLookMs, 1_000);
  await world.poll();
  expect(world.takeTold()).toContain("join");
});

test("a program that fails in its own function is told so, and the group goes on", async () => {
  const world = new World(false);
  world.also = () => {
    throw new Error("the program's mistake");
  };
  await world.rebalance.step();
  await settled();
  await expect(world.rebalance.step()).rejects.toThrow("the program's mistake");
  expect(world.rebalance.isCalling).toBe(false);
  world.also = () => {};
  await world.poll();
  expect(world.reads).toBe("orders/0 orders/1");
});

test("closing commits, gives back and leaves, in this order", async () => {
  const world = new World(true);
  await world.poll();
  world.takeTold();
  await world.rebalance.close();
  expect(world.takeTold()).toEqual([
    "commit orders/0 orders/1",
    "revoked orders/0 orders/1",
    "leave",
  ]);
  expect(world.cluster.clock.pending).toBe(0);
});

test("a program that fails while it gives back leaves its group all the same", async () => {
  const world = new World(false);
  await world.poll();
  world.also = () => {
    throw new Error("the program's mistake");
  };
  await expect(world.rebalance.close()).rejects.toThrow("the program's mistake");
  expect(world.takeTold().at(-1)).toBe("leave");
  expect(world.reads).toBe("");
});
