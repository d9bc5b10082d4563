import { describe, expect, test } from "bun:test";
import {
  controllerRoute,
  coordinatorRoute,
  leaderRoute,
  type Ask,
  type Outcome,
  type Route,
} from "../../../src/client/kafka/admin-calls.ts";
import { ClientError, type ClientErrorCode } from "../../../src/client/kafka/client-error.ts";
import type { Destination } from "../../../src/client/kafka/cluster.ts";
import { clientItemsAskedMax, clientPiecesAtOnce } from "../../../src/limits.ts";
import { turns, until } from "../../support/until.ts";
import { codesOf, FakeAdminWorld } from "../../support/admin-world.ts";

interface Result extends Outcome {
  readonly item: string;
}

const failed = (item: string, error: ClientError): Result => ({ item, error });
const error = (code: ClientErrorCode): ClientError => new ClientError(code, code);

/** Items that begin with a number go there. */
const route: Route<string> = {
  find: (item) => Promise.resolve(Number(item[0])),
  forget: () => {},
};

describe("items", () => {
  test("go to their brokers together, and keep their order and their outcomes", async () => {
    await using world = await FakeAdminWorld.open();
    const asked: [Destination, readonly string[]][] = [];
    const ask: Ask<string, Result> = (to, items) => {
      asked.push([to, items]);
      const results = items.map((item) => failed(item, error("INVALID_REQUEST")));
      return Promise.resolve(
        to === 2 ? results : results.map(({ item }) => ({ item, error: null })),
      );
    };
    const results = await world.calls.each(["1a", "2b", "1c"], route, ask, failed);
    expect(asked).toEqual([
      [1, ["1a", "1c"]],
      [2, ["2b"]],
    ]);
    expect(results.map(({ item }) => item)).toEqual(["1a", "2b", "1c"]);
    expect(codesOf(results)).toEqual([null, "INVALID_REQUEST", null]);
  });

  test("are asked for again while what goes wrong passes, and only those", async () => {
    await using world = await FakeAdminWorld.open();
    const rounds: (readonly string[])[] = [];
    const repeated: boolean[] = [];
    const ask: Ask<string, Result> = (_to, items, isRepeated) => {
      rounds.push(items);
      repeated.push(isRepeated);
      if (rounds.length === 1) {
        return Promise.resolve([
          { item: "1a", error: null },
          failed("1b", error("NOT_COORDINATOR")),
          failed("1c", error("UNKNOWN_TOPIC_OR_PARTITION")),
        ]);
      }
      if (rounds.length === 2) return Promise.reject(error("NETWORK"));
      return Promise.resolve(items.map((item) => ({ item, error: null })));
    };
    const results = await world.done(world.calls.each(["1a", "1b", "1c"], route, ask, failed));
    expect(rounds).toEqual([["1a", "1b", "1c"], ["1b"], ["1b"]]);
    expect(repeated).toEqual([false, false, true]);
    expect(codesOf(results)).toEqual([null, null, "UNKNOWN_TOPIC_OR_PARTITION"]);
  });

  test("have what went wrong last as their outcome once the time is over", async () => {
    await using world = await FakeAdminWorld.open(1_000);
    const ask: Ask<string, Result> = () => Promise.reject(error("TIMED_OUT"));
    const results = await world.done(world.calls.each(["1a"], route, ask, failed));
    expect(codesOf(results)).toEqual(["TIMED_OUT"]);
  });

  test("that are left out of an answer have an error", async () => {
    await using world = await FakeAdminWorld.open();
    const ask: Ask<string, Result> = () => Promise.resolve([]);
    expect(codesOf(await world.calls.each(["1a"], route, ask, failed))).toEqual([
      "UNKNOWN_SERVER_ERROR",
    ]);
  });

  test("of a call whose client is closed end with it", async () => {
    const world = await FakeAdminWorld.open();
    const ask: Ask<string, Result> = () => Promise.reject(error("NETWORK"));
    const results = world.calls.each(["1a"], route, ask, failed);
    await world.network.settle();
    await world.cluster.close();
    expect(codesOf(await results)).toEqual(["NETWORK"]);
  });
});

describe("many items", () => {
  const many = Array.from({ length: 3 * clientItemsAskedMax }, (_, index) => `1-${index}`);
  const done = (items: readonly string[]): Result[] => items.map((item) => ({ item, error: null }));

  test("go out in several requests, a few at a time, and keep their order", async () => {
    await using world = await FakeAdminWorld.open();
    const waiting: (() => void)[] = [];
    const sizes: number[] = [];
    const ask: Ask<string, Result> = async (_to, items) => {
      sizes.push(items.length);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return done(items);
    };
    const items = [...many, ...many];
    const results = world.calls.each(items, route, ask, failed);
    await until(() => waiting.length === clientPiecesAtOnce);
    await turns(2);
    expect(sizes).toHaveLength(clientPiecesAtOnce);
    for (let at = 0; at < 6; at++) {
      await until(() => waiting.length > at);
      waiting[at]?.();
    }
    expect((await results).map(({ item }) => item)).toEqual(items);
    expect(sizes).toEqual(Array.from({ length: 6 }, () => clientItemsAskedMax));
  });

  test("that name more than themselves go out with fewer others", async () => {
    await using world = await FakeAdminWorld.open();
    const sizes: number[] = [];
    const ask: Ask<string, Result> = (_to, items) => {
      sizes.push(items.length);
      return Promise.resolve(done(items));
    };
    await world.calls.each(many, route, ask, failed, () => clientItemsAskedMax / 2);
    expect(sizes).toEqual(Array.from({ length: many.length / 2 }, () => 2));
  });

  test("are not asked of a broker that is away, one request after another", async () => {
    await using world = await FakeAdminWorld.open(1_000);
    let requests = 0;
    const items = [...many, ...many, ...many, ...many];
    const ask: Ask<string, Result> = async () => {
      requests += 1;
      await turns(1);
      throw error("TIMED_OUT");
    };
    const results = await world.done(world.calls.each(items, route, ask, failed));
    expect(requests % clientPiecesAtOnce).toBe(0);
    expect(new Set(codesOf(results))).toEqual(new Set(["TIMED_OUT"]));
  });

  test("that were not asked for yet are not taken for repeated ones", async () => {
    await using world = await FakeAdminWorld.open();
    const asked: [first: string | undefined, isRepeated: boolean][] = [];
    const items = [...many, ...many];
    const ask: Ask<string, Result> = async (_to, piece, isRepeated) => {
      asked.push([piece[0], isRepeated]);
      if (asked.length <= clientPiecesAtOnce) throw error("NETWORK");
      return done(piece);
    };
    await world.done(world.calls.each(items, route, ask, failed));
    const second = asked.slice(clientPiecesAtOnce).map(([, isRepeated]) => isRepeated);
    expect(second.filter((each) => each)).toHaveLength(clientPiecesAtOnce);
    expect(second.filter((each) => !each)).toHaveLength(2);
  });
});

describe("a call without items", () => {
  test("is made again while what goes wrong passes", async () => {
    await using world = await FakeAdminWorld.open();
    let attempts = 0;
    const answered = world.calls.once(() => {
      attempts += 1;
      return attempts < 3 ? Promise.reject(error("NETWORK")) : Promise.resolve("answer");
    });
    expect(await world.done(answered)).toBe("answer");
  });

  test("ends with what stays as long as nobody acts, though Kafka calls it retriable", async () => {
    await using world = await FakeAdminWorld.open();
    const unknown = error("UNKNOWN_TOPIC_OR_PARTITION");
    expect(unknown.retriable).toBe(true);
    let attempts = 0;
    const asked = world.calls.once(() => {
      attempts += 1;
      return Promise.reject(unknown);
    });
    expect(asked).rejects.toBe(unknown);
    await asked.catch(() => {});
    expect(attempts).toBe(1);
  });
});

test("routes lead to controller, leader and coordinator, and elsewhere once forgotten", async () => {
  await using world = await FakeAdminWorld.open();
  const { cluster } = world;
  expect(await controllerRoute(cluster).find("any")).toBe("controller");
  const orders = { topic: "orders", partition: 0 };
  const leader = leaderRoute(cluster);
  const coordinator = coordinatorRoute<string>(cluster, (item) => item);
  expect([await leader.find(orders), await coordinator.find("group")]).toEqual([2, 1]);
  world.leaders.set("orders", 1);
  world.coordinatorId = 2;
  expect([await leader.find(orders), await coordinator.find("group")]).toEqual([2, 1]);
  leader.forget(orders);
  coordinator.forget("group");
  expect([await leader.find(orders), await coordinator.find("group")]).toEqual([1, 2]);
});
