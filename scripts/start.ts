/** `npm start`: the broker in the foreground, built first if need be, in place of this process. */
import type { Command } from "./command.ts";
import { buildIfStale, executable } from "./build.ts";

export const start: Command = {
  summary: "build if stale, then `obelisk serve` with the arguments given",
  async run(args) {
    if (!(await buildIfStale())) return 1;
    // It takes over this process: signals and exit code are the broker's own.
    process.execve?.(executable, [executable, "serve", ...args], process.env);
    throw new Error("this Bun can't replace its process; run dist/obelisk yourself");
  },
};
