/** The ids of producers, on the database that keeps them; and the fake that stands in for it. */
import { describe, expect, test } from "bun:test";
import { unwrap } from "../support/log-world.ts";
import { metadataWorlds } from "../support/metadata-worlds.ts";

describe.each(metadataWorlds)("%s", (_name, makeWorld) => {
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
