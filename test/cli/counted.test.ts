import { expect, test } from "bun:test";
import { counted, offsetsText } from "../../src/cli/counted.ts";

test("one of a kind has its noun as it is, any other number its plural", () => {
  expect(counted(1, "segment")).toBe("1 segment");
  expect(counted(0, "segment")).toBe("0 segments");
  expect(counted(1_234_567, "batch", "batches")).toBe("1,234,567 batches");
});

test("a range of one offset is that offset", () => {
  expect(offsetsText(3, 3)).toBe("offset 3");
  expect(offsetsText(3, 5)).toBe("offsets 3 to 5");
});
