import { expect } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { until } from "../support/until.ts";
import { startBroker } from "./support/broker-process.ts";
import { acknowledgedMin, loadShape, oneOf, randomMoment, serveOptions } from "./support/chance.ts";
import { Checker } from "./support/checker.ts";
import { readDirectory, scanDirectory } from "./support/directory-reader.ts";
import { History } from "./support/history.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Load } from "./support/load.ts";
import { type ImageFilesystem, type ImageKind, makeImage, mountFault } from "./support/mounts.ts";
import { report, spread } from "./support/numbers.ts";
import { cutPower } from "./support/power.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();

const producers = 6;
/** After so many cuts everything is read again from the beginning, on a new file system then. */
const cutsPerFilesystem = 10;
const imageMebibytes: Readonly<Record<ImageKind, number>> = { ext4: 256, xfs: 512 };

/** A data directory on a file system whose power is cut, and what its log is held against. */
class Story implements AsyncDisposable {
  readonly history = new History(producers);
  readonly checker = new Checker(this.history, true);
  readonly filesystem: ImageFilesystem;
  readonly data: string;

  constructor(
    kind: ImageKind,
    readonly random: Random,
    readonly tally: Tally,
  ) {
    this.filesystem = makeImage(kind, imageMebibytes[kind]);
    this.data = join(this.filesystem.path, "data");
  }

  /** Mounts what the power cut has left, and reads what was added to it. */
  async powerOn(): Promise<string[]> {
    await this.filesystem.mount();
    await readDirectory(this.data, this.checker);
    return this.checker.findings();
  }

  /** Produces until a random moment; `end` happens then, and the broker does not survive it. */
  async underLoad(
    round: number,
    options: readonly string[],
    end: End,
    least = acknowledgedMin(round),
  ): Promise<void> {
    const { random, tally } = this;
    const started = await startBroker(this.data, options);
    const { process: broker, startMs } = started;
    await using _ = broker;
    tally.startMs.push(startMs);
    const load = await Load.start(
      started,
      this.history.producers,
      loadShape(random, round),
      random,
    );
    await randomMoment(load, random, least);
    load.abandon();
    if (end === "cut") cutPower(this.filesystem.path);
    await broker.end("SIGKILL");
    await within(10_000, "the end of the connections", load.closed());
    tally.acknowledged += load.acknowledged;
    tally.inFlight += load.inFlight + load.refused;
    expect(load.violations).toEqual([]);
  }

  /** Lets a broker recover what is there; what it accepted was seen, and then the power goes. */
  async recoverAndCut(): Promise<void> {
    const { process: broker } = await startBroker(this.data, serveOptions(this.random));
    await using _ = broker;
    await broker.logged("ready");
    await readDirectory(this.data, this.checker);
    expect(this.checker.findings()).toEqual([]);
    cutPower(this.filesystem.path);
  }

  /** Everything again from the beginning, by a broker and a checker that know nothing yet. */
  async readAllAgain(): Promise<void> {
    const { process: broker } = await startBroker(this.data);
    await using _ = broker;
    expect(await broker.end("SIGTERM")).toBe(0);
    expect(broker.lines.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
    const checker = new Checker(this.history, true);
    await readDirectory(this.data, checker);
    await scanDirectory(this.data, checker);
    expect(checker.findings()).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.filesystem[Symbol.asyncDispose]();
  }
}

/** What all cuts together came to. */
class Tally {
  readonly startMs: number[] = [];
  acknowledged = 0;
  inFlight = 0;
}

/** What ends a load: a power cut, or only the end of the broker. */
type End = "cut" | "kill";

/** How a round ends. */
const endings = ["cut", "cut", "kill, recover, cut", "cut, recover, cut"] as const;

async function cutOnce(story: Story, round: number): Promise<void> {
  const { filesystem, random } = story;
  expect(await story.powerOn()).toEqual([]);
  const ending = oneOf(random, endings);
  await story.underLoad(round, serveOptions(random), ending.startsWith("kill") ? "kill" : "cut");
  if (ending === "kill, recover, cut") await story.recoverAndCut();
  if (ending === "cut, recover, cut") {
    await filesystem.unmount();
    expect(await story.powerOn()).toEqual([]);
    await story.recoverAndCut();
  }
  await filesystem.unmount();
}

async function cutPowerTimes(kind: ImageKind, cuts: number): Promise<void> {
  const random = randomForTest();
  const tally = new Tally();
  for (let done = 0; done < cuts;) {
    await using story = new Story(kind, random, tally);
    const upTo = Math.min(cuts, done + cutsPerFilesystem);
    for (; done < upTo; done++) await cutOnce(story, done);
    expect(await story.powerOn()).toEqual([]);
    await story.readAllAgain();
  }
  const { acknowledged, inFlight, startMs } = tally;
  report(`power cuts on ${kind}`, `${cuts}, ${acknowledged} records acknowledged before them`);
  report("frames in flight at a cut", String(Math.round(inFlight / cuts)));
  report("start to first answer after a cut", spread(startMs, "ms"));
  expect(acknowledged).toBeGreaterThan(cuts);
  expect(inFlight).toBeGreaterThan(cuts);
}

const cuts = { ext4: rounds(5, 120, 200), xfs: rounds(2, 20), interval: rounds(2, 20) };
const faults: Readonly<Record<ImageKind, string | null>> = {
  ext4: await mountFault("ext4"),
  xfs: await mountFault("xfs"),
};

for (const kind of ["ext4", "xfs"] as const) {
  skipUnless(faults[kind] === null, faults[kind] ?? "")(
    `${cuts[kind]} power cuts on ${kind} under load: nothing acknowledged or seen is lost`,
    () => cutPowerTimes(kind, cuts[kind]),
    cuts[kind] * 20_000,
  );
}

/** `--fsync interval`: what is older than this survives a power cut. */
const intervalMs = 50;
/** Long enough for the sync that was due to have been done. */
const settledMs = 10 * intervalMs;

skipUnless(faults.ext4 === null, faults.ext4 ?? "")(
  `${cuts.interval} cuts with --fsync interval: what is older than that is there, over a kill too`,
  async () => {
    const random = randomForTest();
    for (let done = 0; done < cuts.interval; done++) {
      await using story = new Story("ext4", random, new Tally());
      expect(await story.powerOn()).toEqual([]);
      const options = [...serveOptions(random), "--fsync", `interval=${intervalMs}`];
      const started = await startBroker(story.data, options);
      const { process: broker } = started;
      await using _ = broker;
      const load = await Load.start(started, story.history.producers, loadShape(random, 0), random);
      await randomMoment(load, random, acknowledgedMin(done));
      load.pause();
      await untilWithin(10_000, "an answer to every frame", () => load.inFlight === 0);
      // Killed before the sync is due, the broker leaves it to the one that comes after it.
      if (done % 2 === 0) await broker.end("SIGKILL");
      const next = done % 2 === 0 ? (await startBroker(story.data, options)).process : broker;
      await using _next = next;
      const from = performance.now();
      await until(() => performance.now() - from > settledMs);
      cutPower(story.filesystem.path);
      await next.end("SIGKILL");
      await within(10_000, "the end of the connections", load.close());
      await story.filesystem.unmount();
      expect(await story.powerOn()).toEqual([]);
    }
  },
  cuts.interval * 20_000,
);

skipUnless(faults.ext4 === null, faults.ext4 ?? "")(
  "the same cuts find out a broker that does not sync, within five of them",
  async () => {
    const random = randomForTest();
    await using story = new Story("ext4", random, new Tally());
    let findings = await story.powerOn();
    let round = 0;
    for (; round < 5 && findings.length === 0; round++) {
      await story.underLoad(round, ["--fsync", "never"], "cut", 1_000);
      await story.filesystem.unmount();
      findings = await story.powerOn();
    }
    report("cuts until a broker without sync was found out", String(round));
    expect(findings.filter((finding) => finding.startsWith("lost: "))).not.toEqual([]);
  },
  60_000,
);
