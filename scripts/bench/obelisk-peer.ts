/** Obelisk: a built executable, through its Kafka port, its own protocol, or HTTP. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { HttpLoads } from "./http-loads.ts";
import { KafkaLoads } from "./kafka-loads.ts";
import { apiVersionsFrame, type KafkaTarget, kafkaTarget } from "./kafka-peer.ts";
import type { Kits } from "./kits.ts";
import { frameOf, sendOneByOne, sendStream } from "./native-load.ts";
import type { Peer, Target } from "./peer.ts";
import { latencies } from "./kafka-loads.ts";
import { Rdkafka, outputOf } from "./rdkafka.ts";
import { freePort, startService } from "./service.ts";

/** How it is reached and what else it has to do. */
export type Door = "kafka" | "kafka beside HTTP" | "HTTP" | "HTTP beside kafka" | "native";

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
      const [kafka, native, http] = [freePort(), freePort(), freePort()];
      const ports = ["--kafka-port", kafka, "--native-port", native, "--http-port", http];
      const service = await startService({
        command: [
          ...[executable, "serve", "--data", join(data, "data"), ...ports.map(String)],
          ...[...roomForClients, ...args],
        ],
        port: kafka,
        hello: apiVersionsFrame,
        answer: "",
        log: join(data, "log"),
      });
      if (door === "native") return nativeTarget(service, native);
      const loads = new KafkaLoads(`127.0.0.1:${kafka}`, new Rdkafka(kits));
      const web = new HttpLoads(`127.0.0.1:${http}`);
      return doors[door](kafkaTarget(service, loads), web);
    },
  };
}

/** What a door makes of the target behind it. */
const doors: Readonly<
  Record<Exclude<Door, "native">, (kafka: KafkaTarget, web: HttpLoads) => Target>
> = {
  kafka: (kafka) => kafka,
  "kafka beside HTTP": (kafka, web) => ({
    ...kafka,
    pace: (load) => web.beside(kafka, load.seconds, () => kafka.pace(load)),
  }),
  HTTP: (kafka, web) => web.target(kafka),
  "HTTP beside kafka": (kafka, web) => ({
    ...web.target(kafka),
    async pace(load) {
      const [figures] = await Promise.all([web.pace(kafka, load), kafka.pace(load)]);
      return figures;
    },
  }),
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
