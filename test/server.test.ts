import { describe, expect, spyOn, test } from "bun:test";
import fs, {
  existsSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Refusal } from "../src/base/refusal.ts";
import { Producer } from "../src/client/producer.ts";
import { apis } from "../src/kafka/apis.ts";
import { Cluster } from "../src/client/kafka/cluster.ts";
import { systemWorld } from "../src/client/kafka/client-world.ts";
import { dialUnix } from "../src/client/socket.ts";
import { lockDirectory, LockHeld } from "../src/disk/lock.ts";
import { controlSocketName, metadataFileName } from "../src/disk/names.ts";
import { unixSocketPathBytesMax } from "../src/limits.ts";
import { type Home, openHome, type Server, StartFailure, startServer } from "../src/server.ts";
import { MemoryLogger } from "./fake/logger.ts";
import { Peer } from "./support/peer.ts";
import { brokerOptionsOf, TestServer } from "./support/server.ts";
import { frameOf } from "./support/original.ts";
import { skipUnless } from "./support/skip.ts";
import { temporaryDirectory } from "./support/temporary.ts";
import { until } from "./support/until.ts";

const tryHome = (data: string) => openHome(brokerOptionsOf("--data", data), new MemoryLogger());

async function openedHome(data: string): Promise<Home> {
  const home = await tryHome(data);
  if (home instanceof LockHeld || home instanceof Refusal) throw new Error(String(home));
  return home;
}

const tryServer = (data: string, ...args: string[]): Promise<Server | StartFailure> =>
  startServer(
    brokerOptionsOf(
      "--data",
      data,
      "--native-port",
      "0",
      "--kafka-port",
      "0",
      "--http-port",
      "0",
      ...args,
    ),
    new MemoryLogger(),
  );

/** Whether nobody owns the directory. */
async function isFree(data: string): Promise<boolean> {
  const lock = await lockDirectory(data);
  if (lock instanceof LockHeld) return false;
  lock.release();
  return true;
}

const onLinux = skipUnless(process.platform === "linux", "descriptors are named in /proc");

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const portOf = (address: string): number => Number(address.split(":").at(-1));

describe("a home", () => {
  test("is made where there is none, for its owner's eyes only", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "deep", "data");
    const home = await openedHome(data);
    expect(mode(data)).toBe("700");
    expect(existsSync(join(data, metadataFileName))).toBeTrue();
    await home.close();
  });

  onLinux("that is made is durable itself, in all directories that gained an entry", async () => {
    using directory = temporaryDirectory();
    const { fsync } = fs;
    const synced: string[] = [];
    const noted = (descriptor: number, done: fs.NoParamCallback): void => {
      synced.push(readlinkSync(`/proc/self/fd/${descriptor}`));
      fsync(descriptor, done);
    };
    const spy = spyOn(fs, "fsync").mockImplementation(Object.assign(noted, fsync));
    try {
      await (await openedHome(join(directory.path, "deep", "data"))).close();
    } finally {
      spy.mockRestore();
    }
    const path = realpathSync(directory.path);
    expect(synced).toContain(path);
    expect(synced).toContain(join(path, "deep"));
  });

  test("has one owner, until it is closed", async () => {
    using directory = temporaryDirectory();
    const home = await openedHome(directory.path);
    expect(await tryHome(directory.path)).toBeInstanceOf(LockHeld);
    await home.close();
    expect(await isFree(directory.path)).toBeTrue();
  });

  test("keeps what is in it", async () => {
    using directory = temporaryDirectory();
    const first = await openedHome(directory.path);
    await first.broker.createTopic({ name: "orders", partitionCount: 3 });
    await first.close();
    const second = await openedHome(directory.path);
    expect(second.broker.topic("orders")?.partitions).toHaveLength(3);
    await second.close();
  });

  test("that is a file is refused", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "file");
    writeFileSync(path, "");
    const home = await tryHome(path);
    expect(home).toBeInstanceOf(Refusal);
    expect(home).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
    expect(String(home)).toContain(`data directory ${path}: `);
  });

  test("whose metadata is no database is refused, and let go of", async () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, metadataFileName), "x".repeat(8192));
    expect(await tryHome(directory.path)).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
    expect(await isFree(directory.path)).toBeTrue();
  });
});

describe("a server", () => {
  test("says where it can be reached", async () => {
    await using server = await TestServer.start();
    expect(server.server.doors).toEqual([
      { name: "native protocol", address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      { name: "kafka protocol", address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      { name: "http", address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      { name: "control socket", address: join(server.data, controlSocketName) },
    ]);
  });

  test("stores what it acknowledges, over a restart", async () => {
    await using server = await TestServer.start();
    const producer = new Producer({ port: portOf(server.address) });
    await producer.send({ topic: "orders", key: "k", value: "v", timestamp: 5 });
    await producer.close();
    await server.stop();
    await server.start();
    expect(await server.records("orders")).toEqual([{ key: "k", value: "v", timestamp: 5 }]);
  });

  test("takes its options for new topics", async () => {
    await using server = await TestServer.start(
      ...["--partitions", "2", "--segment-bytes", "1MiB", "--segment-ms", "5000"],
      ...["--fsync", "never"],
    );
    const topic = await server.server.broker.createTopic({ name: "orders" });
    expect(topic).toMatchObject({
      partitions: { length: 2 },
      config: {
        raw: {},
        values: { "segment.bytes": 1024 * 1024, "segment.ms": 5000, fsync: { fsync: "never" } },
      },
    });
  });

  test("answers what it has taken before it ends", async () => {
    await using server = await TestServer.start();
    const peer = await Peer.connect(portOf(server.address));
    const frames = Array.from({ length: 100 }, (_, at) => frameOf("orders", { value: `v${at}` }));
    peer.send(Buffer.concat(frames));
    await peer.receives("OK\n");
    const stopped = server.stop();
    await until(() => peer.ended);
    peer.finish();
    await stopped;
    expect(peer.text).toBe("OK\n".repeat(100));
    await server.start();
    expect(await server.records("orders")).toHaveLength(100);
  });

  test("lets go of its directory and its port when it ends", async () => {
    await using server = await TestServer.start();
    const port = portOf(server.address);
    await server.stop();
    expect(await isFree(server.data)).toBeTrue();
    await expect(Peer.connect(port)).rejects.toThrow();
  });

  test("does not start in a directory that another one owns", async () => {
    await using server = await TestServer.start();
    const second = await tryServer(server.data);
    expect(second).toEqual(
      new StartFailure(
        `${server.data} is in use by process ${process.pid}: a directory has one broker`,
      ),
    );
    expect(existsSync(join(server.data, controlSocketName))).toBeTrue();
  });

  test("does not start in a directory that can't be used", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "file");
    writeFileSync(path, "");
    const started = await tryServer(path);
    expect(started).toBeInstanceOf(StartFailure);
  });

  test("does not start on a port that is taken, and leaves the directory free", async () => {
    await using server = await TestServer.start();
    using directory = temporaryDirectory();
    const port = String(portOf(server.address));
    const started = await tryServer(directory.path, "--native-port", port);
    expect(started).toBeInstanceOf(StartFailure);
    expect(started).toMatchObject({ message: expect.stringContaining(`${port} on 127.0.0.1 is `) });
    expect(await isFree(directory.path)).toBeTrue();
  });
});

describe("ports", () => {
  const doorsOf = (server: TestServer): string[] => server.server.doors.map(({ name }) => name);

  test("that are off are not opened", async () => {
    const off = ["--native-port", "off", "--kafka-port", "off", "--http-port", "off"];
    await using server = await TestServer.start(...off);
    expect(doorsOf(server)).toEqual(["control socket"]);
  });

  test("are all closed again if one of them is taken, whichever it is", async () => {
    await using server = await TestServer.start();
    for (const [at, name] of ["--native-port", "--kafka-port", "--http-port"].entries()) {
      using directory = temporaryDirectory();
      const port = String(portOf(server.server.doors[at]?.address ?? ""));
      const started = await tryServer(directory.path, name, port);
      expect(started).toMatchObject({ message: expect.stringContaining(` ${port} on 127.0.0.1 `) });
      expect(await isFree(directory.path)).toBeTrue();
    }
  });
});

describe("the HTTP port", () => {
  const ask = async (server: TestServer, path: string, init: RequestInit = {}) =>
    await fetch(`http://${server.server.doors[2]?.address}${path}`, init);

  const clusterOf = async (server: TestServer): Promise<string> => {
    const text = await (await ask(server, "/v3/clusters")).text();
    return `/v3/clusters/${/"cluster_id":"([^"]+)"/.exec(text)?.[1]}`;
  };

  test("is ready once the server is, and leads to where Kafka's clients go", async () => {
    await using server = await TestServer.start("--kafka-advertised", "broker.example:19092");
    expect((await ask(server, "/health/ready")).status).toBe(200);
    const broker = await (await ask(server, `${await clusterOf(server)}/brokers/1`)).json();
    expect(broker).toMatchObject({ host: "broker.example", port: 19_092 });
  });

  test("stores what it acknowledges, over a restart", async () => {
    await using server = await TestServer.start();
    const value = { type: "STRING", data: "v" };
    const { status } = await ask(server, `${await clusterOf(server)}/topics/t/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ value, timestamp: 5 }),
    });
    expect(status).toBe(200);
    await server.stop();
    await server.start();
    expect(await server.records("t")).toEqual([{ key: null, value: "v", timestamp: 5 }]);
  });

  test("has the names that it is given, and no others", async () => {
    await using server = await TestServer.start("--http-host", "Broker.Example");
    const status = async (host: string) =>
      (await ask(server, "/health/live", { headers: { host } })).status;
    expect(await status("broker.example:8081")).toBe(200);
    expect(await status("evil.example")).toBe(421);
  });
});

describe("the control socket", () => {
  /** The cluster as whoever comes by the socket sees it. */
  async function ask(server: TestServer, ...topics: string[]) {
    const dial = dialUnix(join(server.data, controlSocketName));
    const cluster = await Cluster.open({ brokers: ["here:1"] }, { ...systemWorld, dial });
    try {
      const { clusterId, nodes } = await cluster.describe();
      // Their coordinator and leader are asked as well, at the addresses that they are told.
      const coordinator = await cluster.coordinatorOf("readers");
      const groups = { statesFilter: [], typesFilter: [] };
      const { errorCode } = await cluster.send(coordinator, apis.ListGroups, groups);
      const found = await cluster.topics(topics);
      return { clusterId, nodes, errorCode, codes: found.map(({ error }) => error?.code ?? null) };
    } finally {
      await cluster.close();
    }
  }

  test("speaks Kafka's protocol with its owner only, and is all there is of the cluster", async () => {
    await using server = await TestServer.start();
    await server.server.broker.createTopic({ name: "orders" });
    expect(mode(join(server.data, controlSocketName))).toBe("600");
    expect(await ask(server, "orders")).toEqual({
      clusterId: expect.stringMatching(/^[\w-]{22}$/),
      nodes: [{ nodeId: 1, host: "unix", port: 1, rack: null }],
      errorCode: 0,
      codes: [null],
    });
  });

  test("is asked all the same where clients are told another address", async () => {
    await using server = await TestServer.start("--kafka-advertised", "broker.example:9092");
    expect(await ask(server)).toMatchObject({
      nodes: [{ host: "broker.example", port: 9092 }],
      errorCode: 0,
    });
  });

  test("has connections of its own: a broker that takes no more can be asked", async () => {
    await using server = await TestServer.start("--max-connections", "1");
    const peer = await Peer.connect(portOf(server.address));
    expect(await ask(server)).toMatchObject({ errorCode: 0 });
    peer.terminate();
  });

  test("is all there is where no port is wanted", async () => {
    await using server = await TestServer.start(
      ...["--native-port", "off", "--kafka-port", "off", "--http-port", "off"],
    );
    const path = join(server.data, controlSocketName);
    expect(server.server.doors).toEqual([{ name: "control socket", address: path }]);
    await server.server.broker.createTopic({ name: "orders" });
    expect(await ask(server, "orders")).toMatchObject({ errorCode: 0, codes: [null] });
  });

  test("goes when the server ends", async () => {
    await using server = await TestServer.start();
    await server.stop();
    expect(existsSync(join(server.data, controlSocketName))).toBeFalse();
  });

  test("takes the place of one that a killed broker left", async () => {
    await using server = await TestServer.start();
    await server.stop();
    writeFileSync(join(server.data, controlSocketName), "");
    await server.start();
    expect(await ask(server)).toMatchObject({ errorCode: 0 });
  });

  test("hangs up on whoever speaks another protocol", async () => {
    await using server = await TestServer.start();
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const request = Buffer.from("GET /topics HTTP/1.1\r\nHost: x\r\n\r\n");
    await Bun.connect({
      unix: join(server.data, controlSocketName),
      socket: {
        open: (socket) => void socket.write(request, 0, request.length),
        data: () => {},
        close: () => resolve(),
      },
    });
    await gone;
    expect(server.logger.named("kafka request refused")).toHaveLength(1);
  });

  test.each([
    ["says nothing", ""],
    ["breaks off", "\0\0\0\x40\0\x12"],
  ])("does not keep a server from ending for somebody who %s", async (_, text) => {
    await using server = await TestServer.start();
    const request = Buffer.from(text);
    const connection = await Bun.connect({
      unix: join(server.data, controlSocketName),
      socket: { open: (socket) => void socket.write(request, 0, request.length), data: () => {} },
    });
    await ask(server);
    await server.stop(100);
    expect(await isFree(server.data)).toBeTrue();
    connection.terminate();
  });

  test.each([
    ["whose path would be too long", "d".repeat(unixSocketPathBytesMax), () => {}],
    ["whose place is taken", "data", (path: string) => mkdirSync(path, { recursive: true })],
  ])("%s is missed by its commands only", async (_, name, prepare) => {
    using directory = temporaryDirectory();
    const data = join(directory.path, name);
    prepare(join(data, controlSocketName));
    const logger = new MemoryLogger();
    const options = brokerOptionsOf(
      "--data",
      data,
      "--native-port",
      "0",
      "--kafka-port",
      "0",
      "--http-port",
      "0",
    );
    const server = await startServer(options, logger);
    if (server instanceof StartFailure) throw new Error(server.message);
    expect(server.doors.map((door) => door.name)).toEqual([
      "native protocol",
      "kafka protocol",
      "http",
    ]);
    const warnings = logger.events.filter(({ level }) => level === "warn");
    expect(warnings).toMatchObject([{ event: expect.stringMatching(/^no control socket/) }]);
    const peer = await Peer.connect(portOf(server.doors[0]?.address ?? ""));
    peer.send(frameOf("orders", { value: "v" }));
    await peer.receives("OK\n");
    peer.terminate();
    await server.stop(5_000);
  });
});
