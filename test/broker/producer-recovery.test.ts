/** Stories of starts that have to know their producers again. */
import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import {
  checkEndingAt,
  recoverProducers,
  type RecoveredProducers,
} from "../../src/broker/producer-recovery.ts";
import {
  encodeProducers,
  type ProducerSnapshot,
  type ProducerStore,
} from "../../src/broker/producer-snapshot.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import { LogWorld, unwrap } from "../support/log-world.ts";

/** A store that holds these bytes, or none. */
const holding = (bytes: Uint8Array | null): ProducerStore => ({
  read: () => Promise.resolve(bytes),
  write: () => Promise.reject(new Error("recovery writes nothing")),
});

/** Appends one batch of one record, and waits until it is stored. */
async function put(log: SegmentLog, sequence: number, producerId = 7): Promise<void> {
  const producer = { producerId, producerEpoch: 0, baseSequence: sequence };
  const bytes = batchOf({ first: sequence, ...(producerId < 0 ? {} : { producer }) });
  expect(await unwrap(log.append(bytes)).committed).toBeNull();
}

/** `id: last sequence`, of all. */
const known = ({ entries }: RecoveredProducers): string[] =>
  [...entries].map(([id, { batches }]) => `${id}: ${batches.at(-1)?.lastSequence}`).sort();

/** What a snapshot taken now holds. */
async function snapshotOf(world: LogWorld, log: SegmentLog): Promise<ProducerSnapshot> {
  const { entries } = unwrap(await recoverProducers(log, holding(null), world.logger));
  const at = log.visibleOffset;
  return { offset: at, batchCheck: unwrap(await checkEndingAt(log, at)), entries };
}

test("without a snapshot the whole log is read; batches without a producer don't count", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let sequence = 0; sequence < 8; sequence++) await put(log, sequence);
  await put(log, 0, -1);
  await put(log, 3, 8);
  const recovered = unwrap(await recoverProducers(log, holding(null), world.logger));
  expect(known(recovered)).toEqual(["7: 7", "8: 3"]);
  const sequences = recovered.entries.get(7)?.batches.map(({ baseSequence }) => baseSequence);
  expect(sequences).toEqual([3, 4, 5, 6, 7]);
  expect(recovered.readBytes).toBe(log.sizeBytes);
  expect(world.logger.events).toEqual([]);
});

test("with one, only the log behind it is read, also from files", async () => {
  const world = new LogWorld(new MemoryDisk(), undefined, 1);
  const log = await world.open();
  for (let sequence = 0; sequence < 50; sequence++) await put(log, sequence);
  const snapshot = await snapshotOf(world, log);
  const before = log.sizeBytes;
  await put(log, 50);
  await put(log, 0, 8);
  const store = holding(encodeProducers(snapshot));
  const recovered = unwrap(await recoverProducers(log, store, world.logger));
  expect(known(recovered)).toEqual(["7: 50", "8: 0"]);
  expect(recovered.readBytes).toBe(log.sizeBytes - before);
  expect(recovered.entries).toEqual(
    unwrap(await recoverProducers(log, holding(null), world.logger)).entries,
  );
});

test("a snapshot of the end of the log reads nothing", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await put(log, 0);
  const store = holding(encodeProducers(await snapshotOf(world, log)));
  expect(unwrap(await recoverProducers(log, store, world.logger)).readBytes).toBe(0);
});

test("only what is acknowledged is told", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await put(log, 0);
  const gate = world.disk.hold("append");
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: 1 };
  const { committed } = unwrap(log.append(batchOf({ first: 1, producer })));
  await gate.reached();
  expect(known(unwrap(await recoverProducers(log, holding(null), world.logger)))).toEqual(["7: 0"]);
  gate.release();
  await committed;
});

/** Snapshots that must not be believed, each made of a good one. */
const unbelievable: [
  what: string,
  reason: RegExp,
  bytes: (good: ProducerSnapshot) => Uint8Array,
][] = [
  ["damaged", /damaged/, (good) => encodeProducers(good).fill(0xff, 16, 20)],
  ["empty", /damaged/, () => new Uint8Array(0)],
  [
    "of a longer log",
    /of a longer log/,
    (good) => encodeProducers({ ...good, offset: offset(good.offset + 1) }),
  ],
  [
    "of a log with another batch there",
    /of another log/,
    (good) => encodeProducers({ ...good, batchCheck: (good.batchCheck ?? 0) ^ 1 }),
  ],
  [
    "of a log with no batch's end there",
    /of another log/,
    (good) => encodeProducers({ ...good, offset: offset(good.offset - 1) }),
  ],
  [
    "of a log that held nothing there",
    /of another log/,
    (good) => encodeProducers({ ...good, batchCheck: null }),
  ],
];

test.each(unbelievable)("a snapshot that is %s is not believed, and it is said", async (...row) => {
  const [, reason, bytesOf] = row;
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
  await unwrap(log.append(batchOf({ first: 0, count: 3, producer }))).committed;
  const { entries: real, ...place } = await snapshotOf(world, log);
  expect(real.size).toBe(1);
  const store = holding(bytesOf({ ...place, entries: new Map() }));
  const recovered = unwrap(await recoverProducers(log, store, world.logger));
  expect(known(recovered)).toEqual(["7: 2"]);
  const said = world.logger.named("producers are read from the whole log");
  expect(said.map(({ fields }) => String(fields["reason"]))).toEqual([
    expect.stringMatching(reason),
  ]);
});

test("a snapshot tells of records that were deleted since", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await put(log, 0);
  await put(log, 1);
  const store = holding(encodeProducers(await snapshotOf(world, log)));
  await put(log, 5, 8);
  expect(await log.trim(log.visibleOffset)).toBeNull();
  expect(known(unwrap(await recoverProducers(log, store, world.logger)))).toEqual(["7: 1"]);
  expect(world.logger.events).toEqual([]);
});

test("damage in the log is passed over", async () => {
  const world = new LogWorld(new MemoryDisk(), undefined, 1);
  const log = await world.open();
  for (const producerId of [1, 2, 3]) await put(log, 0, producerId);
  await log.close();
  const path = "topics/orders/0/00000000000000000000.log";
  world.disk.flipBit(path, Math.floor(log.sizeBytes / 2), 3);
  const again = await world.open();
  const recovered = unwrap(await recoverProducers(again, holding(null), world.logger));
  expect(known(recovered)).toEqual(["1: 0", "3: 0"]);
});

test("a log that can't be read is refused", async () => {
  const world = new LogWorld(new MemoryDisk(), undefined, 1);
  const log = await world.open();
  await put(log, 0);
  await put(log, 1);
  world.disk.failNext("read", /\.log$/, "failed", { forever: true });
  expect(await recoverProducers(log, holding(null), world.logger)).toMatchObject({
    code: "KAFKA_STORAGE_ERROR",
  });
});
