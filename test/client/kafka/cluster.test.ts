import { describe, expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { Cluster, type ClusterOptions } from "../../../src/client/kafka/cluster.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { clientItemsAskedMax } from "../../../src/limits.ts";
import { FakeNetwork, hangUp, silence } from "../../fake/kafka-network.ts";
import { TestServer } from "../../support/server.ts";

const listGroups = { statesFilter: [], typesFilter: [] };

/** Two brokers; topics are led by the second one. */
class World implements AsyncDisposable {
  readonly network = new FakeNetwork();
  readonly one = this.network.broker("one:9092");
  readonly two = this.network.broker("two:9092");
  /** Partitions of each topic that there is, with their leaders. */
  readonly topics = new Map<string, number[]>([["orders", [2, 1]]]);
  cluster!: Cluster;

  static async open(options: Partial<ClusterOptions> = {}): Promise<World> {
    const world = new World();
    for (const broker of [world.one, world.two]) {
      broker.on("Metadata", ({ topics }) => {
        const names = topics?.map(({ name }) => name ?? "") ?? [...world.topics.keys()];
        return { ...world.network.metadata(), topics: names.map((name) => world.topicRow(name)) };
      });
      broker.on("ListGroups", () => ({ groups: [{ groupId: broker.host }] }));
    }
    const brokers = ["one:9092"];
    world.cluster = await Cluster.open({ brokers, ...options }, world.network.world);
    return world;
  }

  topicRow(name: string) {
    const leaders = this.topics.get(name);
    if (leaders === undefined) return { name, errorCode: errors.UNKNOWN_TOPIC_OR_PARTITION.code };
    const partitions = leaders.map((leaderId, partitionIndex) => ({ leaderId, partitionIndex }));
    return { name, partitions };
  }

  /** Requests for metadata that named topics. */
  get lookups(): (string | null)[][] {
    return this.one
      .requests("Metadata")
      .map(({ topics }) => topics?.map(({ name }) => name) ?? ["all"])
      .filter((names) => names.length > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
    expect(this.network.clock.pending).toBe(0);
  }
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof ClientError ? error.code : error),
  );

describe("a cluster", () => {
  test("is opened through the first broker that answers", async () => {
    const network = new FakeNetwork();
    network.broker("one:9092");
    const brokers = ["nobody:1", "one:9092"];
    const cluster = await Cluster.open({ brokers }, network.world);
    expect(await cluster.describe()).toEqual({
      clusterId: "fake",
      controllerId: 1,
      nodes: [{ nodeId: 1, host: "one", port: 9092, rack: null }],
    });
    await cluster.close();
  });

  test("is not opened where nobody answers, or nobody is named", async () => {
    const { world } = new FakeNetwork();
    expect(await codeOf(Cluster.open({ brokers: ["nobody:1"] }, world))).toBe("NETWORK");
    expect(await codeOf(Cluster.open({ brokers: [] }, world))).toBe("INVALID");
    expect(await codeOf(Cluster.open({ brokers: ["?"] }, world))).toBe("INVALID");
    // Programs without types may give anything.
    for (const given of [{}, { brokers: "one:9092" }, { brokers: ["one:9092"], clientId: 5 }]) {
      expect(await codeOf(Cluster.open(given as ClusterOptions, world))).toBe("INVALID");
    }
  });
});

describe("a request", () => {
  test("goes to the node that is named, to the controller, or to whoever is there", async () => {
    await using world = await World.open();
    const { cluster, one, two } = world;
    const ask = async (to: number | "any" | "controller"): Promise<string | undefined> =>
      (await cluster.send(to, apis.ListGroups, listGroups)).groups[0]?.groupId;
    expect([await ask(2), await ask(1), await ask("controller")]).toEqual(["two", "one", "one"]);
    world.network.remove(one);
    expect(await ask("any")).toBe("two");
    expect(two.connections.length).toBe(1);
  });

  test("goes to no node that the cluster does not have", async () => {
    await using world = await World.open();
    const sent = world.cluster.send(9, apis.ListGroups, listGroups);
    expect(sent).rejects.toMatchObject({ code: "BROKER_NOT_AVAILABLE", retriable: true });
    await sent.catch(() => {});
  });

  test("has the newest version that both know, within what its sender wants", async () => {
    await using world = await World.open();
    world.two.has("ListGroups", [0, 4]);
    let told = -1;
    const onVersion = (version: number): void => {
      told = version;
    };
    await world.cluster.send(2, apis.ListGroups, listGroups, { onVersion });
    expect(told).toBe(4);
    await world.cluster.send(2, apis.ListGroups, listGroups, { versionMax: 3, onVersion });
    expect(told).toBe(3);
    expect(await world.cluster.versionOf(1, apis.ListGroups)).toBe(5);
    const tooNew = world.cluster.send(2, apis.ListGroups, listGroups, { versionMin: 5 });
    expect(await codeOf(tooNew)).toBe("UNSUPPORTED");
  });

  test("is late after its time, connecting included", async () => {
    await using world = await World.open({ connectTimeoutMs: 60_000 });
    world.two.accepts = null;
    const sent = codeOf(world.cluster.send(2, apis.ListGroups, listGroups, { timeoutMs: 500 }));
    await world.network.advance(500);
    expect(await sent).toBe("TIMED_OUT");
  });

  test("of a lane of its own holds nobody else up", async () => {
    await using world = await World.open();
    world.one.on("ListGroups", () => silence);
    const waiting = codeOf(world.cluster.send(1, apis.ListGroups, listGroups, { lane: "fetch" }));
    await world.network.settle();
    expect(await world.cluster.describe()).toMatchObject({ clusterId: "fake" });
    world.cluster.closeLane("fetch");
    expect(await waiting).toBe("CLOSED");
  });

  test("that wants no response has a blank one", async () => {
    await using world = await World.open();
    world.two.on("Produce", () => silence);
    const request = { transactionalId: null, acks: 0, timeoutMs: 0, topicData: [] };
    const answered = await world.cluster.send(2, apis.Produce, request, { noReply: true });
    expect(answered.responses).toEqual([]);
    await world.network.settle();
    expect(world.two.requests("Produce").length).toBe(1);
  });
});

describe("topics", () => {
  test("of one turn are asked for together, and then are known", async () => {
    await using world = await World.open();
    world.topics.set("bills", [1]);
    const { cluster } = world;
    const found = await Promise.all([cluster.topic("orders"), cluster.topic("bills")]);
    expect(found.map(({ name }) => name)).toEqual(["orders", "bills"]);
    await cluster.topic("orders");
    expect(world.lookups).toEqual([["orders", "bills"]]);
    expect(world.one.requests("Metadata").at(-1)?.allowAutoTopicCreation).toBe(false);
  });

  test("are created only for those who say so", async () => {
    await using world = await World.open();
    await world.cluster.topic("orders", { create: true });
    expect(world.one.requests("Metadata").at(-1)?.allowAutoTopicCreation).toBe(true);
  });

  test("are asked for again when they are old, or were forgotten", async () => {
    await using world = await World.open({ metadataMaxAgeMs: 1_000 });
    await world.cluster.topic("orders");
    world.cluster.forgetTopic("orders");
    await world.cluster.topic("orders");
    await world.network.advance(1_000);
    await world.cluster.topic("orders");
    expect(world.lookups.length).toBe(3);
  });

  test("that are not there have an error, which is not remembered", async () => {
    await using world = await World.open();
    expect(await codeOf(world.cluster.topic("bills"))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    const listed = await world.cluster.topics(["bills", "orders"]);
    expect(listed.map(({ error }) => error?.code)).toEqual([
      "UNKNOWN_TOPIC_OR_PARTITION",
      undefined,
    ]);
    world.topics.set("bills", [1]);
    expect((await world.cluster.topic("bills")).partitions.length).toBe(1);
  });

  test("are known after all were listed", async () => {
    await using world = await World.open();
    expect((await world.cluster.topics(null)).map(({ name }) => name)).toEqual(["orders"]);
    await world.cluster.topic("orders");
    expect(world.lookups).toEqual([["all"]]);
  });

  test("have leaders; one that is missing is asked for again", async () => {
    await using world = await World.open();
    const { cluster, topics } = world;
    topics.set("orders", [2, -1]);
    expect((await cluster.leaderOf("orders", 0)).leaderId).toBe(2);
    expect(await codeOf(cluster.leaderOf("orders", 1))).toBe("LEADER_NOT_AVAILABLE");
    topics.set("orders", [2, 1]);
    expect((await cluster.leaderOf("orders", 1)).leaderId).toBe(1);
    expect(await codeOf(cluster.leaderOf("orders", 2))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    topics.set("orders", [2, 1, 2]);
    expect((await cluster.leaderOf("orders", 2)).leaderId).toBe(2);
  });

  test("may have grown since they were looked at, and are looked at again for that", async () => {
    await using world = await World.open();
    const { cluster, topics } = world;
    await cluster.leaderOf("orders", 0);
    topics.set("orders", [2, 1, 1]);
    expect((await cluster.leaderOf("orders", 2)).leaderId).toBe(1);
    expect(world.lookups).toHaveLength(2);
    expect(await codeOf(cluster.leaderOf("orders", 3))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    // Of what was not known before there is nothing newer.
    expect(await codeOf(cluster.leaderOf("orders", 3))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(world.lookups).toHaveLength(4);
  });

  test("in great numbers are asked for in several requests", async () => {
    await using world = await World.open();
    const names = Array.from({ length: clientItemsAskedMax + 1 }, (_, index) => `topic-${index}`);
    for (const name of names) world.topics.set(name, [1]);
    const listed = await world.cluster.topics(names);
    expect(listed.map(({ name }) => name)).toEqual(names);
    expect(world.lookups.map(({ length }) => length)).toEqual([clientItemsAskedMax, 1]);
    for (const name of names) world.cluster.forgetTopic(name);
    await Promise.all(names.map((name) => world.cluster.topic(name)));
    expect(world.lookups.slice(2).map(({ length }) => length)).toEqual([clientItemsAskedMax, 1]);
  });
});

describe("the coordinator of a group", () => {
  test("is asked for once, until it is forgotten", async () => {
    await using world = await World.open();
    world.one.on("FindCoordinator", ({ coordinatorKeys }) => ({
      coordinators: coordinatorKeys.map((key) => ({ key, nodeId: 2, host: "two", port: 9092 })),
    }));
    const { cluster } = world;
    expect([await cluster.coordinatorOf("a"), await cluster.coordinatorOf("a")]).toEqual([2, 2]);
    cluster.forgetCoordinator("a");
    await cluster.coordinatorOf("a");
    expect(world.one.requests("FindCoordinator").length).toBe(2);
  });

  test("is found through brokers of before version 4, and where they say it is", async () => {
    await using world = await World.open();
    // Versions are learned with the next connection.
    world.one.has("FindCoordinator", [0, 2]);
    world.one.connections[0]?.drop("restarted");
    const three = world.network.broker("three:9092");
    three.on("ListGroups", () => ({ groups: [{ groupId: "three" }] }));
    world.one.on("FindCoordinator", () => ({ nodeId: 3, host: "three", port: 9092 }));
    const node = await world.cluster.coordinatorOf("a");
    const { groups } = await world.cluster.send(node, apis.ListGroups, listGroups);
    expect(groups[0]?.groupId).toBe("three");
  });

  test("may not be there yet", async () => {
    await using world = await World.open();
    const errorCode = errors.COORDINATOR_NOT_AVAILABLE.code;
    world.one.on("FindCoordinator", () => ({ coordinators: [{ key: "a", errorCode }] }));
    expect(await codeOf(world.cluster.coordinatorOf("a"))).toBe("COORDINATOR_NOT_AVAILABLE");
    world.one.on("FindCoordinator", () => ({}));
    expect(await codeOf(world.cluster.coordinatorOf("a"))).toBe("COORDINATOR_NOT_AVAILABLE");
  });
});

describe("trying again", () => {
  test("goes on, in longer and longer pauses, until it succeeds", async () => {
    await using world = await World.open();
    const { clock } = world.network;
    const times: number[] = [];
    const done = world.cluster.retry(60_000, () => {
      times.push(clock.monotonic());
      const error = new ClientError("NETWORK", "gone");
      return times.length < 4 ? Promise.reject(error) : Promise.resolve("done");
    });
    await world.network.advance(2_000, 10);
    expect(await done).toBe("done");
    const pauses = times.slice(1).map((time, index) => time - times[index]!);
    for (const [index, pauseMs] of pauses.entries()) {
      expect(pauseMs).toBeGreaterThan(0.79 * 100 * 2 ** index);
      expect(pauseMs).toBeLessThan(1.21 * 100 * 2 ** index + 10);
    }
  });

  test("ends with what can't be helped, and with the last error when the time is over", async () => {
    await using world = await World.open();
    let attempts = 0;
    const failing = (code: "INVALID" | "NETWORK") => () => {
      attempts += 1;
      return Promise.reject(new ClientError(code, "no"));
    };
    expect(await codeOf(world.cluster.retry(60_000, failing("INVALID")))).toBe("INVALID");
    expect(attempts).toBe(1);
    const late = codeOf(world.cluster.retry(1_000, failing("NETWORK")));
    await world.network.advance(1_000, 10);
    expect(await late).toBe("NETWORK");
    expect(attempts).toBeGreaterThan(2);
  });

  test("ends when its signal says so, and when the cluster is closed", async () => {
    const world = await World.open();
    const controller = new AbortController();
    const failing = (): Promise<never> => Promise.reject(new ClientError("NETWORK", "no"));
    const given = codeOf(world.cluster.retry(60_000, failing, controller.signal));
    const closed = codeOf(world.cluster.retry(60_000, failing));
    await world.network.settle();
    controller.abort();
    await world.cluster.close();
    expect([await given, await closed]).toEqual(["CLOSED", "CLOSED"]);
    expect(world.network.clock.pending).toBe(0);
  });

  test("finds a broker that was away", async () => {
    await using world = await World.open();
    let isAway = true;
    world.two.on("ListGroups", () => (isAway ? hangUp : { groups: [{ groupId: "back" }] }));
    const answered = world.cluster.retry(60_000, () =>
      world.cluster.send(2, apis.ListGroups, listGroups),
    );
    await world.network.advance(1_000, 50);
    isAway = false;
    await world.network.advance(2_000, 50);
    expect((await answered).groups[0]?.groupId).toBe("back");
  });
});

test("closing rejects what waits and what comes later", async () => {
  const world = await World.open();
  world.two.on("ListGroups", () => silence);
  const sent = codeOf(world.cluster.send(2, apis.ListGroups, listGroups));
  await world.network.settle();
  await world.cluster.close();
  expect(await sent).toBe("CLOSED");
  expect(await codeOf(world.cluster.send(1, apis.ListGroups, listGroups))).toBe("CLOSED");
  expect(world.one.connections.every(({ isOver }) => isOver)).toBe(true);
  expect(world.network.clock.pending).toBe(0);
});

test("a real broker that restarts in between is found again", async () => {
  await using server = await TestServer.start();
  const address = server.kafkaAddress;
  const port = address.slice(address.lastIndexOf(":") + 1);
  const cluster = await Cluster.open({ brokers: [address] });
  await server.stop();
  expect(await codeOf(cluster.describe())).toBe("NETWORK");
  const deadline = cluster.world.clock.monotonic() + 60_000;
  const found = cluster.retry(deadline, () => cluster.topic("orders", { create: true }));
  await server.start("--kafka-port", port);
  expect((await found).partitions.length).toBe(1);
  await cluster.close();
});
