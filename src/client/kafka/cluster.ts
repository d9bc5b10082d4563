/**
 * The brokers of one cluster, as a client sees them: one request to one of them, who leads which
 * partition, who coordinates which group, and trying again.
 *
 * Owns the connections. What a cluster tells of itself is remembered until it is old, or until a
 * response shows that it was wrong, and the caller says so (`forget…`).
 */
import { apis, type ApiName } from "../../kafka/apis.ts";
import {
  clientBackoffMsMax,
  clientBackoffMsMin,
  clientConnectMsMax,
  clientCoordinatorsKnownMax,
  clientMetadataAgeMsMax,
  clientRequestMsMax,
  clientTopicsKnownMax,
} from "../../limits.ts";
import type { Api, RequestOf, ResponseOf, Shape } from "../../wire/table.ts";
import { Writer } from "../../wire/writer.ts";
import { isListOf, isText } from "../given.ts";
import { addressText, parseAddress } from "./address.ts";
import { backoffMs, type Backoff } from "./backoff.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import { systemWorld, type ClientWorld } from "./client-world.ts";
import type { Connection } from "./connection.ts";
import { Known } from "./known.ts";
import { type Node, Nodes } from "./nodes.ts";
import { piecesOf } from "./pieces.ts";
import {
  partitionIn,
  topicByName,
  topicMetadata,
  type MetadataTopic,
  type PartitionMetadata,
  type TopicMetadata,
} from "./topic-metadata.ts";
import type { VersionBounds } from "./versions.ts";
import { Waits } from "./waits.ts";

export type { Node } from "./nodes.ts";
export type { PartitionMetadata, TopicMetadata } from "./topic-metadata.ts";

/** All times are milliseconds. */
export interface ClusterOptions {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[];
  /** What brokers call this client in their logs and quotas. */
  readonly clientId?: string;
  /** From a request to its response, unless the request says else. */
  readonly requestTimeoutMs?: number;
  /** From the attempt to connect until the broker has told its versions. */
  readonly connectTimeoutMs?: number;
  /** What is known of topics is asked again after so long. */
  readonly metadataMaxAgeMs?: number;
  /** The first pause before something is tried again, and the longest. */
  readonly retryBackoffMs?: number;
  readonly retryBackoffMaxMs?: number;
}

/** An API that this client speaks: `apis.Metadata`. */
export type ClientApi = (typeof apis)[ApiName];

/** Whom to ask: a node id, the cluster's controller, or whoever is there. */
export type Destination = number | "any" | "controller";

/** How one request goes out. */
export interface SendOptions extends VersionBounds {
  /** From now to the response, connecting included. */
  readonly timeoutMs?: number;
  /** The broker sends no response (Produce with acks 0): there is a blank one once it is sent. */
  readonly noReply?: boolean;
  /**
   * Requests of one lane share one connection to each broker and are answered in order; what may
   * wait for long (Fetch, JoinGroup) takes a lane of its own. Left out: the common one.
   */
  readonly lane?: string;
  /** Told the version that was chosen, before the request is sent; what it throws keeps it back. */
  readonly onVersion?: (version: number) => void;
}

/** The cluster as it is now. */
export interface ClusterMetadata {
  /** `null`: the broker is too old to tell. */
  readonly clusterId: string | null;
  /** -1: there is none at the moment. */
  readonly controllerId: number;
  /** In the order of their ids. */
  readonly nodes: readonly Node[];
}

/** How a topic is looked up. */
export interface TopicOptions {
  /** Whether a broker that creates topics by itself may do so now; default: no. */
  readonly create?: boolean;
}

/** Metadata asked for together. */
interface Lookup {
  readonly names: Set<string>;
  readonly found: Promise<ReadonlyMap<string, TopicMetadata>>;
}

/** The common lane. */
const commonLane = "";
/** Metadata of Kafka 0.11: the first that leaves it to the client whether topics are created. */
const metadataVersionMin = 4;

/** See the head of this file. */
export class Cluster {
  readonly #requestTimeoutMs: number;
  readonly #backoff: Backoff;
  readonly #waits: Waits;
  readonly #nodes: Nodes;
  readonly #topics: Known<TopicMetadata>;
  readonly #coordinators: Known<number>;
  readonly #controller: Known<number>;
  /** Topics that this turn asks for: those that may be created, and the others. */
  readonly #lookups = new Map<boolean, Lookup>();
  #closed: ClientError | undefined;

  private constructor(
    options: ClusterOptions,
    readonly world: ClientWorld,
  ) {
    const { clock } = world;
    const ageMsMax = options.metadataMaxAgeMs ?? clientMetadataAgeMsMax;
    const firstMs = options.retryBackoffMs ?? clientBackoffMsMin;
    const longestMs = Math.max(firstMs, options.retryBackoffMaxMs ?? clientBackoffMsMax);
    this.#requestTimeoutMs = options.requestTimeoutMs ?? clientRequestMsMax;
    this.#backoff = { firstMs, longestMs };
    this.#waits = new Waits(clock);
    this.#topics = new Known(clock, clientTopicsKnownMax, ageMsMax);
    this.#coordinators = new Known(clock, clientCoordinatorsKnownMax, ageMsMax);
    this.#controller = new Known(clock, 1, ageMsMax);
    const { brokers, clientId = "obelisk" } = options;
    if (!isListOf(brokers, isText)) throw new ClientError("INVALID", "brokers are a list of texts");
    if (brokers.length === 0) throw new ClientError("INVALID", "no broker was named");
    if (!isText(clientId)) throw new ClientError("INVALID", "clientId is text");
    this.#nodes = new Nodes({
      bootstrap: brokers.map(parseAddress),
      clientId,
      connectTimeoutMs: options.connectTimeoutMs ?? clientConnectMsMax,
      backoff: this.#backoff,
      world,
      waits: this.#waits,
      writer: new Writer(),
    });
  }

  /** Connects to one of the brokers. Rejects with a {@link ClientError} if none is there. */
  static async open(options: ClusterOptions, world: ClientWorld = systemWorld): Promise<Cluster> {
    const cluster = new Cluster(options, world);
    try {
      await cluster.describe();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /**
   * One request to one broker, in the newest version that both know. Rejects with a
   * {@link ClientError} where there is no response; what the response says is the caller's.
   * Never tries again by itself, but connects first: with `any`, to whoever can be reached.
   */
  async send<A extends ClientApi>(
    to: Destination,
    api: A,
    request: RequestOf<A>,
    options: SendOptions = {},
  ): Promise<ResponseOf<A>> {
    const { clock } = this.world;
    const timeoutMs = options.timeoutMs ?? this.#requestTimeoutMs;
    const deadline = clock.monotonic() + timeoutMs;
    const connecting = this.#connection(to, options.lane ?? commonLane);
    const connection = await this.#waits.within(connecting, deadline, () => {
      const whom = typeof to === "number" ? `broker ${to}` : `${to} broker`;
      return new ClientError("TIMED_OUT", `${api.name} was not sent to ${whom} in ${timeoutMs} ms`);
    });
    const version = chosen(connection, api, options);
    options.onVersion?.(version);
    // The tables' types are those of `api`; the compiler can't follow a union of them.
    const plain = api as unknown as Api<Shape, A["response"]["shape"]>;
    if (options.noReply) {
      const sending = connection.sendOnly(plain, version, request);
      return await this.#waits.within(sending, deadline, () => {
        return new ClientError("TIMED_OUT", `${api.name} was not sent in ${timeoutMs} ms`);
      });
    }
    const leftMs = Math.max(0, deadline - clock.monotonic());
    return await connection.send(plain, version, request, leftMs);
  }

  /** The version in which `send` would ask now. Rejects with UNSUPPORTED if there is none. */
  async versionOf(to: Destination, api: ClientApi, options: SendOptions = {}): Promise<number> {
    return chosen(await this.#connection(to, options.lane ?? commonLane), api, options);
  }

  /** A topic, from what is known or by asking. Rejects with its error if it has one. */
  topic(name: string, options: TopicOptions = {}): Promise<TopicMetadata> {
    return this.#topics.get(name, () => this.#lookUp(name, options.create ?? false));
  }

  /** Topics as they are now, `null`: all; those that can't be told have an `error`. */
  async topics(names: readonly string[] | null): Promise<readonly TopicMetadata[]> {
    const topics = (await this.#topicRows(names, false)).map(topicMetadata);
    for (const topic of topics) {
      if (topic.error === null) this.#topics.learn(topic.name, topic);
      else this.#topics.forget(topic.name);
    }
    return topics;
  }

  /**
   * A partition that has a leader, from what is known or by asking; one that is not known of a
   * topic may be new. Rejects with UNKNOWN_TOPIC_OR_PARTITION or LEADER_NOT_AVAILABLE, which are
   * retriable; then the topic is forgotten.
   */
  async leaderOf(
    topic: string,
    partition: number,
    options: TopicOptions = {},
  ): Promise<PartitionMetadata> {
    const isKnown = this.#topics.has(topic);
    let { partitions } = await this.topic(topic, options);
    let found = partitionIn(partitions, partition);
    if (found === undefined && isKnown) {
      this.forgetTopic(topic);
      ({ partitions } = await this.topic(topic, options));
      found = partitionIn(partitions, partition);
    }
    if (found !== undefined && found.leaderId >= 0) return found;
    this.forgetTopic(topic);
    if (found !== undefined) {
      const message = `nobody leads ${topic}/${partition} at the moment`;
      throw new ClientError("LEADER_NOT_AVAILABLE", message);
    }
    const message = `topic ${topic} has ${partitions.length} partitions, and no ${partition}`;
    throw new ClientError("UNKNOWN_TOPIC_OR_PARTITION", message);
  }

  /** The node that coordinates a group, from what is known or by asking. */
  coordinatorOf(groupId: string): Promise<number> {
    return this.#coordinators.get(groupId, () => this.#findCoordinator(groupId));
  }

  /** The cluster as it is now. */
  async describe(): Promise<ClusterMetadata> {
    const { clusterId, controllerId, brokers } = await this.#metadata([], false);
    return { clusterId, controllerId, nodes: brokers };
  }

  /** The next look at the topic asks again: a response said that it is elsewhere, or gone. */
  forgetTopic(name: string): void {
    this.#topics.forget(name);
  }

  /** The same for the coordinator of a group. */
  forgetCoordinator(groupId: string): void {
    this.#coordinators.forget(groupId);
  }

  /** The same for the controller. */
  forgetController(): void {
    this.#controller.forget("");
  }

  /**
   * Runs `attempt` again, after pauses that double, with jitter (KIP-580), while it rejects with a
   * retriable {@link ClientError}. The last error goes to the caller once the next pause would go
   * over the deadline.
   * @param deadline of the monotonic clock
   * @param signal ends a pause with CLOSED
   */
  async retry<T>(deadline: number, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        const isRetriable = error instanceof ClientError && error.retriable;
        const pauseMs = backoffMs(this.#backoff, failures, this.world.random);
        const isOver = this.world.clock.monotonic() + pauseMs > deadline;
        if (!isRetriable || isOver || this.#closed !== undefined) throw error;
        await this.#waits.pause(pauseMs, signal);
      }
    }
  }

  /** Disconnects the connections of a lane; whatever waits there rejects with CLOSED. */
  closeLane(lane: string): void {
    this.#nodes.close(new ClientError("CLOSED", "it was closed"), lane);
  }

  /** Disconnects; whatever waits rejects with CLOSED. */
  close(): Promise<void> {
    this.#closed ??= new ClientError("CLOSED", "the client is closed");
    this.#waits.close(this.#closed);
    this.#nodes.close(this.#closed);
    return Promise.resolve();
  }

  async #connection(to: Destination, lane: string): Promise<Connection> {
    if (this.#closed !== undefined) throw this.#closed;
    if (to === "any") return await this.#nodes.connectAny(lane);
    const nodeId = to === "controller" ? await this.#controllerId() : to;
    const known = this.#nodes.find(nodeId);
    if (known !== undefined) return await this.#nodes.connect(known, lane);
    await this.#metadata([], false);
    const learned = this.#nodes.find(nodeId);
    if (learned !== undefined) return await this.#nodes.connect(learned, lane);
    const message = `the cluster has no broker ${nodeId} at the moment`;
    throw new ClientError("BROKER_NOT_AVAILABLE", message, true);
  }

  #controllerId(): Promise<number> {
    return this.#controller.get("", async () => {
      const { controllerId } = await this.#metadata([], false);
      if (controllerId >= 0) return controllerId;
      throw new ClientError("NOT_CONTROLLER", "the cluster has no controller at the moment");
    });
  }

  async #metadata(
    names: readonly string[] | null,
    allowAutoTopicCreation: boolean,
  ): Promise<ResponseOf<typeof apis.Metadata>> {
    const request = {
      topics: names?.map(topicByName) ?? null,
      allowAutoTopicCreation,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    };
    const options = { versionMin: metadataVersionMin };
    const response = await this.send("any", apis.Metadata, request, options);
    const error = kafkaError(response.errorCode, "asking for the cluster's metadata");
    if (error !== null) throw error;
    // A broker that has only begun to start may know nobody yet.
    if (response.brokers.length > 0) this.#nodes.learn(response.brokers);
    return response;
  }

  /** @param names `null`: all */
  async #topicRows(
    names: readonly string[] | null,
    create: boolean,
  ): Promise<readonly MetadataTopic[]> {
    if (names === null) return (await this.#metadata(null, create)).topics;
    const rows: MetadataTopic[][] = [];
    for (const piece of piecesOf(names)) {
      rows.push([...(await this.#metadata(piece, create)).topics]);
    }
    return rows.flat();
  }

  /** Asks for all topics together that are wanted in this turn. */
  async #lookUp(name: string, create: boolean): Promise<TopicMetadata> {
    let lookup = this.#lookups.get(create);
    if (lookup === undefined) {
      const names = new Set<string>();
      const found = Promise.resolve().then(async () => {
        this.#lookups.delete(create);
        const rows = await this.#topicRows([...names], create);
        return new Map(rows.map((row) => [row.name ?? "", topicMetadata(row)]));
      });
      lookup = { names, found };
      this.#lookups.set(create, lookup);
    }
    lookup.names.add(name);
    const topic = (await lookup.found).get(name);
    if (topic === undefined) {
      const message = `looking up topic ${name}: the broker's answer leaves it out`;
      throw new ClientError("UNKNOWN_TOPIC_OR_PARTITION", message);
    }
    if (topic.error !== null) throw topic.error;
    return topic;
  }

  async #findCoordinator(groupId: string): Promise<number> {
    const request = { key: groupId, keyType: 0, coordinatorKeys: [groupId] };
    const response = await this.send("any", apis.FindCoordinator, request);
    // Before version 4 there is one answer, in the columns of the response itself.
    const found = response.coordinators[0] ?? response;
    const doing = `looking for the coordinator of group ${groupId}`;
    const error = kafkaError(found.errorCode, doing, found.errorMessage);
    if (error !== null) throw error;
    const { nodeId, host, port } = found;
    if (host === "") {
      throw new ClientError("COORDINATOR_NOT_AVAILABLE", `${doing}: the answer names nobody`);
    }
    const known = this.#nodes.find(nodeId);
    if (known === undefined || addressText(known) !== addressText({ host, port })) {
      this.#nodes.learnOne({ nodeId, host, port, rack: known?.rack ?? null });
    }
    return nodeId;
  }
}

/** @throws ClientError UNSUPPORTED */
function chosen(connection: Connection, api: Api, bounds: VersionBounds): number {
  const version = connection.versions.choose(api, bounds);
  if (version instanceof ClientError) throw version;
  return version;
}
