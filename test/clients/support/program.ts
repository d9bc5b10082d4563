/**
 * Programs beside the broker, run to their end. Owned data: those that run now, so that none
 * outlives its test.
 */
import { afterEach } from "bun:test";
import os from "node:os";

/** How to run one. */
export interface ProgramOptions {
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** One that has ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program with its streams open: for members of a group, that other things happen beside. */
export class Program implements AsyncDisposable {
  /** What it has written so far. */
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;
  readonly #child: Bun.Subprocess<Blob, "pipe", "pipe">;

  constructor(command: readonly string[], options: ProgramOptions = {}) {
    this.#child = Bun.spawn([...command], {
      cwd: options.cwd ?? os.tmpdir(),
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.environment },
      stdin: new Blob([options.stdin ?? ""]),
      stdout: "pipe",
      stderr: "pipe",
    });
    running.add(this);
    this.ended = this.#follow();
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.#child.kill(signal);
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }

  async #follow(): Promise<Ended> {
    await Promise.all([
      eachText(this.#child.stdout, (text) => (this.stdout += text)),
      eachText(this.#child.stderr, (text) => (this.stderr += text)),
    ]);
    const code = await this.#child.exited;
    running.delete(this);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }
}

async function eachText(
  stream: ReadableStream<Uint8Array>,
  take: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

const running = new Set<Program>();

/** Runs it to its end, which must be good. What it wrote to standard output. */
export async function output(
  command: readonly string[],
  options?: ProgramOptions,
): Promise<string> {
  const ended = await runProgram(command, options);
  if (ended.code === 0) return ended.stdout;
  const said = `${ended.stdout}\n${ended.stderr}`.trim();
  throw new Error(`${command.slice(0, 8).join(" ")} … ended with ${ended.code}: ${said}`);
}

/** Runs it to its end, whatever that is. */
export async function runProgram(
  command: readonly string[],
  options?: ProgramOptions,
): Promise<Ended> {
  await using program = new Program(command, options);
  return await program.ended;
}

/** Once in each file: a test that was cut short by its time limit leaves no program running. */
export function endPrograms(): void {
  afterEach(async () => {
    await Promise.all([...running].map((each) => each.end("SIGKILL")));
  });
}
