import { describe, expect, test } from "bun:test";
import {
  groupOffset,
  kcatOffset,
  point,
  selectionOf,
  type ChosenRecords,
} from "../../src/cli/read-options.ts";

describe("a point", () => {
  const option = point({ default: null, help: "A point" });

  test.each([
    ["0", { kind: "offset", value: 0 }],
    ["4182", { kind: "offset", value: 4182 }],
    ["@1754705528480", { kind: "time", value: 1_754_705_528_480 }],
    ["2025-08-09", { kind: "time", value: 1_754_697_600_000 }],
    ["2025-08-09T02:12:08Z", { kind: "time", value: 1_754_705_528_000 }],
    ["2025-08-09T02:12:08.480Z", { kind: "time", value: 1_754_705_528_480 }],
    ["2025-08-09 04:12:08+02:00", { kind: "time", value: 1_754_705_528_000 }],
    ["2025-08-09T02:12Z", { kind: "time", value: 1_754_705_520_000 }],
  ] as const)("is %s", (given, expected) => {
    expect(option.parse([given])).toEqual(expected);
  });

  test.each(["", "-5", "now", "@", "1.5", "2025-08-09T02:12:08", "2025-13-01", "2025-8-9"])(
    "is not %p",
    (given) => {
      expect(option.parse([given])).toBeUndefined();
    },
  );
});

describe("kcat's offset", () => {
  const option = kcatOffset({ help: "An offset" });

  test.each([
    ["beginning", { kind: "from", value: 0 }],
    ["end", { kind: "last", value: 0 }],
    ["17", { kind: "from", value: 17 }],
    ["-17", { kind: "last", value: 17 }],
    ["s@1754705528480", { kind: "fromTime", value: 1_754_705_528_480 }],
    ["e@1754705528480", { kind: "toTime", value: 1_754_705_528_480 }],
    ["s@2025-08-09T02:12:08.480Z", { kind: "fromTime", value: 1_754_705_528_480 }],
    ["e@2025-08-09", { kind: "toTime", value: 1_754_697_600_000 }],
  ] as const)("is %s", (given, expected) => {
    expect(option.parse([given])).toEqual(expected);
  });

  test.each(["stored", "s@", "@5", "s@@5", "s@now", "-", "1e3", "-2025-08-09"])(
    "is not %p",
    (given) => {
      expect(option.parse([given])).toBeUndefined();
    },
  );

  test("of a group is also what it has stored", () => {
    const ofGroup = groupOffset({ help: "An offset" });
    expect(ofGroup.parse(["stored"])).toBe("stored");
    expect(ofGroup.parse(["-17"])).toEqual({ kind: "last", value: 17 });
    expect(ofGroup.parse(["store"])).toBeUndefined();
  });
});

describe("a selection", () => {
  const nothing: ChosenRecords = {
    topic: [],
    partition: [],
    offset: [],
    from: null,
    to: null,
    key: null,
    keyPrefix: null,
  };

  test("restricts nothing where nothing was said", () => {
    expect(selectionOf(nothing)).toEqual({});
  });

  test("has what each option said", () => {
    const selection = selectionOf({
      ...nothing,
      topic: ["orders"],
      partition: [0, 2],
      offset: [{ kind: "last", value: 5 }],
      to: { kind: "time", value: 7 },
      key: "k",
    });
    expect(selection).toEqual({
      topics: ["orders"],
      partitions: [0, 2],
      last: 5,
      toTime: 7,
      key: Uint8Array.of(0x6b),
    });
  });

  test.each([
    [{ offset: [{ kind: "from", value: 1 }], from: { kind: "offset", value: 1 } }],
    [{ offset: [{ kind: "last", value: 1 }], from: { kind: "offset", value: 1 } }],
    [{ offset: [{ kind: "fromTime", value: 1 }], from: { kind: "offset", value: 1 } }],
    [{ offset: [{ kind: "toTime", value: 1 }], to: { kind: "time", value: 1 } }],
    [{ key: "a", keyPrefix: "a" }],
  ] as const)("can't be two things at once: %j", (chosen) => {
    expect(selectionOf({ ...nothing, ...chosen })).toBeString();
  });
});
