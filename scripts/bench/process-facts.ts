/** What Linux says of a process in /proc; everything is NaN where there is no /proc. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc (`sysconf(_SC_CLK_TCK)` is 100 on every Linux we run on). */
const ticksPerSecond = 100;

/** Totals of one process at one moment. */
export interface ProcessFacts {
  /** User and system time. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The most that was ever resident (VmHWM). */
  readonly residentBytesMax: number;
  /** What went to the disk, or will: `write_bytes` of /proc/PID/io. */
  readonly writtenBytes: number;
}

/** Reads them now; the process must be alive. */
export function factsOf(pid: number): ProcessFacts {
  const status = procFile(pid, "status");
  const kibibytes = (name: string): number => fieldOf(status, name) * 1024;
  return {
    cpuSeconds: cpuSecondsOf(pid),
    residentBytes: kibibytes("VmRSS"),
    residentBytesMax: kibibytes("VmHWM"),
    writtenBytes: fieldOf(procFile(pid, "io"), "write_bytes"),
  };
}

/** User and system time of a process. */
export const cpuSecondsOf = (pid: number): number => readStat(procFile(pid, "stat")).cpuSeconds;

/** Parent of the kernel's own threads. */
const kernelThreads = 2;

/** CPU time of the kernel's own threads, which write to the disk what others gave it. */
export function kernelCpuSeconds(): number {
  if (!existsSync("/proc")) return NaN;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const stats = pids.map((pid) => readStat(procFile(Number(pid), "stat")));
  return stats
    .filter(({ parent }) => parent === kernelThreads)
    .reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

/** /proc/PID/stat; the name in brackets may hold anything. */
function readStat(text: string): { parent: number; cpuSeconds: number } {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  return { parent: Number(fields[1]), cpuSeconds };
}

/** Seconds that the machine's CPUs have worked, or were taken from it by its host. */
export function machineBusySeconds(): number {
  if (!existsSync("/proc/stat")) return NaN;
  const [first = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  const [user = NaN, nice = NaN, system = NaN, , , interrupts = NaN, soft = NaN, stolen = NaN] =
    first.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + interrupts + soft + stolen) / ticksPerSecond;
}

/** Empty where there is no such process. */
function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch (error) {
    // It has ended, or this system has no /proc.
    void error;
    return "";
  }
}

function fieldOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? NaN);
}
