/**
 * One life of the broker, from its start on what a disk holds to its end: the production broker,
 * logs, groups, connections and both protocols, put together as `server.ts` does, on a simulated
 * disk, clock and network.
 */
import { LoopShare } from "../../src/base/loop-share.ts";
import type { LogFields, Logger, LogLevel } from "../../src/base/logger.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { type BrokerSettings, createBroker } from "../../src/broker/create-broker.ts";
import { defaultGroupRules, type GroupRules } from "../../src/broker/group-rules.ts";
import { createGroups, type Groups } from "../../src/broker/groups.ts";
import { topicConfigDefault } from "../../src/broker/topic-config.ts";
import type { Metadata } from "../../src/metadata/metadata.ts";
import { KafkaProtocol } from "../../src/kafka/protocol.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import { NativeProtocol } from "../../src/native/protocol.ts";
import { Network } from "../../src/net/network.ts";
import type { MemoryDisk } from "../fake/disk.ts";
import type { MemoryMetadata } from "../fake/metadata.ts";
import type { Door } from "./network.ts";
import { Lane, type Scheduler, SimulatedClock } from "./scheduler.ts";
import { type DiskHabits, Fuse, paceDisk, pacedMetadata } from "./world.ts";

/** What a story chooses once for all its machines. */
export interface MachineShape {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly cacheBytes: number;
  readonly filesOpenMax: number;
  readonly lingerMs: number;
  readonly turnMsMax: number;
  readonly lookMs: number;
}

/** What a machine finds. */
export interface MachineParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly disk: MemoryDisk;
  readonly metadata: MemoryMetadata;
  readonly shape: MachineShape;
  readonly habits: () => DiskHabits;
  /** Wall time is ahead of the story's by so much. */
  readonly wallMs: number;
  /** Is told of each event of level `warn` and above. */
  readonly onEvent: (level: LogLevel, event: string, fields: LogFields) => void;
}

/** See the head of this file. */
export class Machine {
  readonly lane = new Lane();
  readonly fuse = new Fuse(this.lane);
  readonly clock: SimulatedClock;
  readonly network: Network;
  readonly environment: LogEnvironment;
  readonly #metadata: Metadata;
  readonly #logger: Logger;
  readonly #share: LoopShare;
  /** `null` until it has started. */
  broker: Broker | null = null;
  groups: Groups | null = null;
  kafka: KafkaProtocol | null = null;
  native: NativeProtocol | null = null;

  constructor(readonly parts: MachineParts) {
    const { scheduler, disk, shape } = parts;
    const { lane, fuse } = this;
    const random = seededRandom(parts.random.below(2 ** 32));
    this.clock = new SimulatedClock(scheduler, lane, parts.wallMs, shape.lookMs);
    this.#logger = new NotedLogger(scheduler, parts.onEvent);
    this.#share = new LoopShare(this.clock, shape.turnMsMax);
    const { clock } = this;
    const logger = this.#logger;
    const { cacheBytes, filesOpenMax } = shape;
    paceDisk(disk, parts.habits, { scheduler, random, fuse, lane });
    this.#metadata = pacedMetadata(parts.metadata, parts.habits, { scheduler, random, fuse, lane });
    this.environment = new LogEnvironment({ disk, clock, logger, cacheBytes, filesOpenMax });
    this.network = new Network({ clock, logger, limits: networkLimits });
  }

  /** Starts it; refuses as the broker does. Never resolves if the machine stops meanwhile. */
  async start(): Promise<Refusal | null> {
    const { disk, random: chance, shape } = this.parts;
    const { clock, environment } = this;
    const logger = this.#logger;
    const metadata = this.#metadata;
    const random = seededRandom(chance.below(2 ** 32));
    const clusterId = await metadata.cluster.id("a-cluster-of-this-story");
    if (clusterId instanceof Refusal) return clusterId;
    const parts = { store: metadata.groups, clock, random, logger };
    const groups = await createGroups(parts, groupRules);
    if (groups instanceof Refusal) return groups;
    const broker = await createBroker(
      {
        disk,
        metadata,
        clock,
        random,
        logger,
        share: this.#share,
        openLog: (directory, config) => openSegmentLog(environment, directory, config),
        forgetTopic: async (name) => {
          const code = await groups.forgetTopic(name);
          return code === "NONE" ? null : new Refusal("KAFKA_STORAGE_ERROR", code);
        },
      },
      settingsOf(shape),
    );
    if (broker instanceof Refusal) return broker;
    this.groups = groups;
    this.native = new NativeProtocol(broker, clock);
    this.kafka = new KafkaProtocol({
      broker,
      groups,
      clock,
      logger,
      share: this.#share,
      clusterId,
      dataDirectory: "/data",
      advertised: null,
    });
    this.broker = broker;
    return null;
  }

  /** Where clients of a protocol come in; `null`: it does not listen. */
  door(protocol: "kafka" | "native"): Door | null {
    const behind = protocol === "kafka" ? this.kafka : this.native;
    const { network, lane } = this;
    return behind === null || lane.isClosed ? null : { network, lane, protocol: behind };
  }

  /** Takes no more connections. */
  closeDoors(): void {
    this.kafka = null;
    this.native = null;
  }

  /** Flushes and closes everything, as a broker that is asked to stop. */
  async stop(): Promise<void> {
    this.closeDoors();
    await this.groups?.close();
    await this.broker?.close();
  }
}

const networkLimits = {
  connectionsPerSecondMax: 1e9,
  connectionsPerAddressMax: 1e9,
  inFlightBytesMax: 512 * 1024,
  connectionInFlightBytesMax: 128 * 1024,
  replyPauseBytes: 16 * 1024,
  replyBacklogBytesMax: 4 * 1024 * 1024,
  replyStalledMsMax: 2_000,
  frameMsMax: 2_000,
  connectionIdleMsMax: 5_000,
};

/** The session times of groups are those of a story, which is short. */
const groupRules: GroupRules = {
  ...defaultGroupRules,
  initialRebalanceDelayMs: 5,
  sessionTimeoutMsMin: 10,
};

function settingsOf({ segmentBytes, segmentMs, lingerMs }: MachineShape): BrokerSettings {
  const { values } = topicConfigDefault;
  // Smaller than anybody may ask for, so that a short story has many.
  const small = { ...values, "segment.bytes": segmentBytes, "segment.ms": segmentMs };
  return {
    autoCreateTopics: true,
    partitionCount: 1,
    topicDefaults: { ...topicConfigDefault, values: small },
    lingerMs,
    partitionsMax: 1000,
    facts: {},
    diskReserveBytes: 1024,
  };
}

/** A logger whose loud events become part of the trace. */
class NotedLogger implements Logger {
  constructor(
    private readonly scheduler: Scheduler,
    private readonly onEvent: MachineParts["onEvent"],
    private readonly always: LogFields = {},
  ) {}

  debug(): void {}
  info(event: string, fields: LogFields = {}): void {
    this.#note("info", event, fields);
  }
  warn(event: string, fields: LogFields = {}): void {
    this.#note("warn", event, fields);
  }
  error(event: string, fields: LogFields = {}): void {
    this.#note("error", event, fields);
  }
  with(fields: LogFields): Logger {
    return new NotedLogger(this.scheduler, this.onEvent, { ...this.always, ...fields });
  }

  #note(level: LogLevel, event: string, fields: LogFields): void {
    const all = { ...this.always, ...fields };
    this.scheduler.note(`${level} ${event} ${JSON.stringify(all)}`);
    this.onEvent(level, event, all);
  }
}
