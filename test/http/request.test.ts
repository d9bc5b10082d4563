import { describe, expect, test } from "bun:test";
import { RequestStats } from "../../src/base/request-stats.ts";
import { HttpError } from "../../src/http/errors.ts";
import { BodyReader, parseJson } from "../../src/http/request.ts";
import type { System } from "../../src/http/services.ts";
import { httpBodyAtOnceBytesMax, httpBodyBytesMax, httpBodyMsMax } from "../../src/limits.ts";
import { Budget } from "../../src/net/budget.ts";
import { ManualClock } from "../fake/clock.ts";
import { turns } from "../support/until.ts";

/** A body that somebody sends piece by piece. */
class Sender {
  readonly clock = new ManualClock();
  readonly budget: Budget;
  isCancelled = false;
  controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      this.controller = controller;
    },
    cancel: () => {
      this.isCancelled = true;
    },
  });

  readonly atOnce = Promise.withResolvers<Uint8Array>();

  constructor(budgetBytes = 1_000) {
    this.budget = new Budget(budgetBytes);
  }

  reader(headers: Readonly<Record<string, string>> = {}): BodyReader {
    const { clock, budget } = this;
    const system: System = {
      phase: "running",
      services: null,
      clock,
      budget,
      startedAtMs: 0,
      version: "",
      stats: new RequestStats(),
    };
    const header = (name: string): string | null => headers[name] ?? null;
    const body = { stream: () => this.stream, atOnce: () => this.atOnce.promise };
    const reader = BodyReader.of({ header, body, system });
    if (reader instanceof HttpError) throw new Error(reader.message);
    return reader;
  }

  send(bytes: number): void {
    this.controller.enqueue(new Uint8Array(bytes));
  }
}

const statusOf = (value: unknown): unknown => (value instanceof HttpError ? value.status : value);

describe("a whole body", () => {
  test("is read to its end, and counted until it is done with", async () => {
    const sender = new Sender();
    const reader = sender.reader();
    sender.send(3);
    sender.send(4);
    sender.controller.close();
    expect(((await reader.whole()) as Uint8Array).length).toBe(7);
    expect(sender.budget.used).toBe(7);
    reader.end();
    expect(sender.budget.used).toBe(0);
  });

  test("is as large as it may be, and not larger", async () => {
    for (const [bytes, expected] of [
      [10, new Uint8Array(10)],
      [11, 413],
    ] as const) {
      const sender = new Sender();
      sender.send(bytes);
      sender.controller.close();
      expect(statusOf(await sender.reader().whole(10))).toEqual(expected);
    }
  });

  test("that announces too much is not read at all", async () => {
    const sender = new Sender();
    const reader = sender.reader({ "content-length": String(httpBodyBytesMax + 1) });
    expect(statusOf(await reader.whole())).toBe(413);
    reader.end();
    expect(sender.isCancelled).toBeTrue();
  });

  test("must be complete in time, however busily it comes", async () => {
    const sender = new Sender();
    const reader = sender.reader();
    const reading = reader.whole();
    for (let left = 3; left > 0; left--) {
      sender.send(1);
      await turns(1);
      sender.clock.advance(httpBodyMsMax / 3);
    }
    expect(statusOf(await reading)).toBe(408);
    expect(sender.clock.pending).toBe(0);
  });

  test("that breaks off is told so", async () => {
    const sender = new Sender();
    const reading = sender.reader().whole();
    sender.controller.error(new Error("the peer has gone"));
    const fault = await reading;
    expect(fault).toEqual(HttpError.of(400, "the body broke off: Error: the peer has gone"));
  });
});

describe("while all doors together hold too much", () => {
  test("reading waits until there is room", async () => {
    const sender = new Sender(10);
    sender.budget.reserve(20);
    const reader = sender.reader();
    const reading = reader.piece();
    sender.send(5);
    await turns(2);
    expect(sender.budget.used).toBe(20);
    sender.budget.release(20);
    expect(statusOf(await reading)).toHaveLength(5);
  });

  test("but not for ever", async () => {
    const sender = new Sender(10);
    sender.budget.reserve(20);
    const reading = sender.reader().piece();
    await turns(1);
    sender.clock.advance(httpBodyMsMax);
    expect(statusOf(await reading)).toBe(503);
  });
});

describe("piece by piece", () => {
  test("each is counted until it is released", async () => {
    const sender = new Sender();
    const reader = sender.reader();
    sender.send(3);
    sender.send(4);
    await reader.piece();
    await reader.piece();
    expect(sender.budget.used).toBe(7);
    reader.release(3);
    expect(sender.budget.used).toBe(4);
    reader.release(100);
    expect(sender.budget.used).toBe(0);
  });

  test("each next one has its own time", async () => {
    const sender = new Sender();
    const reader = sender.reader();
    for (let left = 3; left > 0; left--) {
      const reading = reader.piece();
      sender.clock.advance(httpBodyMsMax - 1);
      sender.send(1);
      expect(statusOf(await reading)).toHaveLength(1);
    }
    const reading = reader.piece();
    sender.clock.advance(httpBodyMsMax);
    expect(statusOf(await reading)).toBe(408);
  });

  test("whoever waits for one is told when nothing more is wanted", async () => {
    const sender = new Sender();
    const reader = sender.reader();
    const reading = reader.piece();
    reader.end();
    expect(await reading).toBeNull();
    expect(await reader.piece()).toBeNull();
  });
});

describe("a small body that is announced", () => {
  const announced = { "content-length": String(httpBodyAtOnceBytesMax) };

  test("is one piece, of which no stream is made", async () => {
    const sender = new Sender();
    const reader = sender.reader(announced);
    sender.atOnce.resolve(new Uint8Array(7));
    expect(statusOf(await reader.piece())).toHaveLength(7);
    expect(sender.budget.used).toBe(7);
    expect(await reader.piece()).toBeNull();
    expect(sender.stream.locked).toBeFalse();
    reader.end();
    expect(sender.budget.used).toBe(0);
  });

  test("one byte larger, it comes piece by piece", async () => {
    const sender = new Sender();
    const length = String(httpBodyAtOnceBytesMax + 1);
    const reading = sender.reader({ "content-length": length }).piece();
    sender.send(3);
    expect(statusOf(await reading)).toHaveLength(3);
  });

  test("may be empty", async () => {
    const sender = new Sender();
    const reading = sender.reader({ "content-length": "0" }).whole();
    sender.atOnce.resolve(new Uint8Array());
    expect(await reading).toEqual(new Uint8Array());
  });

  test("must come in time", async () => {
    const sender = new Sender();
    const reading = sender.reader(announced).whole();
    await turns(1);
    sender.clock.advance(httpBodyMsMax);
    expect(statusOf(await reading)).toBe(408);
  });

  test("may break off", async () => {
    const sender = new Sender();
    const reading = sender.reader(announced).whole();
    sender.atOnce.reject(new Error("the peer has gone"));
    expect(await reading).toEqual(
      HttpError.of(400, "the body broke off: Error: the peer has gone"),
    );
  });

  test("is not waited for when nothing more is wanted", async () => {
    const sender = new Sender();
    const reader = sender.reader(announced);
    const reading = reader.piece();
    reader.end();
    expect(await reading).toBeNull();
    expect(await reader.piece()).toBeNull();
  });
});

test("a coded body is not taken, whatever the coding is called", () => {
  const header = (name: string) => (name === "content-encoding" ? "GZIP" : null);
  const system = { budget: new Budget(1), clock: new ManualClock() } as unknown as System;
  const body = { stream: () => null, atOnce: () => Promise.resolve(new Uint8Array()) };
  expect(statusOf(BodyReader.of({ header, body, system }))).toBe(415);
});

test.each([
  ["{}", {}],
  ["", 400],
  ["{", 400],
  ["\u00ff", 400],
])("JSON in %p", (latin1, expected) => {
  expect(statusOf(parseJson(Buffer.from(latin1, "latin1")))).toEqual(expected);
});
