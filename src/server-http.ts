/**
 * The HTTP port beside the broker: open from before the data directory was recovered until after
 * the broker takes no more, and told of the broker in between.
 */
import { systemClock } from "./base/clock.ts";
import { systemRandom } from "./base/random.ts";
import { ListenFailure } from "./base/listen-failure.ts";
import type { Logger } from "./base/logger.ts";
import { RequestStats } from "./base/request-stats.ts";
import { GroupLags } from "./broker/group-lag.ts";
import { RecordProducer } from "./broker/record-producer.ts";
import type { MemberParts } from "./broker/group-member.ts";
import { ResidentMembers } from "./broker/resident-members.ts";
import { Slots } from "./broker/slots.ts";
import { buildVersion } from "./cli/build.ts";
import { DescriptorWatch } from "./http/descriptor-watch.ts";
import { descriptorsUsed } from "./http/descriptors.ts";
import { openDoor } from "./http/door.ts";
import type { ConsumerParts } from "./http/rest-v2/rest-consumer.ts";
import { RestConsumers } from "./http/rest-v2/rest-consumers.ts";
import { Router } from "./http/router.ts";
import type { System } from "./http/services.ts";
import { Stations } from "./http/streams/stations.ts";
import { nodeId } from "./kafka/handler.ts";
import { httpPagesMax, membersLeaveMsMax } from "./limits.ts";
import { Metrics } from "./metrics/metrics.ts";
import { processFacts } from "./metrics/process.ts";
import type { Network } from "./net/network.ts";
import type { BrokerOptions } from "./options.ts";
import type { Home } from "./server.ts";
import { serverFacts } from "./server-facts.ts";

/** Another open door, as far as the HTTP port tells of it. */
export interface NeighbourDoor {
  /** `native`, `kafka`. */
  readonly name: string;
  readonly address: string;
  readonly port: number | null;
  /** Its connections. */
  readonly open: number;
  readonly stats: RequestStats;
}

/** See the head of this file. */
export interface HttpPort {
  readonly address: string;
  /** The broker is there, and so are its other doors. */
  run(home: Home, doors: readonly NeighbourDoor[]): void;
  /** What reads for groups in this process commits and leaves them; asked before they close. */
  leave(): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Opens it; `null`: it is off.
 * @param descriptorsMax how many files the process may have open; Infinity where it can't be told
 */
export function openHttp(
  options: BrokerOptions,
  logger: Logger,
  network: Network,
  descriptorsMax: number,
): HttpPort | ListenFailure | null {
  if (options.httpPort === null) return null;
  const clock = systemClock;
  const startedAtMs = clock.monotonic();
  const stats = new RequestStats();
  let system: System = {
    phase: "starting",
    services: null,
    clock,
    budget: network.budget,
    startedAtMs,
    version: buildVersion,
    stats,
  };
  let metrics: Metrics | null = null;
  let leaveGroups: () => Promise<void> = () => Promise.resolve();
  const door = openDoor({
    hostname: options.host,
    port: options.httpPort,
    router: loadRouter,
    rules: {
      hosts: [options.host, ...options.httpHost].map((each) => each.toLowerCase()),
      origins: options.httpOrigin.map((each) => each.toLowerCase()),
    },
    logger,
    system: () => system,
  });
  if (door instanceof ListenFailure) return door;
  const watch = Number.isFinite(descriptorsMax)
    ? new DescriptorWatch({ clock, logger, door, descriptorsMax, used: descriptorsUsed })
    : null;
  const { hostname, port } = door;
  const address = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  return {
    address,
    run(home, doors) {
      const http = { name: "http", address, stats, door };
      const ready = servicesOf(home, { options, logger, network, startedAtMs }, doors, http);
      metrics = ready.services.metrics;
      leaveGroups = ready.leave;
      system = { ...system, phase: "running", services: ready.services };
    },
    async leave() {
      system = { ...system, phase: "stopping" };
      await atMost(membersLeaveMsMax, leaveGroups());
    },
    async stop(deadlineMs) {
      system = { ...system, phase: "stopping" };
      watch?.close();
      await door.stop(deadlineMs);
      metrics?.close();
    },
  };
}

/** A third of the program: neither a start needs it, nor a broker that nobody asks over HTTP. */
async function loadRouter(): Promise<Router> {
  const { allRoutes } = await import("./http/routes.ts");
  return new Router(allRoutes({ version: buildVersion }));
}

/** What the port has from the start on. */
interface HttpParts {
  readonly options: BrokerOptions;
  readonly logger: Logger;
  readonly network: Network;
  /** Milliseconds of the monotonic clock. */
  readonly startedAtMs: number;
}

/** This port, as it tells of itself. */
interface OwnDoor {
  readonly name: string;
  readonly address: string;
  readonly stats: RequestStats;
  readonly door: { readonly open: number };
}

/** What handlers can ask once the broker is there; `leave` ends what reads for groups. */
function servicesOf(
  { broker, groups, logs, share, clusterId }: Home,
  { options, logger, network, startedAtMs }: HttpParts,
  doors: readonly NeighbourDoor[],
  own: OwnDoor,
) {
  const clock = systemClock;
  const kafkaPort = doors.find(({ name }) => name === "kafka")?.port ?? null;
  const opened = kafkaPort === null ? null : { host: options.host, port: kafkaPort };
  const common = { broker, groups, clock, clusterId, brokerId: nodeId };
  const kafka = options.kafkaAdvertised ?? opened;
  const lags = new GroupLags({ ...common, share });
  const { name, address, stats, door } = own;
  const metrics = new Metrics({
    ...{ ...common, kafka, lags, logs, network, startedAtMs, version: buildVersion },
    doors: [
      ...doors.map((each) => ({ name: each.name, stats: each.stats, open: () => each.open })),
      { name, stats, open: () => door.open },
    ],
    facts: processFacts,
  });
  const facts = () =>
    serverFacts(options.data, network, [...doors, { name, address, open: door.open }]);
  const producer = new RecordProducer(clock);
  const readers = readersOf(common, options);
  const services = {
    ...common,
    ...readers.services,
    kafka,
    lags,
    producer,
    logger,
    facts,
    metrics,
  };
  return { services, leave: readers.leave };
}

/** What reads for groups and for streams in this process. */
function readersOf(
  common: MemberParts & Omit<ConsumerParts, "members" | "pages">,
  { httpConsumerIdleMs }: BrokerOptions,
) {
  const members = new ResidentMembers(common);
  const pages = new Slots(httpPagesMax);
  const consumers = new RestConsumers(
    { ...common, members, pages },
    systemRandom,
    httpConsumerIdleMs,
  );
  const leave = async (): Promise<void> => {
    await consumers.close();
    await members.close();
  };
  return { services: { members, consumers, pages, stations: new Stations(common.broker) }, leave };
}

/** Resolves with `done`, or when the time is up. */
async function atMost(ms: number, done: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = systemClock.after(ms, resolve);
  await Promise.race([done, late]);
  cancel();
}
