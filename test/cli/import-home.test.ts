import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { openHomeTarget } from "../../src/cli/import-home.ts";
import type { ImportTarget } from "../../src/cli/import-target.ts";
import { offset } from "../../src/base/brands.ts";
import { LockHeld } from "../../src/disk/lock.ts";
import { importBatchBytes } from "../../src/limits.ts";
import type { BatchRecord } from "../../src/record/records.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { textBytes } from "../support/hex.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { call } from "./read-fixture.ts";

async function targetOn(data: string, append = false): Promise<ImportTarget> {
  const target = await openHomeTarget({ data, append }, new MemoryLogger());
  if (target instanceof LockHeld || target instanceof Refusal) throw new Error(target.toString());
  return target;
}

const recordOf = (number: number, valueBytes = 5): BatchRecord => ({
  offset: offset(number),
  timestamp: 1_000_000 + number,
  key: textBytes(`k${number}`),
  value: new Uint8Array(valueBytes).fill(0x76),
  headers: [],
});

const topic = { name: "orders", partitionCount: 2 };

test("records become batches of some size, and count once they are stored", async () => {
  using data = temporaryDirectory();
  const target = await targetOn(data.path);
  expect(await target.prepare(topic)).toBeNull();
  const sink = target.open(topic, 1);
  const count = 300;
  for (let number = 0; number < count; number++) {
    expect(await sink.put(recordOf(number, 10_000))).toBeNull();
  }
  expect(await sink.end()).toBeNull();
  expect(sink.stored).toBe(count);
  await target.close();
  const { out } = await call(["read", data.path, "--full", "-p", "1", "--format", "json"], "-");
  const [{ content }] = JSON.parse(out).segments;
  expect(content.records).toBe(count);
  expect(content.batches).toBe(Math.ceil((count * 10_000) / importBatchBytes));
});

test("a record that is larger than a batch wants to be has one of its own", async () => {
  using data = temporaryDirectory();
  const target = await targetOn(data.path);
  await target.prepare(topic);
  const sink = target.open(topic, 0);
  for (const bytes of [5, 10 * 1024 * 1024 - 100, 5]) {
    expect(await sink.put(recordOf(0, bytes))).toBeNull();
  }
  expect(await sink.end()).toBeNull();
  await target.close();
  const { out } = await call(["read", data.path, "--all", "-f", "%S "], "-");
  expect(out).toBe(`5 ${10 * 1024 * 1024 - 100} 5 `);
});

describe("objections", () => {
  test("there are none to a topic that is not there, or has no records", async () => {
    using data = temporaryDirectory();
    const target = await targetOn(data.path);
    expect(target.objections([topic])).toEqual([]);
    await target.prepare(topic);
    expect(target.objections([topic])).toEqual([]);
    await target.close();
  });

  test("records that are there already need --append", async () => {
    using data = temporaryDirectory();
    const target = await targetOn(data.path);
    await target.prepare(topic);
    const sink = target.open(topic, 0);
    await sink.put(recordOf(0));
    await sink.end();
    expect(target.objections([topic])).toEqual([expect.stringContaining("has 1 record already")]);
    await target.close();
    const again = await targetOn(data.path, true);
    expect(again.objections([topic])).toEqual([]);
    await again.close();
  });

  test("partitions that are missing can't be added", async () => {
    using data = temporaryDirectory();
    const target = await targetOn(data.path, true);
    await target.prepare(topic);
    const objections = target.objections([{ name: "orders", partitionCount: 3 }]);
    expect(objections).toEqual([expect.stringContaining("too few partitions: 2")]);
    await target.close();
  });
});

test("what the broker's rules refuse is refused in their words", async () => {
  using data = temporaryDirectory();
  const target = await targetOn(data.path);
  expect(await target.prepare({ name: "a.b", partitionCount: 1 })).toBeNull();
  expect(await target.prepare({ name: "a_b", partitionCount: 1 })).toContain("differs from");
  expect(await target.open({ name: "nothing", partitionCount: 1 }, 0).put(recordOf(0))).toBeNull();
  const sink = target.open({ name: "nothing", partitionCount: 1 }, 0);
  await sink.put(recordOf(0));
  expect(await sink.end()).toBe("there is no partition nothing/0");
  expect(sink.stored).toBe(0);
  await target.close();
});
