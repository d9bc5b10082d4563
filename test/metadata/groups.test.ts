/** The groups' statements, on the database that runs them; and the fake that stands in for it. */
import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { groupStoreSuite } from "../conformance/group-store.suite.ts";
import { MemoryMetadata } from "../fake/metadata.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { openSqliteMetadata } from "../../src/metadata/sql.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "../support/log-world.ts";
import { temporaryDirectory } from "../support/temporary.ts";

groupStoreSuite("SQLite", async () => {
  const directory = temporaryDirectory();
  return {
    open: async () =>
      unwrap(await openSqliteMetadata(join(directory.path, "obelisk.db"), new MemoryLogger())),
    [Symbol.asyncDispose]: async () => directory[Symbol.dispose](),
  };
});

groupStoreSuite("memory", async () => {
  let metadata = new MemoryMetadata();
  return {
    open: async () => (metadata = metadata.reopened()),
    [Symbol.asyncDispose]: async () => {},
  };
});

/** What reading the groups gives after `damage` was done to their tables. */
async function readDamaged(damage: string): Promise<unknown> {
  using directory = temporaryDirectory();
  const path = join(directory.path, "obelisk.db");
  const metadata = unwrap(await openSqliteMetadata(path, new MemoryLogger()));
  const member = {
    memberId: "m",
    groupInstanceId: null,
    clientId: "c",
    clientHost: "h",
    rebalanceTimeoutMs: 1,
    sessionTimeoutMs: 1,
    protocols: [{ name: "range", metadata: Uint8Array.of(1) }],
    assignment: Uint8Array.of(2),
  };
  const row = {
    groupId: "g",
    generationId: 1,
    protocolType: "consumer",
    protocolName: "range",
    leader: "m",
    currentStateTimestamp: 1,
    members: [member],
  };
  const offset = {
    topic: "t",
    partitionIndex: 0,
    committedOffset: 1,
    committedLeaderEpoch: 1,
    metadata: "",
    commitTimestamp: 1,
    expireTimestamp: null,
  };
  const stored = await metadata.groups.apply([
    { kind: "generation", groupId: "g", row },
    { kind: "commit", groupId: "g", offsets: [offset] },
  ]);
  expect(stored).toBeNull();
  await metadata.close();
  const database = new Database(path);
  database.run(damage);
  database.close();
  const again = unwrap(await openSqliteMetadata(path, new MemoryLogger()));
  const read = await again.groups.all();
  await again.close();
  return read;
}

test.each([
  ["update consumer_groups set generation_id = 1.5", "group", "generation_id"],
  ["update group_members set session_timeout_ms = 'x'", "member of group", "session_timeout_ms"],
  ["update group_members set assignment = 'text'", "member of group", "assignment"],
  ["update group_member_protocols set name = x'00'", "protocol of group", "name"],
  ["update group_offsets set committed_offset = 1e300", "offset of group", "committed_offset"],
])("a row that makes no sense is refused: %s", async (damage, what, column) => {
  const refused = await readDamaged(damage);
  expect(refused).toBeInstanceOf(Refusal);
  expect((refused as Refusal).code).toBe("KAFKA_STORAGE_ERROR");
  expect((refused as Refusal).message).toStartWith(
    `the row of a ${what} "g" is damaged: ${column}`,
  );
});
