import { expect, test } from "bun:test";
import { DiskError } from "../../src/disk/disk.ts";
import { FilePool } from "../../src/log/file-pool.ts";
import { MemoryDisk } from "../fake/disk.ts";

const text = new TextEncoder();

function appendTo(pool: FilePool, path: string): Promise<void> {
  return pool.use(path, "append", (file) => file.append([text.encode("x")]));
}

test("a file stays open between uses and the least used one makes room", async () => {
  const disk = new MemoryDisk();
  const pool = new FilePool(disk, 2);
  for (const path of ["a", "b", "a", "a", "c", "a", "b"]) await appendTo(pool, path);
  const opened = disk.operations.filter((one) => one.operation === "open").map((one) => one.path);
  expect(opened).toEqual(["a", "b", "c", "b"]);
  expect(pool.openCount).toBe(2);
});

test("a file in use is not closed, neither to make room nor on request", async () => {
  const disk = new MemoryDisk();
  const pool = new FilePool(disk, 2);
  const gate = disk.hold("append", "a");
  const writing = appendTo(pool, "a");
  await gate.reached();
  await appendTo(pool, "b");
  await appendTo(pool, "c");
  await pool.close("a");
  gate.release();
  await writing;
  expect(new TextDecoder().decode(await disk.readWhole("a"))).toBe("x");
});

test("a file that could not be opened is tried anew", async () => {
  const disk = new MemoryDisk();
  const pool = new FilePool(disk, 4);
  disk.failNext("open", "a", "exhausted");
  await expect(appendTo(pool, "a")).rejects.toBeInstanceOf(DiskError);
  await appendTo(pool, "a");
  expect((await disk.readWhole("a")).length).toBe(1);
});

test("closing by prefix leaves the others open", async () => {
  const disk = new MemoryDisk();
  await disk.makeDirectory("one");
  await disk.makeDirectory("two");
  const pool = new FilePool(disk, 8);
  for (const path of ["one/a", "one/b", "one/c", "two/a", "a"]) await appendTo(pool, path);
  await pool.close("one/a");
  expect(pool.openCount).toBe(4);
  await pool.close("one/");
  expect(pool.openCount).toBe(2);
  await pool.close("a");
  expect(pool.openCount).toBe(1);
  await appendTo(pool, "one/a");
  expect(pool.openCount).toBe(2);
});
