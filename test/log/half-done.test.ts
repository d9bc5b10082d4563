import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import {
  acked,
  directory,
  LogWorld,
  range,
  readAll,
  smallConfig,
  unwrap,
} from "../support/log-world.ts";

test("what recovery has found behind a failed sync stays when the power goes", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  world.disk.failNext("append", /\.log$/, "failed", { partialBytes: Infinity });
  const refused = await unwrap(log.append(batchOf({ first: 1 }))).committed;
  expect(refused?.code).toBe("KAFKA_STORAGE_ERROR");

  // The system has the bytes, and takes them for written.
  const killed = new LogWorld(world.disk.crash({ keep: "all" }));
  const found = await readAll(await killed.open());
  expect(found.map(({ number }) => number)).toEqual(range(0, 2));

  const back = new LogWorld(killed.disk.crash({ keep: "synced" }));
  expect(await readAll(await back.open())).toEqual(found);
});

test("a start that was found does not go back when the power goes", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let first = 0; first < 3; first++) await acked(log, { first });
  await log.publish();
  const gate = world.disk.hold("syncDirectory");
  const trimming = log.trim(offset(2));
  await gate.reached();
  const killed = new LogWorld(world.disk.clone());
  gate.release();
  await trimming;

  expect((await killed.open()).startOffset).toBe(offset(2));
  const back = new LogWorld(killed.disk.crash({ keep: "synced" }));
  expect((await back.open()).startOffset).toBe(offset(2));
});

test("a start that could not be written is not believed the next time, either", async () => {
  // Each batch has a segment of its own.
  const first = new LogWorld(new MemoryDisk(), { ...smallConfig, segmentBytes: 100 });
  const log = await first.open();
  await acked(log, { first: 0 });
  await acked(log, { first: 1 });
  await log.close();
  const world = new LogWorld(first.disk, first.config);
  for (const kind of ["log", "idx", "timeindex"]) {
    await world.disk.remove(`${directory}/00000000000000000001.${kind}`);
  }
  const back = await world.open();
  // There is nothing that could go before the start is written.
  world.disk.capacityBytes = world.disk.usedBytes;
  for (let left = 2; left > 0; left--) {
    expect((await back.trim(offset(1)))?.code).toBe("KAFKA_STORAGE_ERROR");
    expect(back.startOffset).toBe(offset(0));
  }
});

test("on a full disk a start is believed when what lies below it is gone for good", async () => {
  const world = new LogWorld(new MemoryDisk(), { ...smallConfig, segmentBytes: 100 });
  const log = await world.open();
  for (let first = 0; first < 3; first++) await acked(log, { first });
  await log.publish();
  world.disk.capacityBytes = world.disk.usedBytes;
  const gate = world.disk.hold("syncDirectory");
  const trimming = log.trim(offset(2));
  await gate.reached();
  expect(log.startOffset).toBe(offset(0));
  expect(await log.read(offset(0), 1000)).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
  gate.release();
  expect(await trimming).toBeNull();
  expect(log.startOffset).toBe(offset(2));
});

test("a log that can't be opened leaves no file open", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  const killed = new LogWorld(world.disk.crash({ keep: "all" }));
  killed.disk.failNext("read", new RegExp(`^${directory}/.*\\.log$`), "failed");
  await expect(killed.open()).rejects.toThrow("KAFKA_STORAGE_ERROR");
  expect(killed.environment.files.openCount).toBe(0);
});

test("a segment that was rolled back while others were sealed is not sealed itself", async () => {
  // Each batch has a segment of its own.
  const world = new LogWorld(new MemoryDisk(), { ...smallConfig, segmentBytes: 100 });
  const log = await world.open();
  await acked(log, { first: 0 });
  await acked(log, { first: 1 });
  const opening = world.disk.hold("open", /2\.log$/);
  world.disk.failNext("append", /2\.log$/, "full", { partialBytes: Infinity });
  const { committed } = unwrap(log.append(batchOf({ first: 2 })));
  await opening.reached();
  const sealing = world.disk.hold("sync", /0\.log$/);
  const publishing = log.publish();
  await sealing.reached();
  opening.release();
  expect((await committed)?.code).toBe("DISK_FULL");
  await acked(log, { first: 5, count: 3 });
  await acked(log, { first: 8 });
  sealing.release();
  await publishing;

  const killed = new LogWorld(world.disk.crash({ keep: "all" }), world.config);
  const found = await readAll(await killed.open());
  expect(found.map(({ number }) => number)).toEqual([0, 1, 5, 6, 7, 8]);
});
