/**
 * How an admin asks: each item goes to the broker that can answer for it, and is asked for again
 * while what keeps it from being done passes by itself: a broker that restarts, a leader that has
 * moved. Every item has its outcome, whatever becomes of the others. Many items go in several
 * requests.
 */
import { concurrently } from "../../base/concurrently.ts";
import { clientPiecesAtOnce } from "../../limits.ts";
import { ClientError, type ClientErrorCode } from "./client-error.ts";
import type { Cluster, Destination } from "./cluster.ts";
import { piecesOf } from "./pieces.ts";
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
  /** An earlier attempt had no answer: what was asked, of each of them, may have been done. */
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
const isUnclearAfter = ({ code }: ClientError): boolean =>
  code === "NETWORK" || code === "TIMED_OUT" || code === "REQUEST_TIMED_OUT";

interface Open<Item> {
  readonly item: Item;
  readonly index: number;
  /** It was asked for, and nobody knows whether it was done. */
  isUnclear: boolean;
}

/** All that one call asks for. */
interface Round<Item, Result> {
  readonly results: Result[];
  readonly route: Route<Item>;
  readonly ask: Ask<Item, Result>;
  readonly failed: (item: Item, error: ClientError) => Result;
  readonly sizeOf: (item: Item) => number;
  /** Of the monotonic clock. */
  readonly deadline: number;
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
   * @param sizeOf what an item names in a request, itself included; left out: itself alone
   */
  async each<Item, Result extends Outcome>(
    items: readonly Item[],
    route: Route<NoInfer<Item>>,
    ask: Ask<Item, Result>,
    failed: (item: NoInfer<Item>, error: ClientError) => Result,
    sizeOf: (item: NoInfer<Item>) => number = () => 1,
  ): Promise<Result[]> {
    const results: Result[] = [];
    let open = items.map((item, index): Open<Item> => ({ item, index, isUnclear: false }));
    const deadline = this.#deadline();
    const attempt = async (): Promise<void> => {
      await this.#round(open, { results, route, ask, failed, sizeOf, deadline });
      let first: ClientError | null = null;
      open = open.filter(({ item, index }) => {
        const error = results[index]?.error ?? null;
        if (error === null || !isPassing(error)) return false;
        first ??= error;
        route.forget(item);
        return true;
      });
      if (first !== null) throw first;
    };
    try {
      await this.cluster.retry(deadline, attempt);
    } catch (error) {
      // The time is over: what has failed until now is the outcome.
      if (!(error instanceof ClientError)) throw error;
    }
    return results;
  }

  /** Asks for every open item once. */
  async #round<Item, Result extends Outcome>(
    open: readonly Open<Item>[],
    round: Round<Item, Result>,
  ): Promise<void> {
    const groups = new Map<Destination, Open<Item>[]>();
    const sort = async (each: Open<Item>): Promise<void> => {
      try {
        const to = await round.route.find(each.item);
        const group = groups.get(to);
        if (group === undefined) groups.set(to, [each]);
        else group.push(each);
      } catch (error) {
        round.results[each.index] = round.failed(each.item, clientError(error));
      }
    };
    await Promise.all(open.map(sort));
    await Promise.all([...groups].map(([to, group]) => this.#askAll(to, group, round)));
  }

  /** Asks one broker, piece by piece; once it can't be reached, for nothing more. */
  async #askAll<Item, Result extends Outcome>(
    to: Destination,
    group: Open<Item>[],
    { results, ask, failed, sizeOf, deadline }: Round<Item, Result>,
  ): Promise<void> {
    const { clock } = this.cluster.world;
    group.sort((a, b) => a.index - b.index);
    const pieces = [false, true].flatMap((isUnclear) => {
      const alike = group.filter((each) => each.isUnclear === isUnclear);
      return piecesOf(alike, ({ item }) => sizeOf(item)).map((piece) => ({ piece, isUnclear }));
    });
    let gone: ClientError | null = null;
    await concurrently(pieces, clientPiecesAtOnce, async ({ piece, isUnclear }) => {
      const why = gone ?? (clock.monotonic() > deadline ? tooLate() : null);
      if (why !== null) {
        for (const { item, index } of piece) results[index] = failed(item, why);
        return;
      }
      const asked = piece.map(({ item }) => item);
      let answered: readonly Result[];
      try {
        answered = await ask(to, asked, isUnclear);
      } catch (error) {
        const failure = clientError(error);
        if (isPassing(failure)) gone ??= failure;
        answered = asked.map((item) => failed(item, failure));
      }
      for (const [at, each] of piece.entries()) {
        const result = answered[at] ?? failed(each.item, leftOut());
        results[each.index] = result;
        each.isUnclear ||= result.error !== null && isUnclearAfter(result.error);
      }
    });
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

const tooLate = (): ClientError =>
  new ClientError("TIMED_OUT", "there was no time left to ask for it");

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
