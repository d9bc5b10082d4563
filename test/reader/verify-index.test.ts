import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { encodeIndexHeader, encodeTimeHeader } from "../../src/log/index-file.ts";
import { GrowingIndex } from "../../src/log/index.ts";
import { IndexCheck } from "../../src/reader/verify-index.ts";

const base = offset(1000);

/** Entries as [relative offset, position] and [time, relative offset]. */
interface Entries {
  readonly places?: readonly (readonly [number, number])[];
  readonly times?: readonly (readonly [number, number])[];
}

function filesOf({ places = [], times = [] }: Entries): { index: Buffer; timeIndex: Buffer } {
  const header = encodeIndexHeader({
    base,
    sealed: true,
    durable: true,
    cleaned: false,
    createdMs: 0,
    floorOffset: offset(1040),
    floorPosition: 400,
    maxTimestamp: 40,
  });
  const entries = places.map(([relativeOffset, position]) => {
    const one = new GrowingIndex();
    one.add(relativeOffset, position);
    return one.encode(base, 0, 1);
  });
  const timeEntries = times.map(([time, relativeOffset]) => {
    const one = new GrowingIndex();
    one.addTime(time, relativeOffset);
    return one.encodeTimes(base, 0, 1);
  });
  const index = Buffer.concat([header, ...entries]);
  return { index, timeIndex: Buffer.concat([encodeTimeHeader(base), ...timeEntries]) };
}

/** Four batches of ten records and a hundred bytes; the newest record of each: 10, 30, 20, 40. */
function checked(index: Buffer, timeIndex: Buffer | null): IndexCheck {
  const check = new IndexCheck(base, index, timeIndex);
  for (const [n, time] of [10, 30, 20, 40].entries()) {
    check.boundary(n * 100, offset(1000 + n * 10), time);
  }
  check.boundary(400, offset(1040), -1);
  check.end();
  return check;
}

function findings(entries: Entries): string[] {
  const { index, timeIndex } = filesOf(entries);
  const check = checked(index, timeIndex);
  return [...check.findings(), ...check.timeFindings(true)];
}

test("entries that point at batches, and at the end, are true", () => {
  expect(
    findings({
      places: [
        [10, 100],
        [30, 300],
        [40, 400],
      ],
      times: [
        [10, 10],
        [30, 30],
        [40, 40],
      ],
    }),
  ).toEqual([]);
});

const astray: [name: string, places: [number, number][]][] = [
  ["between two batches", [[10, 150]]],
  ["at another batch than its offset", [[10, 200]]],
  ["behind the end", [[50, 500]]],
  [
    "backwards",
    [
      [20, 200],
      [10, 100],
    ],
  ],
  [
    "twice at one batch",
    [
      [20, 200],
      [20, 200],
    ],
  ],
];

test.each(astray)("an entry that points %s is astray", (_, places) => {
  const number = places.length - 1;
  expect(findings({ places })).toEqual([`has 1 stray entry, the first is number ${number}`]);
});

const untrue: [name: string, times: [number, number][]][] = [
  ["older than a record before it", [[29, 30]]],
  [
    "no newer than the entry before it",
    [
      [30, 20],
      [30, 30],
    ],
  ],
  [
    "about fewer records than the entry before it",
    [
      [30, 20],
      [31, 10],
    ],
  ],
];

test.each(untrue)("a time entry that is %s is not true", (_, times) => {
  const number = times.length - 1;
  expect(findings({ times })).toEqual([`has 1 untrue entry, the first is number ${number}`]);
});

test("damaged entries are counted, and the others are still checked", () => {
  const { index, timeIndex } = filesOf({
    places: [
      [10, 100],
      [15, 150],
      [30, 300],
    ],
    times: [
      [10, 10],
      [5, 30],
    ],
  });
  index[48 + 2] = 7;
  timeIndex[16 + 3] = 7;
  const check = checked(index, timeIndex);
  expect(check.findings()).toEqual([
    "has 1 damaged entry, the first is number 0",
    "has 1 stray entry, the first is number 1",
  ]);
  expect(check.timeFindings(true)).toEqual([
    "has 1 damaged entry, the first is number 0",
    "has 1 untrue entry, the first is number 1",
  ]);
});

test("entries that point into damage are neither right nor wrong", () => {
  const { index, timeIndex } = filesOf({
    places: [
      [10, 100],
      [15, 150],
      [30, 300],
    ],
  });
  const check = new IndexCheck(base, index, timeIndex);
  check.boundary(0, offset(1000), 10);
  check.skip(300);
  check.boundary(300, offset(1030), 40);
  check.boundary(400, offset(1040), -1);
  check.end();
  expect(check.findings()).toEqual([]);
  expect(check.maxTimestamp).toBe(40);
});

test("a time index has to be there once there is something to say", () => {
  const { index } = filesOf({ places: [[10, 100]] });
  expect(checked(index, null).timeFindings(false)).toEqual(["is missing"]);
  const empty = filesOf({});
  expect(checked(empty.index, null).timeFindings(false)).toEqual([]);
  expect(checked(empty.index, null).timeFindings(true)).toEqual(["is missing"]);
  expect(checked(empty.index, Buffer.alloc(16)).timeFindings(true)).toEqual([
    "has no sound header",
  ]);
});
