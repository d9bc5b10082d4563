/** Hours of everything at once: memory and descriptors don't grow. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Cycles, cyclesMsMax, isLong } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { startBroker } from "./support/broker-process.ts";
import { mixedValueBytes } from "./support/chance.ts";
import { descriptorsOf, isLinux, residentBytes } from "./support/confine.ts";
import { History } from "./support/history.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { readPartition } from "./support/kafka-partition.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Load } from "./support/load.ts";
import type { LoadShape } from "./support/load-shape.ts";
import { report } from "./support/numbers.ts";
import { slopeOf } from "./support/slope.ts";
import { within } from "./support/within.ts";

leaveNothing();

const MiB = 1024 * 1024;
const [shortCycles, longCycles] = [6, 20_000];
const cycleMsMax = 30_000;
/** Of one cycle. */
const records = isLong ? 5_000 : 1_000;
/** Until then caches fill and code is compiled: such a part of the readings is not looked at. */
const warmShare = 1 / 3;
/** What may have come on top between the first reading that counts and the last. */
const grownBytesMax = (isLong ? 32 : 128) * MiB;
const descriptorsGrownMax = 8;

const topics = ["orders", "clicks"] as const;
const shape: LoadShape = {
  topics: topics.map((name) => ({ name, hasKeys: true })),
  windowFrames: 64,
  valueBytes: (random) => Math.min(mixedValueBytes(random), 4_096),
  ways: ["acks=all", "native", "acks=1", "acks=0"],
};

const serveOptions = [
  ...["--segment-bytes", "1MiB", "--cache", "4MiB"],
  ...["--retention-check-interval", "100ms", "--compaction-check-interval", "100ms"],
];

async function create(client: KafkaClient, name: string, configs: object[]): Promise<void> {
  const shaped = [{ name, numPartitions: 2, replicationFactor: 1, configs }];
  const made = await client.ask("CreateTopics", 5, { topics: shaped, timeoutMs: 30_000 });
  expect(made?.topics[0]?.errorCode).toBe(0);
}

/** One of everything: a load, who reads, a commit, a topic that comes and goes, connections. */
async function cycle(
  doors: Awaited<ReturnType<typeof startBroker>>,
  number: number,
  random: ReturnType<typeof randomForTest>,
): Promise<number> {
  const history = new History(4);
  const load = await Load.start(doors, history.producers, shape, random);
  using client = await KafkaClient.connect(doors.kafkaPort);
  const passing = `passing-${number}`;
  await create(client, passing, []);
  await until(() => load.acknowledged >= records);
  load.pause();
  await until(() => load.inFlight === 0);
  await within(cycleMsMax, "the end of the load", load.close());
  expect([load.violations, load.refused]).toEqual([[], 0]);
  for (const name of topics) expect((await readPartition(client, name)).refused).toEqual([]);
  const partitions = [{ partitionIndex: 0, committedOffset: number, committedMetadata: "" }];
  const committed = await client.ask("OffsetCommit", 8, {
    groupId: `group-${number % 10}`,
    generationIdOrMemberEpoch: -1,
    topics: [{ name: topics[0], partitions }],
  });
  expect(committed?.topics[0]?.partitions[0]?.errorCode).toBe(0);
  const gone = await client.ask("DeleteTopics", 5, { topicNames: [passing], timeoutMs: 30_000 });
  expect(gone?.responses[0]?.errorCode).toBe(0);
  return load.acknowledged;
}

skipUnless(isLinux, "only Linux tells what a process has")(
  "everything at once, for long: memory and descriptors don't grow",
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const doors = await startBroker(join(directory.path, "data"), serveOptions);
    await using broker = doors.process;
    using client = await KafkaClient.connect(doors.kafkaPort);
    await create(client, "orders", [{ name: "retention.bytes", value: String(4 * MiB) }]);
    await create(client, "clicks", [
      { name: "cleanup.policy", value: "compact,delete" },
      { name: "min.cleanable.dirty.ratio", value: "0.1" },
      { name: "retention.bytes", value: String(4 * MiB) },
    ]);
    const begun = performance.now();
    const memory: [number, number][] = [];
    const descriptors: [number, number][] = [];
    const cycles = new Cycles(shortCycles, longCycles);
    let acknowledged = 0;
    for (const number of cycles.numbers()) {
      acknowledged += await cycle(doors, number, random);
      const seconds = (performance.now() - begun) / 1000;
      memory.push([seconds, residentBytes(broker.pid).now]);
      descriptors.push([seconds, descriptorsOf(broker.pid)]);
    }
    const warm = Math.floor(memory.length * warmShare);
    const seconds = memory.at(-1)![0] - memory[warm]![0];
    const resident = slopeOf(memory.slice(warm));
    const open = slopeOf(descriptors.slice(warm));
    const perHour = ((resident.perSecond * 3600) / MiB).toFixed(1);
    const atLeast = ((resident.atLeast * 3600) / MiB).toFixed(1);
    report("soak", `${cycles.begun} cycles, ${acknowledged} acknowledged, ${seconds.toFixed(0)} s`);
    report("memory grows by", `${perHour} MiB an hour, at least ${atLeast}`);
    report("memory in the end", `${(memory.at(-1)![1] / MiB).toFixed(0)} MiB`);
    report("descriptors grow by", `${(open.perSecond * 3600).toFixed(1)} an hour`);
    expect(resident.atLeast * seconds).toBeLessThan(grownBytesMax);
    expect(open.atLeast * seconds).toBeLessThan(descriptorsGrownMax);
    expect(await broker.end("SIGTERM")).toBe(0);
    expect(broker.lines.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  },
  cyclesMsMax(shortCycles, longCycles, cycleMsMax),
);

test("the line through readings finds what grows, and not what only varies", () => {
  const readings = (of: (at: number) => number): [number, number][] =>
    Array.from({ length: 50 }, (_, at) => [at, of(at)]);
  expect(slopeOf(readings((at) => 3 * at + 7))).toEqual({ perSecond: 3, atLeast: 3 });
  expect(slopeOf(readings((at) => (at * 7919) % 101)).atLeast).toBeLessThan(0);
});
