/** kill -9 in front of each system call that could change something on the disk. */
import { expect } from "bun:test";
import { join } from "node:path";
import { Cycles, cyclesMsMax } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { run, type RunOptions, startBroker } from "./support/broker-process.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { report } from "./support/numbers.ts";
import {
  inTurns,
  liveAll,
  type Outcome,
  type Point,
  pointsOf,
  startOrEnd,
} from "./support/life-points.ts";
import { straceFault, under } from "./support/strace.ts";
import { WholeLife, wholeLifeOptions } from "./support/whole-life.ts";

leaveNothing();

const shortKills = 8;
/** Under `torture` each point is met once; this is more than there are. */
const longKills = 100_000;
const killMsMax = 60_000;
/** 128 plus the number of SIGKILL. */
const killed = 137;

const killingAt = ({ call, when }: Point): RunOptions => ({
  under: under([{ calls: [call], what: "signal=KILL", when: String(when) }]),
});

/** When one life is killed, and when the next, if it is. */
interface Moment {
  readonly point: Point;
  readonly again: Point | null;
}

const placeOf = ({ call, when }: Point): string => `${call} ${when}`;

const nameOf = ({ point, again }: Moment): string => {
  const next = again === null ? "" : `, then in front of ${placeOf(again)} of the next start`;
  return `killed in front of ${placeOf(point)}${next}`;
};

/** One life that ends at a point; sometimes the next one ends while it starts. */
async function killAt({ point, again }: Moment): Promise<Outcome> {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  const life = new WholeLife();
  const broker = await startOrEnd(data, killingAt(point));
  if (broker !== null) {
    await using _ = broker.process;
    // A point that the other threads have left to nobody is not met.
    expect([0, killed]).toContain(await life.live(broker));
  }
  if (again !== null) {
    const next = await startOrEnd(data, killingAt(again));
    await next?.process.end("SIGKILL");
  }
  const { process: restarted, kafkaPort } = await startBroker(data, wholeLifeOptions);
  await using _ = restarted;
  using client = await KafkaClient.connect(kafkaPort);
  const faults = [
    ...(await life.faults(client)),
    ...(await life.goOn(client)),
    ...(await life.faults(client)),
  ];
  const stopped = await restarted.end("SIGTERM");
  if (stopped !== 0) faults.push(`the next broker stopped with ${stopped}`);
  for (const { level, event } of restarted.lines) {
    if (level === "warn" || level === "error") faults.push(`the next broker logged: ${event}`);
  }
  const { code, stdout } = await run(["check", data]);
  if (code !== 0) faults.push(`check found damage: ${stdout}`);
  return { acknowledged: life.acknowledged, faults };
}

const fault = straceFault();

skipUnless(fault === null, fault ?? "")(
  "kill -9 in front of a system call that writes: nothing acknowledged is lost or doubled",
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const { life, restart } = await pointsOf(join(directory.path, "data"));
    const moments = inTurns(random, life).map((point, index): Moment => {
      const again = index % 3 === 2 ? (restart[random.below(restart.length)] ?? null) : null;
      return { point, again };
    });
    const cycles = new Cycles(shortKills, longKills);
    const { acknowledged, faults } = await liveAll(cycles.of(moments), nameOf, killAt);
    const of = `of ${life.length} points`;
    report("kill -9 in front of a call", `${cycles.begun} ${of}, ${acknowledged} acknowledged`);
    expect(faults).toEqual([]);
    expect(acknowledged).toBeGreaterThan(cycles.begun);
  },
  cyclesMsMax(shortKills, longKills, killMsMax),
);
