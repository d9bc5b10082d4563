import { describe, expect, test } from "bun:test";
import type { SocketEvents } from "../../src/client/socket.ts";
import { ProducerLine } from "../../src/client/producer-line.ts";
import { ManualClock } from "../fake/clock.ts";

/** A line whose connections are the test's. */
class World {
  readonly clock = new ManualClock();
  readonly dialled: (SocketEvents & { ended: boolean })[] = [];
  readonly told: string[] = [];
  chance = 0;
  readonly line: ProducerLine;

  constructor() {
    this.line = new ProducerLine({
      host: "broker",
      port: 8080,
      clock: this.clock,
      random: { next: () => this.chance, below: () => 0, uuid: () => "" },
      dial: (_host, _port, events) => {
        const connection = { ...events, ended: false };
        this.dialled.push(connection);
        return {
          write: (_bytes, _from, length) => length,
          end: () => {
            connection.ended = true;
          },
        };
      },
      events: {
        up: () => this.told.push("up"),
        received: () => this.told.push("received"),
        writable: () => this.told.push("writable"),
        lost: (reason) => this.told.push(`lost: ${reason}`),
      },
    });
  }

  /** Fails the newest connection, and wants another. */
  fail(): void {
    this.dialled.at(-1)!.closed("refused");
    this.line.want();
  }
}

test("a line connects when it is wanted, once however often that is said", () => {
  const { line, dialled, told } = new World();
  line.want();
  line.want();
  expect(dialled).toHaveLength(1);
  expect(line.write(new Uint8Array(1), 0, 1)).toBe(0);
  dialled[0]!.opened();
  expect(told).toEqual(["up"]);
  expect(line.write(new Uint8Array(1), 0, 1)).toBe(1);
});

describe("pauses between attempts", () => {
  test("double, by chance down to half, and end at a bound", () => {
    const world = new World();
    world.line.want();
    world.chance = 0.5;
    for (const pause of [37.5, 75, 150, 300, 600, 1200, 2400, 3750, 3750]) {
      world.fail();
      const before = world.dialled.length;
      world.clock.advance(pause - 0.5);
      expect(world.dialled).toHaveLength(before);
      world.clock.advance(0.5);
      expect(world.dialled).toHaveLength(before + 1);
    }
  });

  test("are none after progress", () => {
    const world = new World();
    world.line.want();
    world.fail();
    world.clock.advance(50);
    world.dialled[1]!.opened();
    world.line.progressed();
    world.fail();
    expect(world.dialled).toHaveLength(3);
  });

  test("are kept although the connection opens: a server that only accepts is no progress", () => {
    const world = new World();
    world.line.want();
    world.dialled[0]!.opened();
    world.fail();
    expect(world.dialled).toHaveLength(1);
    world.clock.advance(50);
    expect(world.dialled).toHaveLength(2);
  });
});

test("an attempt that takes too long is given up and reported", () => {
  const { line, dialled, told, clock } = new World();
  line.want();
  clock.advance(10_000);
  expect(told).toEqual(["lost: connecting timed out"]);
  expect(dialled[0]?.ended).toBe(true);
  // Comes too late, and is nobody's any more.
  dialled[0]!.opened();
  dialled[0]!.closed("late");
  expect(told).toHaveLength(1);
});

test("a connection that was cut reports its loss once", () => {
  const { line, dialled, told } = new World();
  line.want();
  dialled[0]!.opened();
  line.cut("nonsense");
  dialled[0]!.closed("closed by the client");
  line.cut("again");
  expect(told).toEqual(["up", "lost: nonsense"]);
  expect(line.up).toBe(false);
});

test("closing is silent, in every state, and leaves no timer", () => {
  const { line, dialled, told, clock } = new World();
  line.want();
  line.close();
  expect(dialled[0]?.ended).toBe(true);
  line.want();
  expect(dialled).toHaveLength(1);
  line.close();
  expect(told).toEqual([]);
  expect(clock.pending).toBe(0);
});
