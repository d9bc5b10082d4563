/** NATS JetStream with a file store, measured by its own `nats bench`. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kits } from "./kits.ts";
import { openAll, turns } from "./kafka-loads.ts";
import { NatsLink } from "./nats-link.ts";
import type { ConsumeLoad, Figures, PassLoad, Peer, ProduceLoad, Target } from "./peer.ts";
import { outputOf } from "./rdkafka.ts";
import { freePort, startService } from "./service.ts";

/** Publishes that wait for their acknowledgements; where each is synced, more of them time out. */
const pending = { default: 4000, always: 500 } as const;

/** @param syncInterval `always`, or as it is by default (two minutes) */
export function natsPeer(name: string, kits: Kits, syncInterval: "always" | "default"): Peer {
  const isSynced = syncInterval === "always";
  const server = (): string => kits.path("nats", "nats-server");
  return {
    name,
    acknowledges: isSynced ? "after fsync" : "before fsync",
    share: isSynced ? 0.005 : 0.2,
    missing: () => kits.missing("nats"),
    async describe() {
      const version = (await outputOf([server(), "--version"])).trim();
      return `NATS JetStream, ${version}, sync_interval ${syncInterval}`;
    },
    installedBytes: () => statSync(server()).size,
    async start(data) {
      const port = freePort();
      const folder = join(data, "jetstream");
      mkdirSync(folder, { recursive: true });
      const config = join(data, "nats.conf");
      const sync = isSynced ? "sync_interval: always" : "";
      const store = `store_dir: "${folder}", max_file_store: 100G`;
      writeFileSync(
        config,
        `host: 127.0.0.1\nport: ${port}\njetstream {\n  ${store}\n  ${sync}\n}\n`,
      );
      const service = await startService({
        command: [server(), "-c", config],
        port,
        hello: new Uint8Array(0),
        answer: "INFO",
        log: join(data, "log"),
      });
      const bench = new NatsBench(kits.path("nats", "nats"), port, pending[syncInterval]);
      return natsTarget(service, bench, port);
    },
  };
}

function natsTarget(service: Target, bench: NatsBench, port: number): Target {
  const produce = async (load: ProduceLoad): Promise<Figures> => {
    const { records, recordBytes, producers } = load;
    const batch = Math.ceil(bench.inFlight / producers);
    const way = ["pub", "async", "bench", "--batch", String(batch), ...bench.created];
    return await bench.run(way, { records, recordBytes, clients: producers });
  };
  return {
    ...service,
    produce,
    async fill(load) {
      await produce({ ...load, partitions: 1, codec: "none", producers: 1 });
    },
    consume: ({ records, recordBytes, readers }: ConsumeLoad) =>
      bench.run(["ordered"], { records: records * readers, recordBytes, clients: readers }),
    acknowledge: ({ records, recordBytes, connections: clients }) =>
      bench.run(["pub", "sync", "bench", ...bench.created], { records, recordBytes, clients }),
    pass: (load) => pass(port, load),
  };
}

const stream = "passed";

/** From a publisher to consumers that the stream pushes to, each on a connection of its own. */
async function pass(port: number, { records, recordBytes, readers }: PassLoad): Promise<Figures> {
  const sender = await NatsLink.open(port);
  const shape = { name: stream, subjects: [stream], storage: "file" };
  await sender.request(`$JS.API.STREAM.CREATE.${stream}`, JSON.stringify(shape));
  let count = 0;
  const waiting = await openAll(readers, async () => {
    const link = await NatsLink.open(port);
    const reader = { link, arrived: (): void => {} };
    const subject = `deliver.${++count}`;
    link.subscribe(subject, () => reader.arrived());
    const config = { deliver_subject: subject, deliver_policy: "all", ack_policy: "none" };
    const consumer = { stream_name: stream, config };
    await link.request(`$JS.API.CONSUMER.CREATE.${stream}`, JSON.stringify(consumer));
    return reader;
  });
  const payload = "x".repeat(recordBytes);
  const turn = async (): Promise<readonly number[]> => {
    const arrivals = waiting.map((reader) => {
      const { promise, resolve } = Promise.withResolvers<number>();
      reader.arrived = () => resolve(performance.now());
      return promise;
    });
    await sender.request(stream, payload);
    return await Promise.all(arrivals);
  };
  const figures = await turns(records, [turn]);
  for (const link of [sender, ...waiting.map((reader) => reader.link)]) link.close();
  return figures;
}

class NatsBench {
  /** So that the stream is there, and has room. */
  readonly created = ["--create", "--storage", "file", "--maxbytes", "20GB", "--purge"];

  constructor(
    private readonly program: string,
    private readonly port: number,
    readonly inFlight: number,
  ) {}

  async run(
    way: readonly string[],
    load: { records: number; recordBytes: number; clients: number },
  ): Promise<Figures> {
    const text = await outputOf([
      ...[this.program, "-s", `nats://127.0.0.1:${this.port}`, "--no-context", "bench", "js"],
      ...[...way, "--msgs", String(load.records), "--size", String(load.recordBytes)],
      ...["--clients", String(load.clients), "--no-progress"],
    ]);
    return readNatsFigures(text, load.recordBytes);
  }
}

/** The line of all clients together: `…stats: 102,340 msgs/sec ~ … ~ P50: 6,717.61us ~ …`. */
export function readNatsFigures(text: string, recordBytes: number): Figures {
  const line = text.split("\n").find((each) => each.includes("stats:")) ?? "";
  const numberAfter = (pattern: RegExp): number =>
    Number(pattern.exec(line)?.[1]?.replaceAll(",", "") ?? NaN);
  const rate = numberAfter(/stats: ([\d,.]+) msgs\/sec/);
  if (Number.isNaN(rate)) throw new Error(`nats bench said no rate:\n${text}`);
  return {
    "records/s": rate,
    "MB/s": (rate * recordBytes) / 1e6,
    "p50 µs": numberAfter(/P50: ([\d,.]+)us/),
    "p99 µs": numberAfter(/P99: ([\d,.]+)us/),
    "p99.9 µs": numberAfter(/P99\.9: ([\d,.]+)us/),
  };
}
