import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Commits } from "../../src/client/commit-file.ts";
import { ConsumedTopic } from "../../src/client/consumed-topic.ts";
import { ConsumerWarnings } from "../../src/client/consumer-warning.ts";
import { LogSource } from "../../src/client/log-source.ts";
import { OriginalSource } from "../../src/client/original-source.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { readerEnvironment } from "../support/reading.ts";

function topicOn(disk: MemoryDisk, name = "orders"): ConsumedTopic {
  const commits = new Commits();
  return new ConsumedTopic(name, {
    environment: readerEnvironment(disk),
    isLive: () => false,
    commits: () => commits,
    warnings: new ConsumerWarnings(),
  });
}

const numbers = (topic: ConsumedTopic): number[] =>
  topic.partitions.map(({ partition }) => partition);

test("partitions come and go with their directories, and those that stay are the same", async () => {
  const disk = new MemoryDisk();
  const topic = topicOn(disk);
  expect(await topic.look()).toBeNull();
  expect(numbers(topic)).toEqual([]);
  await disk.makeDirectory("topics/orders/1");
  expect(await topic.look()).toBeNull();
  const [one] = topic.partitions;
  await disk.makeDirectory("topics/orders/0");
  expect(await topic.look()).toBeNull();
  expect(numbers(topic)).toEqual([0, 1]);
  expect(topic.partitions[1] === one).toBeTrue();
  await disk.remove("topics/orders/0");
  expect(await topic.look()).toBeNull();
  expect(numbers(topic)).toEqual([1]);
  await topic.close();
  expect(numbers(topic)).toEqual([]);
});

test("a partition that is forgotten is another one when it is found again", async () => {
  const disk = new MemoryDisk();
  await disk.makeDirectory("topics/orders/0");
  const topic = topicOn(disk);
  expect(await topic.look()).toBeNull();
  const [before] = topic.partitions;
  if (before === undefined) throw new Error("no partition");
  await topic.forget(before);
  expect(numbers(topic)).toEqual([]);
  expect(await topic.look()).toBeNull();
  expect(topic.partitions[0]).not.toBe(before);
});

test("ours is read before the original's, and the partitioned layout before the flat one", async () => {
  const disk = new MemoryDisk();
  await writeOriginal(disk, { topic: "orders", messages: messagesOf(1) });
  await writeOriginal(disk, { topic: "clicks", messages: messagesOf(1) });
  await writeOriginal(disk, { topic: "clicks", partition: 0, messages: messagesOf(3) });
  await writeOriginal(disk, { topic: "clicks", partition: 4, messages: messagesOf(1) });
  await disk.makeDirectory("topics/payments/0");
  await writeOriginal(disk, { topic: "payments", messages: messagesOf(1) });
  const kinds: unknown[] = [];
  for (const name of ["orders", "clicks", "payments"]) {
    const topic = topicOn(disk, name);
    expect(await topic.look()).toBeNull();
    kinds.push(numbers(topic), topic.partitions[0]?.source.constructor);
    if (name === "clicks") expect(await topic.partitions[0]?.source.visibleEnd()).toBe(offset(3));
  }
  expect(kinds).toEqual([[0], OriginalSource, [0, 4], OriginalSource, [0], LogSource]);
});

test("a directory that can't be listed is a refusal, and what was known stays", async () => {
  const disk = new MemoryDisk();
  await disk.makeDirectory("topics/orders/0");
  const topic = topicOn(disk);
  expect(await topic.look()).toBeNull();
  disk.failNext("list", "topics/orders", "denied");
  expect(await topic.look()).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  expect(numbers(topic)).toEqual([0]);
});
