/** What every subcommand of `run.ts` is made of, and how it runs other programs. */
import { join } from "node:path";

/** One subcommand: a line for the help and what it does; resolves to the exit code. */
export interface Command {
  readonly summary: string;
  run(args: readonly string[]): Promise<number>;
}

/** The folder that holds package.json. */
export const root = join(import.meta.dir, "..");

/** How a program ended, and all it printed. */
export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a program in {@link root}, in silence, with `extra` in its environment. */
export async function capture(
  command: readonly string[],
  extra: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const child = Bun.spawn([...command], {
    cwd: root,
    env: { ...process.env, ...extra },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { ok: code === 0, output: output + errors };
}

/** Does one step and prints its name, its time and, if it fails, what it said. */
export async function step(name: string, action: () => Promise<Outcome>): Promise<boolean> {
  const begun = performance.now();
  const { ok, output } = await action();
  printStep(name, ok, performance.now() - begun);
  if (!ok) process.stdout.write(`${output.trimEnd()}\n`);
  return ok;
}

/** The line of a step that is done. */
export function printStep(name: string, ok: boolean, ms: number): void {
  const seconds = (ms / 1000).toFixed(2).padStart(7);
  process.stdout.write(`${seconds} s  ${name}${ok ? "" : ": failed"}\n`);
}
