/** kill -9 in front of each system call that could change something on the disk. */
import { expect } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { Cycles, cyclesMsMax } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { run, type RunOptions, type StartedBroker, startBroker } from "./support/broker-process.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { report } from "./support/numbers.ts";
import { CallCount, straceFault, under } from "./support/strace.ts";
import { WholeLife, wholeLifeOptions } from "./support/whole-life.ts";

leaveNothing();

const shortKills = 10;
/** Under `torture` each point is met once; this is more than there are. */
const longKills = 100_000;
const killMsMax = 60_000;
/** 128 plus the number of SIGKILL. */
const killed = 137;

/** The `when`th of these calls by any one thread. */
interface Point {
  readonly call: string;
  readonly when: number;
}

/** A broker, unless it was killed while it started. */
async function startOrDie(data: string, options: RunOptions): Promise<StartedBroker | null> {
  try {
    return await startBroker(data, wholeLifeOptions, options);
  } catch (error) {
    if (error instanceof Error && /^it ended without|^closed without/.test(error.message))
      return null;
    throw error;
  }
}

/** All points of a life that nobody ends, and of the start after it. */
async function pointsOf(data: string): Promise<Record<"life" | "restart", Point[]>> {
  const points: Record<"life" | "restart", Point[]> = { life: [], restart: [] };
  for (const part of ["life", "restart"] as const) {
    using count = new CallCount();
    const broker = await startBroker(data, wholeLifeOptions, { under: count.under });
    await using _ = broker.process;
    const life = new WholeLife();
    if (part === "life") expect([await life.live(broker), life.violations]).toEqual([0, []]);
    else expect(await broker.process.end("SIGTERM")).toBe(0);
    // The tracer holds it, too, and has written everything once it lets go.
    await broker.process.stderr;
    for (const [call, times] of count.counted()) {
      for (let when = 1; when <= times; when++) points[part].push({ call, when });
    }
  }
  return points;
}

const killingAt = ({ call, when }: Point): RunOptions => ({
  under: under([{ calls: [call], what: "signal=KILL", when: String(when) }]),
});

/** One life that ends at a point; sometimes the next one ends while it starts. */
async function killAt(point: Point, again: Point | null): Promise<{ acknowledged: number }> {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  const life = new WholeLife();
  const broker = await startOrDie(data, killingAt(point));
  if (broker !== null) {
    await using _ = broker.process;
    // A point that the other threads have left to nobody is not met.
    expect([0, killed]).toContain(await life.live(broker));
  }
  if (again !== null) {
    const next = await startOrDie(data, killingAt(again));
    await next?.process.end("SIGKILL");
  }
  const { process: restarted, kafkaPort } = await startBroker(data, wholeLifeOptions);
  await using _ = restarted;
  using client = await KafkaClient.connect(kafkaPort);
  expect(await life.faults(client)).toEqual([]);
  expect(await life.goOn(client)).toEqual([]);
  expect(await life.faults(client)).toEqual([]);
  expect(await restarted.end("SIGTERM")).toBe(0);
  expect(restarted.lines.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  const { code, stdout } = await run(["check", data]);
  expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({ code: 0, stdout: "" });
  return life;
}

function shuffled<T>(random: Random, given: readonly T[]): T[] {
  const left = [...given];
  return given.flatMap(() => left.splice(random.below(left.length), 1));
}

const fault = straceFault();

skipUnless(fault === null, fault ?? "")(
  "kill -9 in front of a system call that writes: nothing acknowledged is lost or doubled",
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const { life, restart } = await pointsOf(join(directory.path, "data"));
    const points = shuffled(random, life);
    const cycles = new Cycles(shortKills, longKills, points.length);
    let acknowledged = 0;
    while (cycles.more()) {
      const point = points[cycles.begun - 1]!;
      const again = cycles.begun % 3 === 0 ? shuffled(random, restart)[0]! : null;
      try {
        acknowledged += (await killAt(point, again)).acknowledged;
      } catch (error) {
        const place = ({ call, when }: Point): string => `${call} ${when}`;
        const next = again === null ? "" : `, then in front of ${place(again)} of the next start`;
        throw new Error(`killed in front of ${place(point)}${next}`, { cause: error });
      }
    }
    const of = `of ${life.length} points`;
    report(
      "kill -9 in front of a call",
      `${cycles.begun} ${of}, ${acknowledged} acknowledged, 0 lost`,
    );
    expect(acknowledged).toBeGreaterThan(cycles.begun);
  },
  cyclesMsMax(shortKills, longKills, killMsMax),
);
