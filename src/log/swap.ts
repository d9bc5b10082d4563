/**
 * Putting one segment in the place of several, so that a machine may stop at any step.
 *
 *   1. The new segment's files are written and synced under names that end in `.cleaned`. A start
 *      that finds them without the file of step 2 removes them.
 *   2. The file `<base>-<end>.swap` is made, durably: from here on the new segment counts, and
 *      those with a base in [base, end) do not. A start that finds it goes on from here.
 *   3. The new files are renamed to the names of the first segment's, which they replace.
 *   4. The other segments are removed.
 *   5. The file of step 2 is removed, durably: else it would speak of later files.
 *
 * A start removes what was replaced only where the new segment is sound by its own index header;
 * where it is not, everything stays, and this is reported.
 */
import type { DiskEntry } from "../disk/disk.ts";
import type { LogEnvironment } from "./environment.ts";
import {
  cleanedSuffix,
  replacedBy,
  segmentFileKinds,
  segmentFileName,
  segmentFilePrefix,
  segmentsIn,
  type Swap,
  swapFileName,
  swapsIn,
} from "./files.ts";
import { Segment } from "./segment.ts";

/** Step 2. @throws DiskError: whether it happened can't be told */
export async function decideSwap(
  { disk }: LogEnvironment,
  directory: string,
  swap: Swap,
): Promise<void> {
  await disk.writeWhole(`${directory}/${swapFileName(swap)}`, new Uint8Array(0));
}

/** Takes step 2 back, where nothing was renamed yet. @throws DiskError */
export async function revokeSwap(
  { disk }: LogEnvironment,
  directory: string,
  swap: Swap,
): Promise<void> {
  await disk.remove(`${directory}/${swapFileName(swap)}`);
  await disk.syncDirectory(directory);
}

/** Step 3, as far as it is not done yet. @throws DiskError */
export async function renameCleaned(
  { disk }: LogEnvironment,
  directory: string,
  { base }: Swap,
): Promise<void> {
  const names = new Set((await disk.list(directory)).map(({ name }) => name));
  for (const kind of segmentFileKinds) {
    const name = segmentFileName(base, kind);
    if (!names.has(`${name}${cleanedSuffix}`)) continue;
    await disk.rename(`${directory}/${name}${cleanedSuffix}`, `${directory}/${name}`);
  }
}

/** Steps 4 and 5. @throws DiskError */
export async function removeReplaced(
  environment: LogEnvironment,
  directory: string,
  swap: Swap,
): Promise<void> {
  const { disk } = environment;
  for (const base of replacedBy(swap, await disk.list(directory))) {
    await new Segment(environment, directory, base, null).remove();
  }
  await revokeSwap(environment, directory, swap);
}

/**
 * At a start: completes what was decided, and removes what was not. False: something of it stays,
 * and nothing may be compacted beside it.
 * @throws DiskError
 */
export async function settleSwaps(
  environment: LogEnvironment,
  directory: string,
  entries: readonly DiskEntry[],
): Promise<boolean> {
  const { disk, logger } = environment;
  const swaps = swapsIn(entries);
  let isSettled = true;
  for (const swap of swaps) {
    await renameCleaned(environment, directory, swap);
    const about = { directory, base: swap.base, end: swap.end };
    if (await isSound(environment, directory, swap)) {
      logger.info("compaction completed that was interrupted", about);
      await removeReplaced(environment, directory, swap);
    } else {
      isSettled = false;
      logger.error("a compacted segment is damaged: what it replaced stays beside it", about);
    }
  }
  for (const { name, kind } of entries) {
    const isDecided = swaps.some(({ base }) => name.startsWith(segmentFilePrefix(base)));
    if (kind !== "file" || !name.endsWith(cleanedSuffix) || isDecided) continue;
    logger.info("unfinished file removed", { directory, name });
    await disk.remove(`${directory}/${name}`);
  }
  return isSettled;
}

/** Whether the segment that took the place of others is all there, by its own word. */
async function isSound(
  environment: LogEnvironment,
  directory: string,
  swap: Swap,
): Promise<boolean> {
  const files = segmentsIn(await environment.disk.list(directory)).find(
    ({ base }) => base === swap.base,
  );
  const segment = new Segment(environment, directory, swap.base, null);
  const header = await segment.readIndexHeader();
  await segment.closeFiles();
  if (header === null || !header.sealed || header.floorOffset !== swap.end) return false;
  return (files?.logBytes ?? 0) >= header.floorPosition;
}
