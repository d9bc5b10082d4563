import { describe, expect, test } from "bun:test";
import { bytesOf, UnderWay } from "../../src/cli/produce-sender.ts";
import { producerInFlightBytesMax, producerInFlightMessagesMax } from "../../src/limits.ts";
import { textBytes } from "../support/hex.ts";
import { turns } from "../support/until.ts";

describe("there is no room", () => {
  test("while as many records are under way as a producer keeps", async () => {
    const underWay = new UnderWay();
    underWay.add(producerInFlightMessagesMax - 1, 10);
    expect(underWay.room()).toBeNull();
    underWay.add(1, 10);
    const room = underWay.room();
    expect(room).toBeInstanceOf(Promise);
    underWay.remove(1, 10);
    await room;
    expect(underWay.room()).toBeNull();
  });

  test("while as many bytes are", async () => {
    const underWay = new UnderWay();
    underWay.add(1, producerInFlightBytesMax);
    underWay.add(1, 1);
    let isAwake = false;
    const waited = underWay.room()?.then(() => (isAwake = true));
    underWay.remove(1, 1);
    await turns(2);
    expect(isAwake).toBeFalse();
    underWay.remove(1, producerInFlightBytesMax);
    await waited;
    expect(isAwake).toBeTrue();
  });
});

test("a record's bytes are those of its key and value, where there are such", () => {
  const value = textBytes("abc");
  expect(bytesOf({ topic: "t", key: textBytes("k"), value })).toBe(4);
  expect(bytesOf({ topic: "t", key: null, value })).toBe(3);
  expect(bytesOf({ topic: "t", value: null })).toBe(0);
});
