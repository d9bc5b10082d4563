/**
 * `torture`: the tests that torment the built executable, for as long as one likes. Each is a file
 * of `test/e2e`: a short form runs in CI, and here is the long one of the same code.
 */
import { parseArgs } from "node:util";
import { tortureVariables } from "../test/support/rounds.ts";
import { buildIfStale } from "./build.ts";
import { type Command, printStep, root } from "./command.ts";

/** A torment: its file, and which tests of it. */
interface Torment {
  readonly name: string;
  readonly faults: string;
  readonly file: string;
  /** Left out: all. */
  readonly tests?: string;
  /** What it counts is not what one means by a cycle: that is one run of it. */
  readonly isWhole?: boolean;
}

const own = (name: string, faults: string): Torment => ({ name, faults, file: `torture-${name}` });

const torments: readonly Torment[] = [
  { name: "kill", faults: "F1: kill -9 under load", file: "kill", tests: "times kill -9" },
  own("kill-steps", "F2: kill -9 in front of every system call that writes"),
  own("rot", "F6, F7: files at rest that flip, shrink, vanish, change places"),
  own("disk-errors", "F8, F9: EIO from writes, syncs and reads"),
  own("crowds", "F11, F12, F16, F17: floods, no descriptors, little memory, stalled peers"),
  own("time", "F13, F14, F15: a slow disk, a clock that jumps, a broker that sleeps"),
  own("directory", "F29: directories that are another broker's, user's, place's"),
  own("soak", "F37: hours of everything at once; memory and descriptors"),
  { name: "power", faults: "F3, F4: power cuts on ext4 and XFS", file: "power" },
  { name: "metadata-power", faults: "F3: the same for topics and offsets", file: "metadata-power" },
  { name: "full-disk", faults: "F10: a disk that is full, and has room again", file: "full-disk" },
  {
    name: "idempotence",
    faults: "F24: lost answers, kills, power cuts",
    file: "kafka-idempotence",
    isWhole: true,
  },
  { name: "groups", faults: "members and brokers that die", file: "kafka-group" },
  { name: "compaction", faults: "F2, F26: kill -9 while logs are compacted", file: "compaction" },
  {
    name: "shutdown",
    faults: "signals under load",
    file: "shutdown",
    tests: "a signal under load",
  },
];

const usage =
  "torture [name…] [--minutes N | --cycles N]: for each N minutes or cycles; without a number " +
  "each one's own long form\n" +
  torments.map(({ name, faults }) => `  ${name.padEnd(16)}${faults}\n`).join("");

export const torture: Command = {
  summary: "kills, cuts, fills, floods the executable ([name…] --minutes N | --cycles N)",
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { minutes: { type: "string" }, cycles: { type: "string" } },
      allowPositionals: true,
    });
    const chosen = torments.filter(({ name }) => positionals.includes(name));
    const isKnown = (name: string): boolean => torments.some((each) => each.name === name);
    const numbers = [values.minutes, values.cycles].filter((each) => each !== undefined);
    if (!positionals.every(isKnown) || numbers.length > 1 || !numbers.every((n) => Number(n) > 0)) {
      process.stderr.write(usage);
      return 2;
    }
    if (!(await buildIfStale())) return 1;
    let failed = 0;
    for (const torment of chosen.length > 0 ? chosen : torments) {
      if (!(await runOne(torment, { cycles: values.cycles, minutes: values.minutes }))) failed += 1;
    }
    return failed === 0 ? 0 : 1;
  },
};

interface Length {
  readonly cycles: string | undefined;
  readonly minutes: string | undefined;
}

/** Runs one of them once, or again and again, each time with another seed, until its time is up. */
async function runOne(torment: Torment, { cycles, minutes }: Length): Promise<boolean> {
  const begun = performance.now();
  const leftMinutes = (): number => Number(minutes) - (performance.now() - begun) / 60_000;
  const { isWhole = false } = torment;
  const runs = isWhole && cycles !== undefined ? Number(cycles) : 1;
  let ok = true;
  for (let run = 0; ok && (run < runs || (minutes !== undefined && leftMinutes() > 0)); run++) {
    ok = await runTests(torment, {
      [tortureVariables.isLong]: "long",
      ...(isWhole || cycles === undefined ? {} : { [tortureVariables.cycles]: cycles }),
      ...(minutes === undefined ? {} : { [tortureVariables.minutes]: String(leftMinutes()) }),
    });
  }
  printStep(torment.name, ok, performance.now() - begun);
  return ok;
}

async function runTests(torment: Torment, variables: Record<string, string>): Promise<boolean> {
  const { file, tests } = torment;
  const chosen = tests === undefined ? [] : ["--test-name-pattern", tests];
  const words = ["test", `test/e2e/${file}.test.ts`, "--only-failures", ...chosen];
  const child = Bun.spawn([process.execPath, ...words], {
    cwd: root,
    env: { ...process.env, ...variables },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return (await child.exited) === 0;
}
