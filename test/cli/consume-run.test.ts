import { describe, expect, test } from "bun:test";
import { Consumer } from "../../src/client/consumer.ts";
import { pollMessagesDefault } from "../../src/limits.ts";
import { MemoryOutput, MemoryWorld } from "../fake/world.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { call, writePartition } from "./read-fixture.ts";

const consumeOf = (data: string, ...args: string[]): string[] => [
  "consume",
  "--data",
  data,
  ...args,
];

/** The keys of what was printed, one after another. */
async function keysOf(data: string, args: readonly string[], world?: MemoryWorld): Promise<string> {
  const { out } = await call(consumeOf(data, ...args, "-f", "%k "), data, world);
  return out;
}

test("more than one poll takes is printed by one call, but not what comes meanwhile", async () => {
  using data = temporaryDirectory();
  const count = pollMessagesDefault + 100;
  await writePartition(data.path, "orders", 0, [{ first: 0, count }]);
  /** A topic that grows whenever it is printed. */
  class GrowingOutput extends MemoryOutput {
    grown = 0;
    override async flush(): Promise<void> {
      await writePartition(data.path, "orders", 0, [{ first: count + this.grown++ }]);
    }
  }
  const stdout = new GrowingOutput();
  const world = Object.assign(new MemoryWorld(), { stdout });
  const keys = (await keysOf(data.path, ["-t", "orders"], world)).split(" ");
  expect(keys.length - 1).toBeWithin(count, count + 2);
  expect(stdout.grown).toBe(2);
});

describe("what standard output has not taken", () => {
  test("is not committed: it is printed again the next time", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0, count: 2 }]);
    const world = new MemoryWorld();
    const stdout = new MemoryOutput();
    stdout.flush = async () => world.stop.request("closed");
    Object.assign(world, { stdout });
    const { code } = await call(consumeOf(data.path, "-t", "orders"), data.path, world);
    expect(code).toBe(0);
    expect(await keysOf(data.path, ["-t", "orders"])).toBe("k0 k1 ");
  });
});

describe("continuous", () => {
  const args = ["-t", "orders", "--mode", "continuous"];

  test("prints what comes until SIGINT, and commits on the way out", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0 }]);
    const world = new MemoryWorld();
    const running = call(consumeOf(data.path, ...args), data.path, world);
    await until(() => world.clock.pending > 0);
    await writePartition(data.path, "orders", 0, [{ first: 1 }]);
    world.clock.advance(100);
    await until(() => world.stdout.text.includes("k1"));
    world.stop.request("SIGINT");
    expect((await running).code).toBe(130);
    expect(await keysOf(data.path, ["-t", "orders"])).toBe("");
    await writePartition(data.path, "orders", 0, [{ first: 2 }]);
    expect(await keysOf(data.path, ["-t", "orders"])).toBe("k2 ");
  });

  test("waits for a topic that is not there yet", async () => {
    using data = temporaryDirectory();
    const world = new MemoryWorld();
    const running = call(consumeOf(data.path, ...args, "-c", "1"), data.path, world);
    await until(() => world.clock.pending > 0);
    await writePartition(data.path, "orders", 0, [{ first: 0 }]);
    world.clock.advance(100);
    const { code, out, error } = await running;
    expect([code, error, out.split("\t")[3]]).toEqual([
      0,
      'obelisk consume: warning: <data> has no topic "orders" yet\n',
      "k0",
    ]);
  });

  test("ends when nothing has come within --timeout", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0 }]);
    const world = new MemoryWorld();
    const running = call(consumeOf(data.path, ...args, "--timeout", "150ms"), data.path, world);
    await until(() => world.clock.pending > 0);
    world.clock.advance(100);
    await until(() => world.clock.pending > 0);
    world.clock.advance(50);
    expect((await running).code).toBe(0);
  });

  test("commits once a second while there is always more", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0, count: 3 * pollMessagesDefault }]);
    const world = new MemoryWorld();
    const committed: number[] = [];
    const stdout = new MemoryOutput();
    stdout.flush = async () => {
      const look = await Consumer.open({ data: data.path, topics: ["orders"], isReadOnly: true });
      committed.push(await look.committedOffset("orders"));
      await look.close();
      world.clock.advance(600);
    };
    Object.assign(world, { stdout });
    await call(consumeOf(data.path, "-t", "orders"), data.path, world);
    expect(committed).toEqual([0, 0, 2 * pollMessagesDefault]);
  });
});
