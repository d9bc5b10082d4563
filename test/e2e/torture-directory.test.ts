/** Data directories that are another's: a running broker's, another user's, another place's. */
import { expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { Cycles, cyclesMsMax } from "../support/rounds.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { run } from "./support/broker-process.ts";
import { executable } from "./support/executable.ts";
import { readPartition } from "./support/kafka-partition.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Neighbours, neighbour, victim } from "./support/neighbours.ts";
import { report, spread } from "./support/numbers.ts";
import { treeOf } from "./support/tree.ts";

leaveNothing();

const [shortStarts, longStarts] = [3, 100];
const startMsMax = 30_000;

const serveWords = (data: string): string[] => [
  ...["serve", "--data", data],
  ...["--native-port", "0", "--kafka-port", "0", "--http-port", "0"],
];

/** A directory in which a broker has worked, and what it was told. */
async function worked(data: string): Promise<Neighbours> {
  const pair = new Neighbours(data);
  await pair.start();
  expect(await pair.produceTimes(victim, 5)).toEqual(["NONE"]);
  expect(await pair.produceTimes(neighbour, 5)).toEqual(["NONE"]);
  return pair;
}

test(
  "a second broker in a directory, by another name for it: refused, and nothing is touched",
  async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    await using pair = await worked(data);
    const other = join(directory.path, "other");
    fs.symlinkSync(data, other);
    const { pid } = pair.broker.process;
    const tookMs: number[] = [];
    const cycles = new Cycles(shortStarts, longStarts);
    for (const _ of cycles.numbers()) {
      const second = await run(serveWords(other));
      expect(second.stderr).toContain(`is in use by process ${pid}: a directory has one broker`);
      expect([second.code, second.stdout]).toEqual([1, ""]);
      tookMs.push(second.tookMs);
      expect(await pair.produce(neighbour)).toBe("NONE");
    }
    report(`a second broker, ${cycles.begun} times: refused within`, spread(tookMs, "ms"));
    expect(await pair.faults()).toEqual([]);
    expect(await pair.end("SIGTERM")).toBe(0);
  },
  cyclesMsMax(shortStarts, longStarts, startMsMax),
);

test("a log that is a symbolic link: not followed, reported as lost, and there again later", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  await using pair = await worked(data);
  expect(await pair.end("SIGTERM")).toBe(0);
  const log = join(data, "topics", victim, "0", "00000000000000000000.log");
  const elsewhere = join(directory.path, "elsewhere");
  fs.renameSync(log, elsewhere);
  fs.symlinkSync(elsewhere, log);
  const before = fs.readFileSync(elsewhere);
  await pair.start();
  const { records, refused } = await readPartition(pair.client, victim);
  expect([records, refused]).toEqual([[], [{ code: "KAFKA_STORAGE_ERROR", from: 0, to: 5 }]]);
  expect(pair.broker.process.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  // They get offsets behind what is lost.
  expect(await pair.produceTimes(victim, 5)).toEqual(["NONE"]);
  expect(await pair.produceTimes(neighbour, 5)).toEqual(["NONE"]);
  expect(await pair.end("SIGTERM")).toBe(0);
  expect(fs.readFileSync(elsewhere)).toEqual(before);
  fs.rmSync(log);
  fs.renameSync(elsewhere, log);
  await pair.start();
  expect(await pair.produceTimes(victim, 5)).toEqual(["NONE"]);
  expect(await pair.faults()).toEqual([]);
  expect(await pair.end("SIGTERM")).toBe(0);
});

/** A user that owns nothing. */
const nobody = "65534";
const isRoot = process.getuid?.() === 0;
const canSwitch = isRoot && Bun.which("setpriv") !== null;

skipUnless(canSwitch, isRoot ? "setpriv is not installed" : "only root may be somebody else")(
  "another user's directory: the message names it, and nothing is touched",
  async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    await using pair = await worked(data);
    expect(await pair.end("SIGTERM")).toBe(0);
    // Where the executable is, that user may not look.
    const program = join(directory.path, "obelisk");
    fs.copyFileSync(executable(), program);
    for (const path of [directory.path, program]) fs.chmodSync(path, 0o755);
    const before = treeOf(data);
    const under = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
    const refused = await run(serveWords(data), { program, under });
    expect(refused.stderr).toStartWith(`obelisk serve: data directory ${data}: `);
    expect([refused.code, refused.stdout]).toEqual([1, ""]);
    expect(treeOf(data)).toEqual(before);
  },
);
