/** What one producer may send next, row by row. */
import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import {
  entryAfter,
  judge,
  type ProducerEntry,
  type SequencedBatch,
} from "../../src/broker/producer-sequence.ts";

const last = 0x7fff_ffff;

/** A batch of `count` records. */
const batch = (baseSequence: number, count = 1, producerEpoch = 0): SequencedBatch => ({
  producerId: 7,
  producerEpoch,
  baseSequence,
  lastOffsetDelta: count - 1,
});

/** What is remembered after these batches, each appended behind the one before. */
function after(...batches: SequencedBatch[]): ProducerEntry | null {
  let entry: ProducerEntry | null = null;
  let next = 100;
  for (const one of batches) {
    const base = next;
    next += one.lastOffsetDelta + 1;
    entry = entryAfter(entry, one, offset(base), offset(next), 1000 + base);
  }
  return entry;
}

/** The verdict in a word. */
function verdictOn(entry: ProducerEntry | null, one: SequencedBatch): string {
  const verdict = judge(entry, null, one);
  if (verdict instanceof Refusal) return verdict.code;
  return verdict === "next" ? "next" : `was at ${verdict.baseOffset}`;
}

describe("of an unknown producer", () => {
  test.each([0, 1, 4711, last])("the first batch may begin at any sequence: %p", (sequence) => {
    expect(verdictOn(null, batch(sequence))).toBe("next");
  });

  test("the first batch may have any epoch", () => {
    expect(verdictOn(null, batch(5, 1, 32_767))).toBe("next");
  });
});

describe("of a known producer, in its epoch,", () => {
  const five = after(batch(0, 10), batch(10, 5), batch(15), batch(16), batch(17, 3));

  test("the next sequence is taken", () => {
    expect(verdictOn(five, batch(20, 4))).toBe("next");
  });

  test.each([
    ["the oldest", batch(0, 10), "was at 100"],
    ["one in the middle", batch(15), "was at 115"],
    ["the newest", batch(17, 3), "was at 117"],
  ])("any of the last five batches is known again: %s", (_, one, expected) => {
    expect(verdictOn(five, one)).toBe(expected);
  });

  test.each([
    ["a gap", batch(21)],
    ["a far gap", batch(last)],
    ["the beginning of a known batch, cut short", batch(0, 9)],
    ["the end of a known batch", batch(9, 1)],
    ["two known batches in one", batch(15, 2)],
    ["a known batch and more", batch(17, 4)],
    ["the sequence of nobody", batch(3, 2)],
  ])("anything else is out of order: %s", (_, one) => {
    expect(verdictOn(five, one)).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  });

  test("the sixth to the last is not known any more", () => {
    const six = after(batch(0, 10), batch(10, 5), batch(15), batch(16), batch(17, 3), batch(20));
    expect(six?.batches).toHaveLength(5);
    expect(verdictOn(six, batch(0, 10))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expect(verdictOn(six, batch(10, 5))).toBe("was at 110");
  });

  test("the refusal says what was sent and what comes next", () => {
    expect(String(judge(five, null, batch(21)))).toBe(
      "OUT_OF_ORDER_SEQUENCE_NUMBER: producer 7, epoch 0, sends sequence 21 where 20 comes next",
    );
  });
});

describe("after 2^31 - 1 comes 0:", () => {
  test("behind a batch that ends there", () => {
    const entry = after(batch(last - 2, 3));
    expect(verdictOn(entry, batch(0))).toBe("next");
    expect(verdictOn(entry, batch(-(2 ** 31)))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  });

  test("within a batch, which is then known again", () => {
    const entry = after(batch(last - 1, 5));
    expect(entry?.batches.at(-1)?.lastSequence).toBe(2);
    expect(verdictOn(entry, batch(3))).toBe("next");
    expect(verdictOn(entry, batch(last - 1, 5))).toBe("was at 100");
  });
});

describe("an epoch", () => {
  const entry = after(batch(0, 10, 3), batch(10, 1, 3));

  test("that is newer begins at sequence 0", () => {
    expect(verdictOn(entry, batch(0, 1, 4))).toBe("next");
    expect(verdictOn(entry, batch(11, 1, 4))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  });

  test("that is newer forgets the batches of the one before", () => {
    const next = after(batch(0, 10, 3), batch(10, 1, 3), batch(0, 2, 4));
    expect(next).toMatchObject({ producerEpoch: 4, batches: [{ baseSequence: 0 }] });
    expect(verdictOn(next, batch(0, 2, 4))).toBe("was at 111");
  });

  test("that is older is refused, whatever it sends", () => {
    for (const sequence of [0, 10, 11]) {
      expect(verdictOn(entry, batch(sequence, 1, 2))).toBe("INVALID_PRODUCER_EPOCH");
    }
    expect(String(judge(entry, null, batch(11, 1, 2)))).toBe(
      "INVALID_PRODUCER_EPOCH: producer 7 has epoch 2, and 3 has been here",
    );
  });
});

describe("while the first batch of an unknown producer is to come again", () => {
  const awaited = { producerEpoch: 1, baseSequence: 5 };

  test.each([
    ["it is taken", batch(5, 3, 1), "next"],
    ["the one behind it is not", batch(8, 1, 1), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
    ["one before it is, since that is missing as well", batch(4, 1, 1), "next"],
    ["one before it, before the numbers wrap, too", batch(last, 1, 1), "next"],
    ["a newer epoch begins at 0", batch(0, 1, 2), "next"],
    ["a newer epoch begins nowhere else", batch(5, 1, 2), "OUT_OF_ORDER_SEQUENCE_NUMBER"],
    ["an older epoch is refused", batch(5, 1, 0), "INVALID_PRODUCER_EPOCH"],
  ])("%s", (_, one, expected) => {
    const verdict = judge(null, awaited, one);
    expect(verdict instanceof Refusal ? verdict.code : String(verdict)).toBe(expected);
  });
});
