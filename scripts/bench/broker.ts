/** A broker of its own for one run of a benchmark. */
import { readFileSync } from "node:fs";
import { executable } from "../build.ts";

/** Clock ticks a second in /proc (`sysconf(_SC_CLK_TCK)` is 100 on every Linux we run on). */
const ticksPerSecond = 100;

export interface BenchBroker extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** User and system time so far; NaN where there is no /proc. */
  cpuSeconds(): number;
}

/** Starts the executable on a free port and waits until it listens. */
export async function startBroker(data: string, args: string[] = []): Promise<BenchBroker> {
  const child = Bun.spawn(
    [
      executable,
      "serve",
      "--data",
      data,
      "--native-port",
      "0",
      "--kafka-port",
      "0",
      "--http-port",
      "0",
      "--log-format",
      "json",
      ...args,
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  const port = await portOf(child.stderr);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
  };
  const { pid } = child;
  return { port, pid, cpuSeconds: () => cpuSecondsOf(pid), [Symbol.asyncDispose]: stop };
}

async function portOf(log: ReadableStream<Uint8Array>): Promise<number> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of log) {
    text += decoder.decode(chunk, { stream: true });
    const port = /"door":"native protocol","address":"[^"]*:(\d+)"/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`the broker did not start:\n${text}`);
}

function cpuSecondsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch (error) {
    if (process.platform !== "linux") return NaN;
    throw error;
  }
}
