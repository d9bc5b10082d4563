import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { encodeFrame } from "../../src/native/frame.ts";
import { nativeFrameBytesMax } from "../../src/limits.ts";
import { bytesOf, textBytes } from "../support/hex.ts";
import { Peer } from "../support/peer.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { startBroker } from "./support/broker-process.ts";
import { mixedValueBytes, oneOf } from "./support/chance.ts";
import { Checker } from "./support/checker.ts";
import { Client } from "./support/client.ts";
import { readDirectory, recordsIn } from "./support/directory-reader.ts";
import { History } from "./support/history.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { Load } from "./support/load.ts";
import { report } from "./support/numbers.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();

/** The worked frame of the original protocol's description: native/PROTOCOL.md. */
const workedFrame = bytesOf(`
  39000000 d8a07c9e61f75918 07000000 746f7069632d30 0b000000 62617463682d7573657230
  13000000 53697a652074657374206d6573736167652030`);

const frameOf = (topic: string, valueBytes = 10): Uint8Array =>
  encodeFrame({
    timestamp: 1,
    nanoseconds: 0,
    topic: textBytes(topic),
    key: new Uint8Array(0),
    value: new Uint8Array(valueBytes),
  });

/** A frame whose payload is these bytes. */
function framed(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length, true);
  frame.set(payload, 4);
  return frame;
}

/** The beginning of a frame that announces a payload of so many bytes. */
function announced(bytes: number): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes, true);
  return length;
}

/** The worked frame with one of its bytes changed. */
function changed(at: number, byte: number): Uint8Array {
  const frame = workedFrame.slice();
  frame[at] = byte;
  return frame;
}

test("the worked frame is answered OK, and stored to the nanosecond", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  const { process: broker, port } = await startBroker(data);
  await using _ = broker;
  using client = await Client.connect(port);
  expect(await client.ask(workedFrame)).toBe("OK");
  client[Symbol.dispose]();
  await broker.end("SIGTERM");
  expect(await recordsIn(data, { topic: "topic-0", index: 0, count: 1 })).toEqual([
    {
      offset: 0,
      timestamp: Date.parse("2025-08-09T02:12:08.480Z"),
      nanoseconds: 375_000,
      key: "batch-user0",
      value: "Size test message 0",
    },
  ]);
});

/** What a frame is answered, and whether its connection goes on. */
const answers: readonly (readonly [what: string, frame: Uint8Array, answer: string])[] = [
  ["a payload of length 0", announced(0), "NACK:CORRUPTED"],
  ["a payload of one byte", framed(new Uint8Array(1)), "NACK:INVALID_FORMAT"],
  ["a topic's length that leaves the payload", changed(12, 0xff), "NACK:INVALID_FORMAT"],
  ["a key's length that leaves the payload", changed(23, 0xff), "NACK:INVALID_FORMAT"],
  ["a value's length that is too small", changed(38, 0x12), "NACK:INVALID_FORMAT"],
  ["a value's length that is too large", changed(38, 0x14), "NACK:INVALID_FORMAT"],
  ["a topic that is not UTF-8", changed(16, 0xff), "NACK:INVALID_FORMAT"],
  ["a topic without a name", frameOf(""), "NACK:PUBLISH_FAILED"],
  ["a topic that means a directory", frameOf(".."), "NACK:PUBLISH_FAILED"],
  ["a topic that is a path", frameOf("../../etc/passwd"), "NACK:PUBLISH_FAILED"],
  ["a topic with a NUL", frameOf("a\0b"), "NACK:PUBLISH_FAILED"],
  ["a topic with 250 characters", frameOf("a".repeat(250)), "NACK:PUBLISH_FAILED"],
  ["a topic with other letters", frameOf("größe"), "NACK:PUBLISH_FAILED"],
  ["a topic with 249 characters", frameOf("a".repeat(249)), "OK"],
  ["an empty value", frameOf("empty", 0), "OK"],
  [
    "the largest payload",
    frameOf("large", nativeFrameBytesMax - frameOf("large", 0).length + 4),
    "OK",
  ],
];

describe("the documented answers, each on a connection that goes on", () => {
  test("to every kind of frame, one after the other and all at once", async () => {
    using directory = temporaryDirectory();
    const { process: broker, port } = await startBroker(join(directory.path, "data"));
    await using _ = broker;
    const said: string[] = [];
    using one = await Client.connect(port);
    for (const [what, frame] of answers) said.push(`${what}: ${await one.ask(frame)}`);
    const wanted = answers.map(([what, , answer]) => `${what}: ${answer}`);
    expect(said).toEqual(wanted);
    const all = await Peer.connect(port);
    const expected = answers.map(([, , answer]) => `${answer}\n`).join("");
    all.send(Buffer.concat(answers.map(([, frame]) => frame)));
    await all.receives(expected);
    expect(all.text).toBe(expected);
    all.terminate();
    expect(await one.ask(workedFrame)).toBe("OK");
  });

  for (const bytes of [nativeFrameBytesMax + 1, 0x7fff_ffff, 0xffff_ffff]) {
    test(`a payload of ${bytes} bytes is announced: refused, and that is the end`, async () => {
      using directory = temporaryDirectory();
      const { process: broker, port } = await startBroker(join(directory.path, "data"));
      await using _ = broker;
      const peer = await Peer.connect(port);
      peer.send(Buffer.concat([workedFrame, announced(bytes), workedFrame]));
      await within(
        5_000,
        "the end",
        until(() => peer.ended),
      );
      expect(peer.text).toBe("OK\nNACK:PROTOCOL_ERROR\n");
      peer.finish();
      using client = await Client.connect(port);
      expect(await client.ask(workedFrame)).toBe("OK");
    });
  }

  test("a browser and a TLS client are told that this is something else", async () => {
    using directory = temporaryDirectory();
    const { process: broker, port } = await startBroker(join(directory.path, "data"));
    await using _ = broker;
    for (const greeting of [
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01",
    ]) {
      const peer = await Peer.connect(port);
      peer.send(Buffer.from(greeting, "latin1"));
      await within(
        5_000,
        "the end",
        until(() => peer.ended),
      );
      expect(peer.text).toBe("NACK:PROTOCOL_ERROR\n");
      peer.finish();
    }
  });
});

/** A connection; none if the broker has refused it, as it may when there are too many. */
async function connectUnlessRefused(port: number): Promise<Peer | undefined> {
  try {
    return await Peer.connect(port);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNRESET") return undefined;
    throw error;
  }
}

test("peers that are gone before they are accepted take nobody's place", async () => {
  const places = 8;
  using directory = temporaryDirectory();
  const options = ["--max-connections", String(places)];
  const { process: broker, port } = await startBroker(join(directory.path, "data"), options);
  await using _ = broker;
  broker.kill("SIGSTOP");
  for (let gone = 0; gone < 3 * places; gone++) (await Peer.connect(port)).terminate();
  broker.kill("SIGCONT");
  // Whoever comes while they are being noticed may be refused, and comes again.
  await untilWithin(5_000, "an answer", async () => {
    const peer = await connectUnlessRefused(port);
    peer?.send(workedFrame);
    await until(() => peer === undefined || peer.ended || peer.text !== "");
    peer?.terminate();
    return peer?.text === "OK\n";
  });
  expect(broker.lines.filter(({ level }) => level === "error")).toEqual([]);
});

/** One thing that a bad client does; the connection may be gone afterwards, or not. */
type Mischief = (peer: Peer, random: Random) => void;

const mischief: Readonly<Record<string, Mischief>> = {
  garbage: (peer, random) => peer.send(randomBytes(random, 1 + random.below(5_000))),
  oversize: (peer) => peer.send(announced(0xffff_ffff)),
  "half a frame": (peer, random) => {
    peer.send(workedFrame.subarray(0, 1 + random.below(workedFrame.length - 1)));
  },
  "half a frame, then gone": (peer) => {
    peer.send(announced(nativeFrameBytesMax));
    peer.terminate();
  },
  "many empty frames": (peer, random) => peer.send(new Uint8Array(4 * (1 + random.below(20_000)))),
  "answers unread": (peer, random) => {
    peer.pause();
    peer.send(new Uint8Array(4 * (1 + random.below(100_000))));
  },
  "an altered frame": (peer, random) => {
    // Not the length: it would make the frame another one, or half of one.
    peer.send(changed(4 + random.below(workedFrame.length - 4), random.below(256)));
  },
  "illegal topics": (peer, random) => {
    for (let times = random.below(50); times > 0; times--) peer.send(frameOf(`../${times}`));
  },
  "a FIN": (peer) => {
    peer.send(workedFrame);
    peer.finish();
  },
  "a reset": (peer) => {
    peer.send(workedFrame);
    peer.terminate();
  },
};

/** No answer to the good producer takes longer. */
const waitMsMax = 2_000;
const badClients = 50;
const misdeeds = rounds(500, 3_000, 10_000);

test(
  `${badClients} clients misbehave ${misdeeds} times; a good producer notices nothing of it`,
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const started = await startBroker(data);
    const { process: broker, port } = started;
    await using _ = broker;
    const history = new History(1);
    const shape = {
      topics: [{ name: "good", hasKeys: true }],
      windowFrames: 16,
      valueBytes: mixedValueBytes,
    };
    const load = await Load.start(started, history.producers, shape, random);
    const bad: (Peer | undefined)[] = [];
    const kinds = Object.keys(mischief);
    let worstMs = 0;
    for (let done = 0; done < misdeeds; done++) {
      const at = random.below(badClients);
      const known = bad[at];
      const isGone = known === undefined || known.ended;
      const peer = isGone ? await connectUnlessRefused(port) : known;
      if (isGone) known?.terminate();
      bad[at] = peer;
      const kind = oneOf(random, kinds as [string, ...string[]]);
      if (peer !== undefined) mischief[kind]?.(peer, random);
      const before = load.acknowledged;
      const from = performance.now();
      await untilWithin(
        10_000,
        "the good producer's next answer",
        () => load.acknowledged > before,
      );
      worstMs = Math.max(worstMs, performance.now() - from);
    }
    load.pause();
    await untilWithin(waitMsMax, "the last answer", () => load.inFlight === 0);
    for (const peer of bad) peer?.terminate();
    expect([load.violations, load.refused]).toEqual([[], 0]);
    await load.close();
    expect(await broker.end("SIGTERM")).toBe(0);
    expect(broker.lines.filter(({ level }) => level === "error")).toEqual([]);
    const checker = new Checker(history, false);
    await readDirectory(data, checker, { only: "good" });
    expect(checker.findings()).toEqual([]);
    report(`${misdeeds} misdeeds`, `the good producer waited ${Math.round(worstMs)} ms at most`);
    expect(load.acknowledged).toBeGreaterThanOrEqual(misdeeds);
  },
  misdeeds * 100,
);
