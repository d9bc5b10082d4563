import { expect, test } from "bun:test";
import { localDisk } from "../../src/disk/local.ts";
import { startServer, StartFailure, type Server } from "../../src/server.ts";
import { brokerOptions, type BrokerOptions } from "../../src/options.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { call } from "./read-fixture.ts";

/** A broker with its defaults, in `data`, on a free port. */
async function serve(data: string): Promise<{ server: Server; address: string }> {
  const defaults = Object.entries(brokerOptions).map(([key, { fallback }]) => [key, fallback]);
  const options: BrokerOptions = {
    ...Object.fromEntries(defaults),
    data,
    nativePort: 0,
    kafkaPort: 0,
    httpPort: 0,
  };
  const server = await startServer(options, new MemoryLogger());
  if (server instanceof StartFailure) throw new Error(server.message);
  const door = server.doors.find(({ name }) => name === "native protocol");
  return { server, address: door?.address ?? "" };
}

test("a broker that runs gets every message, with its nanoseconds", async () => {
  using root = temporaryDirectory();
  const disk = localDisk(`${root.path}/old`);
  await disk.makeDirectory(".");
  await writeOriginal(disk, { topic: "old", messages: messagesOf(1_200) });
  await writeOriginal(disk, { topic: "keyless", messages: [{ value: "a" }, { value: "b" }] });
  const { server, address } = await serve(`${root.path}/data`);
  const { code, out, error } = await call(
    ["import", `${root.path}/old`, "--broker", address, "--append"],
    root.path,
  );
  await server.stop(1_000);
  expect([code, error]).toEqual([0, ""]);
  expect(out).toContain(`imported 1,202 messages of 2 topics into ${address} in `);
  const old = await call(["read", `${root.path}/old`, "--all", "--format", "json"], "-");
  const imported = await call(["read", `${root.path}/data`, "--all", "--format", "json"], "-");
  expect(imported.out).toBe(old.out);
});

test("where nobody listens it ends at once, and says so", async () => {
  using root = temporaryDirectory();
  const disk = localDisk(`${root.path}/old`);
  await disk.makeDirectory(".");
  await writeOriginal(disk, { topic: "old", messages: messagesOf(10) });
  const { server, address } = await serve(`${root.path}/data`);
  await server.stop(1_000);
  const { code, error } = await call(
    ["import", `${root.path}/old`, "--broker", address, "--append"],
    root.path,
  );
  expect(code).toBe(1);
  expect(error).toStartWith("obelisk import: stopped in old/0: can't connect to a broker: ");
});
