import { describe, expect, test } from "bun:test";
import { collisionKey, topicNameFault, turnKey } from "../../src/broker/topic-name.ts";

describe("a topic's name", () => {
  test.each(["a", "user-events", "A.b_C-9", "...", "-", "__consumer_offsets", "x".repeat(249)])(
    "may be %p",
    (name) => {
      expect(topicNameFault(name)).toBeNull();
    },
  );

  test.each([
    ["", "it is empty"],
    [".", "it means a directory"],
    ["..", "it means a directory"],
    ["../x", 'it contains "/"'],
    ["a/b", 'it contains "/"'],
    ["a\\b", 'it contains "\\\\"'],
    ["a b", 'it contains " "'],
    ["a\0b", 'it contains "\\u0000"'],
    ["käse", 'it contains "ä"'],
    ["a\nINFO all is well", 'it contains "\\n"'],
    ["\u{1f980}", 'it contains "\u{1f980}"'],
    ["x".repeat(250), "it has 250 characters"],
    [".deleted-5f0c9c0e-7a55-4a3e-9d0b-1c6f3a0f2b11", "it begins with .deleted-"],
    [".Deleted-x", "it begins with .deleted-"],
  ])("may not be %p", (name, reason) => {
    const refusal = topicNameFault(name);
    expect(refusal?.code).toBe("INVALID_TOPIC_EXCEPTION");
    expect(refusal?.message).toContain(`cannot be a topic's name: ${reason}.`);
    expect(refusal?.message).toEndWith("Allowed are 1 to 249 of the characters a-z A-Z 0-9 . _ -");
  });

  test("is escaped and cut where it is refused, so that it cannot forge a log or fill it", () => {
    const message = topicNameFault(`\u001b[2J\r\n${"é".repeat(100_000)}`)?.message ?? "";
    expect(message).not.toMatch(/[\p{Cc}]/u);
    expect(message.length).toBeLessThan(1000);
  });
});

test("names that Kafka's metrics would mix up share a key, others don't", () => {
  expect(collisionKey("a.b_c")).toBe(collisionKey("a_b.c"));
  expect(collisionKey("a.b")).not.toBe(collisionKey("a-b"));
  expect(collisionKey("a")).not.toBe(collisionKey("A"));
});

test("names that could share a directory or a key never change at once", () => {
  expect(turnKey("Orders.EU")).toBe(turnKey("orders_eu"));
});
