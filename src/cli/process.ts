/**
 * The real world of a command: this process, its descriptors, environment and signals; and how the
 * process begins and ends. Tests of commands hand in another world.
 */
import { fstatSync, statSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { systemClock } from "../base/clock.ts";
import { optionFileBytesMax } from "../limits.ts";
import { exitCode } from "./command.ts";
import type { World } from "./command.ts";
import { DescriptorOutput } from "./output.ts";
import { runProgram } from "./program.ts";
import type { Registry } from "./program.ts";
import { Stop } from "./stop.ts";
import { coloured, plain, wantsColours } from "./terminal.ts";

/** Runs the command that this process was called for, and ends the process with its code. */
export function runProcess(registry: Registry): void {
  const stop = new Stop((code) => process.exit(code), systemClock);
  process.on("SIGINT", () => stop.request("SIGINT"));
  process.on("SIGTERM", () => stop.request("SIGTERM"));

  const stdout = openOutput(1, (code, message) => {
    if (code === "EPIPE") return stop.request("closed");
    writeSync(2, `obelisk: can't write to standard output: ${message}\n`);
    stop.request("unwritable");
  });
  // Without standard error there is nowhere to say so, and no reason to end.
  const stderr = openOutput(2, () => {});
  const world: World = {
    environment: process.env,
    stdin: { isTerminal: isTerminal(0), chunks: () => Bun.stdin.stream() },
    stdout,
    stderr,
    clock: systemClock,
    stop,
    readSmallFile,
  };

  // A defect: what is said goes out at once, since nothing can be relied on any more.
  const crash = (error: unknown): void => {
    stdout.flushNow();
    stderr.flushNow();
    const place = error instanceof Error ? (error.stack ?? error.message) : String(error);
    writeSync(2, `obelisk: this is a defect, please report it: ${place}\n`);
    process.exit(exitCode.failed);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);

  const finish = async (code: number): Promise<void> => {
    await Promise.all([stdout.flush(), stderr.flush()]);
    process.exit(code);
  };
  const call = { calledAs: basename(process.argv0), args: process.argv.slice(2) };
  // Not awaited: while the entry module waits, a rejection elsewhere would not end the process.
  void runProgram(call, registry, world).then(finish).catch(crash);
}

/**
 * Asks `node:tty` only about what may be a terminal: loading it takes 2 ms of a start of 7. What a
 * service reads from, `/dev/null`, is none.
 */
function isTerminal(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    const nothing = statSync("/dev/null", { throwIfNoEntry: false });
    if (!stat.isCharacterDevice() || stat.rdev === nothing?.rdev) return false;
  } catch (error) {
    // A descriptor that is closed (`>&-`) is no terminal.
    void error;
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}

/** Output without a terminal, and a terminal that doesn't say, is this wide. */
const columnsDefault = 100;

function openOutput(
  descriptor: 1 | 2,
  onFailure: (code: string, message: string) => void,
): DescriptorOutput {
  const isTerminalOutput = isTerminal(descriptor);
  return new DescriptorOutput(descriptor, {
    isTerminal: isTerminalOutput,
    style: wantsColours(isTerminalOutput, process.env) ? coloured : plain,
    columns() {
      if (!isTerminalOutput) return columnsDefault;
      return (descriptor === 1 ? process.stdout : process.stderr).columns || columnsDefault;
    },
    onFailure,
  });
}

async function readSmallFile(path: string): Promise<{ text: string } | { failure: string }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    // By its stream: what a shell makes of <(…) has no size to ask for.
    for await (const chunk of Bun.file(path).stream()) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > optionFileBytesMax) {
        return { failure: `it has more than ${optionFileBytesMax} bytes` };
      }
    }
    return { text };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
