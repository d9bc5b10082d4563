import { describe, expect, test } from "bun:test";
import {
  millisecondsOf,
  nanosecondHeader,
  nanosecondHeaderKey,
  nanosecondMillisecondsMax,
  nanosecondRemainder,
  nanosecondsOf,
  putNanoseconds,
} from "../../src/record/nanoseconds.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";

const million = 1_000_000n;
const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

/** The halves of an int64, as a DataView reads them. */
function halves(value: bigint): [high: number, low: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, value);
  return [view.getInt32(0), view.getUint32(4)];
}

/** Division that rounds down, by the arithmetic that can't be wrong. */
function slowly(value: bigint): [milliseconds: number, remainder: number] {
  const remainder = ((value % million) + million) % million;
  return [Number((value - remainder) / million), Number(remainder)];
}

function* edges(): Generator<bigint> {
  for (const near of [least, most, 0n, 2n ** 32n, -(2n ** 32n), 1_754_705_528_480_000_000n]) {
    for (const by of [-million - 1n, -million, -2n, -1n, 0n, 1n, 2n, million, million + 1n]) {
      const value = near + by;
      if (value >= least && value <= most) yield value;
    }
  }
  // Where a quotient in doubles could be rounded over a whole number.
  for (let shift = 20n; shift < 63n; shift++) {
    for (const value of [((1n << shift) / million) * million, 1n << shift]) {
      for (const sign of [1n, -1n]) yield* [sign * value - 1n, sign * value, sign * value + 1n];
    }
  }
}

describe("the division of an int64 without BigInt", () => {
  test("is that of BigInt at every edge", () => {
    for (const value of edges()) {
      const [high, low] = halves(value);
      expect([value, millisecondsOf(high, low), nanosecondRemainder(high, low)]).toEqual([
        value,
        ...slowly(value),
      ]);
    }
  });

  test("is that of BigInt for any value", () => {
    const random = randomForTest();
    for (let round = rounds(20_000, 200_000); round > 0; round--) {
      const high = random.below(2 ** 32) | 0;
      const low = random.below(2 ** 32);
      const value = BigInt(high) * 2n ** 32n + BigInt(low);
      const [milliseconds, remainder] = slowly(value);
      if (millisecondsOf(high, low) !== milliseconds) expect([value]).toEqual([]);
      if (nanosecondRemainder(high, low) !== remainder) expect([value]).toEqual([]);
    }
  });

  test("rounds down before 1970", () => {
    const [high, low] = halves(-1n);
    expect([millisecondsOf(high, low), nanosecondRemainder(high, low)]).toEqual([-1, 999_999]);
  });
});

describe("the product", () => {
  test("gives back every int64 that was divided", () => {
    const random = randomForTest();
    const view = new DataView(new ArrayBuffer(8));
    const values = [...edges()];
    for (let round = rounds(20_000, 200_000); round > 0; round--) {
      values.push(BigInt(random.below(2 ** 32) | 0) * 2n ** 32n + BigInt(random.below(2 ** 32)));
    }
    for (const value of values) {
      const [milliseconds, remainder] = slowly(value);
      putNanoseconds(view, 0, milliseconds, remainder);
      if (view.getBigInt64(0, true) !== value) {
        expect(view.getBigInt64(0, true)).toBe(value);
      }
    }
  });

  test("holds up to the bound that is given for it, and not further", () => {
    const last = BigInt(nanosecondMillisecondsMax) * million + 999_999n;
    expect(last).toBeLessThanOrEqual(most);
    expect(last + 2n * million).toBeGreaterThan(most);
    expect(-BigInt(nanosecondMillisecondsMax) * million).toBeGreaterThanOrEqual(least);
  });
});

describe("the header", () => {
  test("keeps the remainder as a big-endian uint32", () => {
    const header = nanosecondHeader(999_999);
    expect(header.key).toBe("obelisk-ns");
    expect(header.value?.toHex()).toBe("000f423f");
  });

  test("is read among others, and its absence means 0", () => {
    const other = { key: "trace", value: Uint8Array.of(1, 2, 3, 4) };
    expect(nanosecondsOf({ headers: [other, nanosecondHeader(123_456)] })).toBe(123_456);
    expect(nanosecondsOf({ headers: [other] })).toBe(0);
  });

  test.each([
    ["no value", null],
    ["a short value", Uint8Array.of(1, 2)],
    ["a value over 999,999", Uint8Array.of(0, 0x0f, 0x42, 0x40)],
  ])("that anybody else wrote, with %s, means 0", (_what, value) => {
    expect(nanosecondsOf({ headers: [{ key: nanosecondHeaderKey, value }] })).toBe(0);
  });
});
