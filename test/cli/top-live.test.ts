import { expect, test } from "bun:test";
import { ScrapeFailure } from "../../src/cli/top-scrape.ts";
import { watch } from "../../src/cli/top-live.ts";
import type { Sample } from "../../src/cli/top-source.ts";
import { firstState } from "../../src/cli/top-state.ts";
import type { Terminal, TerminalListener } from "../../src/cli/top-terminal.ts";
import type { Size } from "../../src/cli/top-view.ts";
import { topIntervalMsMin } from "../../src/limits.ts";
import { MemoryWorld } from "../fake/world.ts";
import { turns } from "../support/until.ts";
import { sampleOf } from "./top-scrapes.ts";

const intervalMs = 2_000;

/** Somebody at a terminal in memory, and a broker that answers what a test says. */
class Watching implements Terminal {
  readonly world = new MemoryWorld();
  columns = 80;
  looks = 0;
  isLeft = false;
  answer: () => Sample | ScrapeFailure | Promise<Sample>;
  readonly ended: Promise<void>;
  #listener: TerminalListener | null = null;

  constructor() {
    this.answer = () => sampleOf({ uptime: this.now / 1_000 + 1, recordsIn: this.now }, this.now);
    const look = async (): Promise<Sample | ScrapeFailure> => {
      this.looks += 1;
      return await this.answer();
    };
    this.ended = watch(firstState("broker", intervalMs), look, this, this.world);
  }

  get now(): number {
    return this.world.clock.monotonic();
  }

  size(): Size {
    return { columns: this.columns, rows: 24 };
  }

  enter(listener: TerminalListener): void {
    this.#listener = listener;
  }

  async leave(): Promise<void> {
    this.isLeft = true;
  }

  get listener(): TerminalListener {
    if (this.#listener === null) throw new Error("the terminal was not entered");
    return this.#listener;
  }

  /** What has been written since it was asked last. */
  written(): string {
    const { text } = this.world.stdout;
    this.world.stdout.text = "";
    return text;
  }

  async pass(ms: number): Promise<void> {
    this.world.clock.advance(ms);
    await turns(3);
  }
}

test("it asks, looks twice soon, and then at its interval", async () => {
  const watching = new Watching();
  expect(watching.written()).toContain("asking the broker …");
  await turns(3);
  expect(watching.looks).toBe(1);
  await watching.pass(topIntervalMsMin);
  expect(watching.looks).toBe(2);
  expect(watching.written()).toContain("1,000 records/s");
  await watching.pass(intervalMs - 1);
  expect(watching.looks).toBe(2);
  await watching.pass(1);
  expect(watching.looks).toBe(3);
  watching.listener.typed("q");
  await watching.ended;
});

test.each(["q", "\x03"])(
  "%j ends it, with the terminal as it was and no timer left",
  async (key) => {
    const watching = new Watching();
    await turns(3);
    watching.listener.typed(key);
    await watching.ended;
    expect(watching.isLeft).toBeTrue();
    expect(watching.world.clock.pending).toBe(0);
    watching.written();
    watching.listener.spoiled();
    expect(watching.written()).toBe("");
  },
);

test("a signal ends it likewise", async () => {
  const watching = new Watching();
  await turns(3);
  watching.world.stop.request("SIGTERM");
  await watching.ended;
  expect([watching.isLeft, watching.world.exits]).toEqual([true, []]);
});

test("a defect on the way gives the terminal back, and is not hidden", async () => {
  const watching = new Watching();
  await turns(3);
  watching.answer = () => Promise.reject(new Error("a defect of this test"));
  const reason = watching.ended.catch((error: unknown) => error);
  await watching.pass(topIntervalMsMin);
  expect(await reason).toEqual(new Error("a defect of this test"));
  expect(watching.isLeft).toBeTrue();
});

test("a broker that is gone is asked again and again, until it is back", async () => {
  const watching = new Watching();
  await turns(3);
  await watching.pass(topIntervalMsMin);
  const { answer } = watching;
  watching.answer = () => new ScrapeFailure("nobody listens there");
  watching.written();
  await watching.pass(intervalMs);
  await watching.pass(intervalMs);
  expect(watching.written()).toContain("no answer for 2.0 s, trying again: nobody listens there");
  watching.answer = answer;
  await watching.pass(intervalMs);
  expect(watching.written()).toContain("the broker is back: it was gone for 4.0 s");
  watching.listener.typed("q");
  await watching.ended;
});

test("keys change what is seen at once, and a new size draws all of it", async () => {
  const watching = new Watching();
  await turns(3);
  watching.written();
  watching.listener.typed("s");
  expect(watching.written()).toContain("out/s▼");
  watching.columns = 40;
  watching.listener.spoiled();
  const redrawn = watching.written();
  expect(redrawn).toContain("\x1b[2J");
  expect(redrawn.split("\x1b[?2026h")).toHaveLength(2);
  watching.listener.typed("x");
  expect(watching.written()).toBe("");
  watching.listener.typed("q");
  await watching.ended;
});

test("a terminal that takes nothing is not written to; then it gets what is newest", async () => {
  const watching = new Watching();
  await turns(3);
  const { stdout } = watching.world;
  stdout.queuedBytes = 1;
  const { promise: taken, resolve } = Promise.withResolvers<void>();
  stdout.flush = () => taken;
  watching.written();
  watching.listener.typed("s");
  watching.listener.typed("s");
  await watching.pass(topIntervalMsMin);
  expect(watching.written()).toBe("");
  stdout.queuedBytes = 0;
  resolve();
  await turns(3);
  expect(watching.written()).toContain("bytes in▼");
  watching.listener.typed("q");
  await watching.ended;
});
