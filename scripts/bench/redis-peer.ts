/** Redis Streams with an append-only file, measured by its own `redis-benchmark`. */
import { mkdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Kits } from "./kits.ts";
import { openAll, turns } from "./kafka-loads.ts";
import type { Figures, Peer, Target } from "./peer.ts";
import { outputOf } from "./rdkafka.ts";
import { freePort, startService } from "./service.ts";

/** Commands that wait for their answers: as many as serve Redis best, over several connections. */
const [connections, pipelined] = [50, 16];
/** Entries that one XREAD brings. */
const entriesPerRead = 500;

const options = ["--bind", "127.0.0.1", "--save", "", "--auto-aof-rewrite-percentage", "0"];

export function redisPeer(name: string, kits: Kits, appendfsync: "always" | "no"): Peer {
  const program = (): string => Bun.which("redis-server") ?? "redis-server";
  return {
    name,
    acknowledges: appendfsync === "always" ? "after fsync" : "before fsync",
    share: appendfsync === "always" ? 0.2 : 0.5,
    missing: () => kits.missing("redis"),
    async describe() {
      const version = /v=(\S+)/.exec(await outputOf([program(), "--version"]))?.[1];
      return `Redis Streams, ${version}, appendonly yes, appendfsync ${appendfsync}`;
    },
    installedBytes: () => statSync(realpathSync(program())).size,
    async start(data) {
      const port = freePort();
      const folder = join(data, "redis");
      mkdirSync(folder, { recursive: true });
      const kept = ["--dir", folder, "--appendonly", "yes", "--appendfsync", appendfsync];
      const service = await startService({
        command: [program(), "--port", String(port), ...options, ...kept],
        port,
        hello: new TextEncoder().encode("PING\r\n"),
        answer: "+PONG",
        log: join(data, "log"),
      });
      return redisTarget(service, port);
    },
  };
}

function redisTarget(service: Target, port: number): Target {
  const bench = async (
    count: number,
    way: readonly [connections: number, pipelined: number],
    command: readonly string[],
  ): Promise<Figures> => {
    const text = await outputOf([
      ...["redis-benchmark", "-p", String(port), "-n", String(count), "--csv", "--precision", "3"],
      ...["-c", String(way[0]), "-P", String(way[1]), ...command],
    ]);
    return readRedisFigures(text);
  };
  const add = (recordBytes: number): string[] => ["XADD", "s", "*", "f", "x".repeat(recordBytes)];
  return {
    ...service,
    async produce({ records, recordBytes }) {
      const way = [connections, pipelined] as const;
      return withBytes(await bench(records, way, add(recordBytes)), 1, recordBytes);
    },
    async fill({ records, recordBytes }) {
      await bench(Math.max(records, entriesPerRead), [connections, pipelined], add(recordBytes));
    },
    // The first entries again and again, which is the best that it can do.
    async consume({ records, recordBytes }) {
      const command = ["XREAD", "COUNT", String(entriesPerRead), "STREAMS", "s", "0"];
      const figures = await bench(Math.ceil(records / entriesPerRead), [1, 1], command);
      return withBytes(figures, entriesPerRead, recordBytes);
    },
    acknowledge: ({ records, recordBytes, connections: clients }) =>
      bench(records, [clients, 1], add(recordBytes)),
    async pass({ records, recordBytes, readers }) {
      const url = `redis://127.0.0.1:${port}`;
      const [sender, ...waiting] = await openAll(readers + 1, async () => {
        const client = new Bun.RedisClient(url);
        await client.connect();
        return client;
      });
      const value = "x".repeat(recordBytes);
      let last = "0-0";
      const turn = async (): Promise<readonly number[]> => {
        // Not `$`: a reader that asks too late must find the entry all the same.
        const read = ["BLOCK", "0", "STREAMS", "passed", last];
        const arrived = waiting.map((reader) =>
          reader.send("XREAD", read).then(() => performance.now()),
        );
        last = String(await sender?.send("XADD", ["passed", "*", "f", value]));
        return await Promise.all(arrived);
      };
      const figures = await turns(records, [turn]);
      for (const client of [sender, ...waiting]) client?.close();
      return figures;
    },
  };
}

/** Of two lines: names, then values. */
export function readRedisFigures(text: string): Figures {
  const lines = text.split("\n").filter((line) => line.startsWith('"'));
  const [names = [], values = []] = lines
    .slice(-2)
    .map((line) => line.split('","').map((cell) => cell.replaceAll('"', "")));
  const figure = (name: string): number => Number(values[names.indexOf(name)] ?? NaN);
  if (Number.isNaN(figure("rps"))) throw new Error(`redis-benchmark said no rate:\n${text}`);
  return {
    "records/s": figure("rps"),
    "p50 µs": figure("p50_latency_ms") * 1000,
    "p99 µs": figure("p99_latency_ms") * 1000,
  };
}

function withBytes(figures: Figures, recordsEach: number, recordBytes: number): Figures {
  const rate = (figures["records/s"] ?? NaN) * recordsEach;
  return { ...figures, "records/s": rate, "MB/s": (rate * recordBytes) / 1e6 };
}
