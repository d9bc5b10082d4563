/** The topics' statements, on the database that runs them; and the fake that stands in for it. */
import { join } from "node:path";
import { topicStoreSuite } from "../conformance/topic-store.suite.ts";
import { MemoryMetadata } from "../fake/metadata.ts";
import { openSqliteMetadata } from "../../src/metadata/sql.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "../support/log-world.ts";
import { temporaryDirectory } from "../support/temporary.ts";

topicStoreSuite("SQLite", () => {
  const directory = temporaryDirectory();
  return {
    open: async () =>
      unwrap(await openSqliteMetadata(join(directory.path, "obelisk.db"), new MemoryLogger())),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
});

topicStoreSuite("memory", () => {
  let metadata = new MemoryMetadata();
  return {
    open: () => Promise.resolve((metadata = metadata.reopened())),
    [Symbol.dispose]: () => {},
  };
});
