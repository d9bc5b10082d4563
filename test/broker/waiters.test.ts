/** Stories of fetches that wait. */
import { describe, expect, test } from "bun:test";
import { offset, type Offset } from "../../src/base/brands.ts";
import { type Wait, type WaitFor, Waiters, Watches } from "../../src/broker/waiters.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { randomForTest } from "../support/seed.ts";

/** A partition whose records a test brings. */
class FakePartition {
  readonly watches = new Watches();
  highWatermark: Offset = offset(0);

  /** A record of so many bytes can be read. */
  arrive(bytes: number): void {
    this.highWatermark = offset(this.highWatermark + 1);
    this.watches.arrived(bytes);
  }
}

class World {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  readonly waiters: Waiters;

  constructor(countMax?: number, watchedMax?: number) {
    this.waiters = new Waiters(this.clock, this.logger, countMax, watchedMax);
  }

  wait(partitions: FakePartition[], wanted: Partial<WaitFor & { bytesMax: number }> = {}): Wait {
    const { bytes = 1, maxWaitMs = 500, bytesMax = 1000 } = wanted;
    return this.waiters.wait({
      partitions: partitions.map((partition) => {
        return { partition, nextOffset: partition.highWatermark, bytesMax };
      }),
      bytes,
      maxWaitMs,
    });
  }
}

/** How a wait has ended so far. */
async function endOf({ ended }: Wait): Promise<string> {
  return await Promise.race([ended, Promise.resolve("waits")]);
}

describe("a wait", () => {
  test("ends with the first byte, if one is enough", async () => {
    const world = new World();
    const partition = new FakePartition();
    const wait = world.wait([partition]);
    expect(await endOf(wait)).toBe("waits");
    partition.arrive(70);
    expect(await endOf(wait)).toBe("bytes");
  });

  test("counts the bytes of all its partitions", async () => {
    const world = new World();
    const partitions = [new FakePartition(), new FakePartition(), new FakePartition()];
    const wait = world.wait(partitions, { bytes: 100 });
    for (const partition of partitions) partition.arrive(33);
    expect(await endOf(wait)).toBe("waits");
    partitions[1]?.arrive(1);
    expect(await endOf(wait)).toBe("bytes");
  });

  test("counts no more of a partition than its caller would take", async () => {
    const world = new World();
    const [small, other] = [new FakePartition(), new FakePartition()];
    const wait = world.wait([small, other], { bytes: 100, bytesMax: 60 });
    small.arrive(50);
    small.arrive(5000);
    expect(await endOf(wait)).toBe("waits");
    other.arrive(40);
    expect(await endOf(wait)).toBe("bytes");
  });

  test("ends when its time is up", async () => {
    const world = new World();
    const wait = world.wait([new FakePartition()], { maxWaitMs: 500 });
    world.clock.advance(499);
    expect(await endOf(wait)).toBe("waits");
    world.clock.advance(1);
    expect(await endOf(wait)).toBe("time");
  });

  test.each([0, -1])("without time ends at once: %p", async (maxWaitMs) => {
    const world = new World();
    expect(await endOf(world.wait([new FakePartition()], { maxWaitMs }))).toBe("time");
    expect(world.clock.pending).toBe(0);
  });

  test("ends at once if records came while its caller was reading", async () => {
    const world = new World();
    const partition = new FakePartition();
    partition.arrive(70);
    const wanted = { bytes: 5000, maxWaitMs: 500 };
    const early = { partition, nextOffset: offset(0), bytesMax: 1000 };
    expect(await endOf(world.waiters.wait({ partitions: [early], ...wanted }))).toBe("bytes");
    const full = { ...early, bytesMax: 0 };
    const patient = world.waiters.wait({ partitions: [full], ...wanted });
    expect(await endOf(patient)).toBe("waits");
  });

  test("that is cancelled costs nothing afterwards", async () => {
    const world = new World();
    const partition = new FakePartition();
    const wait = world.wait([partition]);
    wait.cancel();
    wait.cancel();
    expect(await endOf(wait)).toBe("cancelled");
    expect(world.clock.pending).toBe(0);
    expect(world.waiters.count).toBe(0);
    partition.arrive(70);
    expect(await endOf(wait)).toBe("cancelled");
  });

  test("has one timer, however many partitions it watches, and none once it has ended", () => {
    const world = new World();
    const partitions = Array.from({ length: 1000 }, () => new FakePartition());
    world.wait(partitions);
    expect(world.clock.pending).toBe(1);
    partitions[500]?.arrive(1);
    expect(world.clock.pending).toBe(0);
  });

  test("ends for all who watch a partition that goes, and for nobody else", async () => {
    const world = new World();
    const [gone, other] = [new FakePartition(), new FakePartition()];
    const waits = [world.wait([gone]), world.wait([gone, other]), world.wait([other])];
    gone.watches.end("changed");
    expect(await Promise.all(waits.map(endOf))).toEqual(["changed", "changed", "waits"]);
  });
});

describe("too many", () => {
  test("waits are answered at once, and it is said; as others end there is room", async () => {
    const world = new World(2);
    const partition = new FakePartition();
    const waits = [1, 2, 3].map(() => world.wait([partition]));
    expect(await Promise.all(waits.map(endOf))).toEqual(["waits", "waits", "time"]);
    expect(world.logger.events.map(({ event }) => event)).toEqual([
      "a fetch does not wait: too many do",
    ]);
    partition.arrive(1);
    expect(await endOf(world.wait([partition]))).toBe("waits");
  });

  test("watched partitions: who comes last waits for its time alone", async () => {
    const world = new World(100, 3);
    const partitions = [new FakePartition(), new FakePartition()];
    const [woken, asleep] = [world.wait(partitions), world.wait(partitions)];
    partitions[0]?.arrive(1);
    expect(await Promise.all([woken, asleep].map(endOf))).toEqual(["bytes", "waits"]);
    expect(world.logger.events.map(({ event }) => event)).toEqual([
      "a fetch is not woken: too many partitions are watched",
    ]);
    world.clock.advance(500);
    expect(await endOf(asleep)).toBe("time");
    expect(await endOf(world.wait(partitions))).toBe("waits");
  });
});

test("random waits end exactly when their bytes are there, their time is up or they are cancelled", async () => {
  const random = randomForTest();
  const world = new World();
  const partitions = Array.from({ length: 8 }, () => new FakePartition());
  interface Open {
    readonly wait: Wait;
    readonly due: number;
    /** By partition: how many bytes may still count. */
    readonly left: Map<FakePartition, number>;
    bytes: number;
  }
  const open = new Set<Open>();
  for (let step = 0; step < 5000; step++) {
    const kind = random.below(10);
    if (kind < 4) {
      const watched = partitions.filter(() => random.below(3) === 0);
      const wanted = {
        bytes: 1 + random.below(500),
        maxWaitMs: 1 + random.below(300),
        bytesMax: 1 + random.below(400),
      };
      const left = new Map(watched.map((partition) => [partition, wanted.bytesMax]));
      const due = world.clock.monotonic() + wanted.maxWaitMs;
      open.add({ wait: world.wait(watched, wanted), due, left, bytes: wanted.bytes });
    } else if (kind < 8) {
      const partition = partitions[random.below(partitions.length)]!;
      const bytes = 1 + random.below(200);
      for (const one of open) {
        const counted = Math.min(bytes, one.left.get(partition) ?? 0);
        if (counted === 0) continue;
        one.left.set(partition, one.left.get(partition)! - counted);
        one.bytes -= counted;
      }
      partition.arrive(bytes);
    } else if (kind === 8) world.clock.advance(random.below(100));
    else for (const one of open) if (random.below(20) === 0) one.wait.cancel();
    for (const one of open) {
      const end = await endOf(one.wait);
      if (one.bytes <= 0) expect(["bytes", "cancelled"]).toContain(end);
      else if (one.due <= world.clock.monotonic()) expect(["time", "cancelled"]).toContain(end);
      else expect(["waits", "cancelled"]).toContain(end);
      if (end !== "waits") open.delete(one);
    }
    expect(world.waiters.count).toBe(open.size);
    expect(world.clock.pending).toBe(open.size);
  }
});
