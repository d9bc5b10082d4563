/** A call of the real program, with its real commands, in a world in memory. */
import { commands } from "../../src/cli/commands.ts";
import { runProgram } from "../../src/cli/program.ts";
import type { Input } from "../../src/cli/command.ts";
import { MemoryWorld } from "../fake/world.ts";
import type { MemoryWorldOptions } from "../fake/world.ts";

/** All that can be seen of a call. */
export interface Called {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs it to its end. */
export const call = (args: readonly string[], options: MemoryWorldOptions = {}): Promise<Called> =>
  callIn(new MemoryWorld(options), args);

/** The same with somebody at a terminal, who types `typed`. */
export function callTyping(args: readonly string[], typed: string): Promise<Called> {
  const world = new MemoryWorld({ stdin: typed });
  return callIn(withInput(world, { ...world.stdin, isTerminal: true }), args);
}

/** A world whose standard input is `stdin`. */
export function withInput(world: MemoryWorld, stdin: Input): MemoryWorld {
  return Object.defineProperty(world, "stdin", { value: stdin });
}

/** The same in a world that a test goes on to look at, or to change. */
export async function callIn(world: MemoryWorld, args: readonly string[]): Promise<Called> {
  const code = await runProgram({ calledAs: "obelisk", args }, commands, world);
  return { code, out: world.stdout.text, error: world.stderr.text };
}
