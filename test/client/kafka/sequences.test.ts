import { describe, expect, test } from "bun:test";
import { Sequences } from "../../../src/client/kafka/sequences.ts";

const sequenceMax = 2 ** 31 - 1;

function identified(producerEpoch = 0): Sequences {
  const sequences = new Sequences();
  sequences.identify({ producerId: 7, producerEpoch });
  return sequences;
}

describe("numbers", () => {
  test("follow one another, and go on at 0 after 2^31 - 1", () => {
    const sequences = identified();
    const next = (count: number): number => sequences.assign(count).baseSequence;
    expect([next(3), next(sequenceMax - 5), next(4), next(2), next(1)]).toEqual([
      0,
      3,
      sequenceMax - 2,
      1,
      3,
    ]);
  });
});

describe("a new batch", () => {
  test("needs an identity", () => {
    const sequences = new Sequences();
    expect(sequences.spentId).toBe(-1);
    expect(sequences.takesNew(false)).toBe(false);
    sequences.identify({ producerId: 7, producerEpoch: 0 });
    expect(sequences.spentId).toBeNull();
    expect(sequences.takesNew(false)).toBe(true);
  });

  test("goes alone until one is stored", () => {
    const sequences = identified();
    expect(sequences.takesNew(true)).toBe(false);
    sequences.stored();
    expect(sequences.takesNew(true)).toBe(true);
  });

  test("waits behind a gap, and while it is not known whether there is one", () => {
    const broken = identified();
    broken.break();
    expect(broken.takesNew(false)).toBe(false);
    const doubtful = identified();
    doubtful.doubt();
    expect(doubtful.isUnresolved).toBe(true);
    expect(doubtful.takesNew(false)).toBe(false);
    doubtful.stored();
    expect(doubtful.takesNew(false)).toBe(true);
  });
});

describe("a restart", () => {
  test("takes the next epoch, from 0 on", () => {
    const sequences = identified();
    sequences.stored();
    sequences.assign(5);
    sequences.break();
    sequences.restart();
    expect(sequences.takesNew(true)).toBe(false);
    expect(sequences.assign(1)).toEqual({ producerId: 7, producerEpoch: 1, baseSequence: 0 });
  });

  test("needs another id when the epochs are used up", () => {
    const sequences = identified(32_767);
    sequences.restart();
    expect(sequences.spentId).toBe(7);
    expect(() => sequences.identify({ producerId: 7, producerEpoch: 0 })).toThrow();
    sequences.identify({ producerId: 8, producerEpoch: 0 });
    expect(sequences.assign(1)).toEqual({ producerId: 8, producerEpoch: 0, baseSequence: 0 });
  });
});
