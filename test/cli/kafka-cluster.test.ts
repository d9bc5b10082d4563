import { describe, expect, test } from "bun:test";
import { ClusterFailure } from "../../src/cli/cluster-failure.ts";
import {
  clusterOptions,
  type ClusterTarget,
  notDone,
  openCluster,
  withAdmin,
} from "../../src/cli/kafka-cluster.ts";
import { ClientError } from "../../src/client/kafka/client-error.ts";
import { MemoryWorld } from "../fake/world.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const targetOf = (address: string, more: Partial<ClusterTarget> = {}): ClusterTarget => {
  const [host = "", port = ""] = address.split(":");
  const broker = [{ host, port: Number(port) }];
  return { broker, data: "/nowhere", clientId: "test", requestTimeoutMs: 10_000, ...more };
};

describe("a cluster over TCP", () => {
  test("is open until it is closed", async () => {
    await using server = await TestServer.start();
    const open = await openCluster(targetOf(server.kafkaAddress), new MemoryWorld());
    if (open instanceof ClusterFailure) throw new Error(open.message);
    expect((await open.cluster.describe()).nodes).toHaveLength(1);
    await open.close();
    await expect(open.cluster.describe()).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("that is not there is a failure which names it", async () => {
    const failure = await openCluster(targetOf("127.0.0.1:1"), new MemoryWorld());
    expect(failure).toBeInstanceOf(ClusterFailure);
    expect(failure).toMatchObject({
      code: "NETWORK",
      message: expect.stringContaining("no connection to 127.0.0.1:1: "),
    });
  });

  test("that says nothing is waited for as long as was asked", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const address = `127.0.0.1:${silent.port}`;
    const target = targetOf(address, { requestTimeoutMs: 20 });
    expect(await openCluster(target, new MemoryWorld())).toMatchObject({ code: "TIMED_OUT" });
  });
});

test("of a data directory, its broker is this process if there is no other", async () => {
  using directory = temporaryDirectory();
  const target = { ...targetOf("a:1"), broker: null, data: `${directory.path}/new`, mayMake: true };
  const open = await openCluster(target, new MemoryWorld());
  if (open instanceof ClusterFailure) throw new Error(open.message);
  expect((await open.cluster.describe()).nodes).toEqual([
    { nodeId: 1, host: "unix", port: 1, rack: null },
  ]);
  await open.close();
});

describe("what an administrator is used for", () => {
  test("comes back", async () => {
    await using server = await TestServer.start();
    const target = targetOf(server.kafkaAddress);
    expect(await withAdmin(target, new MemoryWorld(), ({ admin }) => admin.listTopics())).toEqual(
      [],
    );
  });

  test("fails with what the client says, without anything that a terminal would obey", async () => {
    await using server = await TestServer.start();
    const failure = await withAdmin(targetOf(server.kafkaAddress), new MemoryWorld(), () =>
      Promise.reject(new ClientError("INVALID_CONFIG", "a\x1b[2Jb")),
    );
    expect(failure).toEqual(new ClusterFailure("a\\u001b[2Jb", "INVALID_CONFIG"));
  });

  test("that breaks is a defect, and no failure", async () => {
    await using server = await TestServer.start();
    const broken = withAdmin(targetOf(server.kafkaAddress), new MemoryWorld(), () =>
      Promise.reject(new Error("of this test")),
    );
    await expect(broken).rejects.toThrow("of this test");
  });
});

test("a change whose answer never came may have been made", async () => {
  await using server = await TestServer.start();
  const open = await openCluster(targetOf(server.kafkaAddress), new MemoryWorld());
  if (open instanceof ClusterFailure) throw new Error(open.message);
  const lost = new ClientError("NETWORK", "it broke");
  expect(notDone(open, lost)).toBe("it broke; it may have been done all the same");
  expect(notDone(open, new ClientError("INVALID_CONFIG", "no"))).toBe("no");
  await open.close();
});

test("brokers are asked first, and without them the directory of a broker", () => {
  expect(clusterOptions.broker.fallback).toBeNull();
  expect(clusterOptions.data.fallback).toBe("./data");
});
