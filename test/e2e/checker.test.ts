import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { partitionForKey } from "../../src/base/murmur2.ts";
import { nanosecondHeader } from "../../src/record/nanoseconds.ts";
import type { BatchRecord } from "../../src/record/records.ts";
import { textBytes } from "../support/hex.ts";
import { Checker } from "./support/checker.ts";
import { History } from "./support/history.ts";

/** The record `number` of producer `producer`, as a log would give it back. */
function recordOf(history: History, producer: number, number: number, at: number): BatchRecord {
  const message = history.producers[producer]!.message(number);
  return {
    offset: offset(at),
    timestamp: message.timestamp,
    key: message.key.length === 0 ? null : message.key,
    value: message.value,
    headers: message.nanoseconds === 0 ? [] : [nanosecondHeader(message.nanoseconds)],
  };
}

/** One topic with one partition, to which two producers have sent three records each. */
function world(refusedMayStay = false) {
  const history = new History(2);
  for (const producer of history.producers) {
    producer.connections = 1;
    for (let number = 0; number < 3; number++) producer.send("orders", false, 20);
  }
  const checker = new Checker(history, refusedMayStay);
  const partition = { topic: "orders", index: 0, count: 1 };
  /** Takes records, spelled `p<producer>-<number>`, at the next offsets. */
  const take = (...names: string[]): void => {
    for (const name of names) {
      const [producer, number] = name.slice(1).split("-").map(Number);
      const at = checker.nextOffset(partition);
      checker.take(partition, recordOf(history, producer!, number!, at));
    }
  };
  const acknowledge = (producer: number, ...numbers: number[]): void => {
    for (const each of numbers) history.producers[producer]!.answered(each, "acknowledged");
  };
  return { history, checker, partition, take, acknowledge };
}

const kinds = (checker: Checker): string[] =>
  checker.findings().map((finding) => finding.slice(0, finding.indexOf(":")));

describe("the checker finds nothing wrong", () => {
  test("with all that was sent, the producers mixed", () => {
    const { checker, take, acknowledge } = world();
    acknowledge(0, 0, 1, 2);
    take("p0-0", "p1-0", "p1-1", "p0-1", "p0-2", "p1-2");
    expect(checker.findings()).toEqual([]);
  });

  test("with an end that is missing, if nobody was told that it was stored", () => {
    const { checker, take, acknowledge } = world();
    acknowledge(0, 0);
    take("p0-0", "p0-1", "p1-0");
    expect(checker.findings()).toEqual([]);
  });

  test("with records that come after it was asked, and with a second look at all", () => {
    const { history, checker, partition, take, acknowledge } = world();
    take("p0-0");
    expect(checker.findings()).toEqual([]);
    acknowledge(0, 0, 1);
    expect(kinds(checker)).toEqual(["lost"]);
    take("p0-1");
    expect(checker.findings()).toEqual([]);
    const again = new Checker(history, false);
    again.take(partition, recordOf(history, 0, 0, 0));
    again.take(partition, recordOf(history, 0, 1, 1));
    expect(again.findings()).toEqual([]);
  });

  test("with a gap between two connections: the second one began anew", () => {
    const { history, checker, take } = world();
    history.producers[0]!.connections = 2;
    history.producers[0]!.send("orders", false, 20);
    take("p0-0", "p0-3");
    expect(checker.findings()).toEqual([]);
  });
});

describe("the checker finds", () => {
  test("an acknowledged record that is not there", () => {
    const { checker, take, acknowledge } = world();
    acknowledge(0, 0, 1);
    take("p0-0", "p1-0");
    expect(checker.findings()).toEqual(["lost: p0-1 of orders, acknowledged on connection 1"]);
  });

  test("a record that was seen once and has vanished", () => {
    const { history, take } = world();
    take("p0-0");
    expect(new Checker(history, false).findings()).toEqual([
      "lost: p0-0 of orders, sent on connection 1, seen at 0 offset 0",
    ]);
  });

  test("a record that is there twice", () => {
    const { checker, take } = world();
    take("p0-0", "p0-0");
    expect(kinds(checker)).toEqual(["duplicate", "moved"]);
  });

  test("two records that have changed places", () => {
    const { checker, take } = world();
    take("p0-1", "p0-0");
    expect(kinds(checker)).toEqual(["reordered"]);
  });

  test("a record that is absent though a later one of its connection is there", () => {
    const { checker, take } = world();
    take("p0-0", "p0-2");
    expect(checker.findings()).toEqual(["hole: before p0-2 in orders/0"]);
  });

  test("a record at another offset than before", () => {
    const { history, partition, take } = world();
    take("p0-0", "p1-0");
    const again = new Checker(history, false);
    again.take(partition, recordOf(history, 1, 0, 0));
    again.take(partition, recordOf(history, 0, 0, 1));
    expect(kinds(again)).toEqual(["moved", "moved"]);
  });

  test("offsets that are not contiguous", () => {
    const { history, checker, partition } = world();
    checker.take(partition, recordOf(history, 0, 0, 0));
    checker.take(partition, recordOf(history, 0, 1, 2));
    expect(checker.findings()).toEqual(["offsets: orders/0 offset 2, expected 1"]);
  });

  test("each kind of altered bytes", () => {
    const { history, checker, partition } = world();
    const right = recordOf(history, 0, 1, 0);
    const value = right.value!.slice();
    value[value.length - 1]! ^= 1;
    const altered: readonly Partial<BatchRecord>[] = [
      { value },
      { value: right.value!.subarray(0, right.value!.length - 1) },
      { key: textBytes("p0-1") },
      { timestamp: right.timestamp + 1 },
      { headers: [] },
    ];
    altered.forEach((change, at) => {
      checker.take(partition, { ...right, offset: offset(at), ...change });
    });
    expect(kinds(checker).filter((kind) => kind === "altered")).toHaveLength(altered.length);
  });

  test("a record that nobody sent", () => {
    const { history, checker, partition } = world();
    const record = recordOf(history, 0, 0, 0);
    checker.take(partition, { ...record, value: textBytes("p0-17 ") });
    checker.take(partition, { ...record, offset: offset(1), value: textBytes("something") });
    expect(kinds(checker)).toEqual(["unsent", "unsent"]);
  });

  test("a record in a topic that it was not sent to", () => {
    const { history, checker } = world();
    const elsewhere = { topic: "clicks", index: 0, count: 1 };
    checker.take(elsewhere, recordOf(history, 0, 0, 0));
    expect(checker.findings()).toEqual(["misplaced: p0-0 at clicks/0 offset 0, sent to orders"]);
  });

  test("a record in another partition than its key's", () => {
    const { history, checker } = world();
    const number = history.producers[0]!.send("orders", true, 20);
    const right = partitionForKey(textBytes(`p0-${number}`), 4);
    const record = recordOf(history, 0, number, 0);
    checker.take({ topic: "orders", index: (right + 1) % 4, count: 4 }, record);
    expect(kinds(checker)).toEqual(["misplaced"]);
  });

  test("a record in another partition than its producer has chosen, and what is missing there", () => {
    const { history, checker } = world();
    const producer = history.producers[0]!;
    const [first, second, third] = [1, 2, 2].map((chosen) => {
      return producer.send("orders", false, 20, chosen);
    });
    const partitions = [0, 1, 2, 3].map((index) => ({ topic: "orders", index, count: 4 }));
    checker.take(partitions[3]!, recordOf(history, 0, first!, 0));
    checker.take(partitions[2]!, recordOf(history, 0, third!, 0));
    expect(checker.findings()).toEqual([
      `misplaced: p0-${first} at orders/3 offset 0, sent to orders`,
      `hole: before p0-${third} in orders/2`,
    ]);
    checker.take(partitions[2]!, recordOf(history, 0, second!, 1));
    expect(kinds(checker)).toEqual(["misplaced", "reordered"]);
  });

  test("a record that was refused and is there, unless the disk had died", () => {
    for (const [refusedMayStay, found] of [
      [false, ["refused"]],
      [true, []],
    ] as const) {
      const { history, checker, take } = world(refusedMayStay);
      history.producers[0]!.answered(0, "refused");
      take("p0-0");
      expect(kinds(checker)).toEqual([...found]);
    }
  });

  test("more than anybody reads, and says how much more", () => {
    const { checker, take } = world();
    for (let times = 0; times < 30; times++) take("p0-0");
    expect(checker.findings()).toHaveLength(21);
    expect(checker.findings().at(-1)).toBe("and 38 more");
  });
});
