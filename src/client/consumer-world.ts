/** What an embedded consumer stands on: the disk, the clock and the locks of this machine. */
import { systemClock, type Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Disk } from "../disk/disk.ts";
import { localDisk } from "../disk/local.ts";
import { isLocked, lockDirectory } from "../disk/lock.ts";
import { readerFilesOpenMax } from "../limits.ts";
import { LogEnvironment } from "../log/environment.ts";
import { topicsDirectory } from "../log/layout.ts";
import type { LockDirectory } from "./commit-store.ts";

/** See the head of this file; tests have others. */
export interface ConsumerWorld {
  /** The data directory. */
  readonly disk: Disk;
  readonly clock: Clock;
  /** Whether a broker owns the data directory now. */
  readonly isLive: () => boolean | Promise<boolean>;
  readonly lock: LockDirectory;
}

/** @param path of the data directory; one that ends in `topics` is that directory in it */
export function localWorld(path: string): ConsumerWorld {
  const trimmed = path.replace(/\/+$/, "");
  const isTopics = trimmed === topicsDirectory || trimmed.endsWith(`/${topicsDirectory}`);
  const data = isTopics ? `${trimmed.slice(0, -topicsDirectory.length)}.` : path;
  return {
    disk: localDisk(data),
    clock: systemClock,
    isLive: () => isLocked(data),
    lock: (directory) => lockDirectory(`${data}/${directory}`),
  };
}

/** For reading logs that somebody else owns, in the process of a program that has its own log. */
export function readerEnvironment(world: ConsumerWorld): LogEnvironment {
  const { disk, clock } = world;
  return new LogEnvironment({
    disk,
    clock,
    logger: silent,
    filesOpenMax: readerFilesOpenMax,
    isReadOnly: true,
  });
}

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silent,
};
