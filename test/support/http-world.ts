/**
 * The HTTP door over a whole broker in memory: a real port of loopback, a manual clock. Every
 * answer is held against what its route says of it, so that the document stays true.
 */
import { ListenFailure } from "../../src/base/listen-failure.ts";
import { RequestStats } from "../../src/base/request-stats.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { GroupLags } from "../../src/broker/group-lag.ts";
import { defaultGroupRules } from "../../src/broker/group-rules.ts";
import { createGroups, type Groups } from "../../src/broker/groups.ts";
import { Slots } from "../../src/broker/slots.ts";
import { ResidentMembers } from "../../src/broker/resident-members.ts";
import { RecordProducer } from "../../src/broker/record-producer.ts";
import { openDoor } from "../../src/http/door.ts";
import { errorBody } from "../../src/http/errors.ts";
import type { GuardRules } from "../../src/http/guards.ts";
import { RestConsumers } from "../../src/http/rest-v2/rest-consumers.ts";
import { Router } from "../../src/http/router.ts";
import { allRoutes } from "../../src/http/routes.ts";
import { Mismatch } from "../../src/http/schema.ts";
import type { System } from "../../src/http/services.ts";
import { Stations } from "../../src/http/streams/stations.ts";
import { groupTransactionPauseMs, httpPagesMax, inFlightBytesMax } from "../../src/limits.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import type { MetricsParts } from "../../src/metrics/view.ts";
import { Budget } from "../../src/net/budget.ts";
import { Network } from "../../src/net/network.ts";
import { subscription } from "../broker/groups-world.ts";
import { BrokerWorld } from "./broker-world.ts";
import { unwrap } from "./log-world.ts";
import { turns } from "./until.ts";

/** An answer that has come. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What the text is in JSON; `undefined` if it is none. */
  readonly body: unknown;
}

/** What to ask with. */
export interface Asking {
  /** JSON unless it is text or bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a world is to be like. */
export interface HttpWorldOptions {
  readonly rules?: GuardRules;
  readonly settings?: Partial<BrokerWorld["settings"]>;
  readonly budgetBytes?: number;
  /** A broker's world that is there already. */
  readonly base?: BrokerWorld;
}

/** See the head of this file. */
export class HttpWorld implements AsyncDisposable {
  readonly base: BrokerWorld;
  readonly router = new Router(allRoutes({ version: "1.2.3" }));
  readonly budget: Budget;
  readonly stats = new RequestStats();
  readonly pages = new Slots(httpPagesMax);
  readonly clusterId = "cluster-of-tests-12345";
  broker!: Broker;
  groups!: Groups;
  door!: Exclude<ReturnType<typeof openDoor>, ListenFailure>;
  system!: System;
  metricsParts!: MetricsParts;
  stations!: Stations;
  members!: ResidentMembers;
  consumers!: RestConsumers;

  private constructor(private readonly options: HttpWorldOptions) {
    this.base = options.base ?? new BrokerWorld();
    this.budget = new Budget(options.budgetBytes ?? inFlightBytesMax);
  }

  static async open(options: HttpWorldOptions = {}): Promise<HttpWorld> {
    const world = new HttpWorld(options);
    await world.#open();
    return world;
  }

  get url(): string {
    return `http://127.0.0.1:${this.door.port}`;
  }

  /** A path in the cluster. */
  in(path: string): string {
    return `/v3/clusters/${this.clusterId}${path}`;
  }

  /** A topic with so many partitions. */
  async topic(name: string, partitionCount = 1, config = {}): Promise<void> {
    unwrap(await this.broker.createTopic({ name, partitionCount, config }));
  }

  /** Asks, and checks that the answer is one that the document knows. */
  async ask(method: string, path: string, asking: Asking = {}): Promise<Answered> {
    const { body, headers = {} } = asking;
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(`${this.url}${path}`, {
      method,
      redirect: "manual",
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const answered = { status: response.status, headers: response.headers, text, body: json(text) };
    this.#check(method, path, answered);
    return answered;
  }

  /** The same in the cluster. */
  async v3(method: string, path: string, body?: unknown): Promise<Answered> {
    return await this.ask(method, this.in(path), body === undefined ? {} : { body });
  }

  /** Waits for what needs the clock to move: what groups write has to pause. */
  async moving<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => (isSettled = true));
    while (!isSettled) {
      this.base.clock.advance(groupTransactionPauseMs);
      await turns(1);
    }
    return await settled;
  }

  /** The same until `condition` holds. @param stepMs how much the clock moves at a time */
  async movingUntil(condition: () => boolean, stepMs = groupTransactionPauseMs): Promise<void> {
    while (!condition()) {
      this.base.clock.advance(stepMs);
      await turns(1);
    }
  }

  /** Commits an offset for a group without members. */
  async commit(groupId: string, topic: string, partition: number, at: number): Promise<void> {
    const row = { partitionIndex: partition, committedOffset: at, committedLeaderEpoch: -1 };
    const partitions = [{ ...row, committedMetadata: null }];
    const request = {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: "",
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [{ name: topic, partitions }],
    };
    await this.moving(this.groups.offsetCommit(request, caller));
  }

  /** A group of one member, who reads this partition; the member's id. */
  async member(groupId: string, topic: string, partition: number): Promise<string> {
    const protocol = { name: "range", metadata: subscription(topic) };
    const joined = await this.moving(
      this.groups.joinGroup(
        {
          groupId,
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: 10_000,
          memberId: "",
          groupInstanceId: "instance",
          protocolType: "consumer",
          protocols: [protocol],
          reason: null,
        },
        caller,
      ),
    );
    const { memberId, generationId } = joined;
    const assignment = assignmentOf(topic, partition);
    const synced = { groupId, generationId, memberId, groupInstanceId: "instance" };
    const known = { protocolType: null, protocolName: null };
    const assignments = [{ memberId, assignment }];
    await this.moving(this.groups.syncGroup({ ...synced, ...known, assignments }, caller));
    return memberId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.moving(this.consumers.close());
    await this.moving(this.members.close());
    const stopping = this.door.stop(0);
    this.base.clock.advance(0);
    await stopping;
    await this.groups.close();
    await this.broker.close();
  }

  async #open(): Promise<void> {
    const { base, budget, clusterId, options } = this;
    const { clock, logger } = base;
    base.settings = { ...base.settings, ...options.settings };
    this.broker = await base.start();
    const parts = { store: base.metadata.groups, clock, logger, random: seededRandom(7) };
    const groupRules = { ...defaultGroupRules, initialRebalanceDelayMs: 0 };
    this.groups = unwrap(await createGroups(parts, groupRules));
    base.forgetTopic = async (name) => {
      const code = await this.groups.forgetTopic(name);
      return code === "NONE" ? null : new Refusal("KAFKA_STORAGE_ERROR", code);
    };
    const { broker, groups } = this;
    this.stations = new Stations(broker);
    this.members = new ResidentMembers({ broker, groups, clock });
    const { pages } = this;
    const consumerParts = { broker, groups, clock, members: this.members, pages };
    this.consumers = new RestConsumers(consumerParts, seededRandom(8));
    const lags = new GroupLags({ broker, groups, clock, share: base.share });
    const kafka = { host: "broker.test", port: 9092 };
    const producer = new RecordProducer(clock);
    const services = {
      broker,
      groups,
      lags,
      producer,
      clock,
      logger,
      clusterId,
      brokerId: 1,
      kafka,
      facts: () => factsOfTests,
      metrics: new Metrics((this.metricsParts = this.#metricsOf({ lags, kafka }))),
      members: this.members,
      consumers: this.consumers,
      pages,
      stations: this.stations,
    };
    const startedAtMs = clock.monotonic();
    const phase = "running";
    const { stats } = this;
    this.system = { phase, services, clock, budget, startedAtMs, version: "1.2.3", stats };
    const door = openDoor({
      hostname: "127.0.0.1",
      port: 0,
      router: () => Promise.resolve(this.router),
      rules: options.rules ?? { hosts: [], origins: [] },
      logger,
      system: () => this.system,
    });
    if (door instanceof ListenFailure) throw new Error(door.message);
    this.door = door;
  }

  #metricsOf(parts: Pick<MetricsParts, "lags" | "kafka">): MetricsParts {
    const { broker, groups, clusterId, stats, base } = this;
    const { clock, logger } = base;
    return {
      ...{ ...parts, broker, groups, clusterId, clock, brokerId: 1, version: "1.2.3" },
      logs: base.environment,
      network: new Network({ clock, logger }),
      doors: [{ name: "http", stats, open: () => this.door.open }],
      facts: () => Promise.resolve(processOfTests),
      startedAtMs: clock.monotonic(),
    };
  }

  #check(method: string, path: string, { status, body, text }: Answered): void {
    if (method === "HEAD" || text === "") return;
    const found = this.router.find(method, new URL(path, this.url).pathname);
    const described = found.kind === "route" ? found.route.answers[status] : undefined;
    if (described === undefined && status < 400) throw new Error(`${path}: ${status} is unknown`);
    const type = described?.type ?? (status < 400 ? undefined : errorBody);
    if (type === undefined || body === undefined) return;
    const read = type.read(body);
    if (read instanceof Mismatch) throw new Error(`${method} ${path} ${status}: ${read.message}`);
  }
}

const processOfTests = {
  cpuSeconds: 1.5,
  residentBytes: 64_000_000,
  openFiles: 12,
  openFilesMax: null,
};

/** What a server would know of itself. */
const factsOfTests = {
  processId: 4711,
  residentBytes: 64_000_000,
  dataDirectory: "/var/lib/obelisk",
  doors: [{ name: "kafka", address: "127.0.0.1:9092", open: 3 }],
  accepted: 10,
  refused: 1,
  cut: 2,
  receivedBytes: 1_000,
  sentBytes: 2_000,
};

const caller = { apiVersion: 3, clientId: "app", clientHost: "/127.0.0.1" };

/** What a leader gives a member to read, in the consumers' protocol. */
export function assignmentOf(topic: string, ...partitions: readonly number[]): Uint8Array {
  const name = new TextEncoder().encode(topic);
  const bytes = new Uint8Array(12 + name.length + 4 * partitions.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(2, 1);
  view.setInt16(6, name.length);
  bytes.set(name, 8);
  view.setInt32(8 + name.length, partitions.length);
  for (const [at, each] of partitions.entries()) view.setInt32(12 + name.length + 4 * at, each);
  return bytes;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
