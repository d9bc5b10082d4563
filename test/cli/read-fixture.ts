/** Data directories for tests of the commands that look into one, and calls of those commands. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { offset } from "../../src/base/brands.ts";
import { commands } from "../../src/cli/commands.ts";
import { runProgram } from "../../src/cli/program.ts";
import { localDisk } from "../../src/disk/local.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import { logFileName } from "../../src/log/files.ts";
import { partitionDirectory } from "../../src/log/layout.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import { BatchBuilder } from "../../src/record/builder.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { MemoryWorld } from "../fake/world.ts";
import { batchOf, type BatchShape } from "../support/batches.ts";
import { textBytes } from "../support/hex.ts";
import { smallConfig, unwrap } from "../support/log-world.ts";

/** Appends batches to a partition of the data directory `data`, and closes it. */
export async function writePartition(
  data: string,
  topic: string,
  partition: number,
  batches: readonly (BatchShape | Uint8Array)[],
): Promise<void> {
  const disk = localDisk(data);
  const directory = partitionDirectory("topics", topic, partition);
  await disk.makeDirectory(directory);
  const environment = new LogEnvironment({
    disk,
    clock: new ManualClock(),
    logger: new MemoryLogger(),
    cacheBytes: 1024 * 1024,
  });
  const log = unwrap(await openSegmentLog(environment, directory, smallConfig));
  for (const batch of batches) {
    const bytes = batch instanceof Uint8Array ? batch : batchOf(batch);
    const refusal = await unwrap(log.append(bytes)).committed;
    if (refusal !== null) throw new Error(refusal.message);
  }
  await log.close();
}

/** A batch of texts: a key that is `null` is no key. */
export function textBatch(
  records: readonly { key: string | null; value: string | null; headers?: [string, string][] }[],
  timestamp = 1_754_705_528_480,
): Uint8Array {
  const builder = new BatchBuilder();
  records.forEach(({ key, value, headers = [] }, at) => {
    builder.append({
      timestamp: timestamp + at,
      key: key === null ? null : textBytes(key),
      value: value === null ? null : textBytes(value),
      headers: headers.map(([name, text]) => ({ key: name, value: textBytes(text) })),
    });
  });
  return builder.build();
}

/** The path of a partition's first log file. */
export const logPathOf = (data: string, topic: string, partition = 0): string =>
  path.join(data, partitionDirectory("topics", topic, partition), logFileName(offset(0)));

/** Turns one bit of a file. */
export function flipBit(file: string, position: number): void {
  const bytes = readFileSync(file);
  bytes[position]! ^= 1;
  writeFileSync(file, bytes);
}

/** What one call of the program came to. */
export interface Called {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Calls the program; `data` is shown as `<data>` in what it wrote. */
export async function call(
  args: readonly string[],
  data: string,
  world: MemoryWorld = new MemoryWorld(),
): Promise<Called> {
  const code = await runProgram({ calledAs: "obelisk", args }, commands, world);
  const shown = (text: string): string => text.replaceAll(data, "<data>");
  return { code, out: shown(world.stdout.text), error: shown(world.stderr.text) };
}

/** The call and all that it wrote, as one reads it on a terminal. */
export async function transcript(args: readonly string[], data: string): Promise<string> {
  const { code, out, error } = await call(args, data);
  const line = args.map((word) => (/^[\w./@:%-]+$/.test(word) ? word : JSON.stringify(word)));
  const command = `$ obelisk ${line.join(" ").replaceAll(data, "<data>")}\n`;
  const ending = code === 0 ? "" : `(exit code ${code})\n`;
  const marked = error.replaceAll(/^(?=.)/gm, "! ");
  return `${command}${out}${marked}${ending}\n`;
}
