/** A server as a child of the benchmark: started, seen to answer, and stopped. */
import { closeSync, openSync, readFileSync } from "node:fs";

export interface ServiceOptions {
  readonly command: readonly string[];
  readonly port: number;
  /** What a client says first; empty for a server that speaks first. */
  readonly hello: Uint8Array;
  /** What its answer begins with; empty: anything. */
  readonly answer: string;
  /** A file for what it prints. */
  readonly log: string;
}

export interface Service {
  readonly pid: number;
  /** From its start until it answered; what is asked once a millisecond can't be nearer. */
  readonly startMs: number;
  readonly stop: (signal: "SIGTERM" | "SIGKILL") => Promise<void>;
}

/** How long a server may take to start. */
const startMsMax = 120_000;
/** How long it may take to stop, before it is killed. */
const stopMsMax = 30_000;

/** Those that run. */
const running = new Set<Bun.Subprocess>();

/** Kills all: the benchmark is to end at once. */
export function killServices(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** A port that nobody had a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

export async function startService(options: ServiceOptions): Promise<Service> {
  const log = openSync(options.log, "a");
  const begun = performance.now();
  const child = Bun.spawn([...options.command], { stdin: "ignore", stdout: log, stderr: log });
  closeSync(log);
  running.add(child);
  void child.exited.then(() => running.delete(child));
  while (!(await hasAnswered(options))) {
    if (child.exitCode === null && performance.now() - begun < startMsMax) {
      await Bun.sleep(1);
      continue;
    }
    child.kill("SIGKILL");
    const said = readFileSync(options.log, "utf8").split("\n").slice(-10).join("\n");
    throw new Error(`${options.command[0]} did not start:\n${said}`);
  }
  const startMs = performance.now() - begun;
  return {
    pid: child.pid,
    startMs,
    async stop(signal) {
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
      await child.exited;
      clearTimeout(timer);
    },
  };
}

/** Asks once. */
function hasAnswered({ port, hello, answer }: ServiceOptions): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (socket) => void socket.write(hello),
      data(socket, chunk) {
        resolve(chunk.toString("latin1").startsWith(answer));
        socket.terminate();
      },
      close: () => resolve(false),
      error: () => resolve(false),
    },
  }).catch((error: unknown) => {
    // Nobody listens yet.
    void error;
    resolve(false);
  });
  return promise;
}
