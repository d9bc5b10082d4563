import { describe, expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker, type StartedBroker } from "./support/broker-process.ts";
import { Checker } from "./support/checker.ts";
import { Client } from "./support/client.ts";
import { readDirectory } from "./support/directory-reader.ts";
import { executable } from "./support/executable.ts";
import { History } from "./support/history.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { median, report, spread } from "./support/numbers.ts";
import { treeOf } from "./support/tree.ts";

leaveNothing();

/** What a machine of today does not notice; far above what was ever measured. */
const startMsMax = 250;
const idleBytesMax = 150 * 1024 * 1024;
const executableBytesMax = 200 * 1024 * 1024;
/** Starts from nothing, of which the middle one counts. */
const starts = 7;

/** The executable, copied into a directory in which there is nothing else. */
function copyInto(directory: string): string {
  const program = join(directory, "obelisk");
  fs.copyFileSync(executable(), program);
  fs.chmodSync(program, 0o755);
  return program;
}

/** Resident memory, from the system. */
function residentBytes({ process: { pid } }: StartedBroker): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return Number(kibibytes) * 1024;
}

/** Each path below `root`, sorted. */
const pathsIn = (root: string): string[] => Object.keys(treeOf(root));

describe("the executable, alone in an empty directory with an empty environment", () => {
  test("starts, takes a record, gives it back, and makes nothing but its data directory", async () => {
    using directory = temporaryDirectory();
    const program = copyInto(directory.path);
    const broker = await startBroker("data", [], { program, cwd: directory.path });
    await using _ = broker.process;
    const history = new History(1);
    using client = await Client.connect(broker.port);
    expect(await client.produce(history.producers[0]!, "user-events", 100)).toBe("OK");
    client[Symbol.dispose]();
    expect(await broker.process.end("SIGTERM")).toBe(0);
    const checker = new Checker(history, false);
    await readDirectory(join(directory.path, "data"), checker);
    expect(checker.findings()).toEqual([]);
    expect(pathsIn(directory.path)).toEqual([
      "data",
      "data/lock",
      "data/obelisk.db",
      "data/topics",
      "data/topics/user-events",
      "data/topics/user-events/0",
      "data/topics/user-events/0/00000000000000000000.idx",
      "data/topics/user-events/0/00000000000000000000.log",
      "data/topics/user-events/0/producers",
      "data/topics/user-events/topic-id",
      "obelisk",
    ]);
  });

  test("leaves nothing in the home and the temporary directory, where they are named", async () => {
    using directory = temporaryDirectory();
    const [home, temporary, empty] = ["home", "temporary", "empty"].map((name) => {
      return join(directory.path, name);
    }) as [string, string, string];
    for (const path of [home, temporary, empty]) fs.mkdirSync(path);
    const broker = await startBroker(join(directory.path, "data"), [], {
      program: copyInto(directory.path),
      cwd: empty,
      environment: { HOME: home, TMPDIR: temporary, XDG_CACHE_HOME: home },
    });
    await using _ = broker.process;
    using client = await Client.connect(broker.port);
    const producer = new History(1).producers[0]!;
    expect(await client.produce(producer, "user-events", 100)).toBe("OK");
    client[Symbol.dispose]();
    expect(await broker.process.end("SIGTERM")).toBe(0);
    for (const path of [home, temporary, empty]) expect(pathsIn(path)).toEqual([]);
  });

  test("everything that it makes is for its owner only", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const broker = await startBroker(data);
    await using _ = broker.process;
    using client = await Client.connect(broker.port);
    await client.produce(new History(1).producers[0]!, "user-events", 100);
    const paths = [data, ...pathsIn(data).map((name) => join(data, name))];
    expect(paths.length).toBeGreaterThan(5);
    const open = paths.filter((path) => (fs.lstatSync(path).mode & 0o077) !== 0);
    expect(open).toEqual([]);
  });
});

describe("what lies in the working directory", () => {
  /** A trap: whoever loads these files leaves a trace. */
  function setTrap(directory: string): void {
    const trap = `require("node:fs").writeFileSync("trapped", "");`;
    fs.writeFileSync(join(directory, "trap.js"), trap);
    fs.writeFileSync(join(directory, "bunfig.toml"), `preload = ["./trap.js"]\n`);
    fs.writeFileSync(join(directory, ".env"), "OBELISK_PARTITIONS=3\nTRAPPED=yes\n");
    fs.writeFileSync(join(directory, "say.js"), "process.stdout.write(process.env.TRAPPED ?? '')");
  }

  test("would be loaded by the runtime itself: the trap is one", async () => {
    using directory = temporaryDirectory();
    setTrap(directory.path);
    const child = Bun.spawn([process.execPath, "say.js"], {
      cwd: directory.path,
      env: {},
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(await child.stdout.text()).toBe("yes");
    expect(pathsIn(directory.path)).toContain("trapped");
  });

  test("is neither run nor read by the executable", async () => {
    using directory = temporaryDirectory();
    setTrap(directory.path);
    const broker = await startBroker("data", [], { cwd: directory.path });
    await using _ = broker.process;
    using client = await Client.connect(broker.port);
    await client.produce(new History(1).producers[0]!, "user-events", 100);
    const paths = pathsIn(directory.path);
    expect(paths).not.toContain("trapped");
    expect(paths.filter((path) => /^data\/topics\/user-events\/\d+$/.test(path))).toHaveLength(1);
  });
});

skipUnless(process.platform === "linux", "memory is read from /proc")(
  "size, start and memory of the executable are what one expects of a single file",
  async () => {
    const { size } = fs.statSync(executable());
    const startMs: number[] = [];
    let residentIdle = 0;
    for (let start = 0; start < starts; start++) {
      using directory = temporaryDirectory();
      const broker = await startBroker(join(directory.path, "data"));
      await using _ = broker.process;
      await broker.process.logged("ready");
      startMs.push(broker.startMs);
      residentIdle = residentBytes(broker);
    }
    report("the executable", `${(size / 1e6).toFixed(1)} MB`);
    report("start to first answer, in an empty directory", spread(startMs, "ms"));
    report("resident memory, idle", `${(residentIdle / 1024 / 1024).toFixed(1)} MiB`);
    expect(size).toBeLessThan(executableBytesMax);
    expect(median(startMs)).toBeLessThan(startMsMax);
    expect(residentIdle).toBeGreaterThan(1024 * 1024);
    expect(residentIdle).toBeLessThan(idleBytesMax);
  },
);
