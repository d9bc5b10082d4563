import { expect, test } from "bun:test";
import { DiskSpace } from "../../src/broker/space.ts";
import { diskProbeMs } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { MemoryLogger } from "../fake/logger.ts";

const reserveBytes = 1000;

/** A volume with so many free bytes, and the guard over it, which has asked once. */
async function guarded(freeBytes: number): Promise<{
  disk: MemoryDisk;
  clock: ManualClock;
  logger: MemoryLogger;
  space: DiskSpace;
  probes: () => number;
  settle: () => Promise<void>;
}> {
  const disk = new MemoryDisk();
  disk.capacityBytes = freeBytes;
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const space = new DiskSpace(disk, clock, logger, reserveBytes);
  await space.probe();
  const probes = (): number =>
    disk.operations.filter(({ operation }) => operation === "volume").length;
  // Answers of the disk in memory come within microtasks: that of a later call comes after them.
  const settle = async (): Promise<void> => {
    await disk.list(".");
    await disk.list(".");
  };
  return { disk, clock, logger, space, probes, settle };
}

test("with room above the reserve appends go on", async () => {
  const { space } = await guarded(reserveBytes + 100);
  expect(space.refusal).toBeNull();
  expect(space.take(100)).toBeNull();
});

test("below the reserve appends are refused, from the first one after the start on", async () => {
  const { space, logger } = await guarded(reserveBytes - 1);
  expect(space.take(1)?.code).toBe("DISK_FULL");
  expect(space.refusal?.message).toContain("fewer than 1000 bytes are free");
  expect(logger.named("disk space is low, producers are refused")).toHaveLength(1);
});

test("between two probes the room is counted: the append that passes it is refused", async () => {
  const { space } = await guarded(reserveBytes + 100);
  expect(space.take(60)).toBeNull();
  expect(space.take(60)?.code).toBe("DISK_FULL");
});

test("when space comes back, appends go on by themselves within one probe", async () => {
  const { disk, clock, space, logger, settle } = await guarded(0);
  expect(space.take(1)?.code).toBe("DISK_FULL");
  await settle();
  disk.capacityBytes = 10_000;
  expect(space.take(1)?.code).toBe("DISK_FULL");
  clock.advance(diskProbeMs);
  await settle();
  expect(space.refusal).toBeNull();
  expect(space.take(1)).toBeNull();
  expect(logger.named("disk space is back, producers go on")).toHaveLength(1);
});

test("while it is low the disk is asked, even if nobody appends", async () => {
  const { clock, space, settle, probes } = await guarded(0);
  space.take(1);
  await settle();
  const before = probes();
  for (let turn = 0; turn < 3; turn++) {
    clock.advance(diskProbeMs);
    await settle();
  }
  expect(probes() - before).toBe(3);
});

test("a thousand appends within a probe's time ask the disk once", async () => {
  const { space, settle, probes } = await guarded(1_000_000);
  for (let turn = 0; turn < 1000; turn++) expect(space.take(1)).toBeNull();
  expect(probes()).toBe(2);
  await settle();
});

test("without appends nobody asks, and no timer waits", async () => {
  const { clock, space, settle } = await guarded(1_000_000);
  space.take(1);
  await settle();
  expect(clock.pending).toBe(1);
  clock.advance(diskProbeMs);
  expect(clock.pending).toBe(0);
});

test("somebody else's files count from the next probe on", async () => {
  const { disk, space, settle } = await guarded(1_000_000);
  disk.capacityBytes = 10;
  expect(space.take(1)).toBeNull();
  await settle();
  expect(space.take(1)?.code).toBe("DISK_FULL");
});

test("a disk that does not say how much is free does not stop producers", async () => {
  const { disk, logger, space } = await guarded(0);
  disk.failNext("volume", ".", "failed");
  await space.probe();
  expect(space.take(1)).toBeNull();
  expect(logger.named("free disk space is unknown")).toHaveLength(1);
});

test("after closing no timer is left", async () => {
  const { clock, space, settle } = await guarded(0);
  space.take(1);
  await settle();
  expect(clock.pending).toBe(1);
  space.close();
  expect(clock.pending).toBe(0);
  space.take(1);
  await settle();
  expect(clock.pending).toBe(0);
});
