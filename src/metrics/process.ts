/** What the operating system says of this process. */
import fs from "node:fs/promises";

/** `null` where the system does not say: only Linux has it, and a container may hide it. */
export interface ProcessFacts {
  /** User and system time. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly openFiles: number | null;
  readonly openFilesMax: number | null;
}

/** Asks; never rejects. */
export async function processFacts(): Promise<ProcessFacts> {
  const { user, system } = process.cpuUsage();
  const [descriptors, limits] = await Promise.all([
    // What can't be read is left out, whatever the reason.
    fs.readdir("/proc/self/fd").catch(() => null),
    fs.readFile("/proc/self/limits", "utf8").catch(() => ""),
  ]);
  const openFilesMax = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    openFiles: descriptors?.length ?? null,
    openFilesMax: openFilesMax === undefined ? null : Number(openFilesMax),
  };
}
