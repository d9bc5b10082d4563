import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call } from "../support/call.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const create = (data: string, ...args: string[]) =>
  call(["topics", "create", ...args, "--data", data]);

test("a topic has the partitions and the configuration that were asked for", async () => {
  await using server = await TestServer.start();
  const settings = ["-c", "fsync=interval=100", "--topic-config", "segment.ms=60000"];
  expect(await create(server.data, "orders", "--partitions", "3", ...settings)).toEqual({
    code: 0,
    out: "created orders: 3 partitions\n",
    error: "",
  });
  const topic = server.server.broker.topic("orders");
  expect(topic?.partitions).toHaveLength(3);
  expect(topic?.config.raw).toEqual({ fsync: "interval=100", "segment.ms": "60000" });
});

test("a topic has as many partitions as the broker says, if the command doesn't", async () => {
  await using server = await TestServer.start("--partitions", "2");
  await create(server.data, "orders");
  expect(server.server.broker.topic("orders")?.partitions).toHaveLength(2);
});

describe("for a script", () => {
  const made = { name: "orders", partitions: 2, replicationFactor: 1 };
  const id = expect.stringMatching(/^[0-9a-f-]{36}$/);

  test.each([
    ["it tells that it was made", [], { ...made, id, outcome: "created" }],
    ["it tells that it could be made", ["--dry-run"], { ...made, id: null, outcome: "valid" }],
  ])("%s", async (_, args, row) => {
    await using server = await TestServer.start();
    const { out } = await create(server.data, "orders", "--partitions", "2", "--json", ...args);
    expect(JSON.parse(out)).toEqual(row);
  });

  test("it tells that it was there", async () => {
    await using server = await TestServer.start();
    await create(server.data, "orders", "--partitions", "2");
    const { out } = await create(server.data, "orders", "--if-not-exists", "--json");
    expect(JSON.parse(out)).toEqual({ ...made, id, outcome: "exists" });
  });
});

describe("a dry run", () => {
  test("says what would be made, and makes nothing", async () => {
    await using server = await TestServer.start();
    expect(await create(server.data, "orders", "--partitions", "2", "--dry-run")).toEqual({
      code: 0,
      out: "orders can be created: 2 partitions\n",
      error: "",
    });
    expect(server.server.broker.topics()).toEqual([]);
  });

  test("says why it can't be", async () => {
    await using server = await TestServer.start();
    const { code, error } = await create(server.data, "orders", "-c", "b=1", "--dry-run");
    expect(error).toContain('there is no topic configuration "b"');
    expect(code).toBe(1);
  });

  test("makes no directory", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "new");
    const { code, error } = await create(data, "orders", "--dry-run");
    expect(error).toBe(`obelisk topics create: there is no directory ${data}\n`);
    expect(code).toBe(1);
    expect(existsSync(data)).toBeFalse();
  });
});

test("a directory that is missing is made", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "new", "data");
  expect((await create(data, "orders")).code).toBe(0);
  const { out } = await call(["topics", "list", "--json", "--data", data]);
  expect(JSON.parse(out)).toMatchObject([{ name: "orders" }]);
});

describe("a topic that is there already", () => {
  test("is a failure", async () => {
    await using server = await TestServer.start();
    await create(server.data, "orders");
    expect(await create(server.data, "orders")).toEqual({
      code: 1,
      out: "",
      error:
        "obelisk topics create: creating topic orders: topic orders exists already " +
        "(TOPIC_ALREADY_EXISTS)\n",
    });
  });

  test("is none with --if-not-exists, and stays as it is", async () => {
    await using server = await TestServer.start();
    await create(server.data, "orders");
    const again = await create(server.data, "orders", "--if-not-exists", "--partitions", "9");
    expect(again).toEqual({
      code: 0,
      out: "orders is there already: 1 partition, 0 records, 0 B\n",
      error: "",
    });
    expect(server.server.broker.topic("orders")?.partitions).toHaveLength(1);
  });
});

describe("what can't be is refused", () => {
  test.each([
    [
      "a name",
      ["a b"],
      1,
      'creating topic a b: "a b" cannot be a topic\'s name: it contains " ". Allowed are ',
    ],
    [
      "a setting that there is not",
      ["a", "-c", "b=c"],
      1,
      'creating topic a: there is no topic configuration "b"; ',
    ],
    [
      "a value of a setting",
      ["a", "-c", "fsync=no"],
      1,
      'creating topic a: fsync cannot be "no"; allowed: always, ',
    ],
    ["a setting without a value", ["a", "-c", "fsync"], 2, '-c is "fsync": expected a name and a '],
    ["a setting without a name", ["a", "-c", "=b"], 2, '-c is "=b": expected a name and a value'],
    [
      "a setting twice",
      ["a", "-c", "b=1", "-c", "b=2"],
      2,
      "--topic-config sets b more than once.",
    ],
    [
      "no partitions",
      ["a", "--partitions", "0"],
      2,
      '--partitions is "0": expected a whole number',
    ],
    ["no name", [], 2, "<topic> is missing: "],
    ["two names", ["a", "b"], 2, '"b" is one argument too many.'],
  ])("%s", async (_, args, code, error) => {
    await using server = await TestServer.start();
    const called = await create(server.data, ...args);
    expect(called.error).toStartWith(`obelisk topics create: ${error}`);
    expect(called.code).toBe(code);
    expect(server.server.broker.topics()).toEqual([]);
  });
});
