/** Apache Kafka as one node, combined broker and controller, from its jars. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { KafkaLoads } from "./kafka-loads.ts";
import type { Kits } from "./kits.ts";
import type { Peer, Target } from "./peer.ts";
import { Rdkafka, outputOf } from "./rdkafka.ts";
import { freePort, type Service, startService } from "./service.ts";

/** ApiVersions 0, with correlation id 1 and no client id. */
export const apiVersionsFrame = new Uint8Array([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255]);

/** Kafka's own start script gives a broker this heap. */
const heap = ["-Xms1g", "-Xmx1g"];
/** And these collector settings. */
const collector = ["-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExplicitGCInvokesConcurrent"];

/** @param settings beside those that say where it lives; `log.flush.interval.messages=1` */
export function kafkaPeer(name: string, kits: Kits, settings: readonly string[]): Peer {
  const isFlushed = settings.includes("log.flush.interval.messages=1");
  const jars = (): string => kits.path("kafka", "lib/*");
  let formatted: Promise<Formatted> | undefined;
  return {
    name,
    acknowledges: isFlushed ? "after fsync" : "before fsync",
    share: 1,
    missing: () => kits.missing("kafka") ?? kits.missing("generators"),
    describe: () => {
      const lib = kits.path("kafka", "lib");
      const version = readdirSync(lib).find((file) => file.startsWith("kafka_2.13-")) ?? "";
      const shown = ["defaults", ...settings, "heap 1 GiB"].join(", ");
      return Promise.resolve(`Apache Kafka ${/-(\d[\d.]*\d)\.jar/.exec(version)?.[1]} (${shown})`);
    },
    installedBytes() {
      const lib = kits.path("kafka", "lib");
      return readdirSync(lib).reduce((sum, file) => sum + statSync(join(lib, file)).size, 0);
    },
    async start(data) {
      formatted ??= formattedBy(jars(), data, settings);
      const { controllerPort, files } = await formatted;
      const port = freePort();
      const folder = join(data, "kafka");
      const properties = join(data, "server.properties");
      writeFileSync(properties, propertiesText(folder, port, controllerPort, settings));
      if (!existsSync(folder)) {
        mkdirSync(folder);
        for (const [file, bytes] of files) {
          mkdirSync(dirname(join(folder, file)), { recursive: true });
          writeFileSync(join(folder, file), bytes);
        }
      }
      const service = await startService({
        command: ["java", ...heap, ...collector, "-cp", jars(), "kafka.Kafka", properties],
        port,
        hello: apiVersionsFrame,
        answer: "",
        log: join(data, "log"),
      });
      return kafkaTarget(service, new KafkaLoads(`127.0.0.1:${port}`, new Rdkafka(kits)));
    },
  };
}

/** What Kafka's own tool makes of an empty directory; it writes the controller's port there. */
interface Formatted {
  readonly controllerPort: number;
  readonly files: readonly (readonly [name: string, bytes: Uint8Array])[];
}

/** Formats once, for all runs: that is a start of a JVM of its own. */
async function formattedBy(
  jars: string,
  data: string,
  settings: readonly string[],
): Promise<Formatted> {
  const folder = join(data, "formatted");
  mkdirSync(folder);
  const controllerPort = freePort();
  const properties = join(data, "format.properties");
  writeFileSync(properties, propertiesText(folder, freePort(), controllerPort, settings));
  const format = ["format", "--standalone", "-t", "obelisk-benchmark-id0", "-c", properties];
  await outputOf(["java", "-cp", jars, "kafka.tools.StorageTool", ...format]);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const isFile = (file: string): boolean => statSync(join(folder, file)).isFile();
  const files = names.filter(isFile).map((file) => {
    return [file, new Uint8Array(readFileSync(join(folder, file)))] as const;
  });
  return { controllerPort, files };
}

/** What can be asked of anything that speaks Kafka's protocol: all of it. */
export type KafkaTarget = Required<Target>;

export function kafkaTarget(service: Service, loads: KafkaLoads): KafkaTarget {
  return {
    ...service,
    kafka: loads.address,
    produce: (load) => loads.produce(load),
    fill: (load) => loads.fill(load),
    consume: (load) => loads.consume(load),
    drain: (load) => loads.drain(load),
    acknowledge: (load) => loads.acknowledge(load),
    pass: (load) => loads.pass(load),
    pace: (load) => loads.pace(load),
    spread: (topics, load) => loads.spread(topics, load),
    create: (names, partitions) => loads.create(names, partitions),
  };
}

function propertiesText(
  folder: string,
  port: number,
  controllerPort: number,
  settings: readonly string[],
): string {
  return [
    "process.roles=broker,controller",
    "node.id=1",
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}`,
    "controller.listener.names=CONTROLLER",
    "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    `log.dirs=${folder}`,
    // One node can't keep three copies.
    "offsets.topic.replication.factor=1",
    "share.coordinator.state.topic.replication.factor=1",
    "share.coordinator.state.topic.min.isr=1",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    ...settings,
    "",
  ].join("\n");
}
