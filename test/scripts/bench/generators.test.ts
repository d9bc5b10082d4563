import { expect, test } from "bun:test";
import { readNatsFigures } from "../../../scripts/bench/nats-peer.ts";
import { rateOf, readPaced, readRows, summed } from "../../../scripts/bench/rdkafka.ts";
import { readRedisFigures } from "../../../scripts/bench/redis-peer.ts";

/** What `rdkafka_performance -P -u -q` prints, without its last columns. */
const produced = `
|  elapsed |       msgs |      bytes |        rtt |         dr |     dr_m/s |
|     1000 |     200000 |   20000000 |          0 |     100000 |     100000 |
|     2000 |     400000 |   40000000 |          0 |     350000 |     175000 |
|  elapsed |       msgs |      bytes |        rtt |         dr |     dr_m/s |
|     3000 |     600000 |   60000000 |          0 |     600000 |     200000 |
`;

test("rows of a producer count what was delivered, whatever is still on its way", () => {
  expect(readRows(produced, "dr").map(({ records }) => records)).toEqual([100000, 350000, 600000]);
  expect(readRows(produced, "msgs").at(-1)?.records).toBe(600000);
});

test("the first second is no part of a rate", () => {
  expect(rateOf(readRows(produced, "dr"))).toBe(250_000);
});

test("of a run that is over in less than two seconds, all counts", () => {
  expect(rateOf(readRows(produced, "dr").slice(0, 1))).toBe(100_000);
  expect(rateOf([])).toBeNaN();
});

test("processes side by side add up", () => {
  expect(summed([{ "records/s": 2, "MB/s": 1 }, { "records/s": 3 }])).toEqual({
    "records/s": 5,
    "MB/s": 1,
  });
});

test("the paced generator's percentiles are told by their names", () => {
  const said = {
    delivered: 1000,
    seconds: 2,
    acknowledged: [1, 2, 3, 4, 5],
    arrived: [6, 7, 8, 9, 10],
  };
  expect(readPaced(JSON.stringify(said), 100)).toEqual({
    "records/s": 500,
    "MB/s": 0.05,
    "ack p50 µs": 1,
    "ack p99 µs": 3,
    "ack p99.9 µs": 4,
    "end to end p50 µs": 6,
    "end to end p99 µs": 8,
    "end to end p99.9 µs": 9,
  });
});

test("nats bench says its rate, and percentiles if there are any", () => {
  const line =
    "Pub stats: 102,340 msgs/sec ~ 9.8 MiB/sec ~ P50: 6,717.61us ~ P99: 9,000.00us ~ " +
    "P99.9: 9,999.50us";
  expect(readNatsFigures(`some words\n${line}\n`, 100)).toEqual({
    "records/s": 102_340,
    "MB/s": 10.234,
    "p50 µs": 6717.61,
    "p99 µs": 9000,
    "p99.9 µs": 9999.5,
  });
  expect(readNatsFigures("stats: 5 msgs/sec", 100)).toMatchObject({ "p50 µs": NaN });
  expect(() => readNatsFigures("nats: error: no responders", 100)).toThrow("no responders");
});

test("redis-benchmark says names, then values", () => {
  const text =
    '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms",' +
    '"p99_latency_ms","max_latency_ms"\n"XADD","4568.50","0.210","0.100","0.215","0.300",' +
    '"0.375","1.000"\n';
  expect(readRedisFigures(text)).toEqual({ "records/s": 4568.5, "p50 µs": 215, "p99 µs": 375 });
  expect(() => readRedisFigures("Could not connect")).toThrow("Could not connect");
});
