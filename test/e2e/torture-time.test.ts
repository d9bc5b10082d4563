/** Time that goes wrong: a slow disk, a broker that sleeps, a clock that jumps. */
import { expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { Cycles, cyclesMsMax, isLong } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { oneOf, shuffled } from "./support/chance.ts";
import { GroupStory } from "./support/group-story.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { readPartition } from "./support/kafka-partition.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Neighbours, neighbour, victim } from "./support/neighbours.ts";
import { report, spread } from "./support/numbers.ts";
import { straceFault, under } from "./support/strace.ts";
import { passing, untilWithin } from "./support/within.ts";

leaveNothing();

const fault = straceFault();
/** What each trip to the disk takes longer, and how many there are. */
const delayMs = 1_000;
const slowMsMax = 60_000;

skipUnless(fault === null, fault ?? "")(
  "a slow disk: what need not wait for it does not, be it heartbeats or metadata",
  async () => {
    using directory = temporaryDirectory();
    await using pair = new Neighbours(join(directory.path, "data"));
    await pair.start();
    expect(await pair.produceTimes(victim, 1)).toEqual(["NONE"]);
    await pair.end("SIGTERM");
    const calls = ["fdatasync", "fsync", "writev", "pwritev"];
    const injected = under([{ calls, what: `delay_exit=${delayMs * 1_000}` }]);
    await pair.start(["--group-initial-rebalance-delay-ms", "0"], { under: injected });
    using member = await KafkaClient.connect(pair.broker.kafkaPort);
    const joined = await joinAlone(member);
    const produceMs: number[] = [];
    const otherMs: number[] = [];
    const cycles = new Cycles(1, 60);
    for (const _ of cycles.numbers()) {
      const from = performance.now();
      const produced = pair.produce(victim);
      let isProduced = false;
      void produced.then(() => (isProduced = true));
      let answered = 0;
      while (!isProduced) {
        const begun = performance.now();
        const beat = await member.ask("Heartbeat", 4, { groupId, ...joined });
        const found = await member.ask("Metadata", 9, { topics: null });
        expect([beat?.errorCode, found?.topics.length]).toEqual([0, 2]);
        otherMs.push(performance.now() - begun);
        if (!isProduced) answered += 1;
      }
      expect(await produced).toBe("NONE");
      produceMs.push(performance.now() - from);
      // The record has waited for the disk, and the others in the meantime have not.
      expect(produceMs.at(-1)).toBeGreaterThan(delayMs / 2);
      expect(answered).toBeGreaterThan(3);
    }
    report(`a record on a disk that takes ${delayMs} ms`, spread(produceMs, "ms"));
    report("a heartbeat and metadata meanwhile", spread(otherMs, "ms"));
    expect(await pair.end("SIGTERM")).toBe(0);
  },
  cyclesMsMax(1, 60, slowMsMax),
);

const groupId = "watchers";

/** Joins alone: what a heartbeat says. */
async function joinAlone(member: KafkaClient) {
  let memberId = "";
  for (;;) {
    const joined = await member.ask("JoinGroup", 9, {
      groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: new Uint8Array(0) }],
    });
    if (joined === null) throw new Error("nobody answers");
    memberId = joined.memberId;
    if (joined.errorCode !== 0) continue;
    const { generationId } = joined;
    const assignments = [{ memberId, assignment: new Uint8Array(0) }];
    const names = { protocolType: "consumer", protocolName: "range" };
    await member.ask("SyncGroup", 5, { groupId, generationId, memberId, ...names, assignments });
    return { memberId, generationId };
  }
}

const [memberCount, partitionCount] = [8, 24];
const sleepMs = isLong ? 60_000 : 5_000;
const [shortSleeps, longSleeps] = [1, 3];
const groupMsMax = 180_000;

test(
  `a broker that sleeps ${sleepMs / 1000} s: old members are fenced, no partition has two owners`,
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const kind = oneOf(random, ["eager", "cooperative"] as const);
    const end = async ({ broker }: GroupStory): Promise<void> => {
      await broker.process.end("SIGKILL");
    };
    await using story = new GroupStory({ kind, data, random, partitionCount, end });
    const { witness } = story;
    await story.start();
    story.join(memberCount);
    await story.whole();
    const cycles = new Cycles(shortSleeps, longSleeps);
    for (const _ of cycles.numbers()) {
      await story.commits(200);
      const zombies = story.killMembers(2);
      const { process: broker } = story.broker;
      broker.kill("SIGSTOP");
      await passing(sleepMs);
      broker.kill("SIGCONT");
      await story.whole();
      for (const zombie of zombies) {
        const answers = await zombie.commitAsZombie();
        expect(answers.length).toBeGreaterThan(0);
        const isFenced = (code: string): boolean => /^(UNKNOWN_MEMBER_ID|ILLEGAL_GEN)/.test(code);
        expect(answers.filter((code) => !isFenced(code))).toEqual([]);
      }
      story.join(2);
      await story.whole();
    }
    await story.commits(200);
    report(`a broker asleep for ${sleepMs / 1000} s`, `${cycles.begun} times, ${kind}`);
    report("offsets committed, generations", `${witness.committed}, ${witness.generations}`);
    expect(witness.violations).toEqual([]);
    expect(await story.broker.process.end("SIGTERM")).toBe(0);
  },
  cyclesMsMax(shortSleeps, longSleeps, groupMsMax),
);

/** What puts another clock in front of a program; `null`: it is not installed. */
function fakeClock(): string | null {
  if (Bun.which("faketime") === null) return null;
  const said = Bun.spawnSync(["faketime", "-f", "+0", "env"]).stdout.toString();
  return /^LD_PRELOAD=(.+)$/m.exec(said)?.[1] ?? null;
}

const clockLibrary = fakeClock();
const hour = 3600;
const year = 365 * 24 * hour;
/** Seconds ahead of the true time. */
const jumps = [hour, 2 * hour, -hour, 10 * year, -10 * year, 5, -5, 5, -5];
const doubted = "the clock has stepped ahead: records are deleted by the time before";
/** Several looks of retention, each 100 ms after the one before. */
const lookedMs = 300;

skipUnless(clockLibrary !== null, "faketime is not installed")(
  "a clock that jumps by hours and years: nothing is deleted, no group rebalances",
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const clockPath = join(directory.path, "clock");
    const setClock = (seconds: number): void => {
      fs.writeFileSync(`${clockPath}.next`, `${seconds < 0 ? "" : "+"}${seconds}s\n`);
      fs.renameSync(`${clockPath}.next`, clockPath);
    };
    setClock(0);
    const environment = {
      LD_PRELOAD: String(clockLibrary),
      FAKETIME_TIMESTAMP_FILE: clockPath,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    const end = async ({ broker }: GroupStory): Promise<void> => {
      await broker.process.end("SIGKILL");
    };
    await using story = new GroupStory({
      ...({ kind: "eager", data, random, partitionCount, end } as const),
      serve: ["--retention-check-interval", "100ms"],
      run: { environment },
    });
    await story.start();
    await using pair = new Neighbours(data);
    await pair.connect(story.broker);
    expect(await pair.produceTimes(neighbour, 10)).toEqual(["NONE"]);
    story.join(memberCount);
    await story.whole();
    const { generations } = story.witness;
    const cycles = new Cycles(jumps.length, 40);
    for (const jump of cycles.of(repeated(shuffled(random, jumps)))) {
      setClock(jump);
      // Or its records would be refused, being of the future.
      pair.aheadMs = 1000 * jump;
      const before = story.witness.committed;
      await passing(lookedMs);
      expect(await pair.produceTimes(neighbour, 5)).toEqual(["NONE"]);
      expect((await readPartition(pair.client, neighbour)).start).toBe(0);
      expect(await pair.faults()).toEqual([]);
      await untilWithin(groupMsMax, "commits", () => story.witness.committed > before);
    }
    report("jumps of the clock", `${cycles.begun}, of 5 s to 10 years; 0 deletions`);
    report("rebalances meanwhile", String(story.witness.generations - generations));
    expect(story.witness.generations).toBe(generations);
    expect(story.witness.violations).toEqual([]);
    // Whoever has seen them all has seen a clock that nobody may believe.
    if (cycles.begun >= jumps.length) await story.broker.process.logged(doubted);
    expect(await story.broker.process.end("SIGTERM")).toBe(0);
  },
  cyclesMsMax(jumps.length, 40, groupMsMax),
);

/** The same again and again. */
function* repeated<T>(given: readonly T[]): Generator<T> {
  for (;;) yield* given;
}
