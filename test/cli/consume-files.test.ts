import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { Consumer } from "../../src/client/consumer.ts";
import { localDisk } from "../../src/disk/local.ts";
import { MemoryWorld } from "../fake/world.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { call, flipBit, logPathOf, writePartition } from "./read-fixture.ts";

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

describe("a group", () => {
  test("goes on where it was, and each group has a place of its own", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0, count: 3 }]);
    expect(await keysOf(data.path, ["-t", "orders", "-c", "2"])).toBe("k0 k1 ");
    expect(await keysOf(data.path, ["-t", "orders", "--group", "other"])).toBe("k0 k1 k2 ");
    expect(await keysOf(data.path, ["-t", "orders"])).toBe("k2 ");
    expect(await keysOf(data.path, ["-t", "orders"])).toBe("");
    await writePartition(data.path, "orders", 0, [{ first: 3 }]);
    expect(await keysOf(data.path, ["-t", "orders"])).toBe("k3 ");
    expect(await keysOf(data.path, ["-t", "orders", "--mode", "reset"])).toBe("k0 k1 k2 k3 ");
  });

  test("is not touched by who does not commit, and need not be free", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0 }]);
    expect(await keysOf(data.path, ["-t", "orders", "--no-commit"])).toBe("k0 ");
    expect(existsSync(`${data.path}/consumers`)).toBe(false);
    const other = await Consumer.open({ data: data.path, topics: ["orders"] });
    expect(await keysOf(data.path, ["-t", "orders", "--no-commit"])).toBe("k0 ");
    const refused = await call(consumeOf(data.path, "-t", "orders"), data.path);
    await other.close();
    expect([refused.code, refused.error]).toEqual([
      1,
      expect.stringContaining("group default is in use by process"),
    ]);
  });
});

describe("messages that can't be read", () => {
  async function damaged(data: string): Promise<void> {
    await writePartition(data, "orders", 0, [{ first: 0 }, { first: 1 }, { first: 2 }]);
    flipBit(logPathOf(data, "orders"), 80 + 70);
    await writePartition(data, "orders", 1, [{ first: 10 }]);
  }

  test("keep their partition in front of them, and no other", async () => {
    using data = temporaryDirectory();
    await damaged(data.path);
    const args = consumeOf(data.path, "-t", "orders", "-f", "%k ");
    const error =
      "obelisk consume: orders/0: offset 1 can't be read: it stays there; --skip-damaged gives " +
      "them up\n";
    expect(await call(args, data.path)).toEqual({ code: 1, out: "k0 k10 ", error });
    await writePartition(data.path, "orders", 1, [{ first: 11 }]);
    expect(await call(args, data.path)).toEqual({ code: 1, out: "k11 ", error });
  });

  test("are told of once while the others are waited for", async () => {
    using data = temporaryDirectory();
    await damaged(data.path);
    const world = new MemoryWorld();
    const args = consumeOf(data.path, "-t", "orders", "--mode", "continuous");
    const running = call(args, data.path, world);
    await until(() => world.clock.pending > 0);
    await writePartition(data.path, "orders", 1, [{ first: 11 }]);
    world.clock.advance(100);
    await until(() => world.stdout.text.includes("k11"));
    await until(() => world.clock.pending > 0);
    world.stop.request("SIGINT");
    const { code, error } = await running;
    expect([code, error.split("\n").length - 1]).toEqual([1, 1]);
  });

  test("are given up with --skip-damaged, which still fails, once", async () => {
    using data = temporaryDirectory();
    await damaged(data.path);
    const args = consumeOf(data.path, "-t", "orders", "-f", "%k ", "--skip-damaged");
    const first = await call(args, data.path);
    expect(first).toEqual({
      code: 1,
      out: "k0 k10 k2 ",
      error: "obelisk consume: warning: orders/0: offset 1 can't be read, left out\n",
    });
    expect(await call(args, data.path)).toEqual({ code: 0, out: "", error: "" });
  });

  test("are given up for good, even if nothing comes behind them", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0 }, { first: 1 }]);
    flipBit(logPathOf(data.path, "orders"), 80 + 70);
    const args = consumeOf(data.path, "-t", "orders", "--skip-damaged");
    expect((await call(args, data.path)).code).toBe(1);
    expect(await call(args, data.path)).toEqual({ code: 0, out: "", error: "" });
  });
});

test("the original's directory is consumed as if it were ours, nanoseconds included", async () => {
  using data = temporaryDirectory();
  await writeOriginal(localDisk(data.path), { topic: "old", messages: messagesOf(3) });
  const { out: read } = await call(["read", data.path, "-t", "old"], data.path);
  const { out } = await call(consumeOf(data.path, "-t", "old"), data.path);
  expect(out).toBe(read);
  expect(await keysOf(data.path, ["-t", "old"])).toBe("");
});
