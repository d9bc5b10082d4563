import { describe, expect, test } from "bun:test";
import fs from "node:fs";
import nodePath from "node:path";
import { DiskError } from "../../src/disk/disk.ts";
import { localDisk } from "../../src/disk/local.ts";
import { appendBytes } from "../conformance/full-disk.ts";
import type { FullDiskReport } from "../conformance/full-disk.ts";
import { diskSuite } from "../conformance/disk.suite.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";

diskSuite("the local disk", () => {
  const directory = temporaryDirectory();
  return {
    disk: localDisk(directory.path),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
});

const child = nodePath.join(import.meta.dir, "child.ts");
const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const modeOf = (path: string): string => (fs.statSync(path).mode & 0o777).toString(8);

/** Runs a command to its end; its standard output, which must not be empty. */
async function outputOf(command: readonly string[]): Promise<string> {
  const running = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe" });
  const [output, complaints] = await Promise.all([running.stdout.text(), running.stderr.text()]);
  if (output === "") throw new Error(`${command.join(" ")}: ${complaints}`);
  return output;
}

describe("what the local disk makes is its owner's alone", () => {
  test("files are made 0600 and directories 0700", async () => {
    using directory = temporaryDirectory();
    const disk = localDisk(directory.path);
    await disk.makeDirectory("a/b");
    await disk.writeWhole("a/whole", text("x"));
    for (const mode of ["append", "append-durable", "update"] as const) {
      await (await disk.open(`a/${mode}`, mode)).close();
    }
    const modes = ["a", "a/b", "a/whole", "a/append", "a/append-durable", "a/update"].map((path) =>
      modeOf(nodePath.join(directory.path, path)),
    );
    expect(modes).toEqual(["700", "700", "600", "600", "600", "600"]);
  });

  test("the root and what is above it are made only when asked for by name", async () => {
    using directory = temporaryDirectory();
    const root = nodePath.join(directory.path, "var/lib/obelisk");
    const disk = localDisk(root);
    await expect(disk.makeDirectory("topics")).rejects.toMatchObject({ kind: "missing" });
    await expect(disk.writeWhole("file", text("x"))).rejects.toMatchObject({ kind: "missing" });
    expect(fs.readdirSync(directory.path)).toEqual([]);
    await disk.makeDirectory(".");
    expect(modeOf(root)).toBe("700");
    await disk.makeDirectory(".");
    await disk.makeDirectory("topics");
    expect(fs.readdirSync(root)).toEqual(["topics"]);
  });

  test("a symbolic link is not followed to a file, and removed without what it names", async () => {
    using directory = temporaryDirectory();
    const disk = localDisk(directory.path);
    await disk.makeDirectory("outside");
    await disk.writeWhole("outside/file", text("as it was"));
    await disk.makeDirectory("tree");
    fs.symlinkSync("../outside/file", nodePath.join(directory.path, "tree/link"));
    fs.symlinkSync("../outside", nodePath.join(directory.path, "tree/directory-link"));
    for (const mode of ["read", "append", "append-durable", "update"] as const) {
      await expect(disk.open("tree/link", mode)).rejects.toMatchObject({ kind: "failed" });
    }
    await expect(disk.readWhole("tree/link")).rejects.toBeInstanceOf(DiskError);
    expect((await disk.list("tree")).map((entry) => entry.kind)).toEqual(["other", "other"]);
    await disk.writeWhole("tree/link", text("a file of its own"));
    await disk.remove("tree");
    expect(fs.readFileSync(nodePath.join(directory.path, "outside/file"), "utf8")).toBe(
      "as it was",
    );
  });

  test("what is read as a whole is a file: a pipe is refused, and not waited for", async () => {
    using directory = temporaryDirectory();
    const made = Bun.spawnSync(["mkfifo", nodePath.join(directory.path, "pipe")]);
    expect(made.exitCode).toBe(0);
    const reading = localDisk(directory.path).readWhole("pipe");
    await expect(reading).rejects.toMatchObject({ kind: "failed" });
  });
});

test("a list tells the sizes that are needed, and all names and kinds", async () => {
  using directory = temporaryDirectory();
  for (const name of ["a.log", "b.idx"]) fs.writeFileSync(`${directory.path}/${name}`, "1234567");
  const listed = await localDisk(directory.path).list(".", (name) => name.endsWith(".log"));
  expect(listed).toEqual([
    { name: "a.log", kind: "file", bytes: 7 },
    { name: "b.idx", kind: "file", bytes: 0 },
  ]);
});

test("a directory of 10,000 files is listed with their sizes", async () => {
  using directory = temporaryDirectory();
  for (let i = 0; i < 10_000; i++) fs.writeFileSync(`${directory.path}/${i}`, "x".repeat(i % 5));
  const entries = await localDisk(directory.path).list(".");
  expect(entries).toHaveLength(10_000);
  expect(entries.every(({ name, bytes }) => bytes === Number(name) % 5)).toBe(true);
});

const onLinux = skipUnless(process.platform === "linux", "open flags are read from /proc");

onLinux("only an append-durable file waits for the device at each write", async () => {
  using directory = temporaryDirectory();
  const disk = localDisk(directory.path);
  const flags: Record<string, string[]> = {};
  for (const mode of ["append", "append-durable", "update", "read"] as const) {
    const file = await disk.open(mode === "read" ? "update" : mode, mode);
    flags[mode] = flagsOf(nodePath.join(directory.path, file.path));
    await file.close();
  }
  expect(flags).toEqual({
    append: ["O_APPEND"],
    "append-durable": ["O_APPEND", "O_DSYNC"],
    update: [],
    read: [],
  });
});

/** With which of two flags this process has the file open. */
function flagsOf(path: string): string[] {
  const fd = fs.readdirSync("/proc/self/fd").find((one) => {
    const target = fs.readlinkSync(`/proc/self/fd/${one}`, { encoding: "utf8" });
    return target === path;
  });
  const info = fs.readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
  const flags = Number.parseInt(/flags:\s*([0-7]+)/.exec(info)?.[1] ?? "", 8);
  const names = ["O_APPEND", "O_DSYNC"] as const;
  return names.filter((name) => (flags & fs.constants[name]) !== 0);
}

/** Only there do the system calls have the names that the test expects. */
const canTrace =
  process.platform === "linux" &&
  process.arch === "x64" &&
  Bun.which("strace") !== null &&
  Bun.spawnSync(["strace", "-o", "/dev/null", "true"]).success;
const traced = skipUnless(canTrace, "system calls are watched with strace on Linux x64");

traced("what must be durable is synced before it is said to be done", async () => {
  using directory = temporaryDirectory();
  const trace = nodePath.join(directory.path, "trace");
  const root = nodePath.join(directory.path, "root");
  fs.mkdirSync(root);
  const calls = "trace=mkdir,writev,pwritev,rename,fsync,fdatasync";
  const strace = ["strace", "-f", "-y", "-e", calls, "-e", "signal=none", "-o", trace];
  const running = Bun.spawn([...strace, process.execPath, child, "write-durably", root]);
  expect(await running.exited).toBe(0);
  expect(callsIn(fs.readFileSync(trace, "utf8"), root)).toEqual([
    "mkdir a",
    "mkdir a/b",
    "fsync .",
    "fsync a",
    "pwritev a/b/file.tmp",
    "fdatasync a/b/file.tmp",
    "rename a/b/file.tmp a/b/file",
    "fsync a/b",
    "rename a/b/file a/moved",
    "fsync a",
    "fsync a/b",
    "rename a/moved a/again",
    "fsync a",
    "fsync .",
    "writev a/log",
    "fdatasync a/log",
  ]);
});

/** The calls of a trace that touch `root`, each as its name and the paths in it. */
function callsIn(trace: string, root: string): string[] {
  const calls: string[] = [];
  for (const line of trace.split("\n")) {
    const name = /^\d+ +([a-z]+)\(/.exec(line)?.[1];
    const paths = [...line.matchAll(/[<"](\/[^>"]*)[>"]/g)].map((match) => match[1] ?? "");
    const inside = paths.filter((path) => path === root || path.startsWith(`${root}/`));
    if (name === undefined || inside.length === 0) continue;
    const short = inside.map((path) => nodePath.relative(root, path) || ".");
    calls.push([name, ...short].join(" ").replaceAll(/\.[0-9a-f-]{36}\.tmp/g, ".tmp"));
  }
  return calls;
}

/** Runs a command beside a new, empty tmpfs of 2 MiB, which goes away with the command. */
const onSmallVolume = (directory: string, command: readonly string[]): string[] => {
  const mountAndRun = `mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", mountAndRun, directory, ...command];
};

function canMount(): boolean {
  if (Bun.which("unshare") === null) return false;
  using directory = temporaryDirectory();
  return Bun.spawnSync(onSmallVolume(directory.path, ["true"])).success;
}

describe("a disk that fills up", () => {
  const expected = {
    appendsRefused: ["full", "full"],
    contentRight: true,
    wholeFileRefused: "full",
    wholeFileContent: "as it was",
    names: ["ballast", "log", "settings"],
    recovered: true,
  } as const;

  skipUnless(canMount(), "only root may mount a small volume")(
    "refuses what no longer fits, leaves a torn tail to cut, and recovers (ENOSPC)",
    async () => {
      using directory = temporaryDirectory();
      const fill = [process.execPath, child, "fill", directory.path];
      const output = await outputOf(onSmallVolume(directory.path, fill));
      const report = JSON.parse(output) as FullDiskReport;
      expect(report).toMatchObject(expected);
      expect(report.acknowledgedBytes).toBeGreaterThan(0);
      expect(report.tornBytes).toBeGreaterThan(0);
      expect(report.tornBytes).toBeLessThan(appendBytes);
    },
  );

  test("or a file that reaches its size limit, does the same (EFBIG)", async () => {
    using directory = temporaryDirectory();
    const limited = ["sh", "-c", `ulimit -f 2048 && exec "$@"`, "sh"];
    const fill = [process.execPath, child, "fill", directory.path];
    const report = JSON.parse(await outputOf([...limited, ...fill])) as FullDiskReport;
    expect(report).toMatchObject(expected);
    // The limit, one or two MiB by the shell's unit, is no multiple of an append.
    expect((report.acknowledgedBytes + report.tornBytes) % (1024 * 1024)).toBe(0);
  });
});

test("without descriptors an open is refused as exhausted, and works again later", async () => {
  using directory = temporaryDirectory();
  const limited = ["sh", "-c", `ulimit -n 64 && exec "$@"`, "sh"];
  const exhaust = [process.execPath, child, "exhaust", directory.path];
  const { refused, opened } = JSON.parse(await outputOf([...limited, ...exhaust])) as {
    refused: string;
    opened: number;
  };
  expect(refused).toBe("exhausted");
  expect(opened).toBeGreaterThan(10);
});

describe("defects of Bun that this folder works around", () => {
  test("Bun.write of 256 KiB to an append descriptor still writes zeros first", async () => {
    // Fails once Bun mends it: then say so in the header of `local.ts`, and drop this test.
    using directory = temporaryDirectory();
    const path = nodePath.join(directory.path, "log");
    const fd = fs.openSync(
      path,
      fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_APPEND,
    );
    try {
      const bytes = new Uint8Array(256 * 1024).fill(1);
      await Bun.write(Bun.file(fd), bytes);
      const found = fs.readFileSync(path);
      expect(found.byteLength).toBe(2 * bytes.byteLength);
      expect(found.subarray(0, bytes.byteLength).every((byte) => byte === 0)).toBe(true);
      expect(found.subarray(bytes.byteLength).equals(bytes)).toBe(true);
    } finally {
      fs.closeSync(fd);
    }
  });
});
