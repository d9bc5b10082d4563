/** The disk itself, as if it were a broker: appends of a log, each synced. No broker is faster. */
import { join } from "node:path";
import { appendOneByOne, appendStream } from "./disk.ts";
import { latencies } from "./kafka-loads.ts";
import type { Peer } from "./peer.ts";

/** As much as a broker might put into one write. */
const pieceBytes = 1 << 20;
/** What a batch of Kafka's format takes beside the one record in it. */
const batchBytes = 80;

export const diskPeer: Peer = {
  name: "disk",
  acknowledges: "after fsync",
  share: 1,
  missing: () => null,
  describe: () =>
    Promise.resolve("the disk alone: appends of 1 MiB, or of one record, each synced"),
  installedBytes: () => NaN,
  start: (data) =>
    Promise.resolve({
      pid: process.pid,
      startMs: NaN,
      stop: () => Promise.resolve(),
      async produce({ records, recordBytes }) {
        const megabytes = await appendStream(join(data, "log"), records * recordBytes, pieceBytes);
        return { "MB/s": megabytes, "records/s": (megabytes * 1e6) / recordBytes };
      },
      async acknowledge({ records, recordBytes }) {
        const begun = performance.now();
        const times = await appendOneByOne(join(data, "log"), recordBytes + batchBytes, records);
        const seconds = (performance.now() - begun) / 1000;
        return { ...latencies(times), "records/s": records / seconds };
      },
    }),
};
