import { expect, test } from "bun:test";
import { join } from "node:path";
import { rounds } from "../support/rounds.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker, type StartedBroker } from "./support/broker-process.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { report } from "./support/numbers.ts";
import { EventsReader, type Seen, SocketsReader } from "./support/stream-reader.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();

const readersEach = 500;
const batches = rounds(10, 100);
const batchRecords = 20;
/** On a machine that is busy. */
const msMax = 120_000;

/** A broker, and where its HTTP port is. */
interface Opened extends AsyncDisposable {
  readonly broker: StartedBroker["process"];
  readonly address: string;
}

async function opened(data: string): Promise<Opened> {
  const { process: broker } = await startBroker(data);
  await broker.logged("ready");
  const door = broker.lines.find((line) => line["door"] === "http");
  const address = String(door?.["address"]);
  return { broker, address, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}

/** Stores so many records, each with so many bytes; one request. */
async function produce(address: string, count: number, bytes: number): Promise<void> {
  const value = "x".repeat(bytes);
  const records = Array.from({ length: count }, () => ({ value, partition: 0 }));
  const response = await fetch(`http://${address}/topics/t`, {
    method: "POST",
    headers: { "content-type": "application/vnd.kafka.json.v2+json" },
    body: JSON.stringify({ records }),
  });
  if (response.status !== 200) throw new Error(await response.text());
}

/** Streams that the broker serves now. */
async function streamsOpen(address: string): Promise<number> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const found = /^obelisk_connections\{door="http"\} (\d+)$/m.exec(text);
  if (found === null) throw new Error("/metrics does not count connections");
  // This request is one of them.
  return Number(found[1]) - 1;
}

/** Connects readers, some at a time. */
async function connect<R>(count: number, open: () => Promise<R>): Promise<R[]> {
  const readers: R[] = [];
  while (readers.length < count) {
    const next = Math.min(50, count - readers.length);
    readers.push(...(await Promise.all(Array.from({ length: next }, open))));
  }
  return readers;
}

const streamPath = "/streams/topics/t?partition=0&offset=earliest";

test(
  `${2 * readersEach} readers of one topic get every record in order, and end with the broker`,
  async () => {
    using directory = temporaryDirectory();
    await using started = await opened(join(directory.path, "data"));
    const { address, broker } = started;
    await produce(address, 1, 10);
    const events = await connect(readersEach, () => EventsReader.open(address, streamPath));
    const sockets = await connect(readersEach, () => SocketsReader.open(address, streamPath));
    const readers: readonly Seen[] = [...events, ...sockets];
    const from = performance.now();
    for (let left = batches; left > 0; left--) await produce(address, batchRecords, 100);
    const count = 1 + batches * batchRecords;
    await untilWithin(msMax, "all records at all readers", () => {
      return readers.every((reader) => reader.count >= count);
    });
    const tookMs = performance.now() - from;
    expect(readers.flatMap(({ faults }) => faults)).toEqual([]);
    expect(readers.every((reader) => reader.count === count)).toBe(true);
    expect(new Set(readers.map(({ position }) => position))).toEqual(new Set([`0:${count}`]));
    const delivered = Math.round((readers.length * batches * batchRecords) / (tookMs / 1000));
    report("records delivered in a second", `${delivered} to ${readers.length} readers`);
    expect(await broker.end("SIGTERM")).toBe(0);
    await untilWithin(msMax, "the end of the streams", () =>
      readers.every((each) => each.isClosed),
    );
  },
  2 * msMax,
);

test(
  "a reader that takes nothing is cut without harm to the others, and resumes where it stopped",
  async () => {
    using directory = temporaryDirectory();
    await using started = await opened(join(directory.path, "data"));
    const { address } = started;
    await produce(address, 1, 10);
    const readers = [
      ...(await connect(10, () => EventsReader.open(address, streamPath))),
      ...(await connect(10, () => SocketsReader.open(address, streamPath))),
    ];
    const stalled = await EventsReader.open(address, streamPath);
    await untilWithin(msMax, "the first record", () => stalled.count === 1);
    // A WebSocket by hand, since the runtime's own takes what comes.
    const socketPath = `${streamPath}&format=string`;
    const stalledSocket = await stalledWebSocket(address, socketPath);
    stalled.stall();
    const requests = 24;
    for (let left = requests; left > 0; left--) await produce(address, 20, 50_000);
    const count = 1 + 20 * requests;
    await untilWithin(msMax, "all records at the others", () => {
      return readers.every((reader) => reader.count === count);
    });
    await untilWithin(msMax, "the cut", async () => (await streamsOpen(address)) === 20);
    await produce(address, 1, 10);
    await untilWithin(msMax, "another record at the others", () => {
      return readers.every((reader) => reader.count === count + 1 && !reader.isClosed);
    });
    expect(readers.flatMap(({ faults }) => faults)).toEqual([]);
    stalled.goOn();
    await untilWithin(msMax, "the end of the stalled one", () => stalled.isClosed);
    expect(stalled.count).toBeLessThan(count);
    const [, next = ""] = stalled.position.split(":");
    expect(Number(next)).toBe(stalled.count);
    using again = await EventsReader.open(address, streamPath, stalled.count, stalled.position);
    await untilWithin(msMax, "the rest", () => stalled.count + again.count === count + 1);
    expect([...stalled.faults, ...again.faults]).toEqual([]);
    stalledSocket.terminate();
    for (const reader of readers) reader[Symbol.dispose]();
  },
  4 * msMax,
);

test(
  "readers of a group leave it before the broker ends: nobody waits for them afterwards",
  async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const first = await opened(data);
    await produce(first.address, 1, 10);
    const groupPath = "/streams/groups/g?topic=t&offset=earliest";
    const reader = await EventsReader.open(first.address, groupPath);
    await untilWithin(msMax, "the record", () => reader.count === 1);
    expect(await stateOf(first.address)).toBe("STABLE");
    expect(await first.broker.end("SIGTERM")).toBe(0);
    await untilWithin(msMax, "the end of the stream", () => reader.isClosed);
    await using again = await opened(data);
    expect(await stateOf(again.address)).toBe("EMPTY");
  },
  2 * msMax,
);

/** Of group `g`, as REST v3 says it. */
async function stateOf(address: string): Promise<string> {
  const clusters = await (await fetch(`http://${address}/v3/clusters`)).json();
  const { data } = clusters as { readonly data: readonly { readonly cluster_id: string }[] };
  const at = `http://${address}/v3/clusters/${data[0]?.cluster_id}/consumer-groups/g`;
  return ((await (await fetch(at)).json()) as { readonly state: string }).state;
}

/** One that is open and takes nothing. */
async function stalledWebSocket(address: string, path: string): Promise<Bun.Socket> {
  const [hostname = "", port = ""] = address.split(":");
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (paused) => {
        paused.pause();
        resolve();
      },
      error: () => {},
    },
  });
  const handshake = [
    `GET ${path} HTTP/1.1`,
    `Host: ${address}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  socket.write(`${handshake.join("\r\n")}\r\n\r\n`);
  await within(msMax, "the handshake", promise);
  return socket;
}
