/** What metrics and health say of old records is what became of them. */
import { expect, test } from "bun:test";
import type { JanitorRules } from "../../src/broker/janitor.ts";
import { keyed, stored } from "../support/compaction.ts";
import { HttpWorld } from "../support/http-world.ts";
import { Scraped } from "../support/scraped.ts";

const minute = 60_000;
const janitor: JanitorRules = {
  retentionCheckMs: minute,
  compaction: { checkMs: 15_000, memoryBytes: 1024 * 1024, bytesPerSecond: Infinity },
  scrubBytesPerSecond: Infinity,
};

const scraped = async (world: HttpWorld): Promise<Scraped> =>
  new Scraped((await world.ask("GET", "/metrics")).text);

/** Seven records of one key, three of them in each finished segment. */
async function overwrite(world: HttpWorld, topic: string): Promise<void> {
  const log = world.broker.topic(topic)?.partitions[0]?.log;
  if (log === undefined) throw new Error(`there is no ${topic}`);
  const timestamp = world.base.clock.now();
  for (let i = 0; i < 7; i++) {
    await stored(log, keyed([["a", `${i}`.padEnd(20_000, ".")]], { timestamp }));
  }
}

interface Health {
  readonly components: {
    readonly old_records: { status: string; message: string; details: object };
  };
}

const health = async (world: HttpWorld): Promise<Health["components"]["old_records"]> =>
  ((await world.ask("GET", "/health")).body as Health).components.old_records;

test("compaction, retention and reading again are counted", async () => {
  await using world = await HttpWorld.open({ settings: { janitor } });
  const { broker } = world;
  await world.topic("kept", 1, { "cleanup.policy": "compact", "segment.bytes": "65536" });
  await world.topic("old", 1, { "retention.ms": "1", "segment.bytes": "65536" });
  await overwrite(world, "kept");
  await overwrite(world, "old");
  await world.movingUntil(() => {
    const { retention, compaction, scrub } = broker.upkeep!;
    return retention.segments > 0 && compaction.runs > 0 && (scrub?.passes ?? 0) > 0;
  }, minute);
  const shown = await scraped(world);
  expect(shown.value("obelisk_retention_deleted_segments_total")).toBe(3);
  expect(shown.value("obelisk_retention_deleted_bytes_total")).toBeGreaterThan(140_000);
  expect(shown.value("obelisk_compaction_runs_total")).toBe(1);
  expect(shown.value("obelisk_compaction_records_total")).toBe(6);
  expect(shown.value("obelisk_compaction_kept_records_total")).toBe(1);
  expect(shown.value("obelisk_compaction_freed_bytes_total")).toBeGreaterThan(99_000);
  expect(shown.value("obelisk_compaction_read_bytes_total")).toBeGreaterThan(240_000);
  expect(shown.value("obelisk_scrub_passes_total")).toBe(1);
  for (const name of ["retention_last_round", "compaction_last_run", "scrub_last_pass"]) {
    const at = shown.value(`obelisk_${name}_timestamp_seconds`) ?? 0;
    const now = world.base.clock.now() / 1000;
    expect(at).toBeGreaterThan(now - 3600);
    expect(at).toBeLessThanOrEqual(now);
  }
  expect(await health(world)).toMatchObject({ status: "healthy" });
});

test("damage and a log that can't be compacted degrade health, and clients may still come", async () => {
  await using world = await HttpWorld.open({ settings: { janitor } });
  const { broker, base } = world;
  await world.topic("kept", 1, { "cleanup.policy": "compact", "segment.bytes": "65536" });
  await overwrite(world, "kept");
  base.disk.flipBit("topics/kept/0/00000000000000000000.log", 1000, 1);
  await world.movingUntil(() => {
    const { compaction, scrub } = broker.upkeep!;
    return compaction.setAside.length > 0 && (scrub?.passes ?? 0) > 0;
  }, minute);
  const shown = await scraped(world);
  expect(shown.value("obelisk_compaction_failures_total")).toBe(1);
  expect(shown.value("obelisk_compaction_partitions_set_aside")).toBe(1);
  expect(shown.value("obelisk_scrub_damages")).toBe(1);
  expect(await health(world)).toMatchObject({
    status: "degraded",
    message: "damaged stretches of records: 1; partitions that can't be compacted: 1",
    details: {
      damaged: [{ topic: "kept", partition: 0, fromOffset: 0, toOffset: 1 }],
      uncompacted: [{ topic: "kept", partition: 0 }],
      undeleted: [],
    },
  });
  expect((await world.ask("GET", "/health")).status).toBe(200);
  expect((await world.ask("GET", "/health/ready")).status).toBe(200);
});

test("where nobody looks after logs, nothing is said of it", async () => {
  await using world = await HttpWorld.open();
  const shown = await scraped(world);
  expect([...shown.names].filter((name) => /retention|compaction|scrub/.test(name))).toEqual([]);
  expect(await health(world)).toMatchObject({ status: "healthy" });
});
