import { describe, expect, test } from "bun:test";
import { NativeSender } from "../../src/cli/produce-native.ts";
import type { Portion } from "../../src/cli/produce-sources.ts";
import { ProducerError } from "../../src/client/producer-error.ts";
import type { ProducerMessage } from "../../src/client/producer-message.ts";
import { produceBatchRecordsMax, producerInFlightMessagesMax } from "../../src/limits.ts";
import { tellingEvents } from "../support/sender-events.ts";
import { turns } from "../support/until.ts";

/** A broker whose answers are the test's, in the order of the batches. */
class Script {
  readonly batches: (readonly ProducerMessage[])[] = [];
  readonly said: string[] = [];
  readonly #answers: ((error: Error | null) => void)[] = [];
  readonly sender = new NativeSender(
    {
      sendBatch: (messages) => {
        this.batches.push(messages);
        return new Promise((resolve, reject) => {
          this.#answers.push((error) => (error === null ? resolve() : reject(error)));
        });
      },
      flush: async () => {},
      close: async () => {},
      abort: () => {},
    },
    tellingEvents(this.said, () => this.sender.tally),
  );

  /** Answers the oldest batch: `null` is OK. */
  async answer(error: Error | null): Promise<void> {
    this.#answers.shift()?.(error);
    await turns(1);
  }
}

const valueBytes = 10;

const portionOf = (count: number, bytes = valueBytes): Portion => ({
  records: Array.from({ length: count }, () => ({
    topic: "t",
    key: "k",
    value: new Uint8Array(bytes - 1),
  })),
  numbers: Array.from({ length: count }, (_, at) => at + 1),
  rejected: [],
  placeOf: (number) => `line ${number}`,
});

const nack = (index?: number): ProducerError =>
  new ProducerError("NACK", "the broker refused: PUBLISH_FAILED", {
    reason: "PUBLISH_FAILED",
    index,
  });

test("a part of a portion goes as one batch, and counts as stored when that is answered", async () => {
  const script = new Script();
  const portion = portionOf(5);
  script.sender.send(portion, 1, 3);
  expect(script.batches).toEqual([
    [1, 2, 3].map(() => ({ topic: "t", key: "k", value: new Uint8Array(valueBytes - 1) })),
  ]);
  expect(script.sender.tally.stored).toBe(0);
  await script.answer(null);
  expect(script.sender.tally).toEqual({ stored: 3, refused: 0, unknown: 0, bytes: 30 });
  expect(script.said).toEqual(["stored 3"]);
});

describe("a batch that is refused", () => {
  test.each([
    ["alone", 0, 1, undefined, "line 1", [0, 1, 0]],
    ["at its end", 2, 4, 3, "line 6", [3, 1, 0]],
    ["at its beginning", 2, 4, 0, "line 3", [0, 1, 3]],
  ] as const)("%s", async (_, from, count, index, place, [stored, refused, unknown]) => {
    const script = new Script();
    script.sender.send(portionOf(9), from, count);
    await script.answer(nack(index));
    const rest = unknown > 0 ? "; perhaps also what follows, up to line 6" : "";
    const message = `failed: ${place}: the broker refused: PUBLISH_FAILED${rest}`;
    expect(script.said[0]).toBe(message);
    expect(script.sender.tally).toMatchObject({ stored, refused, unknown });
  });
});

describe("a batch without an answer", () => {
  test.each([["TIMEOUT"], ["CLOSED"]] as const)("(%s) is of unknown fate", async (code) => {
    const script = new Script();
    script.sender.send(portionOf(3), 0, 3);
    await script.answer(new ProducerError(code, "silence", { mayBeStored: true }));
    expect(script.said[0]).toBe("hopeless: silence");
    expect(script.sender.tally).toEqual({ stored: 0, refused: 0, unknown: 3, bytes: 0 });
  });

  test("is not stored where nothing of it was sent", async () => {
    const script = new Script();
    script.sender.send(portionOf(3), 0, 3);
    await script.answer(new ProducerError("TIMEOUT", "nobody there"));
    expect(script.sender.tally).toEqual({ stored: 0, refused: 3, unknown: 0, bytes: 0 });
  });
});

describe("batches", () => {
  test("begin with one record and double while all is well", async () => {
    const script = new Script();
    const sizes: number[] = [];
    for (let round = 0; round < 12; round++) {
      sizes.push(script.sender.batchRecords);
      script.sender.send(portionOf(1), 0, 1);
      await script.answer(null);
    }
    expect(sizes.slice(0, 5)).toEqual([1, 2, 4, 8, 16]);
    expect(sizes.at(-1)).toBe(produceBatchRecordsMax);
  });

  test("begin with one again after a refusal", async () => {
    const script = new Script();
    script.sender.send(portionOf(1), 0, 1);
    script.sender.send(portionOf(1), 0, 1);
    await script.answer(null);
    expect(script.sender.batchRecords).toBe(2);
    await script.answer(nack());
    expect(script.sender.batchRecords).toBe(1);
  });
});

test("what is under way is room for nobody, until it is answered", async () => {
  const script = new Script();
  const portion = portionOf(producerInFlightMessagesMax);
  script.sender.send(portion, 0, portion.records.length);
  const room = script.sender.room();
  expect(room).toBeInstanceOf(Promise);
  await script.answer(nack());
  await room;
  expect(script.sender.room()).toBeNull();
});
