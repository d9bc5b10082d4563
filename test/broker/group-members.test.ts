import { expect, test } from "bun:test";
import {
  type Member,
  Members,
  metadataOf,
  protocolBytes,
  sameProtocols,
} from "../../src/broker/group-members.ts";
import type { GroupProtocol } from "../../src/metadata/metadata.ts";
import { randomForTest } from "../support/seed.ts";

const offers = (...names: readonly string[]): GroupProtocol[] =>
  names.map((name) => ({ name, metadata: new TextEncoder().encode(name) }));

const member = (memberId: string, more: Partial<Member> = {}): Member => ({
  memberId,
  groupInstanceId: null,
  clientId: "c",
  clientHost: "h",
  rebalanceTimeoutMs: 1,
  sessionTimeoutMs: 1,
  protocols: offers("range"),
  assignment: new Uint8Array(),
  joining: null,
  syncing: null,
  isNew: false,
  ...more,
});

function membersOf(...all: readonly Member[]): Members {
  const members = new Members();
  for (const each of all) members.add(each);
  return members;
}

test("the first member leads; when it goes, the oldest of the others", () => {
  const members = membersOf(member("a"), member("b"), member("c"));
  expect(members.leader).toBe("a");
  members.remove("b");
  expect(members.leader).toBe("a");
  members.remove("a");
  expect(members.leader).toBe("c");
  members.remove("c");
  expect(members.leader).toBeNull();
});

test("the leader of the next generation is among those who have joined", () => {
  const members = membersOf(member("a"), member("b", { joining: 1 }), member("c", { joining: 2 }));
  expect(members.electJoined()).toBe(true);
  expect(members.leader).toBe("b");
  expect(members.electJoined()).toBe(true);
  expect(members.leader).toBe("b");
  expect(membersOf(member("a")).electJoined()).toBe(false);
  expect(new Members().electJoined()).toBe(false);
});

test.each([
  ["the only one that all offer", [["x", "y"], ["y"], ["z", "y"]], "y"],
  [
    "the one that most prefer",
    [
      ["x", "y"],
      ["y", "x"],
      ["y", "x"],
    ],
    "y",
  ],
  [
    "of equals the one that was named first",
    [
      ["x", "y"],
      ["y", "x"],
    ],
    "x",
  ],
])("the protocol is %s", (_, offered, chosen) => {
  const members = offered.map((names, at) => member(`m${at}`, { protocols: offers(...names) }));
  expect(membersOf(...members).vote()).toBe(chosen);
});

test("who may come in shares a protocol with all", () => {
  const members = membersOf(
    member("a", { protocols: offers("x", "y") }),
    member("b", { protocols: offers("y", "z") }),
  );
  expect(members.supportAny(offers("z", "y"))).toBe(true);
  expect(members.supportAny(offers("x", "z"))).toBe(false);
  expect(members.supportAny([])).toBe(false);
});

test("a static member keeps its place and its leadership under another id", () => {
  const old = member("a", { groupInstanceId: "i" });
  const members = membersOf(old, member("b"));
  const replacement = member("a2", { groupInstanceId: "i", joining: 3 });
  members.replace(old, replacement);
  expect(members.all().map(({ memberId }) => memberId)).toEqual(["a2", "b"]);
  expect(members.leader).toBe("a2");
  expect(members.instance("i")).toBe(replacement);
  expect(members.get("a")).toBeUndefined();
  expect(members.joiningCount).toBe(1);
});

test("protocols are the same with the same names and bytes in the same order", () => {
  expect(sameProtocols(offers("x", "y"), offers("x", "y"))).toBe(true);
  expect(sameProtocols(offers("x", "y"), offers("y", "x"))).toBe(false);
  expect(sameProtocols(offers("x"), offers("x", "y"))).toBe(false);
  const other = [{ name: "x", metadata: Uint8Array.of(1) }];
  expect(sameProtocols(offers("x"), other)).toBe(false);
});

test("what a member does not offer has no bytes", () => {
  expect(metadataOf(member("a"), "range")).toEqual(new TextEncoder().encode("range"));
  expect(metadataOf(member("a"), "other")).toHaveLength(0);
  expect(metadataOf(member("a"), null)).toHaveLength(0);
  expect(protocolBytes(offers("abc", "de"))).toBe(5);
});

test("counts are those of the members, whatever came and went", () => {
  const random = randomForTest();
  const members = new Members();
  for (let left = 500; left > 0; left--) {
    const id = `m${random.below(6)}`;
    const there = members.get(id);
    const joining = random.next() < 0.5 ? null : left;
    const protocols = offers("all", "xyz"[random.below(3)] ?? "");
    if (there === undefined) members.add(member(id, { joining, protocols, groupInstanceId: id }));
    else if (random.next() < 0.3) members.remove(id);
    else if (random.next() < 0.5) members.update(there, { joining, protocols });
    else members.replace(there, member(id, { joining, protocols, groupInstanceId: id }));
    const same = membersOf(...members.all());
    expect(members.joiningCount).toBe(same.joiningCount);
    expect(members.placedCount).toBe(same.placedCount);
    expect(members.bytes).toBe(same.bytes);
    for (const name of ["all", "x", "y", "z"]) {
      expect(members.supportAny(offers(name))).toBe(same.supportAny(offers(name)));
    }
    if (members.size > 0) expect(members.vote()).toBe(same.vote());
  }
});
