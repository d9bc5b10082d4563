/** The ids of producers, on the database that keeps them; and the fake that stands in for it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Metadata } from "../../src/metadata/metadata.ts";
import { openSqliteMetadata } from "../../src/metadata/sql.ts";
import { MemoryMetadata } from "../fake/metadata.ts";
import { unwrap } from "../support/log-world.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Makes a store, and opens it again as the next start would. */
interface World extends Disposable {
  open(): Promise<Metadata>;
}

function sqlite(): World {
  const directory = temporaryDirectory();
  return {
    open: async () => unwrap(await openSqliteMetadata(join(directory.path, "obelisk.db"))),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

function memory(): World {
  let metadata = new MemoryMetadata();
  return {
    open: () => Promise.resolve((metadata = metadata.reopened())),
    [Symbol.dispose]: () => {},
  };
}

describe.each([
  ["SQLite", sqlite],
  ["memory", memory],
])("%s", (...[, makeWorld]) => {
  test("each reservation begins behind the one before, also after a restart", async () => {
    using world = makeWorld();
    const metadata = await world.open();
    expect(await metadata.producerIds.reserve(1000, 0)).toBe(0);
    expect(await metadata.producerIds.reserve(10, 0)).toBe(1000);
    await metadata.close();
    const again = await world.open();
    expect(await again.producerIds.reserve(1000, 0)).toBe(1010);
    await again.close();
  });

  test("none begins before what is asked for, and none goes back", async () => {
    using world = makeWorld();
    const metadata = await world.open();
    const { producerIds } = metadata;
    expect(await producerIds.reserve(1000, 1_754_705_528_480_000)).toBe(1_754_705_528_480_000);
    expect(await producerIds.reserve(1000, 5)).toBe(1_754_705_528_481_000);
    await metadata.close();
  });

  test("at once they don't overlap", async () => {
    using world = makeWorld();
    const metadata = await world.open();
    const asked = Array.from({ length: 20 }, () => metadata.producerIds.reserve(10, 0));
    const firsts = (await Promise.all(asked)).map((first) => unwrap(first));
    expect(firsts.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at * 10));
    await metadata.close();
  });

  test("after closing they are refused", async () => {
    using world = makeWorld();
    const metadata = await world.open();
    await metadata.close();
    expect(await metadata.producerIds.reserve(1, 0)).toMatchObject({ code: "SHUTTING_DOWN" });
  });
});
