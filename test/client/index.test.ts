import { expect, test } from "bun:test";
import fs from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import * as library from "../../src/client/index.ts";
import { localDisk } from "../../src/disk/local.ts";
import { LockHeld, lockDirectory } from "../../src/disk/lock.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { acked, smallConfig, unwrap } from "../support/log-world.ts";
import { keys } from "../support/reading.ts";
import { temporaryDirectory } from "../support/temporary.ts";

test("the library has producer and consumer, and their errors", () => {
  expect(Object.keys(library).sort()).toEqual([
    "Consumer",
    "ConsumerError",
    "Producer",
    "ProducerError",
  ]);
});

test("on real files: beside a broker, across restarts, one consumer a group", async () => {
  using directory = temporaryDirectory();
  const data = directory.path;
  const disk = localDisk(data);
  const broker = await lockDirectory(data);
  if (broker instanceof LockHeld) throw new Error("nobody else is here");
  await disk.makeDirectory("topics/orders/0");
  const parts = { disk, clock: systemClock, logger: new MemoryLogger() };
  const environment = new LogEnvironment(parts);
  const log = unwrap(await openSegmentLog(environment, "topics/orders/0", smallConfig));
  const consumer = await library.Consumer.open({ data: `${data}/topics`, topics: ["orders"] });
  const seen: (string | null)[] = [];
  const poll = async (): Promise<void> => {
    for (const message of await consumer.poll("orders", 7)) seen.push(message.keyText);
  };
  for (let n = 0; n < 100; n++) {
    await acked(log, { first: n, valueBytes: 3000 });
    if (n % 5 === 0) await log.publish();
    await poll();
  }
  await consumer.commit("orders");
  await log.close();
  broker.release();
  while (seen.length < 100) await poll();
  expect(seen).toEqual(keys(0, 100));
  const second = library.Consumer.open({ data, topics: ["orders"] });
  expect(second).rejects.toMatchObject({ code: "GROUP_IN_USE" });
  await second.catch(() => {});
  const committed = await consumer.committedOffset("orders");
  await consumer.close();
  expect(fs.readdirSync(`${data}/consumers/default`).sort()).toEqual(["commits.json", "lock"]);
  const next = await library.Consumer.open({ data, topics: ["orders"] });
  expect(await next.currentOffset("orders")).toBe(committed);
  await next.close();
});
