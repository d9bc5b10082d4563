import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ClusterFailure } from "../../src/cli/cluster-failure.ts";
import { clusterOptions, withAdmin } from "../../src/cli/kafka-cluster.ts";
import { type LocalBroker, openLocalBroker } from "../../src/cli/local-broker.ts";
import { ClientError } from "../../src/client/kafka/client-error.ts";
import { type DirectoryLock, lockDirectory, LockHeld } from "../../src/disk/lock.ts";
import { controlSocketName, metadataFileName } from "../../src/disk/names.ts";
import { controlSocketMsMax, unixSocketPathBytesMax } from "../../src/limits.ts";
import { MemoryWorld } from "../fake/world.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";

/** A way to the broker of `data`. */
const open = (data: string, world = new MemoryWorld(), mayMake = false) =>
  openLocalBroker({ data, mayMake }, world);

/** The names of its topics, or why not. */
async function list(data: string, mayMake = false): Promise<readonly string[] | ClusterFailure> {
  const target = { broker: null, data, clientId: "test", requestTimeoutMs: 10_000, mayMake };
  return await withAdmin(target, new MemoryWorld(), async ({ admin }) => {
    const topics = await admin.listTopics();
    return topics.map(({ name }) => name);
  });
}

async function opened(data: string, mayMake = false): Promise<LocalBroker> {
  const broker = await open(data, new MemoryWorld(), mayMake);
  if (broker instanceof ClusterFailure) throw new Error(broker.message);
  return broker;
}

async function taken(data: string): Promise<DirectoryLock> {
  const lock = await lockDirectory(data);
  if (lock instanceof LockHeld) throw new Error(String(lock));
  return lock;
}

/** A directory that looks like a broker's, with a lock that somebody holds. */
async function ownedDirectory(name = "data") {
  const directory = temporaryDirectory();
  const data = join(directory.path, name);
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, metadataFileName), "");
  const lock = await taken(data);
  const dispose = (): void => {
    lock.release();
    directory[Symbol.dispose]();
  };
  return { data, lock, [Symbol.dispose]: dispose };
}

/** Somebody on a socket, who says `words` to whoever says anything, and hangs up. */
function talking(socket: string, words: string) {
  const server = Bun.listen({
    unix: socket,
    socket: {
      data(client) {
        const bytes = Buffer.from(words, "latin1");
        client.write(bytes, 0, bytes.length);
        client.end();
      },
    },
  });
  return { [Symbol.dispose]: () => server.stop(true) };
}

const messageOf = (answer: unknown): string =>
  answer instanceof ClusterFailure ? answer.message : `no failure: ${JSON.stringify(answer)}`;

describe("a directory without a broker", () => {
  test("is looked into by the command itself, which lets go of it afterwards", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "new");
    expect(await list(data, true)).toEqual([]);
    expect(await list(data)).toEqual([]);
    (await taken(data)).release();
  });

  test("is let go of when the action fails", async () => {
    using directory = temporaryDirectory();
    const { data } = { data: join(directory.path, "new") };
    const options = { broker: null, data, clientId: "test", requestTimeoutMs: 10_000 };
    const broken = withAdmin({ ...options, mayMake: true }, new MemoryWorld(), () =>
      Promise.reject(new Error("of this test")),
    );
    await expect(broken).rejects.toThrow("of this test");
    (await taken(data)).release();
  });

  test("that a killed broker has left, with its socket, is looked into as well", async () => {
    await using server = await TestServer.start();
    await server.server.broker.createTopic({ name: "orders" });
    await server.stop();
    writeFileSync(join(server.data, controlSocketName), "");
    expect(await list(server.data)).toEqual(["orders"]);
  });

  test("that is not there is not made for a look", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "nowhere");
    expect(await open(data)).toEqual(new ClusterFailure(`there is no directory ${data}`));
    expect(existsSync(data)).toBeFalse();
  });

  test("that is somebody else's stays as it is", async () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, "letter.txt"), "dear");
    expect(await open(directory.path)).toEqual(
      new ClusterFailure(`${directory.path} holds no data of a broker`),
    );
    expect(readdirSync(directory.path)).toEqual(["letter.txt"]);
  });

  test("that is a file is told apart", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "file");
    writeFileSync(data, "");
    expect(await open(data)).toEqual(new ClusterFailure(`${data} holds no data of a broker`));
  });

  test("that can't be used says why", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "file");
    writeFileSync(data, "");
    expect(messageOf(await open(data, new MemoryWorld(), true))).toStartWith(
      `data directory ${data}: `,
    );
  });
});

describe("a directory that a broker owns", () => {
  test("is asked for from the broker", async () => {
    await using server = await TestServer.start();
    await server.server.broker.createTopic({ name: "orders" });
    expect(await list(server.data)).toEqual(["orders"]);
  });

  test("is asked for whatever address the broker tells its clients", async () => {
    await using server = await TestServer.start("--kafka-advertised", "broker.example:9092");
    await server.server.broker.createTopic({ name: "orders" });
    expect(await list(server.data)).toEqual(["orders"]);
  });

  test("that starts just now is waited for", async () => {
    using owned = await ownedDirectory();
    const world = new MemoryWorld();
    const answer = open(owned.data, world);
    await until(() => world.clock.pending > 0);
    using _ = talking(join(owned.data, controlSocketName), "");
    await until(() => {
      world.clock.advance(50);
      return Bun.peek.status(answer) !== "pending";
    });
    expect(await answer).not.toBeInstanceOf(ClusterFailure);
  });

  test("that ends just now is waited for", async () => {
    await using server = await TestServer.start();
    await server.stop();
    const lock = await taken(server.data);
    const world = new MemoryWorld();
    const answer = open(server.data, world);
    await until(() => world.clock.pending > 0);
    lock.release();
    world.clock.advance(50);
    const broker = await answer;
    if (broker instanceof ClusterFailure) throw new Error(broker.message);
    await broker.close();
  });

  test("that can't be asked is not waited for without end", async () => {
    using owned = await ownedDirectory();
    const world = new MemoryWorld();
    const answer = open(owned.data, world);
    await until(() => world.clock.pending > 0);
    world.clock.advance(controlSocketMsMax);
    expect(messageOf(await answer)).toStartWith(
      `${owned.data} is in use by process ${process.pid}: a directory has one broker; ` +
        "it can't be asked: ",
    );
  });

  test("and whose path is too long for a socket says so at once", async () => {
    using owned = await ownedDirectory("d".repeat(unixSocketPathBytesMax));
    expect(messageOf(await open(owned.data))).toContain(
      "; it can't be asked: the path of its socket is too long: ",
    );
  });

  test("is reached by a relative path where the whole one is too long", async () => {
    const folder = "d".repeat(unixSocketPathBytesMax - controlSocketName.length - 1);
    using owned = await ownedDirectory(folder);
    const parent = join(owned.data, "..");
    const before = process.cwd();
    process.chdir(parent);
    const spoken = talking(join(folder, controlSocketName), "");
    process.chdir(before);
    using _ = spoken;
    const main = join(import.meta.dir, "../../src/main.ts");
    const child = Bun.spawn([process.execPath, main, "topics", "list", "--data", owned.data], {
      cwd: parent,
      env: { OBELISK_REQUEST_TIMEOUT: "5s" },
      stdout: "ignore",
      stderr: "pipe",
    });
    expect(await new Response(child.stderr).text()).toContain("did not answer: no connection");
  });

  test.each([
    ["another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["nothing that can be read", "\0\0\0\x08\0\0\0\x09\0\0\0\0"],
  ])("and answers with %s, is taken for one of another version", async (_, words) => {
    using owned = await ownedDirectory();
    using _socket = talking(join(owned.data, controlSocketName), words);
    expect(await list(owned.data)).toEqual(
      new ClusterFailure(
        `the answer of the broker of ${owned.data} is not understood: is it of another version?`,
        "MALFORMED",
      ),
    );
  });

  test("and hangs up is named", async () => {
    using owned = await ownedDirectory();
    using _ = talking(join(owned.data, controlSocketName), "");
    expect(messageOf(await list(owned.data))).toStartWith(
      `the broker of ${owned.data} did not answer: no connection to `,
    );
  });

  test("refuses in its own words", async () => {
    await using server = await TestServer.start();
    const broker = await opened(server.data);
    const refused = new ClientError("INVALID_CONFIG", "b is none");
    expect(broker.sentence(refused)).toBe("b is none");
    await broker.close();
  });
});

test("the options begin with the directory that a broker has by default", () => {
  expect(clusterOptions.data.fallback).toBe("./data");
});
