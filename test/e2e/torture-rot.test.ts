/** Files at rest that change: found out and said, never served, and all else is served. */
import { expect, test } from "bun:test";
import fs from "node:fs";
import { basename, join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { Cycles, cyclesMsMax } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { run, type StartedBroker, startBroker } from "./support/broker-process.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { type PartitionRead, readPartition } from "./support/kafka-partition.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { liveAll, type Outcome } from "./support/life-points.ts";
import { report } from "./support/numbers.ts";
import { type Rot, rot } from "./support/rot.ts";
import { type Topic, WholeLife, wholeLifeOptions } from "./support/whole-life.ts";

leaveNothing();

const [shortRots, longRots] = [8, 1_000];
const rotMsMax = 60_000;

/** A directory after a whole life, an older copy of it, and what was told of it. */
interface Origin {
  readonly life: WholeLife;
  readonly directory: string;
  readonly older: string;
}

async function makeOrigin(root: string): Promise<Origin> {
  const [directory, older] = [join(root, "origin"), join(root, "older")];
  const life = new WholeLife();
  expect([
    await life.live(await startBroker(directory, wholeLifeOptions)),
    life.violations,
  ]).toEqual([0, []]);
  fs.cpSync(directory, older, { recursive: true });
  const { process: broker, kafkaPort } = await startBroker(directory, wholeLifeOptions);
  await using _ = broker;
  using client = await KafkaClient.connect(kafkaPort);
  for (let left = 3; left > 0; left--) expect(await life.goOn(client)).toEqual([]);
  expect(await life.faults(client)).toEqual([]);
  client[Symbol.dispose]();
  // A kill would leave the database's log, whose damaged end SQLite takes for one that was torn.
  expect(await broker.end("SIGTERM")).toBe(0);
  return { life, directory, older };
}

/** What a broker made of a directory with rot in it. */
interface Seen {
  /** Why it did not start; `null` if it did. */
  readonly refusal: string | null;
  /** Its warnings and errors. */
  readonly complaints: readonly string[];
  readonly checkCode: number;
  readonly names: readonly (string | null)[];
  readonly reads: ReadonlyMap<Topic, PartitionRead | string>;
  readonly committed: readonly string[];
}

async function look(data: string, life: WholeLife): Promise<Seen> {
  const { code: checkCode, stderr } = await run(["check", data]);
  let broker: StartedBroker;
  try {
    broker = await startBroker(data, wholeLifeOptions);
  } catch (error) {
    const refusal = error instanceof Error ? error.message : String(error);
    const complaints = [stderr];
    return { refusal, complaints, checkCode, names: [], reads: new Map(), committed: [] };
  }
  await using _ = broker.process;
  using client = await KafkaClient.connect(broker.kafkaPort);
  const names = await life.names(client);
  const reads = new Map<Topic, PartitionRead | string>();
  for (const topic of life.topics) {
    if (!names.includes(topic.kind)) continue;
    const read = await readPartition(client, topic.kind).catch((error: unknown) => String(error));
    reads.set(topic, read);
  }
  const committed = await life.committedFaults(client);
  client[Symbol.dispose]();
  await broker.process.end("SIGTERM");
  const complaints = broker.process.lines
    .filter(({ level }) => level === "warn" || level === "error")
    .map((line) => JSON.stringify(line));
  return { refusal: null, complaints, checkCode, names, reads, committed };
}

/** How often it came to what. */
class Tally {
  /** No start without an operator. */
  refused = 0;
  /** Something is missing, and the log or an error says so. */
  reported = 0;
  /** Nothing is missing, and the log says what was found. */
  mended = 0;
  /** Nothing is missing, and nothing is said. */
  harmless = 0;
}

/** Why what was made of it can't be right; `[]`: it was found out, or nothing is missing. */
function judge({ path, other }: Rot, seen: Seen, { topics }: WholeLife, tally: Tally): string[] {
  const hit = [path, other].map((each) => /^topics\/([^/]+)\//.exec(each ?? "")?.[1]);
  const isOfAll = hit[0] === undefined;
  const { refusal, complaints, checkCode } = seen;
  if (refusal !== null) {
    tally.refused += 1;
    // An operator has to know which file it is.
    const isClear = refusal.startsWith("it ended without") && refusal.includes(basename(path));
    return isClear ? [] : [`the start went wrong: ${refusal}`];
  }
  const wrong: string[] = [];
  const missing: string[] = [];
  for (const topic of topics) {
    if (topic.kind === "doomed") continue;
    const read = seen.reads.get(topic);
    const isHit = isOfAll || hit.includes(topic.kind);
    if (read === undefined) {
      (isHit ? missing : wrong).push(`${topic.kind} is not there`);
      continue;
    }
    const faults =
      typeof read === "string" ? [`${topic.kind}: damaged: ${read}`] : topic.faults(read);
    const isServedWrong = (fault: string): boolean =>
      /: (altered|doubled|unsent|damaged):/.test(fault);
    wrong.push(...faults.filter((fault) => !isHit || isServedWrong(fault)));
    missing.push(...faults.filter((fault) => isHit && !isServedWrong(fault)));
  }
  missing.push(...seen.committed);
  if (missing.length > 0) tally.reported += 1;
  else if (complaints.length > 0) tally.mended += 1;
  else tally.harmless += 1;
  const isReported = complaints.length > 0 || missing.every((fault) => / give /.test(fault));
  if (missing.length > 0 && !isReported) wrong.push(...missing.map((fault) => `SILENT: ${fault}`));
  // A start that is lost brings back what was deleted, and loses nothing.
  const lost = missing.filter((fault) => !/: starts at /.test(fault));
  if (lost.length > 0 && !isOfAll && checkCode === 0) wrong.push(`check is silent: ${lost.join()}`);
  return wrong;
}

/** Lets one file of a copy rot, and looks what comes of it. */
async function rotOnce(origin: Origin, random: Random, tally: Tally): Promise<Outcome> {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  fs.cpSync(origin.directory, data, { recursive: true });
  const done = rot(data, origin.older, random);
  const faults = judge(done, await look(data, origin.life), origin.life, tally);
  return { acknowledged: 0, faults: faults.length === 0 ? [] : [done.what, ...faults] };
}

test(
  "a file that changes at rest is found out, never served, and all else is there",
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const origin = await makeOrigin(directory.path);
    const tally = new Tally();
    const cycles = new Cycles(shortRots, longRots);
    const { faults } = await liveAll(cycles.numbers(), String, async () => {
      return await rotOnce(origin, random, tally);
    });
    const { refused, reported, mended, harmless } = tally;
    const how = `${reported} missed and reported, ${mended} mended, ${refused} not started on`;
    report("files that changed at rest", `${cycles.begun}: ${how}, ${harmless} without effect`);
    expect(faults).toEqual([]);
  },
  cyclesMsMax(shortRots, longRots, rotMsMax),
);
