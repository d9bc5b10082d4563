/**
 * Misbehaviour on the Kafka port of the executable: it may cost who misbehaves the connection, and
 * nobody else anything. A client that behaves goes on producing meanwhile.
 */
import { expect } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { readResponseHeader } from "../../src/kafka/headers.ts";
import { apis } from "../../src/kafka/apis.ts";
import { kafkaFrameBytesMax, kafkaRequestElementsMax } from "../../src/limits.ts";
import type { Compression } from "../../src/record/batch.ts";
import { codec } from "../../src/wire/codec.ts";
import { Malformed, Reader } from "../../src/wire/reader.ts";
import { batchOf } from "../support/batches.ts";
import { isUnreadable, malformedFrame, requestFrame, withLength } from "../support/malformed.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker, type StartedBroker } from "./support/broker-process.ts";
import { KafkaSocket } from "./support/kafka-socket.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { report } from "./support/numbers.ts";
import { type Seen, watchTurns } from "./support/turns.ts";

leaveNothing();

const onLinux = skipUnless(process.platform === "linux", "times and memory are read from /proc");
const MiB = 1024 * 1024;

/** What one turn of the event loop may run for. */
const turnMsMax = 50;
/**
 * Times that somebody may misbehave in the same way until no turn was longer. Work that takes as
 * long takes it each time. A machine whose processors are shared makes the same work longer, now
 * and then, and the system counts that as running.
 */
const attemptsMax = 3;
/**
 * What the process may have in memory: twice what all connections may have in flight, and what it
 * has without them.
 */
const residentBytesMax = 2 * 256 * MiB + 150 * MiB;

const residentBytes = ({ process: { pid } }: StartedBroker): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

const topicRequest = requestFrame("CreateTopics", 4, {
  topics: [{ name: "good", numPartitions: 1, replicationFactor: 1 }],
});

const goodRequest = (first: number): Uint8Array =>
  requestFrame("Produce", 9, {
    acks: 1,
    topicData: [{ name: "good", partitionData: [{ index: 0, records: batchOf({ first }) }] }],
  });

/** The offset of a batch that was produced; throws if it was refused. */
function offsetIn(response: Uint8Array): number {
  const reader = Reader.of(response);
  readResponseHeader(reader, apis.Produce, 9);
  const answer = codec(apis.Produce.response, 9).read(reader);
  if (answer instanceof Malformed) throw answer;
  const partition = answer.responses[0]?.partitionResponses[0];
  if (partition?.errorCode !== 0) throw new Error(`refused: ${partition?.errorCode}`);
  return partition.baseOffset;
}

/** Produces one batch after another until it is told to stop; how many there were. */
async function behave(broker: StartedBroker, hasEnded: () => boolean): Promise<[number, number]> {
  using socket = await KafkaSocket.connect(broker.kafkaPort);
  await socket.ask(topicRequest);
  let longestMs = 0;
  let count = 0;
  for (; !hasEnded(); count++) {
    const from = performance.now();
    expect(offsetIn(await socket.ask(goodRequest(count)))).toBe(count);
    longestMs = Math.max(longestMs, performance.now() - from);
  }
  return [count, longestMs];
}

/** Misbehaves towards a broker of its own, and expects that nobody is the worse for it. */
async function misbehaving(
  what: string,
  misbehave: (broker: StartedBroker) => Promise<unknown>,
): Promise<void> {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  const broker = await startBroker(data, ["--no-auto-create-topics"]);
  await using _ = broker.process;
  let hasEnded = false;
  const behaving = behave(broker, () => hasEnded);
  const attempts: Seen[] = [];
  const isSlow = (): boolean => (attempts.at(-1)?.ranMs ?? Infinity) >= turnMsMax;
  try {
    while (isSlow() && attempts.length < attemptsMax) {
      const stopWatching = await watchTurns(broker);
      await misbehave(broker);
      attempts.push(await stopWatching());
    }
  } finally {
    hasEnded = true;
  }
  const [count, longestMs] = await behaving;
  const resident = residentBytes(broker);
  const list = (values: readonly number[]): string => values.map((ms) => ms.toFixed(1)).join(", ");
  report(
    what,
    `a turn ran ${list(attempts.map(({ ranMs }) => ranMs))} ms at most, ` +
      `${list(attempts.map(({ waitedMs }) => waitedMs))} ms by the clock; ` +
      `${count} batches of who behaves, the slowest in ${longestMs.toFixed(0)} ms; ` +
      `${(resident / MiB).toFixed(0)} MiB at most`,
  );
  expect(count).toBeGreaterThan(0);
  expect(isSlow()).toBeFalse();
  expect(resident).toBeLessThan(residentBytesMax);
  expect(broker.process.lines.filter(({ level }) => level === "error")).toEqual([]);
  expect(await broker.process.end("SIGTERM")).toBe(0);
}

/** Connects, sends, and waits until the broker has ended the connection. */
async function sendAndEnd(broker: StartedBroker, ...frames: Uint8Array[]): Promise<KafkaSocket> {
  const socket = await KafkaSocket.connect(broker.kafkaPort);
  for (const frame of frames) socket.send(frame);
  socket.finish();
  await socket.closed;
  return socket;
}

onLinux(
  "a million malformed frames, from several connections at a time",
  async () => {
    const random = randomForTest();
    const total = rounds(20_000, 300_000, 1_000_000);
    // The last one of a connection ends it; one address may make 250 connections a second.
    const framesPerConnection = 250;
    await misbehaving(`${total} malformed frames`, async (broker) => {
      let sent = 0;
      const lane = async (): Promise<void> => {
        while (sent < total) {
          const frames: Uint8Array[] = [];
          while (frames.length < framesPerConnection) {
            const frame = malformedFrame(random);
            const isLast = frames.length === framesPerConnection - 1;
            if (isUnreadable(frame) === isLast) frames.push(withLength(frame));
          }
          sent += frames.length;
          await sendAndEnd(broker, new Uint8Array(Buffer.concat(frames)));
        }
      };
      await Promise.all([lane(), lane(), lane(), lane()]);
    });
  },
  900_000,
);

onLinux(
  "nobody is the worse for lengths that no frame has, other protocols, and frames that never end",
  async () => {
    const random = randomForTest();
    await misbehaving("what is no frame", async (broker) => {
      const frame = requestFrame("ListGroups", 4, {});
      const text = (words: string): Uint8Array => new TextEncoder().encode(words);
      for (const length of [-1, 0, 1, 3, kafkaFrameBytesMax + 1, 0x7fff_ffff, -0x8000_0000]) {
        await sendAndEnd(broker, withLength(frame, length));
      }
      const strangers = [
        text("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        Uint8Array.of(0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3),
        text("SSH-2.0-OpenSSH_9.2\r\n"),
        ...Array.from({ length: 50 }, () => randomBytes(random, 1 + random.below(100_000))),
      ];
      for (const bytes of strangers) await sendAndEnd(broker, bytes);
      // Byte by byte, and cut off anywhere.
      for (let end = 1; end <= frame.length + 4; end++) {
        const socket = await KafkaSocket.connect(broker.kafkaPort);
        for (const byte of withLength(frame).subarray(0, end)) socket.send(Uint8Array.of(byte));
        if (end % 2 === 0) socket.finish();
        else socket.terminate();
        await socket.closed;
      }
    });
  },
);

onLinux(
  "nobody is the worse for requests that name as much as they may, and all APIs at once",
  async () => {
    const count = kafkaRequestElementsMax / 2;
    const each = <Row>(row: (index: number) => Row): Row[] =>
      Array.from({ length: count }, (_, index) => row(index));
    const requests = [
      requestFrame("Metadata", 12, { topics: each((at) => ({ name: `t${at}` })) }),
      requestFrame("Metadata", 12, { topics: each(() => ({ name: "good" })) }),
      requestFrame("DescribeConfigs", 4, {
        includeSynonyms: true,
        includeDocumentation: true,
        resources: each(() => ({ resourceType: 2, resourceName: "good" })),
      }),
      requestFrame("DescribeGroups", 5, { groups: each((at) => `g${at}`) }),
      requestFrame("OffsetFetch", 8, {
        groups: each((at) => ({ groupId: `g${at}`, topics: null })),
      }),
      requestFrame("DeleteTopics", 6, { topics: each((at) => ({ name: `t${at}` })) }),
      requestFrame("CreatePartitions", 3, {
        topics: each((at) => ({ name: `t${at}`, count: 3 })),
      }),
      requestFrame("FindCoordinator", 4, { coordinatorKeys: each((at) => `g${at}`) }),
      requestFrame("ListOffsets", 7, {
        topics: [{ name: "good", partitions: each((at) => ({ partitionIndex: at % 2 })) }],
      }),
    ];
    await misbehaving("large requests", async (broker) => {
      for (const request of requests) await sendAndEnd(broker, withLength(request));
      for (let times = 0; times < 3; times++) {
        await Promise.all(requests.map((request) => sendAndEnd(broker, withLength(request))));
      }
    });
  },
  60_000,
);

onLinux(
  "nobody is the worse for batches that unpack to a hundred times their size, hundreds at a time",
  async () => {
    const bomb = (compression: Compression): Uint8Array =>
      batchOf({ first: 0, valueBytes: 9 * MiB, compression });
    const bombs = (["gzip", "zstd", "lz4"] as const).map((compression) => {
      const records = bomb(compression);
      const partitionData = Array.from({ length: 40 }, () => ({ index: 0, records }));
      return withLength(
        requestFrame("Produce", 9, { acks: 1, topicData: [{ name: "bad", partitionData }] }),
      );
    });
    await misbehaving("compression bombs", async (broker) => {
      using maker = await KafkaSocket.connect(broker.kafkaPort);
      await maker.ask(
        requestFrame("CreateTopics", 4, {
          topics: [{ name: "bad", numPartitions: 1, replicationFactor: 1 }],
        }),
      );
      await Promise.all(bombs.map((frame) => sendAndEnd(broker, frame)));
    });
  },
  120_000,
);

onLinux(
  "nobody is the worse for a client that asks and asks, and reads nothing",
  async () => {
    const request = withLength(
      requestFrame("DescribeConfigs", 4, {
        includeSynonyms: true,
        includeDocumentation: true,
        resources: [{ resourceType: 4, resourceName: "1" }],
      }),
    );
    await misbehaving("answers that nobody reads", async (broker) => {
      const greedy = await Promise.all(
        Array.from({ length: 4 }, () => KafkaSocket.connect(broker.kafkaPort)),
      );
      const many = new Uint8Array(Buffer.concat(Array.from({ length: 2_000 }, () => request)));
      for (const socket of greedy) {
        socket.pause();
        socket.send(many);
      }
      // Somebody else has a few turns in between, then they read after all.
      using other = await KafkaSocket.connect(broker.kafkaPort);
      for (let times = 0; times < 100; times++) await other.ask(requestFrame("ListGroups", 4, {}));
      for (const socket of greedy) {
        socket.resume();
        socket.finish();
      }
      await Promise.all(greedy.map((socket) => socket.closed));
    });
  },
  60_000,
);
