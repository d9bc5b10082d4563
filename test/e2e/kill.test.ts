import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { startBroker } from "./support/broker-process.ts";
import { acknowledgedMin, loadShape, randomMoment, serveOptions } from "./support/chance.ts";
import { Checker } from "./support/checker.ts";
import { readDirectory, scanDirectory } from "./support/directory-reader.ts";
import { History } from "./support/history.ts";
import { fetchEverything } from "./support/kafka-reader.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Load } from "./support/load.ts";
import type { LoadShape } from "./support/load-shape.ts";
import { median, report, spread } from "./support/numbers.ts";
import { within } from "./support/within.ts";

leaveNothing();

const producers = 6;
const kills = rounds(15, 150, 300);
/** After so many kills everything is read again from the beginning, and a new directory begins. */
const killsPerDirectory = 10;
/** From the start of a process to its first answer. */
const startMsMax = 250;

/** What all kills together came to. */
class Tally {
  readonly startMs: number[] = [];
  acknowledged = 0;
  inFlight = 0;
}

/** Starts a broker, kills it under load; what is read then must be right. */
async function killOnce(data: string, round: number, story: Story): Promise<void> {
  const { history, checker, random, tally } = story;
  const started = await startBroker(data, serveOptions(random));
  const { process: broker, startMs } = started;
  await using _ = broker;
  tally.startMs.push(startMs);
  // Whoever reads beside the new broker sees all that was to be seen without one.
  await readDirectory(data, checker, { isLive: true });
  expect(checker.findings()).toEqual([]);
  const load = await Load.start(started, history.producers, loadShape(random, round), random);
  await randomMoment(load, random, acknowledgedMin(round));
  broker.kill("SIGKILL");
  await broker.exited;
  await within(10_000, "the end of the connections", load.closed());
  tally.acknowledged += load.acknowledged;
  tally.inFlight += load.inFlight;
  expect(load.violations).toEqual([]);
  expect(load.refused).toBe(0);
  await readDirectory(data, checker);
  expect(checker.findings()).toEqual([]);
}

interface Story {
  readonly history: History;
  readonly checker: Checker;
  readonly random: Random;
  readonly tally: Tally;
}

/** Starts a broker once more, stops it in peace, and reads all there is from the beginning. */
async function readAllAgain(data: string, { history, tally }: Story): Promise<void> {
  const { process: broker, kafkaPort, startMs } = await startBroker(data);
  await using _ = broker;
  tally.startMs.push(startMs);
  const fetching = new Checker(history, false);
  await fetchEverything(kafkaPort, fetching);
  expect(fetching.findings()).toEqual([]);
  expect(await broker.end("SIGTERM")).toBe(0);
  const losses = broker.lines.filter(({ level }) => level === "warn" || level === "error");
  expect(losses).toEqual([]);
  const checker = new Checker(history, false);
  await readDirectory(data, checker);
  await scanDirectory(data, checker);
  expect(checker.findings()).toEqual([]);
}

test(
  `${kills} times kill -9 under load: nothing acknowledged is lost, doubled, altered or reordered`,
  async () => {
    const random = randomForTest();
    const tally = new Tally();
    for (let killed = 0; killed < kills;) {
      using directory = temporaryDirectory();
      const data = join(directory.path, "data");
      const history = new History(producers);
      const story = { history, checker: new Checker(history, false), random, tally };
      const upTo = Math.min(kills, killed + killsPerDirectory);
      for (; killed < upTo; killed++) await killOnce(data, killed, story);
      await readAllAgain(data, story);
    }
    report("kill -9", `${kills} kills, ${tally.acknowledged} records acknowledged before them`);
    report("frames in flight at a kill", String(Math.round(tally.inFlight / kills)));
    report("start to first answer after a kill", spread(tally.startMs, "ms"));
    expect(tally.acknowledged).toBeGreaterThan(kills);
    expect(tally.inFlight).toBeGreaterThan(kills);
    expect(median(tally.startMs)).toBeLessThan(startMsMax);
  },
  kills * 10_000,
);

const largeMebibytes = rounds(256, 1024);
const largeBytes = largeMebibytes * 1024 * 1024;
const largeValueBytes = 64 * 1024;
const largeShape: LoadShape = {
  topics: [{ name: "large", hasKeys: false }],
  windowFrames: 64,
  valueBytes: () => largeValueBytes,
};

test(`${largeMebibytes} MiB in the log don't keep a killed broker from its start`, async () => {
  const random = randomForTest();
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  const history = new History(producers);
  const checker = new Checker(history, false);
  const startMs: number[] = [];
  let acknowledged = 0;
  for (const wanted of [largeBytes / largeValueBytes, 200, 200, 0]) {
    const started = await startBroker(data);
    const { process: broker, startMs: took } = started;
    await using _ = broker;
    if (acknowledged > 0) startMs.push(took);
    const load = await Load.start(started, history.producers, largeShape, random);
    await until(() => load.acknowledged >= wanted);
    broker.kill("SIGKILL");
    await within(10_000, "the end of the connections", load.closed());
    acknowledged += load.acknowledged;
    expect([load.violations, load.refused]).toEqual([[], 0]);
  }
  await readDirectory(data, checker);
  expect(checker.findings()).toEqual([]);
  const mebibytes = Math.round((acknowledged * largeValueBytes) / 1024 / 1024);
  report(`start to first answer after a kill with ${mebibytes} MiB`, spread(startMs, "ms"));
  expect(median(startMs)).toBeLessThan(startMsMax);
}, 120_000);
