import { expect, test } from "bun:test";
import { Memory } from "../../src/base/memory.ts";

test("memory is there as long as somebody holds it, and gone when the last one lets go", () => {
  const memory = new Memory(Uint8Array.of(1, 2, 3));
  const view = memory.bytes.subarray(1);
  memory.hold();
  memory.letGo();
  expect([...view]).toEqual([2, 3]);
  memory.letGo();
  expect(memory.isFreed).toBeTrue();
  expect(view.length).toBe(0);
});

test("freed memory can neither be held nor let go of again, nor read by its view", () => {
  const memory = Memory.allocate(8);
  const { view } = memory;
  memory.letGo();
  expect(() => memory.hold()).toThrow("can't be held");
  expect(() => memory.letGo()).toThrow("let go of once");
  expect(() => view.getUint8(0)).toThrow();
});

test("its view is of all of its bytes, and a copy of some is no view", () => {
  const memory = Memory.allocate(16);
  memory.bytes.fill(7);
  const copy = memory.bytes.slice(0, 4);
  expect(memory.view.byteLength).toBe(16);
  expect(memory.view).toBe(memory.view);
  memory.letGo();
  expect([...copy]).toEqual([7, 7, 7, 7]);
});
