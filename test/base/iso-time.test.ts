import { expect, test } from "bun:test";
import { isoTime } from "../../src/base/iso-time.ts";
import { seededRandom } from "../../src/base/random.ts";

test.each([
  [0, "1970-01-01T00:00:00.000Z"],
  [-1, "1969-12-31T23:59:59.999Z"],
  [1_754_705_528_480, "2025-08-09T02:12:08.480Z"],
  [951_782_400_000, "2000-02-29T00:00:00.000Z"],
  [4_107_542_399_999, "2100-02-28T23:59:59.999Z"],
  [4_107_542_400_000, "2100-03-01T00:00:00.000Z"],
  [-62_167_219_200_000, "0000-01-01T00:00:00.000Z"],
  [253_402_300_799_999, "9999-12-31T23:59:59.999Z"],
])("%p ms is %s", (timestamp, expected) => {
  expect(isoTime(timestamp)).toBe(expected);
});

test("a time that RFC 3339 can't write is shown as its number", () => {
  expect(isoTime(253_402_300_800_000)).toBe("253402300800000");
  expect(isoTime(-62_167_219_200_001)).toBe("-62167219200001");
  expect(isoTime(Number.NaN)).toBe("NaN");
  expect(isoTime(Number.POSITIVE_INFINITY)).toBe("Infinity");
});

test("any time from the years 0 to 9999 is written as Date writes it", () => {
  const seed = Number(process.env["OBELISK_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  const random = seededRandom(seed);
  for (let round = 0; round < 20_000; round++) {
    const timestamp = -62_167_219_200_000 + Math.floor(random.next() * 315_569_520_000_000);
    expect(isoTime(timestamp), `OBELISK_SEED=${seed}`).toBe(new Date(timestamp).toISOString());
  }
});
