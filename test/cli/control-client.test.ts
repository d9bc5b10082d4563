import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ControlFailure, type TopicsClient, withTopics } from "../../src/cli/control-client.ts";
import { type DirectoryLock, lockDirectory, LockHeld } from "../../src/disk/lock.ts";
import { controlSocketMsMax, unixSocketPathBytesMax } from "../../src/limits.ts";
import { controlSocketName, metadataFileName } from "../../src/server.ts";
import { MemoryWorld } from "../fake/world.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";

/** Does `action` with the topics of `data`, which is made if `mayMake`. */
const use = <T>(data: string, action: (topics: TopicsClient) => Promise<T>, mayMake = false) =>
  withTopics({ data, mayMake }, new MemoryWorld(), action);

const list = (data: string) => use(data, (topics) => topics.list());

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

/** Somebody on the control socket who answers as told. */
function answering(data: string, fetch: (request: Request) => Response) {
  const server = Bun.serve({ unix: join(data, controlSocketName), fetch });
  return { [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Somebody who has no topics, on a socket whose path is too long when it is whole. */
function answeringIn(folder: string, socket: string) {
  const before = process.cwd();
  process.chdir(folder);
  const server = Bun.serve({ unix: socket, fetch: () => Response.json([]) });
  process.chdir(before);
  return { [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Somebody who hangs up on every request. */
function breakingOff(data: string) {
  const server = Bun.listen({
    unix: join(data, controlSocketName),
    socket: {
      data(socket) {
        socket.terminate();
      },
    },
  });
  return { [Symbol.asyncDispose]: async () => server.stop(true) };
}

const messageOf = (answer: unknown): string =>
  answer instanceof ControlFailure ? answer.message : `no failure: ${JSON.stringify(answer)}`;

describe("a directory without a broker", () => {
  test("is looked into by the command itself, which lets go of it afterwards", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "new");
    const made = await use(data, (topics) => topics.create({ name: "orders" }), true);
    expect(made).toMatchObject({ name: "orders", partitions: [{ partition: 0, records: 0 }] });
    expect(await list(data)).toMatchObject([{ name: "orders" }]);
    expect(await use(data, (topics) => topics.delete("orders"))).toBeNull();
    expect(await list(data)).toEqual([]);
    (await taken(data)).release();
  });

  test("is let go of when the action fails", async () => {
    using directory = temporaryDirectory();
    const broken = use(directory.path, () => Promise.reject(new Error("of this test")), true);
    await expect(broken).rejects.toThrow("of this test");
    (await taken(directory.path)).release();
  });

  test("that is not there is not made for a look", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "nowhere");
    expect(await list(data)).toEqual(new ControlFailure(`there is no directory ${data}`));
    expect(existsSync(data)).toBeFalse();
  });

  test("that is somebody else's stays as it is", async () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, "letter.txt"), "dear");
    expect(await list(directory.path)).toEqual(
      new ControlFailure(`${directory.path} holds no data of a broker`),
    );
    expect(readdirSync(directory.path)).toEqual(["letter.txt"]);
  });

  test("that is a file is told apart", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "file");
    writeFileSync(data, "");
    expect(await list(data)).toEqual(new ControlFailure(`${data} holds no data of a broker`));
  });

  test("that can't be used says why", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "file");
    writeFileSync(data, "");
    const made = await use(data, (topics) => topics.create({ name: "orders" }), true);
    expect(made).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  });
});

describe("a directory that a broker owns", () => {
  test("is asked for from the broker", async () => {
    await using server = await TestServer.start();
    const made = await use(server.data, (topics) => topics.create({ name: "orders" }));
    expect(made).toMatchObject({ name: "orders" });
    expect(server.server.broker.topic("orders")).toBeDefined();
    expect(await list(server.data)).toMatchObject([{ name: "orders" }]);
    expect(await use(server.data, (topics) => topics.describe("orders"))).toMatchObject({
      name: "orders",
    });
    expect(await use(server.data, (topics) => topics.delete("orders"))).toBeNull();
    expect(server.server.broker.topics()).toEqual([]);
  });

  test("is asked for in spite of a proxy for HTTP", async () => {
    await using server = await TestServer.start();
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "../../src/main.ts"), "topics", "list"],
      {
        env: { OBELISK_DATA: server.data, http_proxy: "http://127.0.0.1:1" },
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    expect(await new Response(child.stdout).text()).toBe("no topics yet\n");
  });

  test("that starts just now is waited for", async () => {
    using owned = await ownedDirectory();
    const world = new MemoryWorld();
    const answer = withTopics({ data: owned.data, mayMake: false }, world, (topics) =>
      topics.list(),
    );
    await until(() => world.clock.pending > 0);
    await using _ = answering(owned.data, () => Response.json([]));
    await until(() => {
      world.clock.advance(50);
      return Bun.peek.status(answer) !== "pending";
    });
    expect(await answer).toEqual([]);
  });

  test("that ends just now is waited for", async () => {
    await using server = await TestServer.start();
    await server.stop();
    const lock = await taken(server.data);
    const world = new MemoryWorld();
    const answer = withTopics({ data: server.data, mayMake: false }, world, (topics) =>
      topics.list(),
    );
    await until(() => world.clock.pending > 0);
    lock.release();
    world.clock.advance(50);
    expect(await answer).toEqual([]);
  });

  test("that can't be asked is not waited for without end", async () => {
    using owned = await ownedDirectory();
    const world = new MemoryWorld();
    const answer = withTopics({ data: owned.data, mayMake: false }, world, (topics) =>
      topics.list(),
    );
    await until(() => world.clock.pending > 0);
    world.clock.advance(controlSocketMsMax);
    expect(messageOf(await answer)).toStartWith(
      `${owned.data} is in use by process ${process.pid}: a directory has one broker; ` +
        "it can't be asked: ",
    );
  });

  test("and whose path is too long for a socket says so at once", async () => {
    using owned = await ownedDirectory("d".repeat(unixSocketPathBytesMax));
    expect(messageOf(await list(owned.data))).toContain(
      "; the path of its control socket is too long: ",
    );
  });

  test("is reached by a relative path where the whole one is too long", async () => {
    const folder = "d".repeat(unixSocketPathBytesMax - controlSocketName.length - 1);
    using owned = await ownedDirectory(folder);
    const main = join(import.meta.dir, "../../src/main.ts");
    const parent = join(owned.data, "..");
    await using _ = answeringIn(parent, join(folder, controlSocketName));
    const child = Bun.spawn([process.execPath, main, "topics", "list", "--data", owned.data], {
      cwd: parent,
      env: {},
      stdout: "pipe",
      stderr: "inherit",
    });
    expect(await new Response(child.stdout).text()).toBe("no topics yet\n");
  });
});

describe("an answer", () => {
  const describeOne = (data: string) => use(data, (topics) => topics.describe("orders"));
  const strange = "the broker's answer is not understood: is it of another version?";

  test.each([
    ["that is no JSON", () => new Response("hello")],
    ["that is something else", () => Response.json({ name: "orders" })],
    ["without numbers", () => Response.json({ name: "a", id: "b", config: {}, partitions: [{}] })],
    ["that refuses without a word", () => Response.json({}, { status: 400 })],
    ["that refuses with a page", () => new Response("<html>", { status: 500 })],
  ])("%s is not taken for one", async (_, respond) => {
    using owned = await ownedDirectory();
    await using _socket = answering(owned.data, respond);
    expect(await describeOne(owned.data)).toEqual(new ControlFailure(strange));
  });

  test("may refuse with a code that this version doesn't know", async () => {
    using owned = await ownedDirectory();
    const body = { code: "NOT_TODAY", message: "it is Sunday" };
    await using _ = answering(owned.data, () => Response.json(body, { status: 403 }));
    expect(await describeOne(owned.data)).toEqual(new ControlFailure("it is Sunday", "NOT_TODAY"));
  });

  test("that never comes leaves open whether it was done", async () => {
    using owned = await ownedDirectory();
    await using _ = breakingOff(owned.data);
    const before = `${owned.data} is in use by process ${process.pid}: a directory has one broker`;
    const looked = messageOf(await describeOne(owned.data));
    expect(looked).toStartWith(`${before}, which did not answer: `);
    expect(looked).not.toContain("it may have been done");
    const deleted = messageOf(await use(owned.data, (topics) => topics.delete("orders")));
    expect(deleted).toEndWith("; it may have been done all the same");
  });
});

test.each([[""], ["."], [".."], ["../orders"], ["a b"], ["%2e%2e"]])(
  "a name that no topic can have asks for nothing: %p",
  async (name) => {
    using owned = await ownedDirectory();
    const asked: string[] = [];
    await using _ = answering(owned.data, ({ url }) => {
      asked.push(url);
      return Response.json([]);
    });
    const described = await use(owned.data, (topics) => topics.describe(name));
    const deleted = await use(owned.data, (topics) => topics.delete(name));
    expect([described, deleted]).toMatchObject([
      { code: "INVALID_TOPIC_EXCEPTION" },
      { code: "INVALID_TOPIC_EXCEPTION" },
    ]);
    expect(asked).toEqual([]);
  },
);
