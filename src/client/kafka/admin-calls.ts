/**
 * How an admin asks: each item goes to the broker that can answer for it, and is asked for again
 * while what keeps it from being done passes by itself: a broker that restarts, a leader that has
 * moved. Every item has its outcome, whatever becomes of the others.
 */
import { ClientError, type ClientErrorCode } from "./client-error.ts";
import type { Cluster, Destination } from "./cluster.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** What became of one item. */
export interface Outcome {
  /** `null`: it was done. */
  readonly error: ClientError | null;
}

/** Who answers for an item. */
export interface Route<Item> {
  find(item: Item): Promise<Destination>;
  /** It was the wrong one, or it could not be reached. */
  forget(item: Item): void;
}

/** Items that go to one broker, in their order; their outcomes, in the same order. */
export type Ask<Item, Result> = (
  to: Destination,
  items: readonly Item[],
  /** An earlier attempt had no answer: what was asked may have been done. */
  isRepeated: boolean,
) => Promise<readonly Result[]>;

/** What passes by itself. Others that Kafka calls retriable stay for as long as nobody acts. */
const passing: ReadonlySet<ClientErrorCode> = new Set<ClientErrorCode>([
  "NETWORK",
  "TIMED_OUT",
  "OVERLOADED",
  "BROKER_NOT_AVAILABLE",
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_OR_FOLLOWER",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "OFFSET_NOT_AVAILABLE",
  "LISTENER_NOT_FOUND",
  "REQUEST_TIMED_OUT",
  "NETWORK_EXCEPTION",
  "COORDINATOR_LOAD_IN_PROGRESS",
  "COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR",
  "NOT_CONTROLLER",
  "UNSTABLE_OFFSET_COMMIT",
  "THROTTLING_QUOTA_EXCEEDED",
]);

const isPassing = (error: ClientError): boolean => error.retriable && passing.has(error.code);

/** After these nobody knows whether it was done. */
const isUnclear = ({ code }: ClientError): boolean =>
  code === "NETWORK" || code === "TIMED_OUT" || code === "REQUEST_TIMED_OUT";

interface Open<Item> {
  readonly item: Item;
  readonly index: number;
}

/** See the head of this file. */
export class AdminCalls {
  /** @param timeoutMs of one call, all its attempts together */
  constructor(
    readonly cluster: Cluster,
    private readonly timeoutMs: number,
  ) {}

  /** Asks once, and again while what goes wrong passes by itself. */
  async once<T>(ask: () => Promise<T>): Promise<T> {
    const result = await this.cluster.retry(this.#deadline(), async () => {
      try {
        return { value: await ask() };
      } catch (error) {
        if (error instanceof ClientError && !isPassing(error)) return { error };
        throw error;
      }
    });
    if ("error" in result) throw result.error;
    return result.value;
  }

  /**
   * Asks for each item at the broker that answers for it.
   * @param failed the outcome of an item for which there was no answer
   */
  async each<Item, Result extends Outcome>(
    items: readonly Item[],
    route: Route<NoInfer<Item>>,
    ask: Ask<Item, Result>,
    failed: (item: NoInfer<Item>, error: ClientError) => Result,
  ): Promise<Result[]> {
    const results: Result[] = [];
    let open = items.map((item, index) => ({ item, index }));
    let isRepeated = false;
    const attempt = async (): Promise<void> => {
      await this.#round({ open, results, route, ask, failed, isRepeated });
      const errors: ClientError[] = [];
      open = open.filter(({ item, index }) => {
        const error = results[index]?.error ?? null;
        if (error === null || !isPassing(error)) return false;
        errors.push(error);
        isRepeated ||= isUnclear(error);
        route.forget(item);
        return true;
      });
      const [first] = errors;
      if (first !== undefined) throw first;
    };
    try {
      await this.cluster.retry(this.#deadline(), attempt);
    } catch (error) {
      // The time is over: what has failed until now is the outcome.
      if (!(error instanceof ClientError)) throw error;
    }
    return results;
  }

  /** Asks for every open item once. */
  async #round<Item, Result>(round: {
    readonly open: readonly Open<Item>[];
    readonly results: Result[];
    readonly route: Route<Item>;
    readonly ask: Ask<Item, Result>;
    readonly failed: (item: Item, error: ClientError) => Result;
    readonly isRepeated: boolean;
  }): Promise<void> {
    const { open, results, route, ask, failed, isRepeated } = round;
    const groups = new Map<Destination, Open<Item>[]>();
    const sort = async (each: Open<Item>): Promise<void> => {
      try {
        const to = await route.find(each.item);
        groups.set(to, [...(groups.get(to) ?? []), each]);
      } catch (error) {
        results[each.index] = failed(each.item, clientError(error));
      }
    };
    await Promise.all(open.map(sort));
    const askOne = async ([to, group]: [Destination, Open<Item>[]]): Promise<void> => {
      group.sort((a, b) => a.index - b.index);
      const asked = group.map(({ item }) => item);
      try {
        const answered = await ask(to, asked, isRepeated);
        for (const [at, { item, index }] of group.entries()) {
          results[index] = answered[at] ?? failed(item, leftOut());
        }
      } catch (error) {
        const why = clientError(error);
        for (const { item, index } of group) results[index] = failed(item, why);
      }
    };
    await Promise.all([...groups].map(askOne));
  }

  #deadline(): number {
    return this.cluster.world.clock.monotonic() + this.timeoutMs;
  }
}

/** Anything else is a defect, and goes on as it is. */
function clientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  throw error;
}

/** An item that a broker's answer does not mention. */
export const leftOut = (): ClientError =>
  new ClientError("UNKNOWN_SERVER_ERROR", "the broker's answer leaves it out");

/** To the controller. */
export function controllerRoute(cluster: Cluster): Route<unknown> {
  return {
    find: () => Promise.resolve("controller"),
    forget: () => cluster.forgetController(),
  };
}

/** To the leader of a partition. */
export function leaderRoute(cluster: Cluster): Route<TopicPartition> {
  return {
    find: async ({ topic, partition }) => (await cluster.leaderOf(topic, partition)).leaderId,
    forget: ({ topic }) => cluster.forgetTopic(topic),
  };
}

/** To the coordinator of a group. */
export function coordinatorRoute<Item>(
  cluster: Cluster,
  groupOf: (item: Item) => string,
): Route<Item> {
  return {
    find: (item) => cluster.coordinatorOf(groupOf(item)),
    forget: (item) => cluster.forgetCoordinator(groupOf(item)),
  };
}
