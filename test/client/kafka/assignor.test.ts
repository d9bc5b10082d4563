import { expect, test } from "bun:test";
import { inOrder, readTopics } from "../../../src/client/kafka/assignor.ts";
import { counts, member } from "./assigned-members.ts";

test("static members come first, by their instance ids; the others by their member ids", () => {
  const members = [
    member("a", []),
    member("z", [], { instance: "one" }),
    member("B", []),
    member("y", [], { instance: "two" }),
  ];
  expect(inOrder(members).map(({ memberId }) => memberId)).toEqual(["z", "y", "B", "a"]);
});

test("only topics that exist and that somebody reads are divided, each once", () => {
  const members = [member("a", ["orders", "ghosts"]), member("b", ["bills", "orders"])];
  const known = counts({ orders: 1, bills: 2, unread: 3 });
  expect(readTopics(members, known)).toEqual(["bills", "orders"]);
});

test("names are in the order of UTF-16 units, as in Java", () => {
  const ordered = inOrder(["é", "z", "Z", "a", "_"].map((id) => member(id, [])));
  expect(ordered.map(({ memberId }) => memberId).join("")).toBe("Z_azé");
});
