import { describe, expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { Connection } from "../../../src/client/kafka/connection.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { clientRequestsInFlightMax, clientResponseBytesMax } from "../../../src/limits.ts";
import { Writer } from "../../../src/wire/writer.ts";
import {
  type FakeBroker,
  type FakeConnection,
  FakeNetwork,
  hangUp,
  silence,
} from "../../fake/kafka-network.ts";

const { DeleteGroups, ListGroups, Produce } = apis;
const listGroups = { statesFilter: [], typesFilter: [] };
const version = 5;

/** A network of one broker, and a connection to it. */
class World {
  readonly network = new FakeNetwork();
  readonly broker: FakeBroker = this.network.broker("one:9092");

  open(timeoutMs = 1_000): Connection {
    const { clock, dial } = this.network.world;
    const address = { host: "one", port: 9092 };
    const parts = { address, clientId: "tester", clock, dial, writer: new Writer() };
    return Connection.open(parts, timeoutMs);
  }

  async ready(): Promise<Connection> {
    const connection = this.open();
    await connection.ready;
    return connection;
  }

  /** The broker's end of the newest connection. */
  get end(): FakeConnection {
    return this.broker.connections.at(-1)!;
  }
}

/** What a promise rejects with, as far as it matters here. */
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no failure",
    (error: unknown) => (error instanceof ClientError ? `${error.code}: ${error.message}` : "?"),
  );

describe("connecting", () => {
  test("is done when the broker has told its versions", async () => {
    const world = new World();
    const connection = world.open();
    expect(connection.isOpen).toBe(false);
    await connection.ready;
    expect(connection.isOpen).toBe(true);
    expect(connection.versions.choose(ListGroups, {})).toBe(5);
    expect(world.broker.seen).toMatchObject([{ api: "ApiVersions", version: 4 }]);
    expect(world.network.clock.pending).toBe(0);
  });

  test("asks an older broker again, in a version that it knows", async () => {
    const world = new World();
    let isFirst = true;
    world.broker.on("ApiVersions", () => {
      const errorCode = isFirst ? errors.UNSUPPORTED_VERSION.code : 0;
      isFirst = false;
      return { errorCode, apiKeys: world.broker.apiKeys() };
    });
    world.broker.has("ApiVersions", [0, 2]);
    // It says no in version 0, whatever it was asked in.
    world.broker.answersIn = (_api, asked) => (asked > 2 ? 0 : asked);
    await world.ready();
    expect(world.broker.seen.map((seen) => seen.version)).toEqual([4, 2]);
  });

  test("fails where nobody listens", async () => {
    const world = new World();
    world.broker.accepts = false;
    const connection = world.open();
    expect(await failure(connection.ready)).toBe(
      "NETWORK: no connection to one:9092: connection refused",
    );
    expect(connection.isOpen).toBe(false);
  });

  test("fails where the broker says nothing in time, and hangs up", async () => {
    const world = new World();
    world.broker.on("ApiVersions", () => silence);
    const failed = failure(world.open(1_000).ready);
    await world.network.advance(1_000);
    expect(await failed).toBe("TIMED_OUT: one:9092 did not answer within 1000 ms");
    expect(world.end.isOver).toBe(true);
    expect(world.network.clock.pending).toBe(0);
  });

  test("fails where the broker speaks something else", async () => {
    const world = new World();
    world.broker.on("ApiVersions", () => silence);
    const failed = failure(world.open().ready);
    await world.network.settle();
    world.end.send(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await failed).toBe(
      "MALFORMED: one:9092 sent what can't be read: a response of 1213486160 bytes, at most " +
        `${clientResponseBytesMax}`,
    );
  });
});

describe("requests", () => {
  test("go out together and are answered in their order, each with its own", async () => {
    const world = new World();
    const connection = await world.ready();
    world.broker.on("ListGroups", () => silence);
    world.broker.on("DeleteGroups", () => silence);
    const first = connection.send(ListGroups, version, listGroups, 1_000);
    const second = connection.send(DeleteGroups, 2, { groupsNames: ["a"] }, 1_000);
    await world.network.settle();
    expect(world.end.unanswered.length).toBe(2);
    world.end.answer({ groups: [{ groupId: "a" }] });
    world.end.answer({ results: [{ groupId: "b" }] });
    expect((await first).groups[0]?.groupId).toBe("a");
    expect((await second).results[0]?.groupId).toBe("b");
    expect(world.broker.seen.at(-1)?.clientId).toBe("tester");
    expect(world.network.clock.pending).toBe(0);
  });

  test("wait for a socket that takes only a little", async () => {
    const world = new World();
    const connection = await world.ready();
    world.broker.on("ListGroups", () => ({}));
    world.end.room = 3;
    const answered = connection.send(ListGroups, version, listGroups, 1_000);
    for (let bytes = 0; bytes < 20; bytes++) {
      await world.network.settle();
      world.end.makeRoom(2);
    }
    expect((await answered).errorCode).toBe(0);
  });

  test("of an answer that comes in pieces", async () => {
    const world = new World();
    const connection = await world.ready();
    world.broker.on("ListGroups", () => silence);
    const answered = connection.send(ListGroups, version, listGroups, 1_000);
    await world.network.settle();
    // Length, correlation id, tags; throttle time, error, no groups, tags.
    const bytes = Uint8Array.of(0, 0, 0, 13, 0, 0, 0, 2, 0, 0, 0, 0, 7, 0, 15, 1, 0);
    for (const byte of bytes) world.end.send(Uint8Array.of(byte));
    expect(await answered).toEqual({ throttleTimeMs: 7, errorCode: 15, groups: [] });
  });

  test("without a response are done when they are written", async () => {
    const world = new World();
    const connection = await world.ready();
    world.broker.on("Produce", () => silence);
    const request = { transactionalId: null, acks: 0, timeoutMs: 0, topicData: [] };
    world.end.room = 3;
    let isDone = false;
    const sent = connection.sendOnly(Produce, 9, request).finally(() => {
      isDone = true;
    });
    await world.network.settle();
    expect(isDone).toBe(false);
    world.end.makeRoom(Infinity);
    expect((await sent).responses).toEqual([]);
    await world.network.settle();
    expect(world.broker.requests("Produce")).toMatchObject([{ acks: 0 }]);
    expect(world.network.clock.pending).toBe(0);
  });

  test("that can't be written are refused, and harm no others", async () => {
    const world = new World();
    const connection = await world.ready();
    world.broker.on("DeleteGroups", () => ({}));
    const groupsNames = ["x".repeat(40_000)];
    expect(await failure(connection.send(DeleteGroups, 2, { groupsNames }, 1_000))).toBe(
      "INVALID: no DeleteGroups can carry this: a string of 40000 characters, at most 32767 bytes",
    );
    expect((await connection.send(DeleteGroups, 2, { groupsNames: [] }, 1_000)).results).toEqual(
      [],
    );
  });

  test("are so many at most", async () => {
    const world = new World();
    const connection = await world.ready();
    world.broker.on("ListGroups", () => silence);
    const sends = Array.from({ length: clientRequestsInFlightMax + 1 }, () =>
      failure(connection.send(ListGroups, version, listGroups, 1_000)),
    );
    expect(await sends.at(-1)).toStartWith("OVERLOADED: ");
    connection.close(new ClientError("CLOSED", "over"));
    expect(await sends[0]).toBe("CLOSED: over");
  });
});

describe("a connection ends", () => {
  /** Two requests under way. */
  async function underWay(): Promise<{
    world: World;
    connection: Connection;
    ends: Promise<string>[];
  }> {
    const world = new World();
    const connection = await world.ready();
    world.broker.on("ListGroups", () => silence);
    const ends = [1_000, 2_000].map((timeoutMs) =>
      failure(connection.send(ListGroups, version, listGroups, timeoutMs)),
    );
    await world.network.settle();
    return { world, connection, ends };
  }

  test("with the request that was not answered in time; the others lose it", async () => {
    const { world, connection, ends } = await underWay();
    await world.network.advance(1_000);
    const reason = "one:9092 did not answer ListGroups within 1000 ms";
    expect(await Promise.all(ends)).toEqual([
      `TIMED_OUT: ${reason}`,
      `NETWORK: no connection to one:9092: ${reason}`,
    ]);
    expect(connection.isOpen).toBe(false);
    expect(world.end.isOver).toBe(true);
    expect(world.network.clock.pending).toBe(0);
  });

  test("when the broker ends it, and takes no more", async () => {
    const { world, connection, ends } = await underWay();
    world.end.drop("reset");
    const lost = "NETWORK: no connection to one:9092: reset";
    expect(await Promise.all(ends)).toEqual([lost, lost]);
    expect(await failure(connection.send(ListGroups, version, listGroups, 1_000))).toBe(lost);
    const blank = { transactionalId: null, acks: 0, timeoutMs: 0, topicData: [] };
    expect(await failure(connection.sendOnly(Produce, 9, blank))).toBe(lost);
  });

  test("when the broker hangs up instead of answering", async () => {
    const world = new World();
    const connection = await world.ready();
    world.broker.on("ListGroups", () => hangUp);
    expect(await failure(connection.send(ListGroups, version, listGroups, 1_000))).toBe(
      "NETWORK: no connection to one:9092: hung up",
    );
  });

  test("with an answer to something else", async () => {
    const { world, ends } = await underWay();
    world.end.send(Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 99, 0));
    const [first, second] = await Promise.all(ends);
    expect(first).toBe(
      "MALFORMED: one:9092 sent what can't be read: a response that is not the one to " +
        "ListGroups, version 5",
    );
    expect(second).toStartWith("NETWORK: ");
  });

  test("with an answer that is cut short", async () => {
    const { world, ends } = await underWay();
    world.end.send(Uint8Array.of(0, 0, 0, 6, 0, 0, 0, 2, 0, 0));
    expect(await ends[0]).toStartWith(
      "MALFORMED: one:9092 sent what can't be read: a response to ListGroups, version 5: ",
    );
  });

  test("with an answer that nobody has asked for, or an empty one", async () => {
    for (const bytes of [
      [0, 0, 0, 4, 0, 0, 0, 0],
      [0, 0, 0, 0],
    ]) {
      const world = new World();
      const connection = await world.ready();
      world.end.send(Uint8Array.from(bytes));
      expect(connection.isOpen).toBe(false);
      expect(world.end.isOver).toBe(true);
    }
  });
});
