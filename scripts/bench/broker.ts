/** A broker of its own for one run of a benchmark. */
import { readFileSync } from "node:fs";
import { executable } from "../build.ts";

/** Clock ticks a second in /proc (`sysconf(_SC_CLK_TCK)` is 100 on every Linux we run on). */
const ticksPerSecond = 100;

export interface BenchBroker extends AsyncDisposable {
  /** Of the native protocol. */
  readonly port: number;
  readonly kafkaPort: number;
  readonly httpUrl: string;
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
  const [port, kafkaPort, httpPort] = await portsOf(child.stderr);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
  };
  const { pid } = child;
  const httpUrl = `http://127.0.0.1:${httpPort}`;
  return {
    port,
    kafkaPort,
    httpUrl,
    pid,
    cpuSeconds: () => cpuSecondsOf(pid),
    [Symbol.asyncDispose]: stop,
  };
}

async function portsOf(log: ReadableStream<Uint8Array>): Promise<[number, number, number]> {
  const decoder = new TextDecoder();
  let text = "";
  const portOf = (door: string): number =>
    Number(new RegExp(`"door":"${door}","address":"[^"]*:(\\d+)"`).exec(text)?.[1]);
  for await (const chunk of log) {
    text += decoder.decode(chunk, { stream: true });
    if (!text.includes(`"event":"ready"`)) continue;
    return [portOf("native protocol"), portOf("kafka protocol"), portOf("http")];
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
