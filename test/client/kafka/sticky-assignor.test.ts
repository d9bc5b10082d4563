import { describe, expect, test } from "bun:test";
import type { Random } from "../../../src/base/random.ts";
import type { AssignedMember, PartitionCounts, Plan } from "../../../src/client/kafka/assignor.ts";
import { cooperativeStickyAssignor } from "../../../src/client/kafka/sticky-assignor.ts";
import { partitionName } from "../../../src/client/kafka/topic-partition.ts";
import { rounds } from "../../support/rounds.ts";
import { randomForTest } from "../../support/seed.ts";
import { counts, member, shown } from "./assigned-members.ts";

const assign = (members: readonly AssignedMember[], known: PartitionCounts): Plan =>
  cooperativeStickyAssignor.assign(members, known);

test("who comes is given what others let go of, one round later", () => {
  const known = counts({ one: 4 });
  const before = member("a", ["one"], {
    owned: ["one/0", "one/1", "one/2", "one/3"],
    generation: 1,
  });
  const first = assign([before, member("b", ["one"])], known);
  expect(shown(first)["a"]).toHaveLength(2);
  expect(shown(first)["b"]).toEqual([]);
  const kept = member("a", ["one"], { owned: shown(first)["a"] ?? [], generation: 2 });
  const second = assign([kept, member("b", ["one"], { generation: 2 })], known);
  expect(shown(second)["a"]).toEqual(shown(first)["a"]);
  expect(shown(second)["b"]).toHaveLength(2);
});

test("of two members that say they have the same, the newer generation is right", () => {
  const old = member("a", ["one"], { owned: ["one/0", "one/1"], generation: 3 });
  const young = member("b", ["one"], { owned: ["one/0", "one/1"], generation: 4 });
  const plan = shown(assign([old, young], counts({ one: 2 })));
  // Of the two that the younger has, it lets go of one, which nobody is given in this round.
  expect(plan["b"]).toHaveLength(1);
  expect(plan["a"]).toEqual([]);
});

test("what two members of one generation say they have is given to nobody until both let go", () => {
  const members = ["a", "b"].map((id) => member(id, ["one"], { owned: ["one/0"], generation: 3 }));
  expect(shown(assign(members, counts({ one: 1 })))).toEqual({ a: [], b: [] });
});

test("what a member does not read any more, and what does not exist any more, is let go of", () => {
  const owner = member("a", ["two"], { owned: ["one/0", "two/0", "two/5"], generation: 1 });
  expect(shown(assign([owner, member("b", ["one"])], counts({ one: 1, two: 1 })))).toEqual({
    a: ["two/0"],
    b: [],
  });
});

/** A group that changes, and its rounds until nothing moves any more. */
class Group {
  members: AssignedMember[] = [];
  generation = 0;

  constructor(
    readonly random: Random,
    public known: PartitionCounts,
  ) {}

  join(id: string, isSame: boolean): void {
    const topics = [...this.known.keys()].filter(() => isSame || this.random.next() < 0.7);
    this.members.push(member(id, topics));
  }

  /** One round; what came of it is what members say in the next. */
  rebalance(): Plan {
    const plan = assign(this.members, this.known);
    this.generation += 1;
    this.members = this.members.map((each) => {
      const owned = plan.get(each.memberId) ?? [];
      return { ...each, owned, generationId: this.generation };
    });
    return plan;
  }

  settle(): Plan {
    this.rebalance();
    return this.rebalance();
  }
}

/** Everything that is read has one reader, who reads its topic. */
function expectWhole(group: Group, plan: Plan): void {
  const given = [...plan.values()].flat().map(partitionName);
  expect(new Set(given).size).toBe(given.length);
  const topics = new Set(group.members.flatMap((each) => each.topics));
  const wanted = [...group.known].flatMap(([topic, count]) =>
    topics.has(topic) ? Array.from({ length: count }, (_, at) => `${topic}/${at}`) : [],
  );
  expect(given.sort()).toEqual(wanted.sort());
  for (const each of group.members) {
    for (const { topic } of plan.get(each.memberId) ?? []) expect(each.topics).toContain(topic);
  }
}

/** Nobody could take one from somebody who has two more. */
function expectEven(group: Group, plan: Plan): void {
  const size = (id: string): number => plan.get(id)?.length ?? 0;
  for (const from of group.members) {
    for (const to of group.members) {
      const could = (plan.get(from.memberId) ?? []).some(({ topic }) => to.topics.includes(topic));
      if (could) expect(size(from.memberId) - size(to.memberId)).toBeLessThan(2);
    }
  }
}

/** How many partitions have another reader than before, though that one is still there. */
function movedBetween(before: Plan, after: Plan): number {
  const owner = new Map<string, string>();
  for (const [id, each] of before) for (const one of each) owner.set(partitionName(one), id);
  let moved = 0;
  for (const [id, each] of after) {
    for (const one of each) {
      const was = owner.get(partitionName(one));
      if (was !== undefined && was !== id && after.has(was)) moved += 1;
    }
  }
  return moved;
}

describe("groups that change, from a seed", () => {
  test("are whole and even after two rounds, and no round gives away what somebody has", () => {
    const random = randomForTest();
    for (let run = rounds(60, 1_000); run > 0; run--) {
      const topics = Array.from({ length: 1 + random.below(4) }, (_, at) => `t${at}`);
      const known = new Map(topics.map((topic) => [topic, random.below(9)]));
      const group = new Group(random, known);
      const isSame = random.next() < 0.5;
      for (let step = 0; step < 6; step++) {
        const isLeaving = group.members.length > 1 && random.next() < 0.4;
        if (isLeaving) group.members.splice(random.below(group.members.length), 1);
        else group.join(`m${run}-${step}`, isSame);
        const had = new Map(
          group.members.flatMap((each) =>
            each.owned.map((one) => [partitionName(one), each.memberId] as const),
          ),
        );
        for (const [id, each] of group.rebalance()) {
          for (const one of each) expect(had.get(partitionName(one)) ?? id).toBe(id);
        }
        const plan = group.rebalance();
        expectWhole(group, plan);
        expectEven(group, plan);
      }
    }
  });

  test("move no more than has to move where all read the same", () => {
    const random = randomForTest();
    for (let run = rounds(60, 1_000); run > 0; run--) {
      const group = new Group(random, new Map([["one", 1 + random.below(30)]]));
      for (let size = 1 + random.below(6); size > 0; size--) group.join(`m${size}`, true);
      const before = group.settle();
      const isLeaving = group.members.length > 1 && random.next() < 0.5;
      if (isLeaving) group.members.pop();
      else group.join("new", true);
      const after = group.settle();
      const share = Math.floor((group.known.get("one") ?? 0) / group.members.length);
      // A member that came takes its share; those that stay keep what they have.
      expect(movedBetween(before, after)).toBe(isLeaving ? 0 : share);
    }
  });

  test("don't move at all when nothing has changed", () => {
    const random = randomForTest();
    for (let run = rounds(60, 1_000); run > 0; run--) {
      const known = new Map([0, 1, 2].map((at) => [`t${at}`, random.below(9)]));
      const group = new Group(random, known);
      for (let size = 1 + random.below(6); size > 0; size--) group.join(`m${size}`, false);
      const before = group.settle();
      expect(shown(group.rebalance())).toEqual(shown(before));
    }
  });
});
