/**
 * Bits that flip in files at rest, between two lives. Of a log's segment, save for the last one, it
 * costs one batch, which must never be served, and nothing beside it; of what is derived from logs
 * it costs nothing. The end of a log is spared, and so are files that hold the only copy of a fact:
 * there a broker can't tell damage from what was never finished, or has nothing to mend it with.
 */
import { offset } from "../../src/base/brands.ts";
import type { Random } from "../../src/base/random.ts";
import { DiskError } from "../../src/disk/disk.ts";
import { producersFileName } from "../../src/log/files.ts";
import { batchBytesAt, batchHeaderBytes, viewOf } from "../../src/record/batch.ts";
import type { MemoryDisk } from "../fake/disk.ts";
import type { Place } from "./ledger.ts";

/** The offsets of a batch that can't be read any more; `to` is exclusive. */
export interface Rotten {
  readonly place: Place;
  readonly from: number;
  readonly to: number;
}

const flipsMax = 3;

/** Damages a few files of these topics; what that costs, and what was done, in words. */
export async function rot(
  disk: MemoryDisk,
  random: Random,
  topics: ReadonlyMap<string, number>,
  note: (line: string) => void,
): Promise<readonly Rotten[]> {
  const lost: Rotten[] = [];
  const names = [...topics.keys()];
  for (let left = random.below(flipsMax + 1); left > 0; left--) {
    const topic = names[random.below(names.length)]!;
    const place = { topic, index: random.below(topics.get(topic)!) };
    const directory = `topics/${topic}/${place.index}`;
    const victims = await victimsIn(disk, directory);
    const name = victims[random.below(Math.max(1, victims.length))];
    if (name === undefined) continue;
    const bytes = await disk.readWhole(`${directory}/${name}`);
    const batches = name.endsWith(".log") ? batchesIn(name, bytes) : null;
    // Behind what could be followed there is damage already.
    const end = batches === null ? bytes.length : (batches.at(-1)?.end ?? 0);
    if (end === 0) continue;
    const at = random.below(end);
    disk.flipBit(`${directory}/${name}`, at, random.below(8));
    const hit = batches?.find((batch) => at < batch.end);
    note(`rot in ${directory}/${name} at ${at}: ${hit?.from ?? 0} to ${hit?.to ?? 0}`);
    if (hit !== undefined) lost.push({ place, from: hit.from, to: hit.to });
  }
  return lost;
}

async function victimsIn(disk: MemoryDisk, directory: string): Promise<readonly string[]> {
  try {
    const entries = await disk.list(directory);
    const names = entries.filter(({ bytes }) => bytes > 0).map(({ name }) => name);
    const logs = names.filter((name) => name.endsWith(".log"));
    const derived = names.filter((name) => /\.(?:idx|timeindex)$/.test(name));
    const producers = names.filter((name) => name === producersFileName);
    return [...logs.slice(0, -1), ...derived, ...producers];
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return [];
  }
}

interface StoredBatch {
  readonly from: number;
  readonly to: number;
  /** The position behind it. */
  readonly end: number;
}

/** The batches of a segment, as far as their headers can be followed. */
function batchesIn(name: string, bytes: Uint8Array): readonly StoredBatch[] {
  const view = viewOf(bytes);
  const batches: StoredBatch[] = [];
  let from = offset(Number(name.slice(0, name.indexOf("."))));
  for (let at = 0; at + batchHeaderBytes <= bytes.length;) {
    const end = at + batchBytesAt(view, at);
    const count = view.getInt32(at + 23) + 1;
    if (end < at + batchHeaderBytes || end > bytes.length || count < 1) break;
    if (view.getBigInt64(at) !== BigInt(from)) break;
    const to = offset(from + count);
    batches.push({ from, to, end });
    [at, from] = [end, to];
  }
  return batches;
}
