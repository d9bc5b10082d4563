/** What is known of this process beside the broker: what the console shows of it. */
import nodePath from "node:path";
import type { ServerFacts } from "./http/services.ts";
import type { Network } from "./net/network.ts";

/** One way in. */
interface OpenDoor {
  readonly name: string;
  readonly address: string;
  /** Its connections; for HTTP: requests and WebSockets. */
  readonly open: number;
}

/** As it is now. @param data the data directory */
export const serverFacts = (
  data: string,
  { stats }: Pick<Network, "stats">,
  doors: readonly OpenDoor[],
): ServerFacts => ({
  processId: process.pid,
  residentBytes: process.memoryUsage.rss(),
  dataDirectory: nodePath.resolve(data),
  doors: doors.map(({ name, address, open }) => ({ name, address, open })),
  accepted: stats.accepted,
  refused: sumOf(stats.refused),
  cut: sumOf(stats.cut),
  receivedBytes: stats.bytesReceived,
  sentBytes: stats.bytesSent,
});

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
