import { expect, test } from "bun:test";
import { join } from "node:path";
import { openSqliteMetadata } from "../../src/metadata/sql.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "../support/log-world.ts";
import { temporaryDirectory } from "../support/temporary.ts";

test("a cluster has the id that was proposed first, for as long as its metadata", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "obelisk.db");
  const first = unwrap(await openSqliteMetadata(path, new MemoryLogger()));
  expect(await first.cluster.id("first")).toBe("first");
  expect(await first.cluster.id("second")).toBe("first");
  await first.close();
  const next = unwrap(await openSqliteMetadata(path, new MemoryLogger()));
  expect(await next.cluster.id("third")).toBe("first");
  await next.close();
});
