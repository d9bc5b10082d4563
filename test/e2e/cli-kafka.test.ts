import { expect, test } from "bun:test";
import { join } from "node:path";
import { Consumer } from "../../src/client/kafka/consumer.ts";
import { Producer } from "../../src/client/kafka/producer.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { run, startBroker } from "./support/broker-process.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { median, report, spread } from "./support/numbers.ts";

leaveNothing();

/** On a machine that is busy, and far above what was ever measured. */
const listMsMax = 1_000;
const lists = 5;

/** Runs a command that has to succeed; what it printed. */
async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect([args.join(" "), code, stderr]).toEqual([args.join(" "), 0, ""]);
  return stdout;
}

/** Runs a command that has to fail; why. */
async function failed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect([args.join(" "), code, stdout]).toEqual([args.join(" "), 1, ""]);
  return stderr;
}

/** Sends records to each of the first partitions of `orders`. */
async function produce(brokers: string, counts: readonly number[]): Promise<void> {
  const producer = await Producer.open({ brokers: [brokers] });
  const sent = counts.flatMap((count, partition) =>
    Array.from({ length: count }, (_, at) => ({ topic: "orders", partition, value: `v${at}` })),
  );
  await Promise.all(sent.map((record) => producer.send(record)));
  await producer.close();
}

/** Reads and commits so many records as a member of a group; does `meanwhile` before it goes. */
async function consume(
  brokers: string,
  count: number,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const consumer = await Consumer.open({
    brokers: [brokers],
    group: "readers",
    topics: ["orders"],
  });
  for (let left = count; left > 0;) left -= (await consumer.poll()).length;
  await consumer.commit();
  await meanwhile();
  await consumer.close();
}

const lagOf = (json: string): unknown =>
  (JSON.parse(json) as { group: string; lag: number }[]).map(({ group, lag }) => [group, lag]);

test("topics and groups are administered over the port, over the socket and without a broker", async () => {
  using directory = temporaryDirectory();
  const data = ["--data", join(directory.path, "data")];
  await ok("topics", "create", "orders", "--partitions", "2", ...data);

  const args = ["--group-initial-rebalance-delay-ms", "0"];
  const { process: broker, kafkaPort } = await startBroker(data[1] ?? "", args);
  await using _ = broker;
  const brokers = `127.0.0.1:${kafkaPort}`;
  const remote = ["-b", brokers];
  await ok("topics", "alter", "orders", "--set", "segment.ms=60000", ...remote);
  await ok("topics", "add-partitions", "orders", "--partitions", "3", ...data);
  await produce(brokers, [10, 5]);

  const reset = ["groups", "reset", "readers", "--to-earliest"];
  await consume(brokers, 15, async () => {
    expect(await failed(...reset, ...data)).toContain("readers has 1 member: stop them first");
    expect(await failed("groups", "delete", "readers", "--yes", ...remote)).toContain(
      "(NON_EMPTY_GROUP)",
    );
    const described = await ok("groups", "describe", "readers", "--members", ...data);
    expect(described).toContain("orders:0,1,2");
  });
  await produce(brokers, [0, 3]);
  for (const where of [data, remote]) {
    expect(lagOf(await ok("groups", "list", "--json", ...where))).toEqual([["readers", 3]]);
    const described = await ok("topics", "describe", "orders", ...where);
    expect(described).toContain("3 partitions, 18 records");
    expect(described).toContain("config: segment.ms=60000\n");
  }
  const preview = await ok(...reset, "--dry-run", ...data);
  expect(preview).toEndWith("nothing was changed\n");
  const shown = await ok(...reset, "-t", "orders:1", ...remote);
  expect(shown).toContain("orders          1       5      0\n");
  expect(lagOf(await ok("groups", "list", "--json", ...data))).toEqual([["readers", 8]]);

  const tookMs: number[] = [];
  for (let left = lists; left > 0; left--) {
    tookMs.push((await run(["topics", "list", ...data])).tookMs);
  }
  report("topics list of a running broker, start included", spread(tookMs, "ms"));
  expect(median(tookMs)).toBeLessThan(listMsMax);

  expect(await broker.end("SIGTERM")).toBe(0);
  expect(lagOf(await ok("groups", "list", "--json", ...data))).toEqual([["readers", 8]]);
  expect(await failed("topics", "list", ...remote)).toContain(`no connection to ${brokers}: `);
  await ok("topics", "delete-records", "orders", "--before", "end", "--yes", ...data);
  expect(await ok("topics", "list", ...data)).toContain("orders           3        0");
  expect(await ok("groups", "delete-offsets", "readers", "-t", "orders:1", "--yes", ...data)).toBe(
    "forgot orders/1\n",
  );
  expect(await ok("groups", "delete", "readers", "--yes", ...data)).toBe("deleted readers\n");
  expect(await ok("topics", "delete", "orders", "--yes", ...data)).toBe("deleted orders\n");
  expect(await ok("topics", "list", ...data)).toBe("no topics yet\n");
}, 120_000);
