import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { readIdentity, writeIdentity } from "../../src/broker/topic-identity.ts";
import { MemoryDisk } from "../fake/disk.ts";

const id = "00000001-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

async function diskWithTopic(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await disk.makeDirectory("topics/orders");
  return disk;
}

test("an id is read as it was written, and outlives a power loss", async () => {
  const disk = await diskWithTopic();
  await writeIdentity(disk, "orders", id);
  expect(await readIdentity(disk.crash({ keep: "synced" }), "orders")).toBe(id);
});

test("a directory without an id, and one that is not there, have none", async () => {
  const disk = await diskWithTopic();
  expect(await readIdentity(disk, "orders")).toBeNull();
  expect(await readIdentity(disk, "users")).toBeNull();
});

test.each([
  ["empty", ""],
  ["cut", id.slice(0, 20)],
  ["without its line feed", id],
  ["longer than an id", `${id}\n\n`],
  ["no id", `${"x".repeat(36)}\n`],
])("a file that is %s is damaged, and not taken for a missing one", async (_, text) => {
  const disk = await diskWithTopic();
  await disk.writeWhole("topics/orders/topic-id", new TextEncoder().encode(text));
  const read = await readIdentity(disk, "orders");
  expect(read).toBeInstanceOf(Refusal);
  expect(String(read)).toContain("topics/orders/topic-id is damaged");
});

test("a file that cannot be read is not taken for a missing one", async () => {
  const disk = await diskWithTopic();
  await writeIdentity(disk, "orders", id);
  disk.failNext("open", "topics/orders/topic-id", "exhausted");
  expect(await readIdentity(disk, "orders")).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
});
