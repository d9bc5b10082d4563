/** The log of a command that runs for long: on standard error, with a bound on unread lines. */
import { createLogger } from "../base/logger.ts";
import type { LogFormat, Logger, LogLevel } from "../base/logger.ts";
import { logQueueBytesMax } from "../limits.ts";
import type { World } from "./command.ts";
import { plain } from "./terminal.ts";

/** A logger on the world's standard error. */
export function openLog(
  { stderr, clock }: Pick<World, "stderr" | "clock">,
  level: LogLevel,
  format: LogFormat,
): Logger {
  return createLogger({
    level,
    format,
    colours: stderr.style !== plain,
    clock,
    write(line) {
      if (stderr.queuedBytes + line.length > logQueueBytesMax) return false;
      stderr.write(line);
      return true;
    },
  });
}
