/** `obelisk serve`: the broker. It runs until a signal says otherwise. */
import { humanDuration } from "./terminal.ts";
import { brokerOptions, refuseContradiction, refuseExposure } from "../options.ts";
import { StartFailure, startServer, type Door } from "../server.ts";
import { buildVersion } from "./build.ts";
import { defineCommand, exitCode } from "./command.ts";
import { openLog } from "./log.ts";
import type { Output } from "./output.ts";

export const serve = defineCommand({
  name: "serve",
  summary: "run the broker (what `obelisk` does without a command)",
  details: [
    "Keeps everything in one directory, which it makes if it is missing. An OK means that the " +
      "record is on the disk, unless --fsync says otherwise.",
    "SIGTERM and SIGINT answer what was taken, flush and close; a second one ends at once, and " +
      "loses nothing that was acknowledged.",
  ],
  options: brokerOptions,
  examples: [
    { args: "", does: "on 127.0.0.1:8080, in ./data" },
    { args: "--data /var/lib/obelisk --partitions 4", does: "elsewhere, for more consumers" },
    { args: "--fsync interval=100", does: "faster, and a power cut costs 100 ms of records" },
  ],
  isService: true,
  refuse: (options, originOf) =>
    refuseExposure(options, originOf) ?? refuseContradiction(options, originOf),
  async run({ options, stderr, stdout, clock, stop, ...context }) {
    const logger = openLog({ stderr, clock }, options.logLevel, options.logFormat);
    const startedAt = clock.monotonic();
    const server = await startServer(options, logger);
    if (server instanceof StartFailure) return context.fail(server.message);
    const startMs = clock.monotonic() - startedAt;
    if (options.logFormat === "text") writeBanner(stdout, options.data, server.doors, startMs);
    for (const { name, address } of server.doors) logger.info("listening", { door: name, address });
    if (options.insecure) logger.warn("insecure: whoever reaches the ports may read and write");
    logger.info("ready", { topics: server.broker.topics().length, startMs: Math.ceil(startMs) });

    const { promise: stopped, resolve } = Promise.withResolvers<string>();
    stop.onStop(resolve);
    logger.info("stopping", { reason: await stopped, deadlineMs: options.shutdownTimeoutMs });
    const stoppedAt = clock.monotonic();
    await server.stop(options.shutdownTimeoutMs);
    logger.info("stopped", { tookMs: Math.ceil(clock.monotonic() - stoppedAt) });
    return exitCode.ok;
  },
});

/** What listens where, for whoever started it by hand. */
function writeBanner(out: Output, data: string, doors: readonly Door[], startMs: number): void {
  const { style } = out;
  const rows = [["data", data], ...doors.map(({ name, address }) => [name, address])];
  const width = Math.max(...rows.map(([name]) => name?.length ?? 0));
  const lines = rows.map(([name = "", value]) => `  ${name.padEnd(width)}  ${value}`);
  const title = style.bold(`Obelisk ${buildVersion}`);
  out.write(`${title}, started in ${humanDuration(startMs)}\n${lines.join("\n")}\n`);
}
