/**
 * The executable as a process: started with an empty environment, its log read as it comes.
 *
 * Owned data: the processes that run now, so that none is left when the tests of a file are over,
 * whatever happened to them.
 */
import os from "node:os";
import { executable } from "./executable.ts";
import { within } from "./within.ts";

/** One line of the broker's log, `--log-format json`. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** How to start it. */
export interface RunOptions {
  /** All of it; nothing is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Instead of the executable under test. */
  readonly program?: string;
  /**
   * The words of a program that becomes it in the end, or stays outside: the process must be the
   * broker's own.
   */
  readonly under?: readonly string[];
}

/** A process that has ended. */
export interface Ended {
  /** 128 plus the number of the signal that ended it, or its own code. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** From its start to its first answer, or to its end, on a machine that is busy. */
const startMsMax = 30_000;

const running = new Set<ObeliskProcess>();

/** Ends all that run; what they were. */
export async function endProcesses(): Promise<string[]> {
  const left = [...running];
  await Promise.all(left.map((each) => each.end("SIGKILL")));
  return left.map(({ pid }) => `process ${pid}`);
}

/** Runs the executable to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const from = performance.now();
  await using started = new ObeliskProcess(args, options);
  const code = await within(startMsMax, `obelisk ${args.join(" ")}`, started.exited);
  const tookMs = performance.now() - from;
  return { code, stdout: await started.stdout, stderr: await started.stderr, tookMs };
}

/** See the head of this file. */
class ObeliskProcess implements AsyncDisposable {
  /** The lines of its log so far. */
  readonly lines: LogLine[] = [];
  /** Resolves to the exit code when it has ended. */
  readonly exited: Promise<number>;
  /** Everything that it wrote, when it has ended. */
  readonly stdout: Promise<string>;
  readonly stderr: Promise<string>;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #listeners: (() => void)[] = [];

  constructor(args: readonly string[], options: RunOptions = {}) {
    const { under = [], program = executable() } = options;
    this.#child = Bun.spawn([...under, program, ...args], {
      env: { ...options.environment },
      cwd: options.cwd ?? os.tmpdir(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(this);
    this.exited = this.#child.exited.then((code) => {
      running.delete(this);
      return code;
    });
    this.stdout = this.#child.stdout.text();
    this.stderr = this.#follow();
  }

  get pid(): number {
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<number> {
    this.kill(signal);
    return await within(startMsMax, `the end by ${signal}`, this.exited);
  }

  /** The first line with this event; an error with the log if it ends without one. */
  async logged(event: string, ms = startMsMax): Promise<LogLine> {
    const find = async (): Promise<LogLine> => {
      for (;;) {
        const found = this.lines.find((line) => line.event === event);
        if (found !== undefined) return found;
        const more = new Promise<"more">((resolve) => {
          this.#listeners.push(() => resolve("more"));
        });
        const next = await Promise.race([more, this.stderr]);
        if (next !== "more" && !this.lines.some((line) => line.event === event)) {
          throw new Error(`it ended without "${event}" in its log: ${next}`);
        }
      }
    };
    return await within(ms, `"${event}" in the log`, find());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }

  async #follow(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let taken = 0;
    for await (const chunk of this.#child.stderr) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf("\n", taken); end >= 0; end = text.indexOf("\n", taken)) {
        const line = text.slice(taken, end);
        if (line.startsWith("{")) this.lines.push(JSON.parse(line) as LogLine);
        taken = end + 1;
      }
      const listeners = this.#listeners;
      this.#listeners = [];
      for (const listener of listeners) listener();
    }
    return text;
  }
}

/** A broker that answers. */
export interface StartedBroker {
  readonly process: ObeliskProcess;
  /** Of the native protocol. */
  readonly port: number;
  readonly kafkaPort: number;
  /** From the start of the process to its first answer. */
  readonly startMs: number;
}

const portOf = (listening: LogLine): number =>
  Number(String(listening["address"]).split(":").at(-1));

/** Starts `obelisk serve` on a free port, and waits until it has answered a frame. */
export async function startBroker(
  data: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<StartedBroker> {
  const from = performance.now();
  const started = new ObeliskProcess(
    [
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
    options,
  );
  try {
    const port = portOf(await started.logged("listening"));
    const answer = await within(startMsMax, "the first answer", firstAnswer(port));
    if (answer !== "NACK:CORRUPTED\n") throw new Error(`the first answer is ${answer}`);
    const startMs = performance.now() - from;
    await started.logged("ready");
    const door = started.lines.find((line) => line["door"] === "kafka protocol");
    if (door === undefined) throw new Error("it has no door for Kafka's protocol");
    return { process: started, port, kafkaPort: portOf(door), startMs };
  } catch (error) {
    await started.end("SIGKILL");
    throw error;
  }
}

/** What an empty frame is answered. */
async function firstAnswer(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, chunk) => resolve(chunk.toString("latin1")),
      close: () => reject(new Error("closed without an answer")),
      error: (_, error) => reject(error),
    },
  });
  socket.write(new Uint8Array(4));
  try {
    return await promise;
  } finally {
    socket.end();
  }
}
