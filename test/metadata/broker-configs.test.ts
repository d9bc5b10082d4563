/** What was set for the broker, on the database that keeps it; and the fake in its place. */
import { describe, expect, test } from "bun:test";
import { metadataWorlds } from "../support/metadata-worlds.ts";

describe.each(metadataWorlds)("%s", (_name, makeWorld) => {
  test("nothing is set at first", async () => {
    using world = makeWorld();
    const metadata = await world.open();
    expect(await metadata.brokerConfigs.all()).toEqual({});
    await metadata.close();
  });

  test("it is replaced as a whole, and there after a restart", async () => {
    using world = makeWorld();
    const metadata = await world.open();
    const first = { "log.segment.bytes": "1048576", "compression.type": "zstd" };
    expect(await metadata.brokerConfigs.replace(first)).toBeNull();
    expect(await metadata.brokerConfigs.all()).toEqual(first);
    const second = { "compression.type": "lz4", "x'; drop table topics; --": "" };
    expect(await metadata.brokerConfigs.replace(second)).toBeNull();
    await metadata.close();
    const again = await world.open();
    expect(await again.brokerConfigs.all()).toEqual(second);
    await again.close();
  });

  test("after closing it is refused", async () => {
    using world = makeWorld();
    const metadata = await world.open();
    await metadata.close();
    expect(await metadata.brokerConfigs.all()).toMatchObject({ code: "SHUTTING_DOWN" });
    expect(await metadata.brokerConfigs.replace({})).toMatchObject({ code: "SHUTTING_DOWN" });
  });
});
