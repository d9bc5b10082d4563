/**
 * Faults in the system calls of the executable, by `strace`: errors, delays, and the end of the
 * process in front of a call. Calls that are not named are not traced and cost nothing.
 *
 * `strace` counts the calls of each thread for itself. Source: strace(1), "Tampering".
 */
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";

/** Calls that change what is on the disk, and those without which nothing is changed. */
const writingCalls = [
  ...["openat", "write", "pwrite64", "writev", "pwritev", "fdatasync", "fsync", "ftruncate"],
  ...["rename", "unlink", "unlinkat", "mkdir", "rmdir"],
];

/** One fault; `when`: which calls of a thread it meets, in the words of strace: `3`, `3+`. */
export interface Injection {
  readonly calls: readonly string[];
  /** `signal=KILL`, `error=EIO`, `delay_exit=200000`. */
  readonly what: string;
  readonly when?: string;
}

/** Why faults can't be injected here; `null` if they can: it was tried. */
export function straceFault(): string | null {
  if (Bun.which("strace") === null) return "strace is not installed";
  const words = under([{ calls: ["fsync"], what: "error=EIO" }]);
  const tried = Bun.spawnSync([...words, "true"], { stdio: ["ignore", "ignore", "pipe"] });
  return tried.exitCode === 0 ? null : `strace: ${tried.stderr.toString().trim()}`;
}

/**
 * The words in front of a program whose calls meet these faults.
 * @param paths if there are any: only calls on these files
 */
export function under(injections: readonly Injection[], paths: readonly string[] = []): string[] {
  const traced = injections.flatMap(({ calls }) => calls).join();
  return [
    ...[...quiet, "-e", `trace=${traced}`, "-o", "/dev/null"],
    ...paths.flatMap((path) => ["-P", path]),
    ...injections.flatMap(({ calls, what, when }) => {
      const condition = when === undefined ? "" : `:when=${when}`;
      return ["-e", `inject=${calls.join()}:${what}${condition}`];
    }),
  ];
}

/** `-D`: the process is the program's own; `-f`: all its threads. */
const quiet = ["strace", "-D", "-f", "-qqq", "--seccomp-bpf", "-e", "signal=none"];

/** Counts the calls of a program; see {@link counted}. */
export class CallCount implements Disposable {
  readonly #directory = fs.mkdtempSync(join(os.tmpdir(), "obelisk-calls-"));
  readonly #path = join(this.#directory, "calls");

  get under(): string[] {
    return [...quiet, "-e", `trace=${writingCalls.join()}`, "-o", this.#path];
  }

  /** How often the thread that did it most often has done each, once the program has ended. */
  counted(): ReadonlyMap<string, number> {
    const most = new Map<string, number>();
    const byThread = new Map<string, number>();
    for (const line of fs.readFileSync(this.#path, "utf8").split("\n")) {
      // Not `<... resumed`: that was counted when it began.
      const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
      if (thread === undefined || call === undefined) continue;
      const count = (byThread.get(`${thread} ${call}`) ?? 0) + 1;
      byThread.set(`${thread} ${call}`, count);
      most.set(call, Math.max(most.get(call) ?? 0, count));
    }
    return most;
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.#directory, { recursive: true, force: true });
  }
}
