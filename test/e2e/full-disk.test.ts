import { expect } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { until } from "../support/until.ts";
import { startBroker, type StartedBroker } from "./support/broker-process.ts";
import { Checker } from "./support/checker.ts";
import { Client } from "./support/client.ts";
import { readDirectory, scanDirectory } from "./support/directory-reader.ts";
import { History } from "./support/history.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Load } from "./support/load.ts";
import type { LoadShape } from "./support/load-shape.ts";
import { makeImage, mountFault, mountMemory } from "./support/mounts.ts";
import { report, spread } from "./support/numbers.ts";
import { untilWithin } from "./support/within.ts";

leaveNothing();

/** A refusal is an answer like any other: it must not take long. */
const refusalMsMax = 1_000;
/** From the moment that space is free again to the first record that is taken. */
const recoveryMsMax = 1_000;
const MiB = 1024 * 1024;

/** A record of this size does not fit into what is left of a block. */
const largeBytes = 64 * 1024;
const smallBytes = 100;

/** A file system of its own, small enough to be filled in no time. */
interface Volume extends AsyncDisposable {
  readonly path: string;
}

const volumes = {
  tmpfs: () => mountMemory(48),
  ext4: async () => {
    const image = makeImage("ext4", 64);
    await image.mount();
    return image;
  },
} satisfies Record<string, () => Promise<Volume>>;

const freeBytes = (path: string): number => {
  const { bavail, bsize } = fs.statfsSync(path);
  return bavail * bsize;
};

/** A file that takes all the room there is, to the last byte, or leaves some. */
class Filler {
  readonly #path: string;

  constructor(volume: string, leftBytes = 0) {
    this.#path = join(volume, "filler");
    const file = fs.openSync(this.#path, "w");
    try {
      const wanted = freeBytes(volume) - leftBytes;
      if (leftBytes > 0) for (let at = 0; at < wanted; at += 4096) fs.writeSync(file, page);
      else for (const size of [MiB, 4096, 1]) writeUntilFull(file, size);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
  }

  remove(): void {
    fs.rmSync(this.#path);
  }
}

const page = new Uint8Array(4096);

function writeUntilFull(file: number, bytes: number): void {
  const chunk = new Uint8Array(bytes);
  for (;;) {
    try {
      if (fs.writeSync(file, chunk) === 0) return;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOSPC") return;
      throw error;
    }
  }
}

const shape: LoadShape = {
  topics: [
    { name: "orders", hasKeys: true },
    { name: "lines", hasKeys: false },
  ],
  windowFrames: 16,
  valueBytes: (random) => random.below(2000),
};

/** One volume, one broker on it, four producers and one client that asks. */
class Story implements AsyncDisposable {
  readonly history = new History(5);
  readonly checker = new Checker(this.history, false);
  readonly data: string;
  readonly #asking = this.history.producers[4]!;
  #broker: StartedBroker | null = null;
  #client: Client | null = null;

  constructor(
    readonly volume: Volume,
    readonly options: readonly string[],
    readonly random: Random,
  ) {
    this.data = join(volume.path, "data");
  }

  get broker(): StartedBroker {
    if (this.#broker === null) throw new Error("no broker was started");
    return this.#broker;
  }

  async start(): Promise<void> {
    this.#broker = await startBroker(this.data, this.options);
    this.#client = await Client.connect(this.#broker.port);
    this.#asking.connections += 1;
  }

  async stop(): Promise<void> {
    this.#client?.[Symbol.dispose]();
    expect(await this.broker.process.end("SIGTERM")).toBe(0);
  }

  async load(): Promise<Load> {
    return await Load.start(this.broker, this.history.producers.slice(0, 4), shape, this.random);
  }

  /** Asks with one record: what it is answered. */
  async produce(topic = "lines", valueBytes = largeBytes): Promise<string | undefined> {
    return await this.#client?.produce(this.#asking, topic, valueBytes);
  }

  /** Resolves once a record is taken; how long that took, in milliseconds. */
  async produceAgain(): Promise<number> {
    const from = performance.now();
    await untilWithin(10_000, "a record that is taken", async () => {
      return (await this.produce()) === "OK";
    });
    return performance.now() - from;
  }

  /** Whoever reads the directory while the broker runs sees all that was acknowledged. */
  async readLive(): Promise<void> {
    await untilWithin(5_000, "a reader that sees all", async () => {
      await readDirectory(this.data, this.checker, { isLive: true });
      return this.checker.findings().length === 0;
    });
  }

  async readAll(): Promise<string[]> {
    const checker = new Checker(this.history, false);
    await readDirectory(this.data, checker);
    await scanDirectory(this.data, checker);
    return checker.findings();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.[Symbol.dispose]();
    await this.#broker?.process[Symbol.asyncDispose]();
    await this.volume[Symbol.asyncDispose]();
  }
}

/** Resolves once every producer was refused, and all that was in flight is answered. */
async function untilRefused(load: Load): Promise<number> {
  const from = performance.now();
  const before = load.producers.map(({ refused }) => refused);
  await untilWithin(refusalMsMax, "a refusal for every producer", () =>
    load.producers.every(({ refused }, at) => refused > (before[at] ?? 0)),
  );
  load.pause();
  await untilWithin(refusalMsMax, "an answer to every frame", () => load.inFlight === 0);
  return performance.now() - from;
}

for (const kind of ["tmpfs", "ext4"] as const) {
  const fault = await mountFault(kind);
  const times = rounds(1, 5);
  skipUnless(fault === null, fault ?? "")(
    `${times} times a full ${kind}: refused at once, still read, restarted, and goes on by itself`,
    async () => {
      const random = randomForTest();
      const refusedMs: number[] = [];
      const recoveredMs: number[] = [];
      for (let time = 0; time < times; time++) {
        const options = ["--disk-reserve", "1MiB"];
        await using story = new Story(await volumes[kind](), options, random);
        await story.start();
        const load = await story.load();
        const acknowledged = 100 + random.below(2000);
        await until(() => load.acknowledged > acknowledged);
        // A log whose floor was never written has no room for it on a full disk: readers of the
        // directory would see nothing of it until there is some.
        load.pause();
        await story.readLive();
        load.resume();

        let filler = new Filler(story.volume.path);
        refusedMs.push(await untilRefused(load));
        expect(await story.produce()).toBe("NACK:PUBLISH_FAILED");
        expect(await story.produce("a-new-topic")).toBe("NACK:PUBLISH_FAILED");
        await story.readLive();

        filler.remove();
        recoveredMs.push(await story.produceAgain());
        expect(await story.produce("a-new-topic")).toBe("OK");
        const before = load.acknowledged;
        load.resume();
        await until(() => load.acknowledged > before + acknowledged);

        filler = new Filler(story.volume.path);
        refusedMs.push(await untilRefused(load));
        await load.close();
        await story.stop();
        expect(await story.readAll()).toEqual([]);

        await story.start();
        expect(await story.produce()).toBe("NACK:PUBLISH_FAILED");
        await story.readLive();
        filler.remove();
        recoveredMs.push(await story.produceAgain());
        expect(load.violations).toEqual([]);
        await story.stop();
        expect(await story.readAll()).toEqual([]);
      }
      report(`a full ${kind}: until everybody was refused and answered`, spread(refusedMs, "ms"));
      report(`a full ${kind}: until records were taken again`, spread(recoveredMs, "ms"));
      expect(Math.max(...recoveredMs)).toBeLessThan(recoveryMsMax);
    },
    times * 60_000,
  );
}

const reserveBytes = 8 * MiB;

const tmpfsFault = await mountFault("tmpfs");
skipUnless(tmpfsFault === null, tmpfsFault ?? "")(
  "producers stop at the reserve, and go on when there is more than that again",
  async () => {
    const random = randomForTest();
    const options = ["--disk-reserve", "8MiB"];
    await using story = new Story(await volumes.tmpfs(), options, random);
    await story.start();
    const load = await story.load();
    const { path } = story.volume;
    await until(() => load.acknowledged > 100);

    load.pause();
    await until(() => load.inFlight === 0);
    const filler = new Filler(path, 4 * MiB);
    // One after the other: within the time between two looks at the volume they don't fill it.
    await untilWithin(refusalMsMax, "a refusal", async () => {
      return (await story.produce("lines", smallBytes)) === "NACK:PUBLISH_FAILED";
    });
    expect(freeBytes(path)).toBeGreaterThan(2 * MiB);
    expect(await story.produce("a-new-topic")).toBe("NACK:PUBLISH_FAILED");
    await story.broker.process.logged("disk space is low, producers are refused");
    filler.remove();
    report(
      "above the reserve again: until records were taken",
      spread([await story.produceAgain()], "ms"),
    );
    await story.broker.process.logged("disk space is back, producers go on");

    load.resume();
    await untilWithin(30_000, "the reserve", () => load.refused > 1000);
    await untilRefused(load);
    expect(freeBytes(path)).toBeGreaterThan(reserveBytes - MiB);
    await story.readLive();
    await load.close();
    await story.stop();
    expect(await story.readAll()).toEqual([]);
  },
  60_000,
);
