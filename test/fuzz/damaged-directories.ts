/**
 * Partition directories of all shapes, and what may happen to them: files that are cut, flipped,
 * mixed up, older than they should be, missing, or made up. An input says which one, and what.
 *
 *     shape (1 byte), then edits: what (1) · file (1) · position (4) · value (2)
 */
import { offset } from "../../src/base/brands.ts";
import { crc32c } from "../../src/base/crc32c.ts";
import { encodeProducers } from "../../src/broker/producer-snapshot.ts";
import { producersFileName, startFileName } from "../../src/log/files.ts";
import type { LogConfig } from "../../src/log/log.ts";
import { encodeStart } from "../../src/log/start-file.ts";
import { batchBytesAt, seal, viewOf } from "../../src/record/batch.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { compacted, configOf, keyed, means, stored } from "../support/compaction.ts";
import { acked, directory, LogWorld, smallConfig } from "../support/log-world.ts";
import { edges } from "./mutate.ts";

/** A directory as it was left, and an older one of the same partition. */
export interface Shape {
  readonly name: string;
  readonly disk: MemoryDisk;
  readonly older: MemoryDisk;
  readonly config: LogConfig;
}

const small: LogConfig = { ...smallConfig, segmentBytes: 400 };

/** So many batches, of one to three records; what is there after half of them is the older copy. */
async function filled(name: string, config: LogConfig, isClosed: boolean): Promise<Shape> {
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  let older = world.disk.clone();
  for (let first = 0, at = 0; at < 12; at++) {
    const producer = { producerId: at % 2, producerEpoch: 0, baseSequence: at >> 1 };
    const count = at % 3 === 2 ? 3 : 1;
    const compression = at === 4 ? "lz4" : "none";
    await acked(log, { first, count, compression, ...(count === 1 ? { producer } : {}) });
    first += count;
    if (at === 5) {
      await log.publish();
      older = world.disk.clone();
      await world.disk.writeWhole(`${directory}/${producersFileName}`, await snapshotOf(world));
    }
  }
  if (isClosed) await log.close();
  return { name, disk: world.disk.crash({ keep: "all" }), older, config };
}

/** The producers as they were after a few batches. */
async function snapshotOf(world: LogWorld): Promise<Uint8Array> {
  const entry = { producerEpoch: 0, batches: [] };
  const entries = new Map([[7, { ...entry, batches: [retained(0), retained(1)] }]]);
  const bytes = await world.disk.readWhole(`${directory}/00000000000000000000.log`);
  return encodeProducers({ offset: offset(1), batchCheck: viewOf(bytes).getUint32(17), entries });
}

const retained = (at: number) => ({
  baseSequence: at,
  lastSequence: at,
  baseOffset: offset(at),
  nextOffset: offset(at + 1),
  timestamp: 1_000_000,
});

async function trimmed(): Promise<Shape> {
  const { disk, older, config } = await filled("trimmed", small, true);
  const world = new LogWorld(disk, config);
  const log = await world.open();
  await log.trim(offset(9));
  await log.close();
  return { name: "trimmed", disk: world.disk.crash({ keep: "all" }), older, config };
}

/** Compacted, or stopped in the middle of that: in front of its `stop`th rename. */
async function cleaned(name: string, stop: number | null): Promise<Shape> {
  const config = configOf({}, 200);
  const fill = async (): Promise<{
    world: LogWorld;
    older: MemoryDisk;
    run: () => Promise<unknown>;
  }> => {
    const world = new LogWorld(new MemoryDisk(), config);
    const log = await world.open();
    for (let at = 0; at < 14; at++) {
      const value = at === 9 ? null : `value ${at}`;
      await stored(log, keyed([[`k${at % 4}`, value]], { timestamp: world.clock.now() }));
      world.clock.advance(1000);
    }
    await log.publish();
    const run = (): Promise<unknown> => log.compact(means(world.clock.now()));
    return { world, older: world.disk.clone(), run };
  };
  const whole = await fill();
  const from = whole.world.disk.operations.length;
  await whole.run();
  if (stop === null) {
    const disk = whole.world.disk.crash({ keep: "all" });
    return { name, disk, older: whole.older, config: compacted };
  }
  const renames = whole.world.disk.operations.flatMap(({ operation, path }, at) =>
    at >= from && operation === "rename" && path.endsWith(".cleaned") ? [at] : [],
  );
  const again = await fill();
  again.world.disk.haltAt(renames[stop]!);
  // It never settles: the machine has stopped.
  void again.run();
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
  return { name, disk: again.world.disk.crash({ keep: "all" }), older: again.older, config };
}

/** All of them; made once. */
export async function allShapes(): Promise<Shape[]> {
  return [
    await filled("one segment", smallConfig, true),
    await filled("one segment, killed", smallConfig, false),
    await filled("many segments", small, true),
    await filled("many segments, killed", small, false),
    await trimmed(),
    await cleaned("compacted", null),
    await cleaned("compaction stopped before the first rename", 0),
    await cleaned("compaction stopped before the last rename", 2),
  ];
}

/** Bytes of one edit. */
export const editBytes = 8;

/** One thing that happens to a file. */
export interface Edit {
  readonly what: EditName;
  readonly file: number;
  readonly position: number;
  readonly value: number;
}

const editNames = [
  ...["flip", "set", "edge", "truncate", "append", "remove", "zero", "double"],
  ...["exchange", "older", "seal", "invent"],
] as const;
type EditName =
  | "flip"
  | "set"
  | "edge"
  | "truncate"
  | "append"
  | "remove"
  | "zero"
  | "double"
  | "exchange"
  | "older"
  | "seal"
  | "invent";

export const editCount = editNames.length;

/** The edits of an input. */
export function editsIn(input: Uint8Array): Edit[] {
  const view = viewOf(input);
  const edits: Edit[] = [];
  for (let at = 1; at + editBytes <= input.length && edits.length < 16; at += editBytes) {
    const what = editNames[view.getUint8(at) % editCount] as EditName;
    const [file, position] = [view.getUint8(at + 1), view.getUint32(at + 2)];
    edits.push({ what, file, position, value: view.getUint16(at + 6) });
  }
  return edits;
}

/** Names that a directory may come to have. */
const invented = [
  startFileName,
  producersFileName,
  "00000000000000000003.log",
  "00000000000000000099.log",
  "00000000000000000000-00000000000000000009.swap",
  "00000000000000000002-00000000000000000001.swap",
  "00000000000000000000.log.cleaned",
  "00000000000000000000.idx.cleaned",
  "00000000000000000005.log.1.tmp",
  "99999999999999999999.log",
  "notes.txt",
];

/** Does it; the name of the file that is another one now, `null` where there is none. */
export async function edit(shape: Shape, disk: MemoryDisk, asked: Edit): Promise<string | null> {
  const names = (await disk.list(directory)).map(({ name }) => name);
  const name = names[asked.file % names.length];
  if (name === undefined) return null;
  const path = `${directory}/${name}`;
  const bytes = await disk.readWhole(path);
  if (asked.what === "remove") {
    await disk.remove(path);
    return name;
  }
  if (asked.what === "exchange" || asked.what === "invent") {
    const other = asked.what === "exchange" ? names : invented;
    const target = `${directory}/${other[asked.value % other.length]}`;
    if (asked.what === "exchange") await replace(disk, path, await disk.readWhole(target));
    await replace(disk, target, bytes);
    return name;
  }
  if (asked.what === "older") {
    const entries = await shape.older.list(directory);
    if (!entries.some((entry) => entry.name === name)) return null;
    await replace(disk, path, await shape.older.readWhole(path));
    return name;
  }
  await replace(disk, path, changed(bytes, name, asked));
  return name;
}

async function replace(disk: MemoryDisk, path: string, bytes: Uint8Array): Promise<void> {
  await disk.remove(path);
  const file = await disk.open(path, "append");
  await file.append([new Uint8Array(bytes)]);
  await file.sync();
  await file.close();
}

function changed(bytes: Uint8Array, name: string, { what, position, value }: Edit): Uint8Array {
  if (what === "append") {
    const tail = new Uint8Array(1 + (value % 600));
    if (position % 2 === 1) tail.forEach((_, at) => (tail[at] = (at * 167 + value) & 0xff));
    return new Uint8Array(Buffer.concat([bytes, tail]));
  }
  if (bytes.length === 0) return bytes;
  const at = position % bytes.length;
  if (what === "truncate") return bytes.slice(0, at);
  const copy = new Uint8Array(bytes);
  const view = viewOf(copy);
  const block = Math.min(64, copy.length - at);
  if (what === "flip") copy[at]! ^= 1 << (value & 7);
  else if (what === "set") copy[at] = value;
  else if (what === "zero") copy.fill(0, at, at + block);
  else if (what === "double") copy.copyWithin((value * 61) % copy.length, at, at + block);
  else if (what === "seal") sealed(copy, name, value);
  else if (at + 4 <= copy.length) view.setInt32(at, edges[value % edges.length]!);
  return copy;
}

/** Has a checksum hold again, whatever it is a checksum of. */
function sealed(bytes: Uint8Array, name: string, value: number): void {
  const view = viewOf(bytes);
  if (name.includes(".log")) {
    let at = 0;
    for (let left = value % 16; at + 61 <= bytes.length; left--) {
      const size = batchBytesAt(view, at);
      if (size < 61 || size > bytes.length - at) return;
      if (left === 0) return seal(bytes, view, at);
      at += size;
    }
  } else if (name.includes(".idx")) {
    if (bytes.length >= 48) view.setUint32(44, crc32c(bytes, 0, 44));
  } else if (name === startFileName) {
    const start = Number.parseInt(Buffer.from(bytes).toString("latin1"), 10);
    if (start >= 0) bytes.set(encodeStart(offset(start)).subarray(0, bytes.length));
  } else if (name === producersFileName && bytes.length > 4) {
    view.setUint32(bytes.length - 4, crc32c(bytes, 0, bytes.length - 4));
  }
}
