import { expect, test } from "bun:test";
import fs from "node:fs";
import { localWorld, readerEnvironment } from "../../src/client/consumer-world.ts";
import { DiskError } from "../../src/disk/disk.ts";
import { LockHeld, lockDirectory } from "../../src/disk/lock.ts";
import { temporaryDirectory } from "../support/temporary.ts";

test("the topics directory stands for the data directory around it", async () => {
  using directory = temporaryDirectory();
  fs.mkdirSync(`${directory.path}/topics`);
  for (const path of ["", "/", "/topics", "/topics/"]) {
    const { disk } = localWorld(`${directory.path}${path}`);
    expect((await disk.list(".")).map(({ name }) => name)).toEqual(["topics"]);
  }
});

test("a broker's lock is seen, and a group's lock is taken below the data directory", async () => {
  using directory = temporaryDirectory();
  fs.mkdirSync(`${directory.path}/consumers/billing`, { recursive: true });
  const world = localWorld(directory.path);
  expect(await world.isLive()).toBeFalse();
  const broker = await lockDirectory(directory.path);
  if (broker instanceof LockHeld) throw new Error("nobody else is here");
  expect(await world.isLive()).toBeTrue();
  broker.release();
  expect(await world.isLive()).toBeFalse();
  const group = await world.lock("consumers/billing");
  expect(await world.lock("consumers/billing")).toBeInstanceOf(LockHeld);
  if (!(group instanceof LockHeld)) group.release();
});

test("reading logs writes nothing, however much there is to say", () => {
  using directory = temporaryDirectory();
  const environment = readerEnvironment(localWorld(directory.path));
  expect(environment.isReadOnly).toBeTrue();
  const logger = environment.logger.with({ topic: "orders" });
  for (const level of ["debug", "info", "warn", "error"] as const) logger[level]("index rebuilt");
  expect(fs.readdirSync(directory.path)).toEqual([]);
});

test("a directory that is missing is missing", () => {
  using directory = temporaryDirectory();
  const { disk } = localWorld(`${directory.path}/data`);
  expect(disk.list(".")).rejects.toBeInstanceOf(DiskError);
});
