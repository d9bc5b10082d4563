/** EIO from each system call that writes, from reads, and from syncs. */
import { expect } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { Cycles, cyclesMsMax } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { run, startBroker } from "./support/broker-process.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { Neighbours, neighbour, victim } from "./support/neighbours.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import {
  inTurns,
  liveAll,
  type Outcome,
  type Point,
  pointsOf,
  startOrEnd,
} from "./support/life-points.ts";
import { readPartition } from "./support/kafka-partition.ts";
import { report } from "./support/numbers.ts";
import { straceFault, under } from "./support/strace.ts";
import { untilWithin } from "./support/within.ts";
import { WholeLife, wholeLifeOptions } from "./support/whole-life.ts";

leaveNothing();

const fault = straceFault();
const testStrace = skipUnless(fault === null, fault ?? "");

const shortErrors = 4;
/** Under `torture` each point is met once; this is more than there are. */
const longErrors = 100_000;
const errorMsMax = 60_000;

/** One life in which one call fails; what a start without faults then finds. */
async function failAt({ call, when }: Point): Promise<Outcome> {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  const life = new WholeLife(["KAFKA_STORAGE_ERROR"]);
  const injected = under([{ calls: [call], what: "error=EIO", when: String(when) }]);
  const broker = await startOrEnd(data, { under: injected });
  if (broker !== null) {
    await using _ = broker.process;
    await life.live(broker);
  }
  const { process: restarted, kafkaPort } = await startBroker(data, wholeLifeOptions);
  await using _ = restarted;
  using client = await KafkaClient.connect(kafkaPort);
  const faults = [...(await life.faults(client)), ...(await life.goOn(client))];
  const stopped = await restarted.end("SIGTERM");
  if (stopped !== 0) faults.push(`the next broker stopped with ${stopped}`);
  const { code, stdout } = await run(["check", data]);
  if (code !== 0) faults.push(`check found damage: ${stdout}`);
  return { acknowledged: life.acknowledged, faults };
}

testStrace(
  "one system call fails with EIO: what is acknowledged before and after it is there",
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const { life } = await pointsOf(join(directory.path, "data"));
    // Files are written at their positions or as vectors. By a plain `write` the runtime wakes its
    // threads, which no disk can refuse: the one that is not woken would wait for ever.
    const points = inTurns(
      random,
      life.filter(({ call }) => call !== "write"),
    );
    const cycles = new Cycles(shortErrors, longErrors);
    const nameOf = ({ call, when }: Point): string => `EIO from ${call} ${when}`;
    const { acknowledged, faults } = await liveAll(cycles.of(points), nameOf, failAt);
    const of = `of ${points.length} calls`;
    report("EIO from a call", `${cycles.begun} ${of}, ${acknowledged} acknowledged`);
    expect(faults).toEqual([]);
  },
  cyclesMsMax(shortErrors, longErrors, errorMsMax),
);

const [shortTimes, longTimes] = [1, 25];
/** What is asked once something has failed, of who is hit and of who is not. */
const asked = 20;
const refusalMsMax = 30_000;

/** Some records in each of two topics, and a broker that is stopped again. */
async function begin(data: string): Promise<Neighbours> {
  const pair = new Neighbours(data);
  await pair.start();
  expect(await pair.produceTimes(victim, 5)).toEqual(["NONE"]);
  expect(await pair.produceTimes(neighbour, 5)).toEqual(["NONE"]);
  expect(await pair.commit()).toBe("NONE");
  expect(await pair.end("SIGTERM")).toBe(0);
  return pair;
}

/** A start without faults: all that was acknowledged is there, and it goes on. */
async function startWell(pair: Neighbours): Promise<void> {
  await pair.start();
  expect(await pair.faults()).toEqual([]);
  for (const name of [victim, neighbour] as const) {
    // Where the disk may have taken it, a record that was refused keeps its offset.
    pair.sent[name] = (await readPartition(pair.client, name)).end;
    expect(await pair.produceTimes(name, 2)).toEqual(["NONE"]);
  }
  expect(await pair.commit()).toBe("NONE");
  expect(await pair.faults()).toEqual([]);
  expect(await pair.end("SIGTERM")).toBe(0);
}

const logOf = (data: string, topic: string): string =>
  join(data, "topics", topic, "0", "00000000000000000000.log");

const writes = ["write", "writev", "pwrite64", "pwritev"];

/** Registers a test of so many rounds, each in a directory of its own. */
function testRounds(name: string, round: (data: string, random: Random) => Promise<number>): void {
  testStrace(
    name,
    async () => {
      const random = randomForTest();
      const cycles = new Cycles(shortTimes, longTimes);
      let refused = 0;
      for (const _ of cycles.numbers()) {
        using directory = temporaryDirectory();
        refused += await round(join(directory.path, "data"), random);
      }
      report(
        name.split(":")[0]!,
        `${cycles.begun} times, ${refused} refused, 0 acknowledged after`,
      );
    },
    cyclesMsMax(shortTimes, longTimes, errorMsMax),
  );
}

for (const [what, calls, options] of [
  ["a durable write", writes, []],
  ["a sync", ["fdatasync"], ["--fsync", "interval=20"]],
] as const) {
  testRounds(
    `${what} fails once with EIO: its partition takes nothing more`,
    async (data, random) => {
      await using pair = await begin(data);
      const when = String(1 + random.below(4));
      const paths = [logOf(data, victim)];
      await pair.start(options, { under: under([{ calls, what: "error=EIO", when }], paths) });
      await untilWithin(refusalMsMax, `a refusal after ${what} ${when}`, async () => {
        return (await pair.produce(victim)) === "KAFKA_STORAGE_ERROR";
      });
      // The disk would take it by now: nobody may believe that.
      expect(await pair.produceTimes(victim, asked)).toEqual(["KAFKA_STORAGE_ERROR"]);
      expect(await pair.produceTimes(neighbour, asked)).toEqual(["NONE"]);
      expect(await pair.commit()).toBe("NONE");
      expect(await pair.faults()).toEqual([]);
      await pair.end("SIGTERM");
      await startWell(pair);
      return asked + 1;
    },
  );
}

testRounds(
  "a sync of the database fails once: no commit is acknowledged any more",
  async (data, random) => {
    await using pair = await begin(data);
    const calls = ["fdatasync", "fsync"];
    const when = String(1 + random.below(4));
    const paths = [join(data, "obelisk.db-wal")];
    await pair.start([], { under: under([{ calls, what: "error=EIO", when }], paths) });
    await untilWithin(refusalMsMax, `a refusal after sync ${when}`, async () => {
      return (await pair.commit()) !== "NONE";
    });
    for (let left = asked; left > 0; left--) expect(await pair.commit()).not.toBe("NONE");
    expect(await pair.produceTimes(neighbour, asked)).toEqual(["NONE"]);
    await pair.end("SIGTERM");
    await startWell(pair);
    return asked + 1;
  },
);

testRounds("reads of a segment fail with EIO: error 56 there, all else is served", async (data) => {
  await using pair = new Neighbours(data, 16_000);
  const options = ["--segment-bytes", "64KiB", "--cache", "1MiB"];
  await pair.start(options);
  // More than the cache holds.
  expect(await pair.produceTimes(victim, 150)).toEqual(["NONE"]);
  expect(await pair.produceTimes(neighbour, 5)).toEqual(["NONE"]);
  expect(await pair.end("SIGTERM")).toBe(0);
  const injection = { calls: ["pread64", "preadv", "read"], what: "error=EIO" };
  await pair.start(options, { under: under([injection], [logOf(data, victim)]) });
  const { refused, records, end } = await readPartition(pair.client, victim);
  expect(refused).toEqual([{ code: "KAFKA_STORAGE_ERROR", from: 0, to: 4 }]);
  expect([end, records.length]).toEqual([150, 146]);
  for (const name of [victim, neighbour] as const) {
    expect(await pair.produceTimes(name, asked)).toEqual(["NONE"]);
  }
  expect((await readPartition(pair.client, neighbour)).records).toHaveLength(5 + asked);
  expect(await pair.end("SIGTERM")).toBe(0);
  await pair.start(options);
  expect(await pair.faults()).toEqual([]);
  expect(await pair.end("SIGTERM")).toBe(0);
  return refused[0]!.to;
});
