/** The producer against the broker itself, over sockets that break. */
import { expect, test } from "bun:test";
import { systemClock } from "../../../src/base/clock.ts";
import { systemRandom } from "../../../src/base/random.ts";
import type { ClientWorld } from "../../../src/client/kafka/client-world.ts";
import { DeliveryError, Producer } from "../../../src/client/kafka/producer.ts";
import { type Dial, dialTcp } from "../../../src/client/socket.ts";
import { compressionNames } from "../../../src/record/batch.ts";
import { rounds } from "../../support/rounds.ts";
import { randomForTest } from "../../support/seed.ts";
import { TestServer } from "../../support/server.ts";
import { turns } from "../../support/until.ts";

/** The way to a server that may get another port, and connections that a test can break. */
class Network {
  readonly #open = new Set<() => void>();
  readonly world: ClientWorld = {
    clock: systemClock,
    random: systemRandom,
    dial: (...wanted) => this.#dial(...wanted),
  };

  /** Of the server; `null`: it does not run. */
  port: number | null;

  constructor(server: TestServer) {
    this.port = portOf(server);
  }

  /** Breaks all connections: nothing that was not received yet will be. */
  cut(): void {
    for (const end of [...this.#open]) end();
  }

  readonly #dial: Dial = (_host, _port, events) => {
    let isOver = false;
    let cut = (): void => {};
    const over = (reason: string): void => {
      this.#open.delete(cut);
      if (isOver) return;
      isOver = true;
      events.closed(reason);
    };
    if (this.port === null) {
      queueMicrotask(() => over("nobody listens"));
      return { write: () => -1, end: () => over("closed") };
    }
    const socket = dialTcp("127.0.0.1", this.port, {
      opened: () => events.opened(),
      received: (chunk) => {
        if (!isOver) events.received(chunk);
      },
      writable: () => events.writable(),
      closed: over,
    });
    cut = () => {
      over("cut by the test");
      socket.end();
    };
    this.#open.add(cut);
    return socket;
  };
}

const portOf = (server: TestServer): number => Number(server.kafkaAddress.split(":").at(-1));

const quick = { retryBackoffMs: 1, retryBackoffMaxMs: 20 };

test("records come as they were sent, however they are packed", async () => {
  await using server = await TestServer.start();
  for (const compression of compressionNames) {
    const brokers = [server.kafkaAddress];
    await using producer = await Producer.open({ brokers, compression });
    const values = Array.from({ length: 500 }, (_, index) => `value ${index}`);
    const records = values.map((value) => ({ topic: compression, key: "k", value }));
    const [first, ...others] = records;
    if (first === undefined) throw new Error("there are records");
    const place = await producer.send(first);
    expect(place).toMatchObject({ topic: compression, partition: 0, offset: 0 });
    await producer.sendBatch(others);
    const stored = await server.records(compression);
    expect(stored.map(({ value }) => value)).toEqual(values);
    expect(stored[0]?.timestamp).toBe(place.timestamp);
  }
});

test("without numbers and without answers they come as well", async () => {
  await using server = await TestServer.start();
  for (const acks of [1, 0] as const) {
    await using producer = await Producer.open({ brokers: [server.kafkaAddress], acks });
    const place = await producer.send({ topic: `acks-${acks}`, value: "a" });
    expect(place.offset).toBe(acks === 0 ? -1 : 0);
    while ((server.server.broker.topic(`acks-${acks}`)?.partitions[0]?.log.endOffset ?? 0) < 1) {
      await turns(1);
    }
  }
});

test("a batch that the topic does not take is split until it fits", async () => {
  await using server = await TestServer.start();
  await using producer = await Producer.open({ brokers: [server.kafkaAddress] });
  await producer.send({ topic: "small", value: "first" });
  const configs = [{ name: "max.message.bytes", value: "2000" }];
  const { broker } = server.server;
  expect(await broker.alterTopicConfig("small", { kind: "replace", configs })).toBeNull();
  const records = Array.from({ length: 100 }, (_, index) => ({
    topic: "small",
    value: `${index}`.padEnd(100),
  }));
  await producer.sendBatch(records);
  await expect(producer.send({ topic: "small", value: "x".repeat(3000) })).rejects.toMatchObject({
    code: "MESSAGE_TOO_LARGE",
    mayBeStored: false,
  });
  await producer.send({ topic: "small", value: "last" });
  const stored = (await server.records("small")).map(({ value }) => value);
  expect(stored).toEqual(["first", ...records.map(({ value }) => value), "last"]);
});

test("a restart of the broker loses nothing, doubles nothing and keeps the order", async () => {
  await using server = await TestServer.start();
  const network = new Network(server);
  const options = { brokers: [server.kafkaAddress], ...quick };
  await using producer = await Producer.open(options, network.world);
  const sent: Promise<unknown>[] = [];
  const send = (from: number, to: number): void => {
    for (let index = from; index < to; index++) {
      sent.push(producer.send({ topic: "orders", value: `${index}` }));
    }
  };
  send(0, 100);
  await turns(3);
  network.port = null;
  const stopped = server.stop();
  send(100, 200);
  await stopped;
  send(200, 300);
  await server.start();
  network.port = portOf(server);
  send(300, 400);
  await Promise.all(sent);
  const stored = (await server.records("orders")).map(({ value }) => Number(value));
  expect(stored).toEqual(Array.from({ length: 400 }, (_, index) => index));
});

test("connections that break at any moment lose nothing, double nothing, keep the order", async () => {
  const random = randomForTest();
  await using server = await TestServer.start("--partitions", "2");
  const network = new Network(server);
  for (let round = 0; round < rounds(3, 30); round++) {
    const topic = `round-${round}`;
    const options = {
      brokers: [server.kafkaAddress],
      batchBytesMax: 100 + random.below(2000),
      maxInFlight: 1 + random.below(5),
      ...quick,
    };
    await using producer = await Producer.open(options, network.world);
    const sent: Promise<{ partition: number; offset: number; value: string }>[] = [];
    for (let step = 0; step < 150; step++) {
      for (let left = random.below(10); left > 0; left--) {
        const value = `${sent.length}`;
        const record = { topic, key: `${random.below(4)}`, value };
        sent.push(producer.send(record).then((place) => ({ ...place, value })));
      }
      if (random.next() < 0.1) network.cut();
      await turns(random.below(4));
    }
    const places = await Promise.all(sent);
    for (const partition of [0, 1]) {
      const stored = (await server.records(topic, partition)).map(({ value }) => value);
      const here = places.filter((place) => place.partition === partition);
      expect(stored).toEqual(here.map(({ value }) => value));
      for (const { value, offset } of here) expect(stored[offset]).toBe(value);
    }
  }
}, 120_000);

test("a broker that is gone is waited for until the time is over", async () => {
  await using server = await TestServer.start();
  const options = { brokers: [server.kafkaAddress], deliveryTimeoutMs: 300, ...quick };
  const producer = await Producer.open(options);
  await producer.send({ topic: "orders", value: "a" });
  await server.stop();
  const error = await producer.send({ topic: "orders", value: "b" }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(DeliveryError);
  expect(error).toMatchObject({ code: "TIMED_OUT", topic: "orders" });
  await producer.close();
});
