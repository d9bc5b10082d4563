/**
 * Opening the segments of a partition directory: what was found, and what to do about it.
 *
 * The rule: only bytes above the floor may be cut, and only where nothing good follows them; they
 * were never acknowledged. Whatever is wrong below the floor is reported with its offsets and left
 * as it is, and new records go to a new segment behind it, so that no offset is used twice.
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/brands.ts";
import type { DiskFile } from "../disk/disk.ts";
import type { LogEnvironment } from "./environment.ts";
import type { SegmentFiles } from "./files.ts";
import type { IndexHeader } from "./index-file.ts";
import { GrowingIndex } from "./index.ts";
import { scanBatches, toldBy, type DamagedRange } from "./scan.ts";
import { Segment } from "./segment.ts";

/** What a scan of a segment's tail found, in the words of the table. */
export interface Found {
  /** Length of the file. */
  readonly bytes: number;
  /** The end of what was acknowledged; 0 where no index says so. */
  readonly floor: number;
  /** Whether what lies below the floor is known to be on the device. */
  readonly isDurable: boolean;
  /** The end of the last good batch. */
  readonly goodEnd: number;
  /** The first stretch that is no batch, if any; `followed`: good batches come after it. */
  readonly damage: { readonly from: number; readonly followed: boolean } | null;
}

/** What to do with a segment. `isLoss`: acknowledged records are damaged or gone. */
export interface Decision {
  readonly row: string;
  readonly action: "continue" | "sync" | "cut" | "leave";
  readonly isLoss: boolean;
}

/**
 * The recovery table, first matching row. FORMAT.md prints it, and a test keeps the two equal.
 * - continue: append behind it. - sync: make it durable first, then append behind it.
 * - cut: cut at the end of the last good batch, sync, append behind it.
 * - leave: touch nothing, append in a new segment.
 */
export const recoveryTable: readonly {
  readonly row: string;
  readonly when: (found: Found) => boolean;
  readonly action: Decision["action"];
  readonly isLoss: boolean;
}[] = [
  {
    row: "shorter than its floor",
    when: (f) => f.bytes < f.floor,
    action: "leave",
    isLoss: true,
  },
  {
    row: "damage below the floor",
    when: (f) => f.damage !== null && f.damage.from < f.floor,
    action: "leave",
    isLoss: true,
  },
  {
    row: "damage above the floor, good batches behind it",
    when: (f) => f.damage?.followed === true,
    action: "leave",
    isLoss: true,
  },
  {
    row: "torn tail above the floor",
    when: (f) => f.damage !== null,
    action: "cut",
    isLoss: false,
  },
  {
    row: "good batches above the floor",
    when: (f) => f.goodEnd > f.floor,
    action: "sync",
    isLoss: false,
  },
  {
    row: "ends at a floor that may not be on the device",
    when: (f) => !f.isDurable,
    action: "sync",
    isLoss: false,
  },
  {
    row: "ends at its floor",
    when: () => true,
    action: "continue",
    isLoss: false,
  },
];

/** Applies the table. */
export function decide(found: Found): Decision {
  const row = recoveryTable.find((candidate) => candidate.when(found));
  assert(row !== undefined, "the recovery table has a last row that always matches");
  return { row: row.row, action: row.action, isLoss: row.isLoss };
}

/** One thing that recovery found wrong; `toOffset` is exclusive. */
export interface Loss {
  readonly log: string;
  readonly row: string;
  readonly fromOffset: Offset;
  readonly toOffset: Offset;
  readonly fromPosition: number;
  readonly toPosition: number;
}

/** What recovery reads and writes again at a time. */
const rewriteBytes = 1024 * 1024;

/** A recovered segment. */
export interface Recovered {
  readonly segment: Segment;
  /** Whether appends may go on in it. */
  readonly appendable: boolean;
  /** Readers beside the broker would not see its end yet: its index header tells of less. */
  readonly isAhead: boolean;
  readonly losses: readonly Loss[];
}

/**
 * Opens a finished segment on the word of its sealed index header, without reading the log; `null`
 * where there is no such header, or the log is shorter than it says, and the segment must be
 * recovered by {@link recoverSegment}.
 * @throws DiskError
 */
export async function openSealed(
  environment: LogEnvironment,
  directory: string,
  files: SegmentFiles,
): Promise<Recovered | null> {
  const segment = new Segment(environment, directory, files.base, null);
  const header = await segment.readIndexHeader();
  return header === null ? null : sealedBy(header, segment, files);
}

function sealedBy(header: IndexHeader, segment: Segment, files: SegmentFiles): Recovered | null {
  if (!header.sealed || (files.logBytes ?? 0) < header.floorPosition) return null;
  segment.becomeSealed(header);
  return { segment, appendable: false, isAhead: false, losses: [] };
}

/**
 * Opens a segment by scanning it from its floor on, or, where what is below it may not be on the
 * device or in the index, from the last index entry before it; and acts as the table says.
 * @param nextBase where the next segment begins; `null`: this is the last one, and only there may
 *   anything be cut or appended
 * @throws DiskError
 */
export async function recoverSegment(
  environment: LogEnvironment,
  directory: string,
  files: SegmentFiles,
  nextBase: Offset | null,
): Promise<Recovered> {
  const segment = new Segment(environment, directory, files.base, new GrowingIndex());
  const header = await segment.loadIndex();
  const sealed = header === null ? null : sealedBy(header, segment, files);
  if (sealed !== null) return sealed;
  const floor = { offset: header?.floorOffset ?? files.base, position: header?.floorPosition ?? 0 };
  const bytes = files.logBytes ?? 0;
  // An empty file may not be in its directory durably yet.
  segment.created = files.logBytes !== null && files.logBytes > 0;
  segment.createdMs = header?.createdMs ?? environment.clock.now();
  segment.maxTimestamp = header?.maxTimestamp ?? -1;
  segment.beginRecovery(header, bytes);
  const isMore = bytes > segment.endPosition;
  const told = toldBy(header, nextBase);
  const ranges = isMore ? await scanTail(environment, segment, bytes, told) : [];
  const first = ranges[0];
  const found: Found = {
    bytes,
    floor: floor.position,
    isDurable: header?.durable ?? bytes === 0,
    goodEnd: segment.endPosition,
    damage: first ? { from: first.from, followed: first.toOffset !== null } : null,
  };
  const decision = decide(found);
  const losses = decision.isLoss ? lossesOf(segment, decision, ranges, floor, bytes) : [];
  if (decision.action === "leave" || nextBase !== null) {
    // Its index is about to say that it is finished: what it tells of must be there to stay.
    if (bytes > 0) await makeDurable(environment, segment, "sync", floor.position);
    // A reader that comes to the missing part is told of it, so the end is what was promised.
    if (floor.position > segment.endPosition) segment.endPosition = floor.position;
    if (floor.offset > segment.endOffset) segment.endOffset = floor.offset;
    // Sealed files may be mapped by a reader: they are never written again.
    if (header?.sealed) segment.becomeSealed(header);
    return { segment, appendable: false, isAhead: !segment.sealed, losses };
  }
  if (decision.action !== "continue") {
    await makeDurable(environment, segment, decision.action, floor.position);
  }
  if (decision.action === "cut") {
    environment.logger.info("torn tail cut", {
      log: segment.logPath,
      from: segment.endPosition,
      bytes: bytes - segment.endPosition,
    });
  }
  return { segment, appendable: true, isAhead: segment.endPosition > floor.position, losses };
}

async function scanTail(
  environment: LogEnvironment,
  segment: Segment,
  bytes: number,
  told: ReturnType<typeof toldBy>,
): Promise<DamagedRange[]> {
  const damaged: DamagedRange[] = [];
  await environment.files.use(segment.logPath, "read", async (file: DiskFile) => {
    const { endPosition: from, endOffset: base, base: segmentBase } = segment;
    const scan = scanBatches(file, { from, to: bytes, base, segmentBase, ...told });
    for await (const item of scan) {
      if (item.kind === "damage") {
        damaged.push(item);
        if (item.toOffset === null) continue;
        segment.endPosition = item.to;
        segment.endOffset = item.toOffset;
      } else {
        for (const at of item.starts) segment.noteBatch(item.view, at);
      }
    }
  });
  return damaged;
}

/**
 * Brings to the device what recovery accepts. A process before this one may have died of a sync
 * that failed: then the system has the bytes above the floor, shows them, takes them for written,
 * and no sync would ever write them ("Can Applications Recover from fsync Failures?", ATC'20). So
 * they are written again, where they are.
 */
async function makeDurable(
  environment: LogEnvironment,
  segment: Segment,
  action: "sync" | "cut",
  floorPosition: number,
): Promise<void> {
  await environment.files.use(segment.logPath, "update", async (file) => {
    if (action === "cut") await file.truncate(segment.endPosition);
    await writeAgain(file, floorPosition, segment.endPosition);
    await file.sync();
  });
  await environment.disk.syncDirectory(segment.directory);
  await environment.files.close(segment.logPath);
}

async function writeAgain(file: DiskFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to;) {
    const piece = new Uint8Array(Math.min(rewriteBytes, to - at));
    const count = await file.read(at, piece);
    if (count === 0) return;
    await file.writeAt(at, piece.subarray(0, count));
    at += count;
  }
}

function lossesOf(
  segment: Segment,
  decision: Decision,
  ranges: readonly DamagedRange[],
  floor: { offset: Offset; position: number },
  bytes: number,
): Loss[] {
  const { row } = decision;
  const log = segment.logPath;
  const losses = ranges.map((range) => ({
    log,
    row,
    fromOffset: range.fromOffset,
    toOffset: range.toOffset ?? atLeast(floor.offset, range.fromOffset),
    fromPosition: range.from,
    toPosition: range.to,
  }));
  const isTold = ranges.at(-1)?.toOffset === null;
  if (bytes < floor.position && segment.endOffset < floor.offset && !isTold) {
    const { endOffset: fromOffset, endPosition: fromPosition } = segment;
    const toOffset = floor.offset;
    losses.push({ log, row, fromOffset, toOffset, fromPosition, toPosition: floor.position });
  }
  return losses;
}

const atLeast = (value: Offset, least: Offset): Offset => (value > least ? value : least);

/** Whether a segment without a log file still speaks of records: then they are lost. */
export async function promisesRecords(
  environment: LogEnvironment,
  directory: string,
  files: SegmentFiles,
): Promise<boolean> {
  const segment = new Segment(environment, directory, files.base, null, files.cleaned);
  return ((await segment.readIndexHeader())?.floorPosition ?? 0) > 0;
}
