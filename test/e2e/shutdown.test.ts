import { describe, expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { signalEchoMs } from "../../src/limits.ts";
import { Peer } from "../support/peer.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { run, startBroker } from "./support/broker-process.ts";
import { acknowledgedMin, loadShape, randomMoment, serveOptions } from "./support/chance.ts";
import { Checker } from "./support/checker.ts";
import { Client } from "./support/client.ts";
import { readDirectory, scanDirectory } from "./support/directory-reader.ts";
import { History } from "./support/history.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Load } from "./support/load.ts";
import { mountFault, mountMemory } from "./support/mounts.ts";
import { report, spread } from "./support/numbers.ts";
import { treeOf } from "./support/tree.ts";
import { within } from "./support/within.ts";

leaveNothing();

const isRoot = process.getuid?.() === 0;
const fault = await mountFault("tmpfs");

const stops = rounds(4, 20, 40);
/** `--shutdown-timeout` where a peer doesn't let go. */
const deadlineMs = 300;
/** What an end takes beside what it waits for. */
const endMsMax = 1_000;

/** A directory in which one load after the other was stopped. */
interface Story {
  readonly data: string;
  readonly random: Random;
  readonly history: History;
}

/** Stops a broker under load; what it has stored and what it has answered must be the same. */
async function stopUnderLoad(story: Story, round: number, signal: NodeJS.Signals): Promise<number> {
  const { data, random, history } = story;
  const started = await startBroker(data, serveOptions(random));
  const { process: broker } = started;
  await using _ = broker;
  // What nobody answers can't be told from what was not taken: no acks=0.
  const shape = { ...loadShape(random, round), ways: ["acks=all", "native", "acks=1"] as const };
  const load = await Load.start(started, history.producers, shape, random);
  await randomMoment(load, random, acknowledgedMin(round));
  const from = performance.now();
  const code = await broker.end(signal);
  const tookMs = performance.now() - from;
  await within(10_000, "the end of the connections", load.closed());
  expect([code, load.violations, load.refused]).toEqual([0, [], 0]);
  expect(broker.lines.at(-1)?.event).toBe("stopped");
  return tookMs;
}

describe("a signal under load", () => {
  test(
    `${stops} times: all that was taken is answered and kept, and nothing else is`,
    async () => {
      const random = randomForTest();
      using directory = temporaryDirectory();
      const story = { data: join(directory.path, "data"), random, history: new History(4) };
      const tookMs: number[] = [];
      for (let round = 0; round < stops; round++) {
        tookMs.push(await stopUnderLoad(story, round, round % 2 === 0 ? "SIGTERM" : "SIGINT"));
      }
      const checker = new Checker(story.history, false);
      await readDirectory(story.data, checker);
      await scanDirectory(story.data, checker);
      expect(checker.findings()).toEqual([]);
      const acknowledged = story.history.count("acknowledged");
      const stored = story.history.producers.flatMap(({ entries }) => entries);
      expect(stored.filter(({ seen }) => seen !== null)).toHaveLength(acknowledged);
      expect(acknowledged).toBeGreaterThan(stops);
      report(`${stops} stops under load, ${acknowledged} records kept`, spread(tookMs, "ms"));
    },
    stops * 20_000,
  );

  test("a peer that does not close its side holds the end up to the deadline, and no longer", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const options = ["--shutdown-timeout", `${deadlineMs}ms`];
    const { process: broker, port } = await startBroker(data, options);
    await using _ = broker;
    const peer = await Peer.connect(port);
    peer.send(new Uint8Array(4));
    await until(() => peer.text === "NACK:CORRUPTED\n");
    const from = performance.now();
    expect(await broker.end("SIGTERM")).toBe(0);
    const tookMs = performance.now() - from;
    expect(tookMs).toBeGreaterThan(deadlineMs - 50);
    expect(tookMs).toBeLessThan(deadlineMs + endMsMax);
    await until(() => peer.closed);
  });

  for (const [first, second, code] of [
    ["SIGTERM", "SIGTERM", 143],
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGINT", 130],
  ] as const) {
    test(`${first}, then ${second}: ends at once, and what was acknowledged is there`, async () => {
      const random = randomForTest();
      using directory = temporaryDirectory();
      const data = join(directory.path, "data");
      const started = await startBroker(data);
      const { process: broker, port } = started;
      await using _ = broker;
      const history = new History(4);
      const peer = await Peer.connect(port);
      peer.send(new Uint8Array(4));
      await until(() => peer.text === "NACK:CORRUPTED\n");
      const load = await Load.start(started, history.producers, loadShape(random, 0), random);
      await until(() => load.acknowledged > 1000);
      const from = performance.now();
      broker.kill(first);
      await broker.logged("stopping");
      // The same signal right away is taken for the first one, come twice.
      await until(() => second !== first || performance.now() - from > 2 * signalEchoMs);
      const secondFrom = performance.now();
      expect(await broker.end(second)).toBe(code);
      expect(performance.now() - secondFrom).toBeLessThan(endMsMax);
      await within(10_000, "the end of the connections", load.closed());
      peer.terminate();
      const checker = new Checker(history, false);
      await readDirectory(data, checker);
      expect(checker.findings()).toEqual([]);
      const again = await startBroker(data);
      expect(await again.process.end("SIGTERM")).toBe(0);
    });
  }

  test("a frame that has come halfway is dropped, and its connection closed in peace", async () => {
    using directory = temporaryDirectory();
    const { process: broker, port } = await startBroker(join(directory.path, "data"));
    await using _ = broker;
    const peer = await Peer.connect(port);
    peer.send(new Uint8Array([0, 0, 0, 0, 100, 0, 0, 0, 1, 2, 3]));
    await until(() => peer.text === "NACK:CORRUPTED\n");
    broker.kill("SIGTERM");
    await until(() => peer.ended);
    peer.finish();
    expect(await within(endMsMax, "the end", broker.exited)).toBe(0);
    expect(peer.text).toBe("NACK:CORRUPTED\n");
  });
});

describe("a start that can't be", () => {
  test("in a directory that another broker owns: refused at once, and nothing is touched", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const { process: broker, port } = await startBroker(data);
    await using _ = broker;
    const history = new History(1);
    using client = await Client.connect(port);
    expect(await client.produce(history.producers[0]!, "orders", 100)).toBe("OK");
    const checker = new Checker(history, false);
    // The last thing that an idle broker writes: how far the log was acknowledged.
    const index = join(data, "topics/orders/0/00000000000000000000.idx");
    await until(() => fs.existsSync(index) && fs.statSync(index).size > 0);
    const before = treeOf(data);
    const second = await run([
      "serve",
      "--data",
      data,
      "--native-port",
      "0",
      "--kafka-port",
      "0",
      "--http-port",
      "0",
    ]);
    expect(second.stderr).toBe(
      `obelisk serve: ${data} is in use by process ${broker.pid}: a directory has one broker\n`,
    );
    expect([second.code, second.stdout]).toEqual([1, ""]);
    expect(second.tookMs).toBeLessThan(500);
    report("a second broker on one directory is refused within", spread([second.tookMs], "ms"));
    expect(treeOf(data)).toEqual(before);
    expect(await client.produce(history.producers[0]!, "orders", 100)).toBe("OK");
    client[Symbol.dispose]();
    expect(await broker.end("SIGTERM")).toBe(0);
    await readDirectory(data, checker);
    expect(checker.findings()).toEqual([]);
  });

  test("on a port that is taken: the message names it, and the directory is free again", async () => {
    using directory = temporaryDirectory();
    const first = await startBroker(join(directory.path, "first"));
    await using _ = first.process;
    const data = join(directory.path, "second");
    const taken = await run(["serve", "--data", data, "--native-port", String(first.port)]);
    expect(taken.stderr).toContain(`port ${first.port} on 127.0.0.1 is taken`);
    expect([taken.code, taken.stdout]).toEqual([1, ""]);
    const second = await startBroker(data);
    expect(await second.process.end("SIGTERM")).toBe(0);
  });

  test("where a file is: the message names it, and the file stays as it is", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    fs.writeFileSync(data, "as it was");
    const refused = await run([
      "serve",
      "--data",
      data,
      "--native-port",
      "0",
      "--kafka-port",
      "0",
      "--http-port",
      "0",
    ]);
    expect(refused.stderr).toStartWith(`obelisk serve: data directory ${data}: `);
    expect(refused.code).toBe(1);
    expect(fs.readFileSync(data, "utf8")).toBe("as it was");
  });

  skipUnless(!isRoot, "root may write everywhere")(
    "in a directory that may not be written: the message names it",
    async () => {
      using directory = temporaryDirectory();
      const data = join(directory.path, "data");
      fs.mkdirSync(data, { mode: 0o500 });
      const refused = await run([
        "serve",
        "--data",
        data,
        "--native-port",
        "0",
        "--kafka-port",
        "0",
        "--http-port",
        "0",
      ]);
      expect(refused.stderr).toContain(data);
      expect(refused.code).toBe(1);
      expect(treeOf(data)).toEqual({});
    },
  );

  skipUnless(fault === null, fault ?? "")(
    "on a volume that is read only, empty or not: the message names the directory",
    async () => {
      await using volume = await mountMemory(16);
      const data = join(volume.path, "data");
      const { process: broker, port } = await startBroker(data, ["--disk-reserve", "1MiB"]);
      await using _ = broker;
      using client = await Client.connect(port);
      const history = new History(1);
      expect(await client.produce(history.producers[0]!, "orders", 100)).toBe("OK");
      client[Symbol.dispose]();
      expect(await broker.end("SIGTERM")).toBe(0);
      await volume.makeReadOnly();
      for (const directory of [data, join(volume.path, "new")]) {
        const refused = await run([
          "serve",
          "--data",
          directory,
          "--native-port",
          "0",
          "--kafka-port",
          "0",
          "--http-port",
          "0",
        ]);
        expect(refused.stderr).toStartWith(`obelisk serve: data directory ${directory}: `);
        expect(refused.stderr).toContain("read-only");
        expect(refused.code).toBe(1);
      }
      const checker = new Checker(history, false);
      await readDirectory(data, checker);
      expect(checker.findings()).toEqual([]);
    },
  );

  for (const [options, complaint] of [
    [["--native-port", "65536"], "--native-port"],
    [["--no-such-option"], "--no-such-option"],
    [["--fsync", "sometimes"], "--fsync"],
    [["--host", "0.0.0.0"], "--insecure"],
    [["--data"], "--data"],
  ] as const) {
    test(`with ${options.join(" ")}: exit code 2, says what, makes nothing`, async () => {
      using directory = temporaryDirectory();
      const refused = await run(["serve", ...options], { cwd: directory.path });
      expect([refused.code, refused.stdout]).toEqual([2, ""]);
      expect(refused.stderr.split("\n")[0]).toContain(complaint);
      expect(treeOf(directory.path)).toEqual({});
    });
  }
});
