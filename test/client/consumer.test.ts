import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { ConsumerError } from "../../src/client/consumer-error.ts";
import { pollBytesMax } from "../../src/limits.ts";
import { ConsumerStory, keysOf, pollAll } from "../support/consumer-world.ts";
import { acked } from "../support/log-world.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { keys } from "../support/reading.ts";

/** What a call rejects with. */
async function rejection(call: Promise<unknown>): Promise<ConsumerError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof ConsumerError) return error;
  throw new Error(`no ConsumerError: ${String(error)}`);
}

const log = (topic: string, partition = 0): string =>
  `topics/${topic}/${partition}/00000000000000000000.log`;

test("the original's loop: poll, process, commit, and go on there after a crash", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 10);
  const first = await story.open();
  expect(keysOf(await first.poll("orders", 4))).toEqual(keys(0, 4));
  await first.commit("orders");
  expect(keysOf(await first.poll("orders", 4))).toEqual(keys(4, 8));
  story.die();
  const second = await story.open();
  expect(await second.currentOffset("orders")).toBe(4);
  expect(await pollAll(second)).toEqual(keys(4, 10));
  expect(await second.poll()).toEqual([]);
});

test("a message has all that its producer gave, and where it came from", async () => {
  const story = new ConsumerStory();
  await writeOriginal(story.disk, {
    topic: "orders",
    messages: [{ key: "user123", value: "User logged in", nanoseconds: 123_456 }, { value: "x" }],
  });
  const [message, keyless] = await (await story.open()).poll();
  expect(message).toMatchObject({
    topic: "orders",
    partition: 0,
    offset: 0,
    timestamp: 1_754_705_528_480,
    timestampNs: 1_754_705_528_480_123_456n,
    keyText: "user123",
    valueText: "User logged in",
    headers: [],
  });
  expect([keyless?.key, keyless?.keyText]).toEqual([null, null]);
});

test("all topics and partitions are polled in turns, each in its order", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 5, 0);
  await story.fill("orders", 5, 1);
  await story.fill("payments", 5);
  const consumer = await story.open({ topics: ["orders", "payments"] });
  const seen = new Map<string, number[]>();
  for (let polls = 0; polls < 20; polls++) {
    for (const { topic, partition, offset: at } of await consumer.poll(undefined, 2)) {
      const place = `${topic}/${partition}`;
      seen.set(place, [...(seen.get(place) ?? []), at]);
    }
  }
  expect(Object.fromEntries(seen)).toEqual({
    "orders/0": [0, 1, 2, 3, 4],
    "orders/1": [0, 1, 2, 3, 4],
    "payments/0": [0, 1, 2, 3, 4],
  });
  expect(await consumer.partitions("orders")).toEqual([0, 1]);
});

test("a busy partition leaves the others their turn", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 900, 0, 3000);
  await story.fill("orders", 3, 1);
  const consumer = await story.open();
  const partitions: number[] = [];
  for (let polls = 0; polls < 9; polls++) {
    for (const { partition } of await consumer.poll("orders", 100)) partitions.push(partition);
  }
  expect(partitions.filter((partition) => partition === 1).length).toBe(3);
});

test("a poll ends at its limits of messages and of bytes", async () => {
  const story = new ConsumerStory();
  const orders = await story.log("orders");
  const half = Math.floor(pollBytesMax / 8);
  for (let n = 0; n < 10; n++) await acked(orders, { first: n, valueBytes: half });
  await orders.close();
  const consumer = await story.open();
  const polled = await consumer.poll();
  expect(polled.length).toBeGreaterThan(0);
  expect(polled.reduce((sum, message) => sum + message.bytes, 0)).toBeLessThan(pollBytesMax + half);
  expect((await consumer.poll("orders", 1)).length).toBe(1);
  for (const max of [0, -1, 1.5, Number.NaN, 1e9]) {
    expect((await rejection(consumer.poll("orders", max))).code).toBe("INVALID");
  }
});

test("compressed batches are consumed a few records at a time", async () => {
  const story = new ConsumerStory();
  const orders = await story.log("orders");
  await acked(orders, { first: 0, count: 100, valueBytes: 100, compression: "zstd" });
  await acked(orders, { first: 100, count: 100, compression: "lz4" });
  await orders.close();
  const consumer = await story.open();
  expect(await pollAll(consumer, "orders", 7)).toEqual(keys(0, 200));
});

test("a consumer beside a broker at work sees what was acknowledged, and all of it", async () => {
  const story = new ConsumerStory();
  story.live = true;
  const orders = await story.log("orders");
  const consumer = await story.open();
  expect(await consumer.poll()).toEqual([]);
  const seen: (string | null)[] = [];
  for (let n = 0; n < 200; n++) {
    await acked(orders, { first: n, valueBytes: 2000 });
    if (n % 10 === 0) await orders.publish();
    seen.push(...keysOf(await consumer.poll("orders", 3)));
  }
  await orders.close();
  seen.push(...(await pollAll(consumer)));
  expect(seen).toEqual(keys(0, 200));
  story.live = false;
  expect(await consumer.poll()).toEqual([]);
  expect(consumer.takeWarnings().warnings).toEqual([]);
});

test("a topic may come later, get more partitions, and be deleted and come again", async () => {
  const story = new ConsumerStory();
  await story.disk.makeDirectory("consumers");
  const consumer = await story.open({ topics: ["later", "orders"] });
  expect(await consumer.poll()).toEqual([]);
  expect(await consumer.messageCount("later")).toBe(0);
  await story.fill("later", 2);
  expect(await pollAll(consumer)).toEqual(keys(0, 2));
  await story.fill("later", 3, 1);
  expect(await pollAll(consumer)).toEqual(keys(0, 3));
  await consumer.commit();
  await story.disk.remove("topics/later");
  expect(await consumer.poll()).toEqual([]);
  const again = await story.log("later");
  await acked(again, { first: 700, count: 7 });
  await again.close();
  expect(await pollAll(consumer)).toEqual(keys(700, 707));
});

test("a topic that comes while another is busy is found within the look's time", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 300);
  const consumer = await story.open({ topics: ["orders", "later"] });
  expect(keysOf(await consumer.poll(undefined, 10))).toEqual(keys(0, 10));
  await story.fill("later", 1);
  story.clock.advance(1000);
  const polled = [...(await consumer.poll(undefined, 290)), ...(await consumer.poll())];
  expect(polled.filter(({ topic }) => topic === "later").length).toBe(1);
});

test("offsets of several partitions: each by itself, or the sum", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 5, 0);
  await story.fill("orders", 7, 1);
  const consumer = await story.open();
  expect(await consumer.messageCount("orders")).toBe(12);
  expect(await consumer.messageCount("orders", 1)).toBe(7);
  expect(await consumer.currentOffset("orders")).toBe(0);
  await pollAll(consumer);
  expect(await consumer.currentOffset("orders", 0)).toBe(5);
  expect(await consumer.currentOffset("orders")).toBe(12);
  expect(await consumer.endOffset("orders")).toBe(12);
  expect(await consumer.committedOffset("orders")).toBe(0);
  await consumer.commit("orders", { 1: 3 });
  expect(await consumer.committedOffset("orders", 1)).toBe(3);
  await consumer.commit("orders", new Map([[0, 2]]));
  expect(await consumer.committedOffset("orders")).toBe(5);
  expect((await rejection(consumer.commit("orders", 3))).message).toContain("2 partitions");
  expect((await rejection(consumer.commit("orders", { 9: 0 }))).code).toBe("INVALID");
  expect((await rejection(consumer.currentOffset("orders", 9))).code).toBe("INVALID");
});

test("reset goes to the beginning, rollback to the commit, seek anywhere between", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 10);
  const consumer = await story.open();
  await consumer.poll("orders", 3);
  await consumer.commit("orders");
  await consumer.poll("orders", 3);
  await consumer.rollback("orders");
  expect(keysOf(await consumer.poll("orders", 2))).toEqual(keys(3, 5));
  await consumer.reset("orders");
  expect(await consumer.committedOffset("orders")).toBe(3);
  expect(keysOf(await consumer.poll("orders", 2))).toEqual(keys(0, 2));
  await consumer.seek("orders", 0, 9);
  expect(await pollAll(consumer)).toEqual(keys(9, 10));
  await consumer.seek("orders", 0, 10);
  for (const at of [-1, 11, 1.5]) {
    expect((await rejection(consumer.seek("orders", 0, at))).code).toBe("INVALID");
  }
  expect((await rejection(consumer.seek("orders", 3, 0))).code).toBe("INVALID");
});

test("only what was polled can be committed: the original's sum would skip messages", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 10);
  const consumer = await story.open();
  const messages = await consumer.poll("orders", 4);
  const after = (await consumer.currentOffset("orders")) + messages.length;
  const error = await rejection(consumer.commit("orders", after));
  expect(error).toMatchObject({ code: "INVALID" });
  expect(error.message).toContain("only up to 4 was polled");
  await consumer.commit("orders", 2);
  expect(await consumer.committedOffset("orders")).toBe(2);
  expect((await rejection(consumer.commit(undefined, 2))).code).toBe("INVALID");
});

test("damage is told after what is good before it, again and again, until it is skipped", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 6);
  await story.fill("payments", 2);
  const size = (await story.disk.readWhole(log("orders"))).length / 6;
  story.disk.flipBit(log("orders"), size * 2 + 70, 0);
  story.disk.flipBit(log("orders"), size * 3 + 70, 0);
  const consumer = await story.open({ topics: ["orders", "payments"] });
  expect((await rejection(consumer.skipDamage("orders"))).code).toBe("INVALID");
  expect(keysOf(await consumer.poll("orders"))).toEqual(keys(0, 2));
  const error = await rejection(consumer.poll());
  expect(error.code).toBe("RECORDS_DAMAGED");
  expect(error.damaged).toEqual({ topic: "orders", partition: 0, fromOffset: 2, toOffset: 4 });
  expect(error.message).toContain('skipDamage("orders", 0)');
  expect(keysOf(await consumer.poll())).toEqual(keys(0, 2));
  expect((await rejection(consumer.poll("orders"))).damaged?.fromOffset).toBe(2);
  expect(await consumer.currentOffset("orders")).toBe(2);
  await consumer.skipDamage("orders", 0);
  expect(await pollAll(consumer)).toEqual(keys(4, 6));
  expect((await rejection(consumer.skipDamage("orders"))).code).toBe("INVALID");
});

test("a group has one consumer: the second is refused, looks on read-only, or waits its turn", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 3);
  const first = await story.open({ group: "billing" });
  await first.poll();
  await first.commit();
  const error = await rejection(story.open({ group: "billing" }));
  expect(error.code).toBe("GROUP_IN_USE");
  expect(error.message).toContain("process 4711");
  const other = await story.open({ group: "audit" });
  expect(await pollAll(other)).toEqual(keys(0, 3));
  const onlooker = await story.open({ group: "billing", isReadOnly: true });
  expect(await onlooker.committedOffset("orders")).toBe(3);
  await onlooker.reset("orders");
  expect(await pollAll(onlooker)).toEqual(keys(0, 3));
  await onlooker.seek("orders", 0, 1);
  expect((await rejection(onlooker.commit())).code).toBe("READ_ONLY");
  await first.close();
  const next = await story.open({ group: "billing" });
  expect(await next.currentOffset("orders")).toBe(3);
});

test("a crash at every step of a commit leaves the old commit or the new one", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 10);
  const first = await story.open();
  await first.poll("orders", 3);
  await first.commit();
  await first.close();
  let steps = 0;
  for (let ended = false; !ended; steps++) {
    for (const keep of ["all", "synced"] as const) {
      const disk = story.disk.crash({ keep: "all" });
      const before = new ConsumerStory(disk);
      const consumer = await before.open();
      await consumer.poll("orders", 4);
      disk.haltAt(disk.operations.length + steps);
      const committed = await consumer.commit().then(
        () => true,
        () => false,
      );
      ended = committed;
      const after = await new ConsumerStory(disk.crash({ keep })).open();
      const at = await after.committedOffset("orders");
      expect(committed ? [7] : [3, 7]).toContain(at);
    }
  }
  expect(steps).toBeGreaterThan(5);
});

test("a commit file that is damaged is refused, never taken for none", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 3);
  const first = await story.open();
  await first.poll();
  await first.commit();
  await first.close();
  const path = "consumers/default/commits.json";
  const bytes = await story.disk.readWhole(path);
  for (let length = 0; length < bytes.length; length++) {
    await story.disk.writeWhole(path, bytes.subarray(0, length));
    expect((await rejection(story.open())).code).toBe("COMMITS_DAMAGED");
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await story.disk.writeWhole(path, flipped);
    expect((await rejection(story.open())).code).toBe("COMMITS_DAMAGED");
  }
  await story.disk.remove(path);
  expect(await pollAll(await story.open())).toEqual(keys(0, 3));
});

test("messages that were deleted before they were read are warned of", async () => {
  const story = new ConsumerStory();
  const orders = await story.log("orders");
  for (let n = 0; n < 60; n++) await acked(orders, { first: n, valueBytes: 3000 });
  await orders.publish();
  story.live = true;
  const consumer = await story.open();
  await consumer.poll("orders", 5);
  await consumer.commit();
  expect(await orders.trim(offset(50))).toBeNull();
  await orders.publish();
  await consumer.rollback("orders");
  expect(await pollAll(consumer)).toEqual(keys(50, 60));
  expect(consumer.takeWarnings().warnings).toMatchObject([
    { kind: "trimmed", topic: "orders", partition: 0, fromOffset: 5, resumedAt: 50 },
  ]);
  await orders.close();
});

test("segments that are deleted under a consumer's feet are deleted, not damaged", async () => {
  const story = new ConsumerStory();
  const orders = await story.log("orders");
  for (let n = 0; n < 60; n++) await acked(orders, { first: n, valueBytes: 3000 });
  await orders.publish();
  story.live = true;
  const consumer = await story.open();
  await consumer.seek("orders", 0, 10);
  expect(await orders.trim(offset(50))).toBeNull();
  expect(await pollAll(consumer)).toEqual(keys(50, 60));
  expect(consumer.takeWarnings().warnings).toMatchObject([{ kind: "trimmed", fromOffset: 10 }]);
  await orders.close();
});

test("a log that lost its tail is read again from where it is known to be the same", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 100);
  const before = story.disk.clone();
  await story.fill("orders", 20);
  const consumer = await story.open();
  for (let n = 0; n < 60; n++) {
    await consumer.poll("orders", 2);
    await consumer.commit();
  }
  expect(await consumer.committedOffset("orders")).toBe(120);
  await consumer.close();
  const commits = await story.disk.readWhole("consumers/default/commits.json");
  for (const more of [0, 5, 50]) {
    const lost = new ConsumerStory(before.clone());
    const orders = await lost.log("orders");
    for (let n = 0; n < more; n++) await acked(orders, { first: 1000 + n });
    await orders.close();
    await lost.disk.makeDirectory("consumers/default");
    await lost.disk.writeWhole("consumers/default/commits.json", commits);
    const after = await lost.open();
    const resumed = await after.currentOffset("orders");
    expect(resumed).toBeLessThanOrEqual(100);
    expect(resumed).toBeGreaterThan(60);
    expect(await pollAll(after)).toEqual([...keys(resumed, 100), ...keys(1000, 1000 + more)]);
    expect(after.takeWarnings().warnings).toMatchObject([
      { kind: "changed", fromOffset: 120, resumedAt: resumed },
    ]);
  }
});

test("a topic that was deleted and created again is read from its start", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 5);
  const consumer = await story.open();
  await pollAll(consumer);
  await consumer.commit();
  await consumer.close();
  await story.disk.remove("topics/orders");
  const orders = await story.log("orders");
  await acked(orders, { first: 500, count: 9 });
  await orders.close();
  const after = await story.open();
  expect(await pollAll(after)).toEqual(keys(500, 509));
  expect(after.takeWarnings().warnings).toMatchObject([{ kind: "changed", resumedAt: 0 }]);
  await after.commit();
  await after.close();
  expect(await pollAll(await story.open())).toEqual([]);
});

test("right after a restart a broker may tell less than was consumed: no reason to go back", async () => {
  const story = new ConsumerStory();
  const orders = await story.log("orders");
  await acked(orders, { first: 0, count: 5 });
  story.die();
  const first = await story.open();
  expect(await pollAll(first)).toEqual(keys(0, 5));
  await first.commit();
  await first.close();
  story.live = true;
  const consumer = await story.open();
  expect(await consumer.poll()).toEqual([]);
  expect(await consumer.currentOffset("orders")).toBe(5);
  const again = await story.log("orders");
  await acked(again, { first: 5 });
  await again.publish();
  expect(await pollAll(consumer)).toEqual(keys(5, 6));
  expect(consumer.takeWarnings().warnings).toEqual([]);
  await again.close();
});

test("a directory of the original is consumed like one of ours, damage included", async () => {
  const story = new ConsumerStory();
  const shape = { topic: "orders", messages: messagesOf(6) };
  const { logPath, positions } = await writeOriginal(story.disk, shape);
  await writeOriginal(story.disk, { topic: "clicks", partition: 2, messages: messagesOf(2) });
  const consumer = await story.open({ topics: ["orders", "clicks"] });
  expect(await consumer.messageCount("orders")).toBe(6);
  expect(keysOf(await consumer.poll("orders", 2))).toEqual(keys(0, 2));
  await consumer.commit();
  expect(await pollAll(consumer, "clicks")).toEqual(keys(0, 2));
  await consumer.close();
  story.disk.flipBit(logPath, (positions[3] ?? 0) + 13, 0);
  const next = await story.open();
  expect(keysOf(await next.poll())).toEqual(keys(2, 3));
  expect((await rejection(next.poll())).damaged).toMatchObject({ fromOffset: 3, toOffset: 4 });
  await next.skipDamage("orders");
  expect(await pollAll(next)).toEqual(keys(4, 6));
});

test("names that are no names never become paths", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 1);
  for (const name of ["../x", "", ".", "a/b", "a\0b", "x".repeat(250)]) {
    expect((await rejection(story.open({ group: name }))).code).toBe("INVALID");
    expect((await rejection(story.open({ topics: [name] }))).code).toBe("INVALID");
  }
  expect((await rejection(story.open({ topics: [] }))).code).toBe("INVALID");
  for (const given of [{ topics: "orders" }, { topics: [5] }, { group: 5 }, { data: 5 }]) {
    expect((await rejection(story.open(given as object))).code).toBe("INVALID");
  }
  const consumer = await story.open();
  expect((await rejection(consumer.poll("payments"))).message).toContain("not opened for topic");
});

test("a disk that fails rejects, and the next try goes on where the last one stopped", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 3);
  story.disk.failNext("list", ".", "denied");
  expect((await rejection(story.open())).code).toBe("STORAGE");
  const consumer = await story.open();
  story.disk.failNext("read", /log$/, "failed");
  expect((await rejection(consumer.poll())).code).toBe("STORAGE");
  expect(keysOf(await consumer.poll("orders", 2))).toEqual(keys(0, 2));
  story.disk.failNext("rename", /commits/, "full");
  expect((await rejection(consumer.commit())).code).toBe("STORAGE");
  expect(await consumer.committedOffset("orders")).toBe(0);
  await consumer.commit();
  expect(await consumer.committedOffset("orders")).toBe(2);
});

test("a closed consumer does nothing more, and calls before it are finished", async () => {
  const story = new ConsumerStory();
  await story.fill("orders", 3);
  const consumer = await story.open();
  const polling = consumer.poll();
  const committing = consumer.commit();
  await consumer.close();
  await consumer.close();
  expect(keysOf(await polling)).toEqual(keys(0, 3));
  await committing;
  expect((await rejection(consumer.poll())).code).toBe("CLOSED");
  expect(await (await story.open()).committedOffset("orders")).toBe(3);
});
