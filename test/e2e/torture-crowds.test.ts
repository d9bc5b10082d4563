/** Floods of connections, too few descriptors, too little memory, and peers that don't go on. */
import { expect } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { inFlightBytesMax, kafkaFetchesBytesMax } from "../../src/limits.ts";
import { requestFrame } from "../support/malformed.ts";
import { Peer } from "../support/peer.ts";
import { Cycles, cyclesMsMax, isLong } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import {
  descriptorsOf,
  isLinux,
  MemoryGroup,
  memoryFault,
  residentBytes,
  withDescriptors,
} from "./support/confine.ts";
import { History } from "./support/history.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Load } from "./support/load.ts";
import type { LoadShape } from "./support/load-shape.ts";
import { Neighbours, neighbour, victim } from "./support/neighbours.ts";
import { report, spread } from "./support/numbers.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();

const MiB = 1024 * 1024;
const onLinux = skipUnless(isLinux, "only Linux tells what a process has");
const msMax = 300_000;
/** For whatever a broker does, on a machine that is busy. */
const doneMsMax = 60_000;

/** Produces until `work` is done; how long each record took, in milliseconds. */
async function producingMeanwhile(
  pair: Neighbours,
  work: Promise<unknown>,
  look: () => void = () => {},
): Promise<number[]> {
  const tookMs: number[] = [];
  let isDone = false;
  void work.finally(() => (isDone = true));
  while (!isDone || tookMs.length === 0) {
    const from = performance.now();
    expect(await pair.produce(neighbour)).toBe("NONE");
    tookMs.push(performance.now() - from);
    look();
  }
  await work;
  return tookMs;
}

/** A connection may be closed before its client has seen that it is open. */
function refusedAtOnce(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ECONNRESET") return null;
  throw error;
}

/** Connects again and again, so many times in all; how many stayed open until all were there. */
async function flood(port: number, attempts: number, atATime: number): Promise<number> {
  const open = new Set<Peer>();
  let admitted = 0;
  const forget = (): void => {
    for (const peer of open) if (peer.ended) open.delete(peer);
  };
  for (let left = attempts; left > 0; left--) {
    if (open.size >= atATime) {
      // Whoever is refused is closed at once; of the others the oldest goes.
      forget();
      const [oldest] = open;
      if (open.size >= atATime && oldest !== undefined) {
        admitted += 1;
        oldest.terminate();
        open.delete(oldest);
      }
    }
    const peer = await Peer.connect(port).catch(refusedAtOnce);
    if (peer !== null) open.add(peer);
  }
  forget();
  for (const peer of open) peer.terminate();
  return admitted + open.size;
}

/** A client that comes anew is served. */
async function untilServed(kafkaPort: number): Promise<void> {
  await untilWithin(doneMsMax, "an answer to who comes anew", async () => {
    using client = await KafkaClient.connect(kafkaPort).catch(refusedAtOnce);
    return client !== null && (await client.ask("ApiVersions", 0, {})) !== null;
  });
}

/** Attempts to connect, of which there are no cycles. */
const floodAttempts = isLong ? 20_000 : 5_000;

onLinux(
  "a flood of connections: most are refused, and who is there already is served all the time",
  async () => {
    using directory = temporaryDirectory();
    await using pair = new Neighbours(join(directory.path, "data"));
    await pair.start();
    const { kafkaPort, process: broker } = pair.broker;
    await pair.produceTimes(neighbour, 100);
    const before = residentBytes(broker.pid).now;
    const flooding = flood(kafkaPort, floodAttempts, 400);
    const tookMs = await producingMeanwhile(pair, flooding);
    const grown = residentBytes(broker.pid).peak - before;
    await untilServed(kafkaPort);
    report(
      `${floodAttempts} connections, ${await flooding} of them let in`,
      spread(tookMs, "ms a record"),
    );
    report("memory that they took", `${(grown / MiB).toFixed(1)} MiB`);
    expect(grown).toBeLessThan(128 * MiB);
    expect(await pair.faults()).toEqual([]);
    expect(await pair.end("SIGTERM")).toBe(0);
  },
  msMax + floodAttempts * 20,
);

const descriptorsMax = 400;

onLinux(
  "more connections than descriptors: who is there goes on, also with new files; then all is well",
  async () => {
    using directory = temporaryDirectory();
    await using pair = new Neighbours(join(directory.path, "data"));
    await pair.start(["--segment-bytes", "64KiB"], { under: withDescriptors(descriptorsMax) });
    const { kafkaPort, port, process: broker } = pair.broker;
    const cycles = new Cycles(2, 50);
    const idle = descriptorsOf(broker.pid);
    let most = 0;
    for (const number of cycles.numbers()) {
      const crowd = flood(number % 2 === 0 ? kafkaPort : port, 3 * descriptorsMax, descriptorsMax);
      await producingMeanwhile(pair, crowd, () => {
        most = Math.max(most, descriptorsOf(broker.pid));
      });
      const topics = [{ name: `topic-${number}`, numPartitions: 8, replicationFactor: 1 }];
      const made = await pair.client.ask("CreateTopics", 5, { topics, timeoutMs: 30_000 });
      expect(made?.topics[0]?.errorCode).toBe(0);
      await untilServed(kafkaPort);
    }
    report(
      `floods of a broker with ${descriptorsMax} descriptors`,
      `${cycles.begun}, ${most} used`,
    );
    // It was crowded, up to what is kept back.
    expect(most).toBeGreaterThan(idle + 20);
    expect(most).toBeLessThan(descriptorsMax);
    expect(await pair.faults()).toEqual([]);
    expect(await pair.end("SIGTERM")).toBe(0);
  },
  cyclesMsMax(2, 50, doneMsMax),
);

const canLimit = isLinux && Bun.which("prlimit") !== null;

skipUnless(canLimit, "prlimit is not installed")(
  "no descriptor is left for new files: refused, nothing is lost; with more of them all is well",
  async () => {
    using directory = temporaryDirectory();
    await using pair = new Neighbours(join(directory.path, "data"), 20_000);
    await pair.start(["--segment-bytes", "64KiB"]);
    const { pid } = pair.broker.process;
    const limit = (count: number): void => {
      const asked = Bun.spawnSync(["prlimit", "--pid", String(pid), `--nofile=${count}:`]);
      expect(asked.exitCode).toBe(0);
    };
    const limits = fs.readFileSync(`/proc/${pid}/limits`, "utf8");
    const enough = Number(/^Max open files +(\d+)/m.exec(limits)?.[1]);
    const cycles = new Cycles(2, 50);
    let refused = 0;
    for (const number of cycles.numbers()) {
      expect(await pair.produceTimes(neighbour, 10)).toEqual(["NONE"]);
      // The numbers in use may not be the lowest, so some are left.
      limit(descriptorsOf(pid));
      const topics = [{ name: `topic-${number}`, numPartitions: 32, replicationFactor: 1 }];
      const made = await pair.client.ask("CreateTopics", 5, { topics, timeoutMs: 30_000 });
      expect(made).not.toBeNull();
      for (let left = 40; left > 0; left--) {
        const code = await pair.produce(neighbour);
        if (code === "NONE") continue;
        expect(code).toBe("KAFKA_STORAGE_ERROR");
        // It is not stored, so the next record has its offset.
        pair.sent.neighbour -= 1;
        refused += 1;
      }
      limit(enough);
      await untilServed(pair.broker.kafkaPort);
      expect(await pair.produceTimes(neighbour, 10)).toEqual(["NONE"]);
      expect(await pair.faults()).toEqual([]);
    }
    report("no descriptors left", `${cycles.begun} times, ${refused} records refused, 0 lost`);
    expect(await pair.end("SIGTERM")).toBe(0);
  },
  cyclesMsMax(2, 50, doneMsMax),
);

const fault = memoryFault();
const slowFetchers = isLong ? 900 : 60;
/**
 * What the broker may hold of requests and of answers, each connection's last answer of one batch
 * with its part in the socket's queue, and 128 MiB for all else.
 */
const memoryBytesMax = inFlightBytesMax + kafkaFetchesBytesMax + (128 + 2 * slowFetchers) * MiB;
const largeShape: LoadShape = {
  topics: [{ name: "large", hasKeys: false }],
  windowFrames: 64,
  valueBytes: () => 64 * 1024,
  ways: ["acks=all", "native"],
};
const [shortMebibytes, longMebibytes] = [64, 2_048];

/** Asks for all that one fetch may give, several times, and reads nothing of it. */
async function slowFetcher(kafkaPort: number, topic: string): Promise<KafkaClient> {
  const client = await KafkaClient.connect(kafkaPort);
  client.pause();
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 64 * MiB }];
  const request = { maxWaitMs: 0, maxBytes: 64 * MiB, topics: [{ topic, partitions }] };
  for (let left = 4; left > 0; left--) void client.ask("Fetch", 12, request);
  return client;
}

skipUnless(fault === null, fault ?? "")(
  "a flood of records and fetchers that don't read, in bounded memory: others are served on",
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    using group = new MemoryGroup(memoryBytesMax);
    await using pair = new Neighbours(join(directory.path, "data"));
    await pair.start([], { under: group.under });
    const { process: broker, kafkaPort } = pair.broker;
    const history = new History(6);
    const load = await Load.start(pair.broker, history.producers, largeShape, random);
    const wanted = ((isLong ? longMebibytes : shortMebibytes) * MiB) / (64 * 1024);
    await untilWithin(msMax, "half of the flood", () => load.acknowledged > wanted / 2);
    const fetchers: KafkaClient[] = [];
    for (let left = slowFetchers; left > 0; left--) {
      fetchers.push(await slowFetcher(kafkaPort, "large"));
    }
    const rest = untilWithin(msMax, "the flood", () => load.acknowledged > wanted);
    const tookMs = await producingMeanwhile(pair, rest);
    const { peak } = residentBytes(broker.pid);
    report(
      `${fetchers.length} fetchers that don't read, ${load.acknowledged} large records`,
      "all served",
    );
    report("a record of another meanwhile", spread(tookMs, "ms"));
    report("resident memory at most", `${Math.round(peak / MiB)} MiB of ${memoryBytesMax / MiB}`);
    for (const fetcher of fetchers) fetcher[Symbol.dispose]();
    await within(doneMsMax, "the end of the load", load.close());
    expect([load.violations, load.refused]).toEqual([[], 0]);
    expect(await pair.faults()).toEqual([]);
    expect(await pair.end("SIGTERM")).toBe(0);
    expect(peak).toBeLessThan(memoryBytesMax);
  },
  2 * msMax,
);

/** Of each kind: fewer than the log tells of one by one. */
const stalledPeers = 10;
const valueBytes = 64 * 1024;

onLinux(
  "peers that don't read, don't finish and don't go: bounded, cut off, and nobody waits for them",
  async () => {
    using directory = temporaryDirectory();
    await using pair = new Neighbours(join(directory.path, "data"), valueBytes);
    await pair.start();
    const { process: broker, kafkaPort } = pair.broker;
    expect(await pair.produceTimes(victim, 200)).toEqual(["NONE"]);
    const alone = await producingMeanwhile(pair, pair.produceTimes(victim, 50));
    const before = residentBytes(broker.pid).now;
    const fetchers: KafkaClient[] = [];
    const halves: Peer[] = [];
    const leavers: Peer[] = [];
    for (let left = stalledPeers; left > 0; left--) {
      fetchers.push(await slowFetcher(kafkaPort, victim));
      const half = await Peer.connect(kafkaPort);
      half.send(Uint8Array.of(0, 0, 4, 0, 0, 18));
      halves.push(half);
      const leaver = await Peer.connect(kafkaPort);
      const request = requestFrame("ApiVersions", 0, {});
      leaver.send(Buffer.concat([Uint8Array.of(0, 0, 0, request.length), request]));
      leaver.finish();
      leavers.push(leaver);
    }
    const cutFor = (reason: string): number =>
      broker.lines.filter((line) => line.event === "connection cut" && line["reason"] === reason)
        .length;
    const stalled = untilWithin(doneMsMax, "the end of those that don't go on", () => {
      const isRead = cutFor("replies not read") === stalledPeers;
      // A frame has 30 s: too long for the short form.
      const isFinished = !isLong || halves.every(({ ended }) => ended);
      return isRead && isFinished && leavers.every(({ ended }) => ended);
    });
    const tookMs = await producingMeanwhile(pair, stalled);
    const grown = residentBytes(broker.pid).peak - before;
    for (const leaver of leavers) expect(leaver.receivedBytes).toBeGreaterThan(0);
    report(`a record beside ${3 * stalledPeers} peers that don't go on`, spread(tookMs, "ms"));
    report("a record without them", spread(alone, "ms"));
    report("memory that they took", `${(grown / MiB).toFixed(1)} MiB`);
    expect(grown).toBeLessThan(kafkaFetchesBytesMax + 128 * MiB);
    for (const half of halves) half.terminate();
    for (const fetcher of fetchers) fetcher[Symbol.dispose]();
    expect(await pair.faults()).toEqual([]);
    expect(await pair.end("SIGTERM")).toBe(0);
  },
  2 * msMax,
);
