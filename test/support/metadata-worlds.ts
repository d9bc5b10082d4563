/** The metadata, on the database that keeps it and as the fake that stands in for it. */
import { join } from "node:path";
import type { Metadata } from "../../src/metadata/metadata.ts";
import { openSqliteMetadata } from "../../src/metadata/sql.ts";
import { MemoryMetadata } from "../fake/metadata.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "./log-world.ts";
import { temporaryDirectory } from "./temporary.ts";

/** Makes a store, and opens it again as the next start would. */
interface World extends Disposable {
  open(): Promise<Metadata>;
}

function sqlite(): World {
  const directory = temporaryDirectory();
  return {
    open: async () =>
      unwrap(await openSqliteMetadata(join(directory.path, "obelisk.db"), new MemoryLogger())),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

function memory(): World {
  let metadata = new MemoryMetadata();
  return {
    open: () => Promise.resolve((metadata = metadata.reopened())),
    [Symbol.dispose]: () => {},
  };
}

/** Both, for `describe.each`. */
export const metadataWorlds: [name: string, make: () => World][] = [
  ["SQLite", sqlite],
  ["memory", memory],
];
