/** `obelisk top`: a running broker, live in a terminal, or one look at it. */
import {
  topHistoryMax,
  topIntervalMsDefault,
  topIntervalMsMax,
  topIntervalMsMin,
} from "../limits.ts";
import { brokerOptions } from "../options.ts";
import { defineCommand, exitCode } from "./command.ts";
import type { World } from "./command.ts";
import { duration, toggle } from "./option-kinds.ts";
import { humanCount } from "./terminal.ts";
import { watch } from "./top-live.ts";
import type { Reading } from "./top-reading.ts";
import { ScrapeFailure } from "./top-scrape.ts";
import { snapshotJson, snapshotText } from "./top-snapshot.ts";
import { httpUrl, type Look, sourceAt, sourceName } from "./top-source.ts";
import { firstState, sampled, type TopState } from "./top-state.ts";
import { FullTerminal } from "./top-terminal.ts";

export const top = defineCommand({
  name: "top",
  summary: "throughput, lag and latency of a running broker, live",
  details: [
    "Fills the terminal, and is kept up to date: records and bytes in and out, latencies, lag, " +
      "the process, and tables of topics and groups. q ends it, ? says what other keys do. If " +
      "the broker is gone it says so, and goes on when it is back.",
    "It reads /metrics on the broker's HTTP port, of this machine unless --url names another. " +
      `Plots go back ${humanCount(topHistoryMax)} looks at most, one in each column.`,
    "Where standard output is no terminal, and with --once or --json, it looks twice, --interval " +
      "apart, prints what came between, and ends. --json prints one object; rates are of a " +
      "second, latencies in seconds, null: not known.",
  ],
  options: {
    url: httpUrl({
      default: null,
      help: "The broker's HTTP port; left out: that of this machine, at --http-port",
    }),
    httpPort: {
      ...brokerOptions.httpPort,
      help: "Port on this machine, as serve has it",
    },
    interval: duration({
      default: topIntervalMsDefault,
      min: topIntervalMsMin,
      max: topIntervalMsMax,
      help: "How often it looks",
    }),
    once: toggle({ help: "Print what is there, and end" }),
    json: toggle({ help: "The same as JSON, on one line" }),
  },
  examples: [
    { args: "", does: "the broker of this machine" },
    { args: "--url http://broker.example:8081 --interval 5s", does: "another one, less often" },
    { args: "--json --interval 10s", does: "the rates of the next ten seconds, for a script" },
  ],
  refuse({ url, httpPort }) {
    const isNowhere = url === null && (httpPort === null || httpPort === 0);
    return isNowhere ? "--http-port names no port to ask: say --url." : null;
  },
  async run({ options, stdin, environment, ...context }) {
    const { clock, stdout, stop } = context;
    const url = options.url ?? new URL(`http://127.0.0.1:${options.httpPort}`);
    const look = sourceAt(url, clock);
    const first = firstState(sourceName(url), options.interval);
    const isOnce = options.once || options.json || !stdout.isTerminal;
    if (!isOnce && environment["TERM"] !== "dumb") {
      const terminal = new FullTerminal(stdout, stdin.isTerminal);
      await watch(first, look, terminal, { clock, stdout, stop });
      return exitCode.ok;
    }
    const found = await lookTwice(first, look, clock);
    if (found instanceof ScrapeFailure) {
      const help = "Is a broker there? obelisk serve starts one, --url says where it is.";
      return context.fail(`${first.source}: ${found.message}. ${help}`);
    }
    const { state, reading } = found;
    stdout.write(
      options.json ? snapshotJson(state, reading) : snapshotText(state, reading, stdout),
    );
    return exitCode.ok;
  },
});

interface Found {
  readonly state: TopState;
  readonly reading: Reading;
}

async function lookTwice(
  first: TopState,
  look: Look,
  clock: World["clock"],
): Promise<Found | ScrapeFailure> {
  const { signal } = new AbortController();
  const before = await look(signal);
  if (before instanceof ScrapeFailure) return before;
  await new Promise<void>((resolve) => clock.after(first.intervalMs, resolve));
  const now = await look(signal);
  if (now instanceof ScrapeFailure) return now;
  const state = sampled(sampled(first, before), now);
  return { state, reading: state.reading! };
}
