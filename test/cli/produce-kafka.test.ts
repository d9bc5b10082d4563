import { describe, expect, test } from "bun:test";
import { KafkaSender } from "../../src/cli/produce-kafka.ts";
import type { Portion } from "../../src/cli/produce-sources.ts";
import { ClientError } from "../../src/client/kafka/client-error.ts";
import { systemWorld } from "../../src/client/kafka/client-world.ts";
import { DeliveryError } from "../../src/client/kafka/delivery-error.ts";
import type { ProducerRecord } from "../../src/client/kafka/producer-record.ts";
import type { RecordMetadata } from "../../src/client/kafka/producer.ts";
import type { TopicMetadata } from "../../src/client/kafka/topic-metadata.ts";
import { producerInFlightMessagesMax } from "../../src/limits.ts";
import { MemoryWorld } from "../fake/world.ts";
import { call, callIn, withInput } from "../support/call.ts";
import { textBytes } from "../support/hex.ts";
import { TestServer } from "../support/server.ts";
import { tellingEvents } from "../support/sender-events.ts";
import { turns, until } from "../support/until.ts";

const stored: RecordMetadata = { topic: "t", partition: 0, offset: 0, timestamp: 0 };

/** A cluster with topics of so many partitions, and answers that are the test's. */
class Script {
  readonly sent: ProducerRecord[] = [];
  readonly said: string[] = [];
  readonly looked: string[] = [];
  readonly #answers: ((error: Error | null) => void)[] = [];
  readonly sender = new KafkaSender(
    {
      send: (record) => {
        this.sent.push(record);
        return new Promise((resolve, reject) => {
          this.#answers.push((error) => (error === null ? resolve(stored) : reject(error)));
        });
      },
      flush: async () => {},
      close: async () => {},
      abort: () => {},
    },
    {
      world: systemWorld,
      retry: (_deadline, attempt) => attempt(),
      topic: async (name) => {
        this.looked.push(name);
        const found = this.topics[name];
        if (found instanceof ClientError) throw found;
        return topicOf(name, found ?? 0);
      },
    },
    tellingEvents(this.said, () => this.sender.tally),
  );

  constructor(private readonly topics: Readonly<Record<string, number | ClientError>>) {}

  /** Answers the oldest record: `null` is stored. */
  async answer(error: Error | null): Promise<void> {
    this.#answers.shift()?.(error);
    await turns(1);
  }

  /** Asks for room until there is some, or nothing is looked up any more. */
  async prepare(...records: ProducerRecord[]): Promise<boolean> {
    for (let looks = 0; looks < 3; looks++) {
      const room = this.sender.room(records);
      if (room === null) return true;
      await room;
    }
    return false;
  }
}

const topicOf = (name: string, count: number): TopicMetadata => ({
  name,
  topicId: "",
  isInternal: false,
  error: null,
  partitions: Array.from({ length: count }, (_, partition) => ({
    partition,
    error: null,
    leaderId: 1,
    leaderEpoch: 0,
    replicas: [1],
    inSyncReplicas: [1],
    offlineReplicas: [],
  })),
});

const recordOf = (value: string, changes: Partial<ProducerRecord> = {}): ProducerRecord => ({
  topic: "t",
  key: "k",
  value,
  ...changes,
});

const portionOf = (...values: string[]): Portion => ({
  records: values.map((value) => recordOf(value)),
  numbers: values.map((_, at) => at + 1),
  rejected: [],
  placeOf: (number) => `line ${number}`,
});

const failed = (code: "TIMED_OUT" | "INVALID_RECORD" | "CLOSED", mayBeStored = false) =>
  new DeliveryError(code, "why", { topic: "t", partition: 0, mayBeStored });

describe("a topic", () => {
  test("is looked up once, before its first record goes", async () => {
    const script = new Script({ t: 1, u: 2 });
    const records = [recordOf("a"), recordOf("b", { topic: "u", partition: 1 }), recordOf("c")];
    expect(await script.prepare(...records)).toBeTrue();
    expect(script.looked).toEqual(["t", "u"]);
    expect(script.sender.room(records)).toBeNull();
  });

  test("that is not there and is not made ends the run", async () => {
    const missing = new ClientError("UNKNOWN_TOPIC_OR_PARTITION", "no such topic");
    const script = new Script({ t: missing });
    expect(await script.prepare(recordOf("a"))).toBeFalse();
    expect(script.said[0]).toBe(
      'halt: there is no topic "t", and the broker makes none by itself: ' +
        "obelisk topics create does",
    );
  });

  test("that may not be written to ends the run, in the broker's words", async () => {
    const script = new Script({ t: new ClientError("TOPIC_AUTHORIZATION_FAILED", "no\u001b") });
    expect(await script.prepare(recordOf("a"))).toBeFalse();
    expect(script.said[0]).toBe("halt: no\\u001b");
  });

  test("that can't be asked about now is left to the producer", async () => {
    const script = new Script({ t: new ClientError("NETWORK", "gone") });
    expect(await script.prepare(recordOf("a", { partition: 7 }))).toBeTrue();
    expect(script.said).toEqual([]);
  });

  test.each([
    [3, "partitions 0 to 2"],
    [1, "only partition 0"],
  ])("of %p partitions takes no record for another", async (count, there) => {
    const script = new Script({ t: count });
    expect(await script.prepare(recordOf("a", { partition: 3 }))).toBeFalse();
    expect(script.said[0]).toBe(
      `halt: topic t has ${there} and no 3: -p -1 leaves the choice to the key`,
    );
  });
});

describe("a record", () => {
  test("counts as stored when its own answer says so", async () => {
    const script = new Script({});
    script.sender.send(portionOf("a", "bcd"), 1, 1);
    expect(script.sent).toEqual([recordOf("bcd")]);
    expect(script.sender.tally.stored).toBe(0);
    await script.answer(null);
    expect(script.sender.tally).toEqual({ stored: 1, refused: 0, unknown: 0, bytes: 4 });
    expect(script.said).toEqual(["stored 1"]);
  });

  test.each([
    ["is refused", failed("INVALID_RECORD"), "failed: line 2: why", [1, 0]],
    [
      "may be stored",
      failed("INVALID_RECORD", true),
      "failed: line 2: why; it may be stored all the same",
      [0, 1],
    ],
    ["can't be sent", new ClientError("MESSAGE_TOO_LARGE", "why"), "failed: line 2: why", [1, 0]],
    [
      "has no answer in time",
      failed("TIMED_OUT", true),
      "hopeless: line 2: why; it may be stored all the same",
      [0, 1],
    ],
    ["never went out", failed("TIMED_OUT"), "hopeless: line 2: why", [1, 0]],
    ["was given up", failed("CLOSED"), "stored 0", [1, 0]],
  ])("that %s", async (_, error, message, [refused = 0, unknown = 0]) => {
    const script = new Script({});
    script.sender.send(portionOf("a", "b"), 1, 1);
    await script.answer(error);
    expect(script.said[0]).toBe(message);
    expect(script.sender.tally).toEqual({ stored: 0, refused, unknown, bytes: 0 });
  });
});

test("there is no room while as much is under way as a producer keeps", async () => {
  const script = new Script({ t: 1 });
  const portion = portionOf(...Array.from({ length: producerInFlightMessagesMax }, () => "v"));
  await script.prepare(recordOf("a"));
  script.sender.send(portion, 0, portion.records.length);
  const room = script.sender.room([recordOf("b")]);
  expect(room).toBeInstanceOf(Promise);
  await script.answer(null);
  await room;
  expect(script.sender.room([recordOf("b")])).toBeNull();
});

describe("a broker", () => {
  test("that is not there is named, and what to do", async () => {
    const server = await TestServer.start();
    const { kafkaAddress } = server;
    await server[Symbol.asyncDispose]();
    const { code, error } = await call(["produce", "-t", "t", "-b", kafkaAddress], {
      stdin: "a\n",
    });
    expect(code).toBe(1);
    expect(error).toStartWith(`obelisk produce: no connection to ${kafkaAddress}: `);
    expect(error).toEndWith(
      ". Is a broker there? obelisk serve starts one, -b says where it is. " +
        "--native speaks the original's protocol.\n",
    );
  });

  test("of the original's protocol is told from one of Kafka's", async () => {
    await using server = await TestServer.start();
    const { code, error } = await call(["produce", "-t", "t", "-b", server.address]);
    expect(code).toBe(1);
    expect(error).toContain("Is it a port of Kafka's protocol? --native speaks the original's");
  });

  test("that goes away and comes back costs nothing, and nothing comes twice", async () => {
    await using server = await TestServer.start();
    const port = server.kafkaAddress.split(":")[1] ?? "";
    const restarted = Promise.withResolvers<void>();
    const world = withInput(new MemoryWorld(), {
      isTerminal: false,
      async *chunks() {
        yield textBytes("before\n");
        await restarted.promise;
        yield textBytes("after\n");
      },
    });
    const running = callIn(world, ["produce", "-t", "t", "-b", server.kafkaAddress]);
    await until(() => server.server.broker.topic("t")?.partitions[0]?.log.visibleOffset === 1);
    await server.stop();
    await server.start("--kafka-port", port);
    restarted.resolve();
    const { code, error } = await running;
    expect(error).toMatch(
      /^obelisk produce: warning: the connection broke \(127.*\); trying again for up to 2m 00s\n/,
    );
    expect(error).toContain("\n2 records stored, ");
    expect(code).toBe(0);
    expect((await server.records("t")).map(({ value }) => value)).toEqual(["before", "after"]);
  });
});
