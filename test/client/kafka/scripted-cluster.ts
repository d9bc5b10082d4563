/**
 * A cluster that answers as a test says, for the parts of a consumer: nothing happens by itself,
 * time stands still, and every request is kept.
 */
import { offset } from "../../../src/base/brands.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import type { ClientWorld } from "../../../src/client/kafka/client-world.ts";
import type { ClientApi, SendOptions, TopicMetadata } from "../../../src/client/kafka/cluster.ts";
import type { ConsumerCluster } from "../../../src/client/kafka/consumer-cluster.ts";
import type { PartitionMetadata } from "../../../src/client/kafka/topic-metadata.ts";
import type { apis } from "../../../src/kafka/apis.ts";
import { errors, type ErrorName } from "../../../src/kafka/errors.ts";
import { blank, noUuid, type RequestOf, type ResponseOf } from "../../../src/wire/table.ts";
import { ManualClock } from "../../fake/clock.ts";
import { turns } from "../../support/until.ts";

/** A request as it was sent. */
export interface Sent {
  readonly to: number | string;
  readonly api: string;
  readonly request: unknown;
  readonly options: SendOptions;
}

type Answer = (request: never, sent: Sent) => unknown;

/** See the head of this file. */
export class ScriptedCluster implements ConsumerCluster {
  readonly clock = new ManualClock();
  readonly world: ClientWorld = {
    clock: this.clock,
    random: seededRandom(7),
    dial: () => {
      throw new Error("a scripted cluster has no network");
    },
  };
  readonly sent: Sent[] = [];
  /** How many partitions each topic has; all are led by node 1. */
  readonly partitionCounts = new Map<string, number>();
  /** `noUuid`: brokers without topic ids. */
  topicIds = new Map<string, string>();
  leaderEpoch = 0;
  readonly forgottenTopics: string[] = [];
  forgottenCoordinators = 0;
  readonly closedLanes: string[] = [];
  readonly #answers = new Map<string, Answer>();

  /** From now on, requests of this API are answered so: columns left out have their defaults. */
  on<A extends ClientApi>(
    api: A,
    answer: (
      request: RequestOf<A>,
      sent: Sent,
    ) => Partial<ResponseOf<A>> | Promise<Partial<ResponseOf<A>>>,
  ): void {
    this.#answers.set(api.name, answer);
  }

  /** What was sent to this API. */
  requests<A extends ClientApi>(api: A): RequestOf<A>[] {
    return this.sent
      .filter((each) => each.api === api.name)
      .map(({ request }) => request as RequestOf<A>);
  }

  async send<A extends ClientApi>(
    to: number | "any" | "controller",
    api: A,
    request: RequestOf<A>,
    options: SendOptions = {},
  ): Promise<ResponseOf<A>> {
    const sent = { to, api: api.name, request, options };
    this.sent.push(sent);
    const answer = this.#answers.get(api.name);
    if (answer === undefined) throw new ClientError("NETWORK", `nobody answers ${api.name}`);
    const response = await answer(request as never, sent);
    const row: unknown = { ...blank(api.response.shape), ...(response as object) };
    return row as ResponseOf<A>;
  }

  async topic(name: string): Promise<TopicMetadata> {
    const topic = this.#metadata(name);
    if (topic.error !== null) throw topic.error;
    return topic;
  }

  async topics(names: readonly string[] | null): Promise<readonly TopicMetadata[]> {
    return (names ?? [...this.partitionCounts.keys()]).map((name) => this.#metadata(name));
  }

  async leaderOf(topic: string, partition: number): Promise<PartitionMetadata> {
    const found = (await this.topic(topic)).partitions[partition];
    if (found !== undefined) return found;
    throw new ClientError("UNKNOWN_TOPIC_OR_PARTITION", `there is no ${topic}/${partition}`);
  }

  async coordinatorOf(): Promise<number> {
    return 1;
  }

  forgetTopic(name: string): void {
    this.forgottenTopics.push(name);
  }

  forgetCoordinator(): void {
    this.forgottenCoordinators += 1;
  }

  /** Tries again at once, three times at most. */
  async retry<T>(_deadline: number, attempt: () => Promise<T>): Promise<T> {
    for (let left = 2; ; left--) {
      try {
        return await attempt();
      } catch (error) {
        if (left === 0 || !(error instanceof ClientError && error.retriable)) throw error;
      }
    }
  }

  closeLane(lane: string): void {
    this.closedLanes.push(lane);
  }

  #metadata(name: string): TopicMetadata {
    const count = this.partitionCounts.get(name);
    const error =
      count === undefined
        ? new ClientError("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name}`)
        : null;
    return {
      name,
      topicId: this.topicIds.get(name) ?? noUuid,
      isInternal: false,
      error,
      partitions: Array.from({ length: count ?? 0 }, (_, partition) => ({
        partition,
        leaderId: 1,
        leaderEpoch: this.leaderEpoch,
        replicas: [1],
        inSyncReplicas: [1],
        offlineReplicas: [],
      })),
    };
  }
}

type FetchRow = ResponseOf<typeof apis.Fetch>["responses"][number]["partitions"][number];

/** What a Fetch is answered of one partition: the first, and nothing of it, unless it is said. */
export const fetchRow = (row: Partial<FetchRow>): FetchRow => ({
  partitionIndex: 0,
  errorCode: 0,
  highWatermark: offset(0),
  lastStableOffset: offset(-1),
  logStartOffset: offset(-1),
  divergingEpoch: { epoch: -1, endOffset: offset(-1) },
  currentLeader: { leaderId: -1, leaderEpoch: -1 },
  snapshotId: { endOffset: offset(-1), epoch: -1 },
  abortedTransactions: null,
  preferredReadReplica: -1,
  records: null,
  ...row,
});

export const codeOf = (name: ErrorName): number => errors[name].code;

/** Lets happen what needs no time. */
export const settled = (): Promise<void> => turns(3);

/** Moves time on in steps, so that what each timer starts comes to its end before the next. */
export async function pass(cluster: ScriptedCluster, forMs: number, stepMs = 100): Promise<void> {
  for (let left = forMs; left > 0; left -= stepMs) {
    cluster.clock.advance(Math.min(stepMs, left));
    await settled();
  }
}
