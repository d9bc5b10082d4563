import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { DiskError } from "../../src/disk/disk.ts";
import { segmentsIn } from "../../src/log/files.ts";
import { seal, viewOf } from "../../src/record/batch.ts";
import { Findings } from "../../src/reader/findings.ts";
import { verifySegment, type SegmentContent } from "../../src/reader/verify-segment.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, directory, LogWorld, range } from "../support/log-world.ts";
import { readerEnvironment } from "../support/reading.ts";

const first = `${directory}/00000000000000000000`;

/** Checks the first segment of the log. */
async function verifyFirst(
  disk: MemoryDisk,
  options: { isFollowed?: boolean; isLive?: boolean } = {},
): Promise<{ content: SegmentContent; findings: Findings; bytes: number }> {
  const [files, next] = segmentsIn(await disk.list(directory));
  if (files === undefined) throw new Error("there is no segment");
  const findings = new Findings();
  let bytes = 0;
  const content = await verifySegment({
    environment: readerEnvironment(disk),
    directory,
    files,
    nextBase: options.isFollowed === true ? (next?.base ?? offset(1_000_000)) : null,
    isLive: options.isLive ?? false,
    findings,
    progress: (more) => {
      bytes += more;
    },
  });
  return { content, findings, bytes };
}

async function closedLog(batches: number, valueBytes = 10): Promise<MemoryDisk> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const n of range(0, batches)) await acked(log, { first: n, valueBytes });
  await log.close();
  return world.disk.crash({ keep: "all" });
}

test("a sealed segment says so, an active one does not", async () => {
  const active = await verifyFirst(await closedLog(3));
  expect(active.content).toEqual({
    endOffset: offset(3),
    isSealed: false,
    batches: 3,
    records: 3,
  });
  const sealed = await verifyFirst(await closedLog(60, 3000), { isFollowed: true });
  expect(sealed.content.isSealed).toBeTrue();
  expect([active.findings.health, sealed.findings.health]).toEqual(["healthy", "healthy"]);
});

test("a torn tail in front of another segment is left as it is, and a note says so", async () => {
  const disk = await closedLog(2);
  const file = await disk.open(`${first}.log`, "append");
  await file.append([new Uint8Array(30)]);
  await file.close();
  const { findings, bytes } = await verifyFirst(disk, { isFollowed: true });
  expect(findings.notes).toMatchObject([{ kind: "torn", path: `${first}.log` }]);
  expect(findings.notes[0]?.message).toContain("left as they are");
  expect((await verifyFirst(disk)).findings.notes[0]?.message).toContain("cuts them off");
  expect(bytes).toBe((await disk.readWhole(`${first}.log`)).length);
});

test("damage in the middle and a file that is too short are both told", async () => {
  const disk = await closedLog(6);
  const size = (await disk.readWhole(`${first}.log`)).length / 6;
  disk.flipBit(`${first}.log`, size + 70, 0);
  disk.truncateTo(`${first}.log`, size * 4);
  const { findings, content } = await verifyFirst(disk);
  expect(findings.damages).toMatchObject([
    { fault: "crc", fromOffset: offset(1), toOffset: offset(2) },
    { fault: "missing", fromOffset: offset(4), toOffset: offset(6) },
  ]);
  expect(content.endOffset).toBe(offset(6));
});

test("records that make no sense inside a sound batch are damage", async () => {
  const disk = await closedLog(2);
  const bytes = await disk.readWhole(`${first}.log`);
  bytes[61] = 0x7f;
  seal(bytes, viewOf(bytes), 0);
  await disk.writeWhole(`${first}.log`, bytes);
  expect((await verifyFirst(disk)).findings.damages).toMatchObject([
    { fault: "records", fromOffset: offset(0), toOffset: offset(1) },
  ]);
});

test("a sealed segment that claims to be older than it is would be passed over: a note", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const n of range(0, 60)) await acked(log, { first: n, valueBytes: 3000 });
  await log.close();
  const other = new LogWorld(new MemoryDisk());
  const older = await other.open();
  for (const n of range(0, 60)) await acked(older, { first: n, valueBytes: 3000, timestamp: 1 });
  await older.close();
  const disk = world.disk.crash({ keep: "all" });
  await disk.writeWhole(`${first}.idx`, await other.disk.readWhole(`${first}.idx`));
  const { findings } = await verifyFirst(disk, { isFollowed: true });
  expect(findings.notes.map((note) => note.path)).toContain(`${first}.idx`);
  expect(findings.health).toBe("noted");
});

test("a disk that fails is thrown to the caller", async () => {
  const disk = await closedLog(2);
  disk.failNext("read", `${first}.log`, "failed");
  expect(verifyFirst(disk)).rejects.toBeInstanceOf(DiskError);
});

test("a batch that rotted below the floor and a torn tail behind it are told apart", async () => {
  const disk = await closedLog(3);
  const size = (await disk.readWhole(`${first}.log`)).length;
  disk.flipBit(`${first}.log`, size - 1, 0);
  const file = await disk.open(`${first}.log`, "append");
  await file.append([new Uint8Array(30)]);
  await file.close();
  const { findings, content } = await verifyFirst(disk);
  expect(findings.damages).toMatchObject([
    { fault: "crc", fromOffset: offset(2), toOffset: offset(3), toPosition: size },
  ]);
  expect(findings.notes).toMatchObject([{ kind: "torn", path: `${first}.log` }]);
  expect(findings.notes[0]?.message).toContain("30 bytes");
  expect(content.endOffset).toBe(offset(3));
  // And the next start does just that.
  const log = await new LogWorld(disk).open();
  expect((await disk.readWhole(`${first}.log`)).length).toBe(size);
  expect((await acked(log, { first: 3 })).baseOffset).toBe(offset(3));
});

test("an offset that rotted behind a damaged batch is not taken for the log's end", async () => {
  const disk = await closedLog(6);
  const size = (await disk.readWhole(`${first}.log`)).length / 6;
  disk.flipBit(`${first}.log`, 4 * size + 70, 0);
  disk.flipBit(`${first}.log`, 5 * size + 4, 0);
  const { findings, content } = await verifyFirst(disk);
  expect(findings.damages).toMatchObject([{ fromOffset: offset(4), toOffset: offset(6) }]);
  expect(content.endOffset).toBe(offset(6));
});
