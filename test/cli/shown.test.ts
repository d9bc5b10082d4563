import { expect, test } from "bun:test";
import {
  shownCount,
  shownNumber,
  shownSeconds,
  shownSize,
  shownText,
  totalsText,
} from "../../src/cli/shown.ts";

test("what is not told is unknown, and no number", () => {
  for (const shown of [shownCount, shownNumber, shownSeconds, shownSize]) {
    expect(shown(null)).toBe("unknown");
    expect(shown(0)).toStartWith("0");
  }
  expect(shownText(null)).toBe("unknown");
});

test("numbers have their units and their thousands", () => {
  expect([shownCount(1_234), shownNumber(1_234)]).toEqual(["1,234", "1234"]);
  expect([shownSize(2_048), shownSeconds(90)]).toEqual(["2.00 KiB", "1m 30s"]);
});

test("names that anybody may choose drive no terminal", () => {
  expect(shownText("a\x1b[2Jb\n")).toBe("a\\u001b[2Jb\\n");
});

test("the totals of a topic are a sentence", () => {
  const totals = { partitions: 2, records: 1_234, bytes: 1_572_864 };
  expect(totalsText(totals)).toBe("2 partitions, 1,234 records, 1.50 MiB");
  expect(totalsText({ partitions: 1, records: 1, bytes: 1 })).toBe("1 partition, 1 record, 1 B");
  expect(totalsText({ partitions: 2, records: null, bytes: null })).toBe(
    "2 partitions, records unknown, size unknown",
  );
});
