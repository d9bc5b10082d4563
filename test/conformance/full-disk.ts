/**
 * The story of a disk that fills up, as a report: it is told in this process on the disk in memory,
 * and in a child process on a real file system without space or under a file-size limit.
 */
import { DiskError } from "../../src/disk/disk.ts";
import type { Disk, DiskErrorKind } from "../../src/disk/disk.ts";

/** What happened; all of it can be said in JSON. */
export interface FullDiskReport {
  /** How the append that no longer fitted was refused, and the one after it. */
  readonly appendsRefused: readonly (DiskErrorKind | "it succeeded")[];
  readonly acknowledgedBytes: number;
  /** What the refused append left in the file, of its {@link appendBytes}. */
  readonly tornBytes: number;
  /** All of the file is what was appended, up to the place where it ends. */
  readonly contentRight: boolean;
  readonly wholeFileRefused: DiskErrorKind | "it succeeded";
  /** What the refused whole file was to replace. */
  readonly wholeFileContent: string;
  readonly names: readonly string[];
  /** Once room was made, the same append on the same file went in whole. */
  readonly recovered: boolean;
}

/** One append, in three chunks. */
export const appendBytes = 200_003;
const ballastBytes = 256 * 1024;
/** More than the disks of these tests hold. */
const wholeBytes = 4 * 1024 * 1024;

/** Fills `disk`, whose root is empty and which holds between 1 and 3 MiB, and makes room again. */
export async function fillDisk(disk: Disk): Promise<FullDiskReport> {
  await disk.writeWhole("ballast", new Uint8Array(ballastBytes));
  await disk.writeWhole("settings", new TextEncoder().encode("as it was"));
  const log = await disk.open("log", "append");
  const chunks = [pattern(100_000, 0), pattern(3, 100_000), pattern(100_000, 100_003)];
  const append = (): Promise<DiskErrorKind | "it succeeded"> => outcome(log.append(chunks));

  let acknowledgedBytes = 0;
  let refused = await append();
  while (refused === "it succeeded") {
    acknowledgedBytes += appendBytes;
    refused = await append();
  }
  const tornBytes = (await log.size()) - acknowledgedBytes;
  const contentRight = isPattern(await disk.readWhole("log"));
  const appendsRefused = [refused, await append()];

  const wholeFileRefused = await outcome(disk.writeWhole("settings", new Uint8Array(wholeBytes)));
  const wholeFileContent = new TextDecoder().decode(await disk.readWhole("settings"));
  const names = (await disk.list(".")).map((entry) => entry.name);

  await disk.remove("ballast");
  await log.truncate(appendBytes);
  const again = await append();
  const recovered = again === "it succeeded" && isPattern(await disk.readWhole("log"));
  await log.close();
  return {
    appendsRefused,
    acknowledgedBytes,
    tornBytes,
    contentRight,
    wholeFileRefused,
    wholeFileContent,
    names,
    recovered,
  };
}

async function outcome(trying: Promise<void>): Promise<DiskErrorKind | "it succeeded"> {
  try {
    await trying;
    return "it succeeded";
  } catch (error) {
    if (error instanceof DiskError) return error.kind;
    throw error;
  }
}

const patternByte = (at: number): number => ((at % appendBytes) * 7 + 13) & 0xff;

function pattern(length: number, from: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => patternByte(from + i));
}

function isPattern(bytes: Uint8Array): boolean {
  return bytes.every((byte, at) => byte === patternByte(at));
}
