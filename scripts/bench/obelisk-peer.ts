/** Obelisk: a built executable, through its Kafka port, its own protocol, or HTTP. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { HttpLoads, requestsMeanwhile } from "./http-loads.ts";
import { KafkaLoads } from "./kafka-loads.ts";
import { apiVersionsFrame, type KafkaTarget, kafkaTarget } from "./kafka-peer.ts";
import type { Kits } from "./kits.ts";
import { frameOf, sendOneByOne, sendStream } from "./native-load.ts";
import type { Peer, Target } from "./peer.ts";
import { latencies } from "./kafka-loads.ts";
import { Rdkafka, outputOf } from "./rdkafka.ts";
import { freePort, startService } from "./service.ts";

/**
 * How it is reached, and what goes on meanwhile through the other door: of the same broker, or of
 * another one on the same machine, which takes as much of the CPUs.
 */
export type Door =
  | "kafka"
  | "kafka beside HTTP"
  | "kafka apart from HTTP"
  | "HTTP"
  | "HTTP beside kafka"
  | "HTTP apart from kafka"
  | "native";

/** A benchmark's clients all have one address, and of these a broker takes few. */
const roomForClients = ["--max-connections", "15000", "--max-connections-per-address", "15000"];

/** @param args options of `serve` */
export function obeliskPeer(
  name: string,
  kits: Kits,
  { executable, door, args }: { executable: string; door: Door; args: readonly string[] },
): Peer {
  const isUnsynced = args.join(" ").includes("--fsync never");
  return {
    name,
    acknowledges: isUnsynced ? "before fsync" : "after fsync",
    share: door.startsWith("HTTP") ? 0.1 : 1,
    missing: () => (door === "native" ? null : kits.missing("generators")),
    async describe() {
      const [version = ""] = (await outputOf([executable, "version"])).split("\n");
      return [version.trim(), ...(args.length > 0 ? [args.join(" ")] : [])].join(", ");
    },
    installedBytes: () => statSync(executable).size,
    async start(data) {
      const start = (folder: string): Promise<Broker> =>
        startBroker({ executable, args, kits, data: join(data, folder), log: join(data, "log") });
      const broker = await start("data");
      if (door === "native") return nativeTarget(broker.kafka, broker.native);
      if (!door.includes("apart")) return doors[door](broker, broker);
      const other = await start("other");
      const target = doors[door](broker, other);
      return {
        ...target,
        async stop(signal) {
          await Promise.all([target.stop(signal), other.kafka.stop(signal)]);
        },
      };
    },
  };
}

/** One that runs, by its doors. */
interface Broker {
  readonly kafka: KafkaTarget;
  readonly web: HttpLoads;
  /** A port. */
  readonly native: number;
}

async function startBroker(how: {
  readonly executable: string;
  readonly args: readonly string[];
  readonly kits: Kits;
  readonly data: string;
  readonly log: string;
}): Promise<Broker> {
  const [kafka, native, http] = [freePort(), freePort(), freePort()];
  const ports = ["--kafka-port", kafka, "--native-port", native, "--http-port", http].map(String);
  const service = await startService({
    command: [
      ...[how.executable, "serve", "--data", how.data, ...ports],
      ...[...roomForClients, ...how.args],
    ],
    port: kafka,
    hello: apiVersionsFrame,
    answer: "",
    log: how.log,
  });
  const loads = new KafkaLoads(`127.0.0.1:${kafka}`, new Rdkafka(how.kits));
  const web = new HttpLoads(`127.0.0.1:${http}`);
  return { kafka: kafkaTarget(service, loads), web, native };
}

/** Kafka's requests, while HTTP's go to `other`. */
const kafkaBesideHttp = ({ kafka }: Broker, other: Broker): Target => ({
  ...kafka,
  pace: (load) => other.web.beside(other.kafka, load.seconds, () => kafka.pace(load)),
});

/** The other way round. */
const httpBesideKafka = ({ kafka, web }: Broker, other: Broker): Target => ({
  ...web.target(kafka),
  async pace(load) {
    const meanwhile = { ...load, recordsPerSecond: requestsMeanwhile };
    const [figures] = await Promise.all([web.pace(kafka, load), other.kafka.pace(meanwhile)]);
    return figures;
  },
});

/** What a door makes of a broker, and of the one that has the load of the other door. */
const doors: Readonly<Record<Exclude<Door, "native">, (broker: Broker, other: Broker) => Target>> =
  {
    kafka: ({ kafka }) => kafka,
    "kafka beside HTTP": kafkaBesideHttp,
    "kafka apart from HTTP": kafkaBesideHttp,
    HTTP: ({ kafka, web }) => web.target(kafka),
    "HTTP beside kafka": httpBesideKafka,
    "HTTP apart from kafka": httpBesideKafka,
  };

/** The original's protocol, which only takes records. */
function nativeTarget(service: Omit<Target, "kafka">, port: number): Target {
  return {
    ...service,
    async produce({ records, recordBytes }) {
      const frame = frameOf(recordBytes);
      await sendStream(port, frame, Math.ceil(records / 10));
      const rate = records / (await sendStream(port, frame, records));
      return { "records/s": rate, "MB/s": (rate * recordBytes) / 1e6 };
    },
    async acknowledge({ records, recordBytes }) {
      const begun = performance.now();
      const times = await sendOneByOne(port, frameOf(recordBytes), records);
      const seconds = (performance.now() - begun) / 1000;
      return { ...latencies(times), "records/s": records / seconds };
    },
  };
}
