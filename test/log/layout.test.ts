import { expect, test } from "bun:test";
import {
  findTopicsDirectory,
  listPartitions,
  listTopic,
  nameFault,
  partitionDirectory,
} from "../../src/log/layout.ts";
import { MemoryDisk } from "../fake/disk.ts";

test("topics are in their directory, or at the root where somebody gave that directory", async () => {
  const disk = new MemoryDisk();
  expect(await findTopicsDirectory(disk)).toBe(".");
  await disk.makeDirectory("topics");
  expect(await findTopicsDirectory(disk)).toBe("topics");
});

test("partitions are directories with a number, of topics whose names are valid", async () => {
  const disk = new MemoryDisk();
  const names = ["orders/10", "orders/2", "orders/02", "orders/x", ".deleted-17/0", "a b/0"];
  for (const name of names) await disk.makeDirectory(`topics/${name}`);
  await disk.writeWhole("topics/orders/7", new Uint8Array(1));
  await disk.writeWhole("topics/readme", new Uint8Array(1));
  expect(await listPartitions(disk, "topics")).toEqual([
    { topic: "orders", partition: 2, directory: "topics/orders/2" },
    { topic: "orders", partition: 10, directory: "topics/orders/10" },
  ]);
  expect(partitionDirectory(".", "orders", 2)).toBe("./orders/2");
  expect(listTopic(disk, "topics", "payments")).rejects.toMatchObject({ kind: "missing" });
});

const names: [name: string, fault: string | null][] = [
  ["orders", null],
  ["A.b_c-9", null],
  ["x".repeat(249), null],
  ["", "it is empty"],
  [".", "it means a directory"],
  ["..", "it means a directory"],
  ["x".repeat(250), "it has 250 characters"],
  [".Deleted-1", "it begins with .deleted-"],
  ["a/b", 'it contains "/"'],
  ["a\u001b", 'it contains "\\u001b"'],
  ["grüße", 'it contains "ü"'],
];

test.each(names)("a name is allowed or not: %j", (name, fault) => {
  const found = nameFault(name);
  expect(found === null ? null : found.split(". ")[0]).toBe(fault as string);
});
