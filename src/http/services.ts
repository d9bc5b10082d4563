/** What handlers can ask: the broker's verbs, and facts about this process. They know no server. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { RequestStats } from "../base/request-stats.ts";
import type { Broker } from "../broker/broker.ts";
import type { GroupCoordinator } from "../broker/group-coordinator.ts";
import type { GroupLags } from "../broker/group-lag.ts";
import type { RecordProducer } from "../broker/record-producer.ts";
import type { ResidentMembers } from "../broker/resident-members.ts";
import type { Slots } from "../broker/slots.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { RestConsumers } from "./rest-v2/rest-consumers.ts";
import type { Stations } from "./streams/stations.ts";

/** Where a port of the broker is reached. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What is known of this process beside the broker, as it is now. */
export interface ServerFacts {
  readonly processId: number;
  /** Memory. */
  readonly residentBytes: number;
  readonly dataDirectory: string;
  /** Each with its connections that are open; for HTTP: requests and WebSockets. */
  readonly doors: readonly {
    readonly name: string;
    readonly address: string;
    readonly open: number;
  }[];
  /** Since the start, through all doors but HTTP. */
  readonly accepted: number;
  readonly refused: number;
  /** Cut off, for whatever reason. */
  readonly cut: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** What there is once the data directory was recovered. */
export interface HttpServices {
  readonly broker: Broker;
  readonly groups: GroupCoordinator;
  readonly lags: GroupLags;
  readonly producer: RecordProducer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Kafka's name for the whole installation. */
  readonly clusterId: string;
  /** The only broker's id. */
  readonly brokerId: number;
  /** Where Kafka's clients are to connect; `null`: that port is closed. */
  readonly kafka: Endpoint | null;
  readonly facts: () => ServerFacts;
  /** Members of consumer groups that live here. */
  readonly members: ResidentMembers;
  /** The consumer instances of REST v2. */
  readonly consumers: RestConsumers;
  /** Whoever reads a page of records takes one: it may hold `httpRecordsBytesMax`. */
  readonly pages: Pick<Slots, "run">;
  /** Where readers of live streams meet. */
  readonly stations: Stations;
  readonly metrics: Pick<Metrics, "scrape">;
}

/** Bytes that requests hold, counted together with those of all other doors (`net/budget.ts`). */
export interface BytesBudget {
  readonly exceeded: boolean;
  reserve(bytes: number): void;
  release(bytes: number): void;
  /** Calls it once, when there is room again. */
  wait(waiter: { roomAgain(): void }): void;
  leave(waiter: { roomAgain(): void }): void;
}

/** This process, from before the broker is there until after it has gone. */
export interface System {
  /** `starting` until the data directory was recovered; `stopping` from the first signal on. */
  readonly phase: "starting" | "running" | "stopping";
  /** `null` while it is starting. */
  readonly services: HttpServices | null;
  readonly clock: Clock;
  readonly budget: BytesBudget;
  /** Milliseconds of the monotonic clock. */
  readonly startedAtMs: number;
  readonly version: string;
  /** Requests by operation, errors by code. */
  readonly stats: RequestStats;
}
