import { expect, test } from "bun:test";
import { topicNameBytesMax, TopicNames } from "../../src/native/topic-names.ts";
import { textBytes } from "../support/hex.ts";
import { randomForTest } from "../support/seed.ts";

/** Asks for a name that lies among other bytes, as it does in a frame. */
function nameIn(names: TopicNames, spelled: Uint8Array): string | null {
  const around = new Uint8Array(spelled.length + 8).fill(0x61);
  around.set(spelled, 3);
  return names.at(around, 3, 3 + spelled.length);
}

test("a name is read where it lies, the first time and every other", () => {
  const names = new TopicNames();
  for (const name of ["orders", "orders", "payments", "orders", "", "größe", "\ufefforders"]) {
    expect(nameIn(names, textBytes(name))).toBe(name);
  }
});

test("a name that was seen is not what a longer, shorter or other one is taken for", () => {
  const names = new TopicNames();
  nameIn(names, textBytes("orders"));
  for (const other of ["order", "orders2", "ordert", "Orders"]) {
    expect(nameIn(names, textBytes(other))).toBe(other);
  }
});

test.each([
  ["a lone continuation byte", "80"],
  ["a cut sequence", "6fc3"],
  ["an overlong slash", "c0af"],
  ["a surrogate", "eda080"],
  ["a code point over U+10FFFF", "f4908080"],
])("%s is no name", (_what, hex) => {
  expect(nameIn(new TopicNames(), Uint8Array.fromHex(hex))).toBeNull();
});

test("the bytes may change once a name was read from them", () => {
  const names = new TopicNames();
  const bytes = textBytes("orders");
  names.at(bytes, 0, 6);
  bytes.fill(0x78);
  expect(nameIn(names, textBytes("orders"))).toBe("orders");
  expect(nameIn(names, bytes)).toBe("xxxxxx");
});

test("more names than are remembered are all read rightly", () => {
  const random = randomForTest();
  const names = new TopicNames();
  for (let round = 0; round < 10_000; round++) {
    const name = `topic-${random.below(3000)}`;
    if (nameIn(names, textBytes(name)) !== name) expect(name).toBe("misread");
  }
  expect(nameIn(names, textBytes("topic-1"))).toBe("topic-1");
});

test("the longest name is read, and asking for a longer one is a programmer's error", () => {
  const longest = "x".repeat(topicNameBytesMax);
  expect(nameIn(new TopicNames(), textBytes(longest))).toBe(longest);
  const longer = textBytes(`${longest}x`);
  expect(() => nameIn(new TopicNames(), longer)).toThrow("too long");
});
