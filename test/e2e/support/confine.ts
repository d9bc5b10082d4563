/** Less of the machine for the executable: descriptors, memory. */
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";

/** The words in front of a program that may have so many descriptors. */
export const withDescriptors = (count: number): string[] => shell(`ulimit -n ${count}`);

const shell = (first: string): string[] => ["sh", "-c", `${first} && exec "$@"`, "obelisk"];

/** Where Linux keeps groups of processes whose memory is limited (version 1). */
const memoryRoot = "/sys/fs/cgroup/memory";

/** Why memory can't be limited here; `null` if it can: it was tried. */
export function memoryFault(): string | null {
  if (!fs.existsSync(join(memoryRoot, "memory.limit_in_bytes"))) {
    return "there are no memory groups of version 1";
  }
  try {
    new MemoryGroup(1024 * 1024 * 1024)[Symbol.dispose]();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A group of processes that the system kills when they need more memory than this. */
export class MemoryGroup implements Disposable {
  readonly #path = fs.mkdtempSync(join(memoryRoot, "obelisk-"));

  constructor(bytesMax: number) {
    fs.writeFileSync(join(this.#path, "memory.limit_in_bytes"), String(bytesMax));
  }

  /** The words in front of a program that is in the group from its first instruction on. */
  get under(): string[] {
    return shell(`echo $$ > '${join(this.#path, "cgroup.procs")}'`);
  }

  /** Its processes must have ended. */
  [Symbol.dispose](): void {
    fs.rmdirSync(this.#path);
  }
}

/** Resident memory of a process: now, and at most so far. */
export function residentBytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { now: kibibytes("VmRSS"), peak: kibibytes("VmHWM") };
}

/** Descriptors that a process has open. */
export const descriptorsOf = (pid: number): number => fs.readdirSync(`/proc/${pid}/fd`).length;

export const isLinux = os.platform() === "linux";
