import { describe, expect, test } from "bun:test";
import { Producer, type ProducerOptions } from "../../src/client/producer.ts";
import { producerWaitingMax } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { turns, until } from "../support/until.ts";
import { FakeNativeServer } from "./fake-native-server.ts";

/** A producer, the server that it writes to, and its clock. */
class World implements Disposable {
  readonly clock = new ManualClock();
  readonly server = new FakeNativeServer();
  readonly producer: Producer;
  /** What became of each send, in the order in which they settled. */
  readonly outcomes: string[] = [];

  constructor(options: ProducerOptions = {}) {
    const random = { next: () => 0, below: () => 0, uuid: () => "" };
    const { clock, server } = this;
    this.producer = new Producer({ port: server.port, clock, random, ...options });
  }

  /** Sends messages, and remembers how they end. */
  send(...values: readonly string[]): void {
    for (const value of values) {
      this.producer.send({ topic: "orders", value }).then(
        () => this.outcomes.push(value),
        (error: Error & { code: string }) => this.outcomes.push(`${value} ${error.code}`),
      );
    }
  }

  [Symbol.dispose](): void {
    this.producer.abort();
    this.server[Symbol.dispose]();
  }
}

describe("a message", () => {
  test("is delivered when the broker says OK, and not before", async () => {
    using world = new World();
    world.send("a");
    const connection = await world.server.connection(0, 1);
    await turns(5);
    expect(world.outcomes).toEqual([]);
    connection.reply("OK\n");
    await world.producer.flush();
    expect(world.outcomes).toEqual(["a"]);
  });

  test("arrives as it was given: text, bytes, milliseconds, nanoseconds, the time of now", async () => {
    using world = new World();
    const { producer, clock, server } = world;
    server.acknowledges = true;
    await Promise.all([
      producer.send({ topic: "größe", key: "k", value: "wörld", timestamp: 1234 }),
      producer.send({ topic: "t", value: Uint8Array.of(0x61), timestamp: -1n }),
      producer.send({ topic: "t", key: Uint8Array.of(0x62), value: "" }),
    ]);
    expect(server.connections[0]?.messages).toEqual([
      { topic: "größe", key: "k", value: "wörld", timestamp: 1234, nanoseconds: 0 },
      { topic: "t", key: "", value: "a", timestamp: -1, nanoseconds: 999_999 },
      { topic: "t", key: "b", value: "", timestamp: clock.now(), nanoseconds: 0 },
    ]);
  });

  test("that is refused rejects with the broker's word, and the next one goes on", async () => {
    using world = new World();
    world.server.acknowledges = false;
    const refused = world.producer.send({ topic: "a/b", value: "x" });
    world.send("y");
    const connection = await world.server.connection(0, 2);
    connection.reply("NACK:PUBLISH_FAILED\nOK\n");
    await expect(refused).rejects.toMatchObject({
      name: "ProducerError",
      code: "NACK",
      reason: "PUBLISH_FAILED",
      mayBeStored: false,
    });
    await world.producer.flush();
    expect(world.outcomes).toEqual(["y"]);
  });

  test("that no frame can carry is refused before it is sent", async () => {
    using world = new World();
    const value = new Uint8Array(10 * 1024 * 1024);
    const tooLarge = world.producer.send({ topic: "t", value });
    await expect(tooLarge).rejects.toMatchObject({ code: "INVALID" });
    const tooLate = world.producer.send({ topic: "t", value: "", timestamp: 2n ** 63n });
    await expect(tooLate).rejects.toMatchObject({ code: "INVALID" });
    expect(world.server.connections).toEqual([]);
  });

  test("of the largest size is delivered", async () => {
    using world = new World();
    world.server.acknowledges = true;
    await world.producer.send({ topic: "t", value: new Uint8Array(10 * 1024 * 1024 - 21) });
    expect(world.server.connections[0]?.values[0]?.length).toBe(10 * 1024 * 1024 - 21);
  });
});

describe("replies", () => {
  test("may come in any pieces", async () => {
    using world = new World();
    world.send("a", "b", "c", "d");
    const connection = await world.server.connection(0, 4);
    for (const piece of ["O", "K", "\nOK", "\nNACK:PUB", "LISH_FAILED\n", "OK\n"]) {
      connection.reply(piece);
      await turns(3);
    }
    await world.producer.flush();
    expect(world.outcomes).toEqual(["a", "b", "c NACK", "d"]);
  });

  test.each([
    ["a line that is none", "HELLO\n"],
    ["a line without end", "x".repeat(100)],
    ["one reply more than there are messages", "OK\nOK\n"],
  ])("that make no sense end the connection: %s", async (_what, reply) => {
    using world = new World();
    world.send("a");
    (await world.server.connection(0, 1)).reply(reply);
    await until(() => world.server.connections[0]!.closed);
    world.send("b");
    world.clock.advance(100);
    const next = await world.server.connection(1, 1);
    expect(next.values.at(-1)).toBe("b");
  });
});

describe("a connection that breaks", () => {
  test("leaves in doubt what was sent over it, even if the next one refuses it", async () => {
    using world = new World();
    world.send("before");
    (await world.server.connection(0, 1)).reply("OK\n");
    await world.producer.flush();
    const sent = world.producer.send({ topic: "t", value: "a" });
    (await world.server.connection(0, 2)).cut();
    (await world.server.connection(1, 1)).reply("NACK:PUBLISH_FAILED\n");
    await expect(sent).rejects.toMatchObject({ code: "NACK", mayBeStored: true });
  });

  test("is made again, and what it left unanswered is sent again in order", async () => {
    using world = new World();
    world.send("a", "b", "c", "d");
    const first = await world.server.connection(0, 4);
    first.reply("OK\nOK\n");
    await until(() => world.outcomes.length === 2);
    first.cut();
    const second = await world.server.connection(1, 2);
    expect(second.values).toEqual(["c", "d"]);
    second.reply("OK\nOK\n");
    await world.producer.flush();
    expect(world.outcomes).toEqual(["a", "b", "c", "d"]);
  });

  test("within a reply counts that reply as none", async () => {
    using world = new World();
    world.send("a", "b");
    const first = await world.server.connection(0, 2);
    first.reply("OK\nO");
    await until(() => world.outcomes.length === 1);
    first.cut();
    const second = await world.server.connection(1, 1);
    expect(second.values).toEqual(["b"]);
    second.reply("OK\n");
    await world.producer.flush();
    expect(world.outcomes).toEqual(["a", "b"]);
  });

  test("takes new messages behind the old ones meanwhile", async () => {
    using world = new World();
    world.send("a");
    (await world.server.connection(0, 1)).cut();
    world.send("b");
    await turns(5);
    world.send("c");
    world.clock.advance(100);
    const second = await world.server.connection(1, 3);
    expect(second.values).toEqual(["a", "b", "c"]);
  });

  test("when nothing is owed is made again only for the next message", async () => {
    using world = new World();
    world.server.acknowledges = true;
    await world.producer.send({ topic: "t", value: "a" });
    world.server.connections[0]!.cut();
    await turns(5);
    world.clock.advance(60_000);
    expect(world.server.connections).toHaveLength(1);
    await world.producer.send({ topic: "t", value: "b" });
    expect(world.server.connections[1]?.values).toEqual(["b"]);
  });

  test("over and over is tried again with pauses that double up to a bound", async () => {
    using world = new World();
    world.send("a");
    // By the world's chance each pause has its full length: 50, 100, 200 … ms.
    for (const [number, pause] of [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000].entries()) {
      (await world.server.connection(number, 1)).cut();
      await turns(5);
      world.clock.advance(pause - 1);
      await turns(5);
      expect(world.server.connections).toHaveLength(number + 1);
      world.clock.advance(1);
    }
    const last = await world.server.connection(9, 1);
    last.reply("OK\n");
    await world.producer.flush();
    expect(world.outcomes).toEqual(["a"]);
  });
});

describe("a time limit", () => {
  test("ends a message that nobody answers, and the others are sent again", async () => {
    using world = new World({ deliveryTimeoutMs: 1000 });
    world.send("a");
    await world.server.connection(0, 1);
    world.clock.advance(600);
    world.send("b");
    await world.server.connection(0, 2);
    world.clock.advance(400);
    await until(() => world.outcomes.length === 1);
    expect(world.outcomes).toEqual(["a TIMEOUT"]);
    world.clock.advance(50);
    const second = await world.server.connection(1, 1);
    expect(second.values).toEqual(["b"]);
    second.reply("OK\n");
    await world.producer.flush();
    expect(world.outcomes).toEqual(["a TIMEOUT", "b"]);
  });

  test("says what was wrong with the connection", async () => {
    const server = new FakeNativeServer();
    const { port } = server;
    server[Symbol.dispose]();
    const clock = new ManualClock();
    const producer = new Producer({ port, clock, deliveryTimeoutMs: 1000 });
    const sent = producer.send({ topic: "t", value: "a" });
    await turns(20);
    clock.advance(1000);
    await expect(sent).rejects.toMatchObject({ code: "TIMEOUT", mayBeStored: false });
    await expect(sent).rejects.toThrow(`not sent in 1000 ms: 127.0.0.1:${port}: `);
    producer.abort();
  });

  test("says of each message whether it may be stored", async () => {
    using world = new World({ deliveryTimeoutMs: 1000, inFlightMessagesMax: 2 });
    const sent = ["a", "b", "c"].map((value) => world.producer.send({ topic: "t", value }));
    await world.server.connection(0, 2);
    world.clock.advance(1000);
    // The last one found no room.
    for (const [at, mayBeStored] of [true, true, false].entries()) {
      await expect(sent[at]).rejects.toMatchObject({ code: "TIMEOUT", mayBeStored });
    }
    await expect(sent[0]).rejects.toThrow("not acknowledged in 1000 ms: no reply came");
    await expect(sent[2]).rejects.toThrow("not sent in 1000 ms: no reply came");
  });

  test("that ends a batch of which something was stored, says that it may be", async () => {
    using world = new World({ deliveryTimeoutMs: 1000, inFlightMessagesMax: 1 });
    const messages = ["a", "b"].map((value) => ({ topic: "t", value }));
    const sent = world.producer.sendBatch(messages);
    const connection = await world.server.connection(0, 1);
    connection.reply("OK\n");
    await world.server.connection(0, 2);
    world.server[Symbol.dispose]();
    world.clock.advance(1000);
    await expect(sent).rejects.toMatchObject({ code: "TIMEOUT", mayBeStored: true });
  });

  test("ends messages that wait for room, too", async () => {
    using world = new World({ deliveryTimeoutMs: 1000, inFlightMessagesMax: 1 });
    world.send("a", "b", "c");
    await world.server.connection(0, 1);
    world.clock.advance(1000);
    await until(() => world.outcomes.length === 3);
    expect(world.outcomes).toEqual(["a TIMEOUT", "b TIMEOUT", "c TIMEOUT"]);
  });
});

describe("room", () => {
  test("is bounded in messages: more of them wait, and follow in order", async () => {
    using world = new World({ inFlightMessagesMax: 2 });
    world.send("a", "b", "c", "d", "e");
    const connection = await world.server.connection(0, 2);
    await turns(10);
    expect(connection.values).toEqual(["a", "b"]);
    connection.reply("OK\n");
    await world.server.connection(0, 3);
    await turns(10);
    expect(connection.values).toEqual(["a", "b", "c"]);
    connection.reply("OK\nOK\n");
    await world.server.connection(0, 5);
    connection.reply("OK\nOK\n");
    await world.producer.flush();
    expect(world.outcomes).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("is bounded in bytes, and one message always finds it", async () => {
    using world = new World({ inFlightBytesMax: 100 });
    world.send("x".repeat(1000), "y", "z");
    const connection = await world.server.connection(0, 1);
    await turns(10);
    expect(connection.messages).toHaveLength(1);
    connection.reply("OK\n");
    await world.server.connection(0, 3);
    connection.reply("OK\nOK\n");
    await world.producer.flush();
    expect(world.outcomes).toHaveLength(3);
  });

  test("for waiting is bounded as well: who never awaits is told so", async () => {
    using world = new World({ inFlightMessagesMax: 1 });
    world.send("a");
    const batch = Array.from({ length: 2 }, () => ({ topic: "t", value: "x" }));
    const waiting = [];
    for (let count = 0; count < producerWaitingMax; count++) {
      waiting.push(world.producer.sendBatch(batch).catch((error: Error) => error.message));
    }
    await expect(world.producer.sendBatch(batch)).rejects.toMatchObject({ code: "OVERLOADED" });
    world.producer.abort();
    expect(await Promise.all(waiting)).toHaveLength(producerWaitingMax);
  });

  test("in the server's windows may run out: everything arrives all the same", async () => {
    using world = new World();
    world.send("first");
    const connection = await world.server.connection(0, 1);
    connection.pause();
    const sent = Array.from({ length: 12 }, (_, at) => `${at}`.padEnd(1024 * 1024, "."));
    world.send(...sent);
    await turns(50);
    connection.resume();
    await world.server.connection(0, 13);
    expect(connection.values.slice(1)).toEqual(sent);
  });
});

describe("a batch", () => {
  const batch = (...values: string[]) => values.map((value) => ({ topic: "t", value }));

  test("is one promise, and as many messages in order", async () => {
    using world = new World({ inFlightMessagesMax: 2 });
    world.server.acknowledges = true;
    world.send("before");
    const sent = world.producer.sendBatch(batch("a", "b", "c", "d", "e"));
    world.send("after");
    await sent;
    await world.producer.flush();
    expect(world.server.connections[0]?.values).toEqual([
      "before",
      ...["a", "b", "c", "d", "e"],
      "after",
    ]);
    expect(world.outcomes).toEqual(["before", "after"]);
  });

  test("rejects with its first error, once all of it is settled", async () => {
    using world = new World();
    let settled = false;
    const sent = world.producer.sendBatch(batch("a", "b", "c", "d")).finally(() => {
      settled = true;
    });
    const connection = await world.server.connection(0, 4);
    connection.reply("OK\nNACK:INVALID_FORMAT\nNACK:PUBLISH_FAILED\n");
    await turns(10);
    expect(settled).toBe(false);
    connection.reply("OK\n");
    await expect(sent).rejects.toMatchObject({
      code: "NACK",
      reason: "INVALID_FORMAT",
      index: 1,
    });
  });

  test("with one message that can't be sent sends none", async () => {
    using world = new World();
    const wrong = [...batch("a"), { topic: "t", value: "b", timestamp: 1.5 }];
    const sent = world.producer.sendBatch(wrong);
    await expect(sent).rejects.toMatchObject({ code: "INVALID", index: 1 });
    expect(world.server.connections).toEqual([]);
  });

  test("of nothing is delivered", async () => {
    using world = new World();
    const none = undefined as unknown as [];
    await expect(world.producer.sendBatch(none)).rejects.toMatchObject({ code: "INVALID" });
    await world.producer.sendBatch([]);
    expect(world.server.connections).toEqual([]);
  });
});

describe("the end", () => {
  test("comes with close when all is settled; later sends are refused", async () => {
    using world = new World();
    world.send("a");
    const closed = world.producer.close();
    world.send("b");
    const connection = await world.server.connection(0, 1);
    await turns(5);
    expect(world.outcomes).toEqual(["b CLOSED"]);
    connection.reply("OK\n");
    await closed;
    await until(() => connection.closed);
    expect(world.outcomes).toEqual(["b CLOSED", "a"]);
    expect(world.clock.pending).toBe(0);
  });

  test("comes with abort at once, for what is in flight and what waits", async () => {
    using world = new World({ inFlightMessagesMax: 1 });
    world.send("a", "b");
    const connection = await world.server.connection(0, 1);
    world.producer.abort();
    await until(() => connection.closed);
    expect(world.outcomes).toEqual(["a CLOSED", "b CLOSED"]);
    expect(world.clock.pending).toBe(0);
  });

  test("of a producer that sent nothing is quiet", async () => {
    using world = new World();
    await world.producer.flush();
    await world.producer.close();
    expect(world.server.connections).toEqual([]);
  });
});

test("whatever is cut, refused or delayed: in order, nothing lost, each settled once", async () => {
  const random = randomForTest();
  for (let round = rounds(15, 300); round > 0; round--) {
    using world = new World({ inFlightMessagesMax: 1 + random.below(20) });
    const values = Array.from({ length: 60 }, (_, number) => `${number}`);
    const stored: string[] = [];
    let answered = 0;
    world.send(...values);
    for (let number = 0; world.outcomes.length < values.length;) {
      world.clock.advance(100);
      await turns(2);
      const connection = world.server.connections[number];
      if (connection === undefined || connection.messages.length === answered) continue;
      const step = random.below(10);
      if (step === 0) {
        connection.cut();
        number += 1;
        answered = 0;
      } else {
        // At least once: what was stored and not answered before a cut is stored again.
        stored.push(connection.values[answered++]!);
        connection.reply("OK\n");
      }
    }
    expect(world.outcomes).toEqual(values);
    expect([...new Set(stored)]).toEqual(values);
  }
});
