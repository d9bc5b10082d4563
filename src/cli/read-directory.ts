/**
 * A directory that a command only looks at: a data directory or its `topics`, whether or not a
 * broker has it. Nothing in it is written, not even an index that would need it.
 */
import { stat } from "node:fs/promises";
import nodePath from "node:path";
import { localDisk } from "../disk/local.ts";
import { isLocked } from "../disk/lock.ts";
import { readerFilesOpenMax } from "../limits.ts";
import { topicsDirectory } from "../log/layout.ts";
import { LogEnvironment } from "../log/environment.ts";
import { brokerOptions } from "../options.ts";
import type { World } from "./command.ts";
import { openLog } from "./log.ts";
import { text } from "./option-kinds.ts";

/** For the table of a command that reads. */
export const readDataOption = text({
  default: brokerOptions.data.fallback ?? "",
  placeholder: "<directory>",
  help: "Data directory, whether or not a broker has it",
});

/** A directory, ready to be read. */
export interface ReadableDirectory {
  /** As it was given. */
  readonly path: string;
  readonly environment: LogEnvironment;
  /** Whether a broker owns it now. */
  readonly isLive: () => Promise<boolean>;
}

/** The directory at `path`; a text says why it can't be one. */
export async function openReadable(
  path: string,
  world: Pick<World, "clock" | "stderr">,
): Promise<ReadableDirectory | string> {
  const fault = await directoryFault(path);
  if (fault !== null) return fault;
  const root = await ownerOf(path);
  // What is wrong with a directory is for the command to tell, in its own words.
  const logger = openLog(world, "error", "text");
  const environment = new LogEnvironment({
    disk: localDisk(path),
    clock: world.clock,
    logger,
    isReadOnly: true,
    cacheBytes: 0,
    filesOpenMax: readerFilesOpenMax,
  });
  return { path, environment, isLive: () => isLocked(root) };
}

/** Why there is no directory at `path`, as a sentence; `null`: there is one. */
export async function directoryFault(path: string): Promise<string | null> {
  try {
    return (await stat(path)).isDirectory() ? null : `${path} is no directory`;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return `there is no directory ${path}`;
    if (code === undefined) throw error;
    return `${path} can't be read: ${String(code)}`;
  }
}

/** Where a broker's lock would be: in the data directory, which may be the one above. */
async function ownerOf(path: string): Promise<string> {
  const resolved = nodePath.resolve(path);
  const isData = (await directoryFault(nodePath.join(resolved, topicsDirectory))) === null;
  if (isData || nodePath.basename(resolved) !== topicsDirectory) return resolved;
  return nodePath.dirname(resolved);
}
