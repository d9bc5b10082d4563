import { expect, test } from "bun:test";
import { fitted, latencyText, peakOf, plot, rateText } from "../../src/cli/top-text.ts";

test.each([
  [null, "-"],
  [0, "0"],
  [0.004, "0.00"],
  [0.25, "0.25"],
  [0.999, "1.0"],
  [9.94, "9.9"],
  [9.96, "10"],
  [48_231.4, "48,231"],
])("a rate of %p is %p", (perSecond, text) => {
  expect(rateText(perSecond)).toBe(text);
});

test.each([
  [null, "-"],
  [0.000_25, "250 µs"],
  [0.000_999_4, "999 µs"],
  [0.000_999_9, "1.0 ms"],
  [0.004_94, "4.9 ms"],
  [0.012, "12 ms"],
  [2.5, "2.5 s"],
])("a latency of %p seconds is %p", (seconds, text) => {
  expect(latencyText(seconds)).toBe(text);
});

test("a text is cut or filled to its width, wide characters and colours counted as seen", () => {
  expect(fitted("abc", 5)).toBe("abc  ");
  expect(fitted("abcdef", 4)).toBe("abc…");
  expect(fitted("世界世界", 5)).toBe("世界…");
  expect(fitted("世界世界", 4)).toBe("世… ");
  expect(fitted("世界", 1)).toBe("…");
  expect(fitted("\x1b[31mabc\x1b[39m", 4)).toBe("\x1b[31mabc\x1b[39m ");
  expect(fitted("abc", 0)).toBe("");
});

test("a plot has its newest value at the right, and its largest at the top", () => {
  expect(plot([0, 1, 2, 4], 6, 2)).toEqual(["     █", "  ▁▄██"]);
  expect(plot([8, 4, 2, 1], 2, 1)).toEqual(["█▄"]);
});

test("in a plot zero is a line, a little is more than nothing, and a gap is empty", () => {
  expect(plot([0, 0, null, 0], 4, 1)).toEqual(["▁▁ ▁"]);
  expect(plot([1, 1_000_000, null], 3, 1)).toEqual(["▁█ "]);
  expect(plot([], 3, 1)).toEqual(["   "]);
  expect(plot([1], 3, 0)).toEqual([]);
});

test("a peak is that of what is plotted", () => {
  expect(peakOf([9, 1, null, 2], 3)).toBe(2);
  expect(peakOf([null], 3)).toBeNull();
});
