/**
 * The machine that a benchmark runs on: what it is, whether somebody else works on it, and how it
 * is put into the same state before every run.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { machineBusySeconds } from "./process-facts.ts";

/** For the report. */
export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  /** Processes that wanted to run, averaged over a minute, before the first run. */
  readonly load: number;
}

export function machineFacts(): MachineFacts {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: loadavg()[0] ?? NaN,
  };
}

/** A moment in which so much of the machine is idle is quiet enough to begin. */
const idleShareMin = 0.9;
/** The length of such a moment. */
const momentMs = 300;

/** Waits for a moment in which the machine is idle, for so long at most; whether one came. */
export async function untilQuiet(msMax: number): Promise<boolean> {
  const begun = performance.now();
  while (performance.now() - begun < msMax) {
    const [before, at] = [machineBusySeconds(), performance.now()];
    await Bun.sleep(momentMs);
    const seconds = (performance.now() - at) / 1000;
    const busy = (machineBusySeconds() - before) / (seconds * cpus().length);
    if (!(busy > 1 - idleShareMin)) return true;
  }
  return false;
}

/**
 * Writes and removes a file, so that the memory of the page cache is this machine's already: a
 * virtual machine gets memory from its host page by page, and a first touch costs up to five times
 * a second one.
 */
export function touchMemory(folder: string, gibibytes: number): void {
  const path = join(folder, "touch");
  const file = openSync(path, "w", 0o600);
  const block = new Uint8Array(1 << 20);
  for (let written = 0; written < gibibytes * 1024; written++) writeSync(file, block);
  fsyncSync(file);
  closeSync(file);
  rmSync(path);
}

/** Drops clean pages of files from memory; throws where that is not allowed: only root may. */
export async function dropCaches(): Promise<void> {
  await Bun.spawn(["sync"]).exited;
  writeFileSync("/proc/sys/vm/drop_caches", "3");
}

/** Which CPUs the broker and its client may use; `free`: all. */
export type Placement = "free" | "one CPU" | "two CPUs";

/** CPUs of broker and client, in taskset's words; `null`: as they are. */
export const placements: Readonly<Record<Placement, readonly [string, string] | null>> = {
  free: null,
  "one CPU": ["0", "0"],
  "two CPUs": ["0", "1"],
};

/** Puts all threads of a process on CPUs. */
export async function pin(pid: number, list: string): Promise<void> {
  await Bun.spawn(["taskset", "-acp", list, String(pid)], { stdout: "ignore" }).exited;
}

/** All CPUs of this machine, in taskset's words. */
export const allCpus = `0-${cpus().length - 1}`;

/**
 * Keeps every CPU from falling asleep, with a process of the idle class on each: waking a virtual
 * CPU costs more than a whole request. Stops when disposed of.
 */
export function keepAwake(): AsyncDisposable & { readonly pids: readonly number[] } {
  const spinners = cpus().map((_, at) => {
    const loop = ["sh", "-c", "while :; do :; done"];
    const command = ["taskset", "-c", String(at), "chrt", "--idle", "0", ...loop];
    return Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  });
  return {
    pids: spinners.map(({ pid }) => pid),
    async [Symbol.asyncDispose]() {
      for (const spinner of spinners) spinner.kill("SIGKILL");
      await Promise.all(spinners.map(({ exited }) => exited));
    },
  };
}
