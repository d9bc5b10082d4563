/**
 * The only place where the parts meet: a data directory with its lock, disk, metadata and logs
 * becomes a broker; a broker with its listeners becomes a server.
 */
import fs from "node:fs/promises";
import nodePath from "node:path";
import { assert } from "./base/assert.ts";
import { systemClock } from "./base/clock.ts";
import { ListenFailure } from "./base/listen-failure.ts";
import type { Logger } from "./base/logger.ts";
import { LoopShare } from "./base/loop-share.ts";
import { type Random, systemRandom } from "./base/random.ts";
import { Refusal } from "./base/refusal.ts";
import type { RequestStats } from "./base/request-stats.ts";
import type { Broker } from "./broker/broker.ts";
import { createBroker } from "./broker/create-broker.ts";
import { defaultGroupRules, type GroupRules } from "./broker/group-rules.ts";
import { createGroups, type Groups } from "./broker/groups.ts";
import type { JanitorRules } from "./broker/janitor.ts";
import { durabilityText } from "./broker/topic-config-table.ts";
import { topicConfigOf } from "./broker/topic-config.ts";
import type { ForgetTopic, OpenLog } from "./broker/topic-life.ts";
import { DiskError } from "./disk/disk.ts";
import { localDisk } from "./disk/local.ts";
import { lockDirectory, LockHeld, type DirectoryLock } from "./disk/lock.ts";
import { controlSocketName, metadataFileName } from "./disk/names.ts";
import { nodeId } from "./kafka/handler.ts";
import { KafkaProtocol } from "./kafka/protocol.ts";
import {
  compactionCheckMsDefault,
  compactionMemoryDefault,
  compactionRateDefault,
  controlConnectionsMax,
  descriptorsReserved,
  logFilesOpenMax,
  loopShareMsMax,
  partitionsMax,
  retentionCheckMsDefault,
  scrubRateDefault,
  unixSocketPathBytesMax,
} from "./limits.ts";
import { LogEnvironment } from "./log/environment.ts";
import { openSegmentLog } from "./log/open.ts";
import type { Metadata } from "./metadata/metadata.ts";
import { openSqliteMetadata } from "./metadata/sql.ts";
import { NativeProtocol } from "./native/protocol.ts";
import { listen, type Listener } from "./net/listener.ts";
import { Network } from "./net/network.ts";
import type { BrokerOptions } from "./options.ts";
import { type NeighbourDoor, openHttp } from "./server-http.ts";

/** What a broker without listeners needs to know. */
export type HomeOptions = Pick<
  BrokerOptions,
  | "data"
  | "fsync"
  | "lingerMs"
  | "partitions"
  | "autoCreateTopics"
  | "cacheBytes"
  | "segmentBytes"
  | "segmentMs"
  | "diskReserveBytes"
> &
  // Who opens a directory for one piece of work leaves the looking after to the next broker.
  Partial<
    Pick<
      BrokerOptions,
      "retentionCheckMs" | "compactionCheckMs" | "compactionMemory" | "compactionRate" | "scrubRate"
    >
  >;

/** A broker that owns its data directory, reachable by nobody yet. */
export interface Home {
  readonly broker: Broker;
  readonly groups: Groups;
  /** What all logs have in common. */
  readonly logs: LogEnvironment;
  /** Of each turn of the event loop, for clients' work. */
  readonly share: LoopShare;
  /** What Kafka's clients know the installation by. */
  readonly clusterId: string;
  /** Flushes and closes everything, then gives the directory free. */
  close(): Promise<void>;
}

/**
 * Takes the data directory, makes it if it is missing, and recovers what is in it.
 * {@link LockHeld}: another process owns it. KAFKA_STORAGE_ERROR: it can't be used.
 */
export async function openHome(
  options: HomeOptions,
  logger: Logger,
  groupRules: GroupRules = defaultGroupRules,
): Promise<Home | LockHeld | Refusal> {
  const lock = await takeDirectory(options.data);
  if (lock instanceof LockHeld || lock instanceof Refusal) return lock;
  return await openLocked(options, logger, groupRules, lock, await descriptorLimit());
}

/** Everything in a directory that is ours; a refusal gives it free. */
async function openLocked(
  options: HomeOptions,
  logger: Logger,
  groupRules: GroupRules,
  lock: DirectoryLock,
  descriptorsMax: number,
): Promise<Home | Refusal> {
  const metadata = await openSqliteMetadata(nodePath.join(options.data, metadataFileName), logger);
  if (metadata instanceof Refusal) {
    lock.release();
    return metadata;
  }
  const { filesOpenMax } = descriptorShares(descriptorsMax);
  const parts = await openParts({ ...options, filesOpenMax }, metadata, logger, groupRules);
  if (parts instanceof Refusal) {
    await metadata.close();
    lock.release();
    return parts;
  }
  const close = async (): Promise<void> => {
    await parts.groups.close();
    await parts.broker.close();
    lock.release();
  };
  return { ...parts, close };
}

/** Everything over a metadata that is open; after a refusal it still is. */
async function openParts(
  options: HomeOptions & { readonly filesOpenMax: number },
  metadata: Metadata,
  logger: Logger,
  groupRules: GroupRules,
): Promise<Omit<Home, "close"> | Refusal> {
  const disk = localDisk(options.data);
  const clock = systemClock;
  const random = systemRandom;
  const { cacheBytes, filesOpenMax } = options;
  const environment = new LogEnvironment({ disk, clock, logger, cacheBytes, filesOpenMax });
  const clusterId = await metadata.cluster.id(newClusterId(random));
  if (clusterId instanceof Refusal) return clusterId;
  const groups = await createGroups({ store: metadata.groups, clock, random, logger }, groupRules);
  if (groups instanceof Refusal) return groups;
  const openLog: OpenLog = (directory, config) => openSegmentLog(environment, directory, config);
  const forgetTopic: ForgetTopic = async (name) => {
    const code = await groups.forgetTopic(name);
    if (code === "NONE") return null;
    return new Refusal("KAFKA_STORAGE_ERROR", `offsets of topic ${name} not forgotten: ${code}`);
  };
  const share = new LoopShare(clock, loopShareMsMax);
  const broker = await createBroker(
    { disk, metadata, clock, random, logger, share, openLog, forgetTopic },
    settingsOf(options, groupRules),
  );
  if (!(broker instanceof Refusal)) {
    return { broker, groups, logs: environment, share, clusterId };
  }
  await groups.close();
  return broker;
}

/** A UUID as Kafka writes them: 22 characters of base64 for URLs. */
const newClusterId = (random: Random): string =>
  Buffer.from(random.uuid().replaceAll("-", ""), "hex").toString("base64url");

function settingsOf(
  options: HomeOptions,
  groupRules: GroupRules,
): Parameters<typeof createBroker>[1] {
  const topicDefaults = topicConfigOf({
    "segment.bytes": String(options.segmentBytes),
    "segment.ms": String(options.segmentMs),
    fsync: durabilityText(options.fsync),
  });
  assert(!(topicDefaults instanceof Refusal), "options stay within what a topic may have");
  return {
    autoCreateTopics: options.autoCreateTopics,
    partitionCount: options.partitions,
    topicDefaults,
    facts: factsOf(options, groupRules),
    lingerMs: options.lingerMs,
    partitionsMax,
    diskReserveBytes: options.diskReserveBytes,
    ...janitorOf(options),
  };
}

function janitorOf(options: HomeOptions): { janitor?: JanitorRules } {
  const { retentionCheckMs } = options;
  if (retentionCheckMs === undefined) return {};
  const compaction = {
    checkMs: options.compactionCheckMs ?? compactionCheckMsDefault,
    memoryBytes: options.compactionMemory ?? compactionMemoryDefault,
    bytesPerSecond: options.compactionRate ?? compactionRateDefault,
  };
  const { scrubRate: scrubBytesPerSecond = scrubRateDefault } = options;
  return { janitor: { retentionCheckMs, compaction, scrubBytesPerSecond } };
}

/** What Kafka's tools find under these names. */
const factsOf = (options: HomeOptions, rules: GroupRules): Readonly<Record<string, string>> => ({
  "broker.id": String(nodeId),
  "group.initial.rebalance.delay.ms": String(rules.initialRebalanceDelayMs),
  "group.max.session.timeout.ms": String(rules.sessionTimeoutMsMax),
  "group.max.size": String(rules.membersMax),
  "group.min.session.timeout.ms": String(rules.sessionTimeoutMsMin),
  "log.cleaner.backoff.ms": String(options.compactionCheckMs ?? compactionCheckMsDefault),
  "log.cleaner.dedupe.buffer.size": String(options.compactionMemory ?? compactionMemoryDefault),
  "log.cleaner.io.max.bytes.per.second": String(options.compactionRate ?? compactionRateDefault),
  "log.dirs": nodePath.resolve(options.data),
  "log.retention.check.interval.ms": String(options.retentionCheckMs ?? retentionCheckMsDefault),
  "node.id": String(nodeId),
  "offset.metadata.max.bytes": String(rules.offsetMetadataCharactersMax),
  "offsets.retention.minutes": String(Math.floor(rules.offsetsRetentionMs / 60_000)),
});

async function takeDirectory(path: string): Promise<DirectoryLock | LockHeld | Refusal> {
  try {
    // Not by mkdir alone: what is acknowledged must not be lost with the directory's own name.
    await localDisk(path).makeDirectory(".");
    return await lockDirectory(path);
  } catch (error) {
    if (error instanceof DiskError || (error instanceof Error && "code" in error)) {
      return new Refusal("KAFKA_STORAGE_ERROR", `data directory ${path}: ${error.message}`);
    }
    throw error;
  }
}

/** How the open files that the system allows are shared out. */
interface DescriptorShares {
  readonly filesOpenMax: number;
  readonly connectionsMax: number;
}

/** How many files this process may have open. Where that can't be read there is no limit. */
async function descriptorLimit(): Promise<number> {
  // Only Linux has the file, and a container may hide it: neither keeps a broker from its start.
  const limits = await fs.readFile("/proc/self/limits", "utf8").catch(() => "");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
}

/**
 * A quarter for logs, a reserve for metadata and the like, the rest for connections: an accept that
 * fails for want of a descriptor would spin.
 */
function descriptorShares(limit: number): DescriptorShares {
  const filesOpenMax = Math.max(1, Math.min(logFilesOpenMax, Math.floor(limit / 4)));
  return { filesOpenMax, connectionsMax: Math.max(1, limit - filesOpenMax - descriptorsReserved) };
}

/** Where a server can be reached. */
export interface Door {
  /** What it speaks. */
  readonly name: string;
  /** `host:port`, or the path of a socket. */
  readonly address: string;
}

/** A broker with open doors. */
export interface Server {
  readonly broker: Broker;
  readonly doors: readonly Door[];
  /**
   * Takes no more work, answers what it has taken, flushes and closes everything. Connections that
   * are not done by the deadline are cut off; the logs are closed in any case.
   */
  stop(deadlineMs: number): Promise<void>;
}

/** Why a server did not start, as one sentence. */
export class StartFailure {
  constructor(readonly message: string) {}
}

/**
 * Opens the data directory and the ports. The HTTP port is the first, so that whoever asks is told
 * that the broker lives and recovers; the others follow when it has.
 */
export async function startServer(
  options: BrokerOptions,
  logger: Logger,
): Promise<Server | StartFailure> {
  const [lock, descriptorsMax] = await Promise.all([
    takeDirectory(options.data),
    descriptorLimit(),
  ]);
  if (lock instanceof LockHeld) return new StartFailure(lock.toString());
  if (lock instanceof Refusal) return new StartFailure(lock.message);
  const network = openNetwork(options, logger, descriptorsMax);
  const http = openHttp(options, logger, network, descriptorsMax);
  if (http instanceof ListenFailure) {
    lock.release();
    return new StartFailure(http.message);
  }
  const home = await openLocked(options, logger, groupRulesOf(options), lock, descriptorsMax);
  if (home instanceof Refusal) {
    await http?.stop(0);
    return new StartFailure(home.message);
  }
  const kafka = kafkaProtocol(home, options, logger);
  const native = new NativeProtocol(home.broker, systemClock);
  const listeners = await openListeners(options, { native, kafka }, network);
  if (listeners instanceof ListenFailure) {
    await http?.stop(0);
    await home.close();
    return new StartFailure(listeners.message);
  }
  http?.run(home, listeners.map(neighbourOf));
  const doors = listeners.map(({ listener: { name, address } }) => {
    return { name: `${name} protocol`, address };
  });
  if (http !== null) doors.push({ name: "http", address: http.address });
  const control = await openControl(options.data, kafka, logger);
  if (control) doors.push({ name: "control socket", address: control.address });
  const stop = async (deadlineMs: number): Promise<void> => {
    // While the coordinator still answers: groups need not wait for members that lived here.
    await http?.leave();
    await Promise.all([
      ...listeners.map(({ listener }) => listener.stop(deadlineMs)),
      http?.stop(deadlineMs),
      control?.stop(deadlineMs),
      // Members that wait for one another are answered, or their connections would not end.
      home.groups.close(),
    ]);
    await home.close();
  };
  return { broker: home.broker, doors, stop };
}

function openNetwork(options: BrokerOptions, logger: Logger, descriptorsMax: number): Network {
  const { connectionsMax } = descriptorShares(descriptorsMax);
  if (connectionsMax < options.maxConnections) {
    logger.info("fewer connections than asked for: the system allows too few open files", {
      connectionsMax,
      asked: options.maxConnections,
    });
  }
  return new Network({
    clock: systemClock,
    logger,
    limits: {
      connectionsMax: Math.min(connectionsMax, options.maxConnections),
      connectionsPerAddressMax: options.maxConnectionsPerAddress,
    },
  });
}

/** A port, and what is spoken there. */
interface OpenPort {
  readonly listener: Listener;
  readonly stats: RequestStats;
}

const neighbourOf = ({ listener, stats }: OpenPort): NeighbourDoor => {
  const { name, address, port } = listener;
  return {
    ...{ name, address, port, stats },
    get open() {
      return listener.open;
    },
  };
};

/** The ports of protocols over plain sockets; after a failure none is open. */
async function openListeners(
  options: BrokerOptions,
  { native, kafka }: { readonly native: NativeProtocol; readonly kafka: KafkaProtocol },
  network: Network,
): Promise<readonly OpenPort[] | ListenFailure> {
  const ports = [
    { name: "native", port: options.nativePort, protocol: native },
    { name: "kafka", port: options.kafkaPort, protocol: kafka },
  ];
  const open: OpenPort[] = [];
  for (const { name, port, protocol } of ports) {
    if (port === null) continue;
    const place = { hostname: options.host, port };
    const listener = listen({ name, place, network, protocol });
    if (listener instanceof ListenFailure) {
      await Promise.all(open.map((each) => each.listener.stop(0)));
      return listener;
    }
    open.push({ listener, stats: protocol.stats });
  }
  return open;
}

/** Kafka's protocol over a broker: for its doors, or for the process that has opened the home. */
export const kafkaProtocol = (
  home: Home,
  options: Pick<BrokerOptions, "data" | "kafkaAdvertised">,
  logger: Logger,
): KafkaProtocol =>
  new KafkaProtocol({
    broker: home.broker,
    groups: home.groups,
    clock: systemClock,
    logger,
    share: home.share,
    clusterId: home.clusterId,
    dataDirectory: nodePath.resolve(options.data),
    advertised: options.kafkaAdvertised,
  });

const groupRulesOf = (options: BrokerOptions): GroupRules => ({
  ...defaultGroupRules,
  initialRebalanceDelayMs: options.groupInitialRebalanceMs,
  sessionTimeoutMsMin: options.groupSessionMsMin,
  sessionTimeoutMsMax: options.groupSessionMsMax,
  membersMax: options.groupMembersMax,
  offsetsRetentionMs: options.offsetsRetentionMs,
});

/**
 * The door for commands of this machine, which needs no port and no address. The directory keeps
 * everybody else out (0700), and so does the socket itself. It has connections of its own, so that
 * a broker whose ports are flooded can still be asked. Without it the broker works; only those
 * commands need it.
 */
async function openControl(
  data: string,
  protocol: KafkaProtocol,
  logger: Logger,
): Promise<Listener | null> {
  const path = nodePath.join(data, controlSocketName);
  if (Buffer.byteLength(path) > unixSocketPathBytesMax) {
    logger.warn("no control socket: the data directory's path is too long for one", { path });
    return null;
  }
  try {
    // Whoever holds the directory's lock owns the name: what is there was left by a killed broker.
    await fs.rm(path, { force: true });
    const limits = {
      connectionsMax: controlConnectionsMax,
      connectionsPerAddressMax: controlConnectionsMax,
    };
    const network = new Network({ clock: systemClock, logger, limits });
    const control = listen({ name: "control", place: { unix: path }, network, protocol });
    if (control instanceof ListenFailure) {
      logger.warn("no control socket", { path, error: control.message });
      return null;
    }
    await fs.chmod(path, 0o600);
    return control;
  } catch (error) {
    logger.warn("no control socket", { path, error: String(error) });
    return null;
  }
}
