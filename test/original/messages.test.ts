import { expect, test } from "bun:test";
import type { Disk } from "../../src/disk/disk.ts";
import { findOriginalLogs, type OriginalLog } from "../../src/original/layout.ts";
import { walkMessages, type OriginalItem, type Place } from "../../src/original/messages.ts";
import { millisecondsOf, nanosecondRemainder } from "../../src/record/nanoseconds.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { bytesOf } from "../support/hex.ts";
import { unwrap } from "../support/log-world.ts";
import { frameOf, indexOf, messagesOf, writeOriginal } from "../support/original.ts";
import { randomForTest } from "../support/seed.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function theLog(disk: Disk): Promise<OriginalLog> {
  const [log] = unwrap(await findOriginalLogs(disk, "topics"));
  if (log === undefined) throw new Error("there is no log");
  return log;
}

async function walk(disk: Disk, from?: Place): Promise<OriginalItem[]> {
  return await Array.fromAsync(walkMessages(disk, await theLog(disk), from));
}

/** What a walk found, in words: `k0 k1 …` for messages, one word for everything else. */
function story(items: readonly OriginalItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === "messages")
      return item.messages.map((one) => `${one.number}:${decode(one.key)}`);
    if (item.kind === "damage") {
      const tail = item.isTail ? " tail" : "";
      return [`${item.fault}[${item.from.position},${item.to.position})${tail}`];
    }
    return item.kind === "index" ? [`index ${item.fault}`] : [`stopped ${item.refusal.code}`];
  });
}

/** The story of a log without a fault. */
const whole = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}:k${n}`);

test("the worked frame of the protocol is read to the nanosecond", async () => {
  const disk = new MemoryDisk();
  await disk.makeDirectory("topics");
  await disk.writeWhole(
    "topics/topic-0.log",
    bytesOf(`39000000 d8a07c9e61f75918 07000000 746f7069632d30 0b000000 62617463682d7573657230
      13000000 53697a652074657374206d6573736167652030`),
  );
  const [run] = await walk(disk);
  if (run?.kind !== "messages") throw new Error("no messages");
  const [message] = run.messages;
  expect(message).toMatchObject({ number: 0, position: 0, topic: "topic-0" });
  if (message === undefined) return;
  const { timestampHigh: high, timestampLow: low } = message;
  expect(new Date(millisecondsOf(high, low)).toISOString()).toBe("2025-08-09T02:12:08.480Z");
  expect(BigInt(high) * 2n ** 32n + BigInt(low)).toBe(0x1859f7619e7ca0d8n);
  expect(nanosecondRemainder(high, low)).toBe(Number(0x1859f7619e7ca0d8n % 1_000_000n));
  expect([decode(message.key), decode(message.value)]).toEqual([
    "batch-user0",
    "Size test message 0",
  ]);
});

test("a log of many windows is read in order, and again from any place on the way", async () => {
  const disk = new MemoryDisk();
  await writeOriginal(disk, { topic: "orders", messages: messagesOf(3000, 1500) });
  const items = await walk(disk);
  expect(items.length).toBeGreaterThan(3);
  expect(story(items)).toEqual(whole(3000));
  for (const item of items) {
    if (item.kind !== "messages") continue;
    expect(story(await walk(disk, item.end))).toEqual(whole(3000).slice(item.end.number));
  }
});

test("every prefix of a log is its whole messages, and a torn tail that is told", async () => {
  const disk = new MemoryDisk();
  const { logPath, positions } = await writeOriginal(disk, {
    topic: "orders",
    messages: messagesOf(3),
  });
  const end = positions.at(-1) ?? 0;
  for (let length = 0; length <= end; length++) {
    const cut = disk.clone();
    cut.truncateTo(logPath, length);
    const messages = positions.filter((position) => position <= length).length - 1;
    const at = positions[messages] ?? 0;
    const torn = length > at ? [`truncated[${at},${length}) tail`] : [];
    const index = messages < 3 ? ["index long"] : [];
    expect(story(await walk(cut))).toEqual([...whole(messages), ...torn, ...index]);
  }
});

test("any flipped bit costs at most its own message, with an index or without", async () => {
  const disk = new MemoryDisk();
  const { logPath, indexPath, positions } = await writeOriginal(disk, {
    topic: "orders",
    messages: messagesOf(4),
  });
  const end = positions.at(-1) ?? 0;
  for (const hasIndex of [true, false]) {
    if (!hasIndex) await disk.remove(indexPath);
    for (let bit = 0; bit < end * 8; bit++) {
      const flipped = disk.clone();
      flipped.flipBit(logPath, bit >> 3, bit & 7);
      const found = story(await walk(flipped));
      const hit = positions.findLastIndex((position) => position <= bit >> 3);
      for (let n = 0; n < 4; n++) if (n !== hit) expect(found).toContain(`${n}:k${n}`);
    }
  }
});

test("a flipped bit of the index changes no message and is told", async () => {
  const disk = new MemoryDisk();
  const { indexPath } = await writeOriginal(disk, { topic: "orders", messages: messagesOf(3) });
  for (let bit = 0; bit < 3 * 64; bit++) {
    const flipped = disk.clone();
    flipped.flipBit(indexPath, bit >> 3, bit & 7);
    const items = await walk(flipped);
    expect(story(items)).toEqual([...whole(3), "index wrong"]);
    expect(items.at(-1)).toMatchObject({ wrongEntries: 1, firstWrong: bit >> 6 });
  }
});

test("an index that is missing, short, long or torn is told, and no message is lost", async () => {
  const disk = new MemoryDisk();
  const { indexPath } = await writeOriginal(disk, { topic: "orders", messages: messagesOf(3) });
  const withIndex = async (bytes: Uint8Array | null): Promise<string[]> => {
    const changed = disk.clone();
    if (bytes === null) await changed.remove(indexPath);
    else await changed.writeWhole(indexPath, bytes);
    return story(await walk(changed));
  };
  const entries = await disk.readWhole(indexPath);
  expect(await withIndex(null)).toEqual([...whole(3), "index missing"]);
  expect(await withIndex(entries.subarray(0, 16))).toEqual([...whole(3), "index short"]);
  expect(await withIndex(entries.subarray(0, 20))).toEqual([...whole(3), "index short"]);
  expect(await withIndex(Buffer.concat([entries, indexOf([500])]))).toEqual([
    ...whole(3),
    "index long",
  ]);
});

test("behind a zeroed stretch the index says which messages are gone", async () => {
  const disk = new MemoryDisk();
  const { logPath, positions } = await writeOriginal(disk, {
    topic: "orders",
    messages: messagesOf(10),
  });
  const bytes = await disk.readWhole(logPath);
  const [from, to] = [positions[3] ?? 0, positions[6] ?? 0];
  bytes.fill(0, from + 2, to);
  await disk.writeWhole(logPath, bytes);
  const [, damage] = await walk(disk);
  expect(damage).toMatchObject({
    kind: "damage",
    from: { number: 3, position: from },
    to: { number: 6, position: to },
    isTail: false,
  });
  expect(story(await walk(disk))).toContain("6:k6");
});

test("a frame that lies in another's value is not taken for a message behind damage", async () => {
  const disk = new MemoryDisk();
  const inner = decode(frameOf("orders", { key: "inner", value: "stored on purpose" }));
  const { logPath, indexPath } = await writeOriginal(disk, {
    topic: "orders",
    messages: [
      { key: "k0", value: `${inner}${inner}` },
      { key: "k1", value: "v1" },
    ],
  });
  disk.flipBit(logPath, 12, 0);
  expect(story(await walk(disk))).toEqual([expect.stringMatching(/^format/), "1:k1"]);
  await disk.remove(indexPath);
  expect(story(await walk(disk))).toEqual([
    expect.stringMatching(/^format/),
    "1:k1",
    "index missing",
  ]);
});

test("noise of any kind never stops a walk, and messages around it are found", async () => {
  const random = randomForTest();
  for (let round = 0; round < 30; round++) {
    const disk = new MemoryDisk();
    const written = await writeOriginal(disk, { topic: "orders", messages: messagesOf(20, 200) });
    const bytes = await disk.readWhole(written.logPath);
    const from = written.positions[5] ?? 0;
    const to = written.positions[5 + random.below(8)] ?? 0;
    for (let at = from; at < to; at++) bytes[at] = random.below(256);
    await disk.writeWhole(written.logPath, bytes);
    if (round % 2 === 0) await disk.remove(written.indexPath);
    const keys = story(await walk(disk)).map((word) => word.split(":")[1]);
    for (const [n, position] of written.positions.slice(0, -1).entries()) {
      if (position < from || position >= to) expect(keys).toContain(`k${n}`);
    }
  }
});

test("a read that fails ends the walk with a refusal", async () => {
  const disk = new MemoryDisk();
  const { logPath } = await writeOriginal(disk, { topic: "orders", messages: messagesOf(3) });
  const log = await theLog(disk);
  disk.failNext("read", logPath, "failed");
  expect(story(await Array.fromAsync(walkMessages(disk, log)))).toEqual([
    "stopped KAFKA_STORAGE_ERROR",
  ]);
  await disk.remove(logPath);
  expect(story(await Array.fromAsync(walkMessages(disk, log)))).toEqual([
    "stopped KAFKA_STORAGE_ERROR",
  ]);
});

test("whoever stops walking leaves no file open", async () => {
  const disk = new MemoryDisk();
  await writeOriginal(disk, { topic: "orders", messages: messagesOf(3) });
  for await (const item of walkMessages(disk, await theLog(disk))) {
    expect(item.kind).toBe("messages");
    break;
  }
  const count = (operation: string): number =>
    disk.operations.filter((one) => one.operation === operation && one.path.includes("orders."))
      .length;
  const written = disk.operations.filter((one) => one.operation === "writeWhole").length;
  expect(count("close") - written).toBe(2);
});
