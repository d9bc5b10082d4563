import { expect, test } from "bun:test";
import { throttleMs } from "../../../src/client/kafka/throttle.ts";
import { clientThrottleMsMax } from "../../../src/limits.ts";

test.each([
  ["a pause is as long as the broker says", 500, 500],
  ["zero is none", 0, 0],
  ["less is none", -1, 0],
  ["a response without the column wants none", undefined, 0],
  ["the longest one has its limit", 0x7fff_ffff, clientThrottleMsMax],
])("%s", (_, said, kept) => {
  expect(throttleMs(said)).toBe(kept);
});
