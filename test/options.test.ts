import { describe, expect, test } from "bun:test";
import { scanArguments } from "../src/cli/arguments.ts";
import { parseOptionFile } from "../src/cli/option-file.ts";
import { optionName } from "../src/cli/option.ts";
import { Misuse, resolveOptions } from "../src/cli/resolve.ts";
import { brokerOptions, refuseContradiction, refuseExposure } from "../src/options.ts";
import type { BrokerOptions } from "../src/options.ts";
import { expectGolden } from "./support/golden.ts";

interface Given {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly file?: string;
}

function resolve({ args = [], environment = {}, file }: Given) {
  const scan = scanArguments(brokerOptions, args);
  const read = file === undefined ? null : parseOptionFile("obelisk.conf", file);
  return resolveOptions(brokerOptions, [], { scan, environment, file: read });
}

function optionsOf(...args: string[]): BrokerOptions {
  const resolved = resolve({ args });
  if (resolved instanceof Misuse) throw new Error(resolved.problems.join("\n"));
  return resolved.values;
}

/** The problems of these options, rules over several options included; empty if they are right. */
function problemsOf(given: Given): readonly string[] {
  const resolved = resolve(given);
  if (resolved instanceof Misuse) return resolved.problems;
  const { values, originOf } = resolved;
  const refused = refuseExposure(values, originOf) ?? refuseContradiction(values, originOf);
  return refused === null ? [] : [refused];
}

test("without any option the broker is safe: on loopback, and an OK means on the disk", () => {
  expect(optionsOf()).toEqual({
    config: null,
    data: "./data",
    host: "127.0.0.1",
    nativePort: 8080,
    kafkaPort: 9092,
    httpPort: 8081,
    httpHost: [],
    httpOrigin: [],
    kafkaAdvertised: null,
    insecure: false,
    fsync: { fsync: "always" },
    lingerMs: 0,
    partitions: 1,
    autoCreateTopics: true,
    cacheBytes: 64 * 1024 ** 2,
    segmentBytes: 1024 ** 3,
    retentionCheckMs: 300_000,
    compactionCheckMs: 15_000,
    compactionMemory: 64 * 1024 ** 2,
    compactionRate: 32 * 1024 ** 2,
    scrubRate: 8 * 1024 ** 2,
    segmentMs: 7 * 24 * 3600 * 1000,
    groupInitialRebalanceMs: 3_000,
    groupSessionMsMin: 6_000,
    groupSessionMsMax: 1_800_000,
    groupMembersMax: 10_000,
    offsetsRetentionMs: 7 * 24 * 3600 * 1000,
    httpConsumerIdleMs: 300_000,
    maxConnections: 10_000,
    maxConnectionsPerAddress: 1_000,
    diskReserveBytes: 16 * 1024 ** 2,
    shutdownTimeoutMs: 10_000,
    logLevel: "info",
    logFormat: "text",
  });
});

describe("the edges of each bound are allowed, and one step further is not", () => {
  test.each([
    ["native-port", "0", "65535", "-1", "65536"],
    ["kafka-port", "0", "65535", "-1", "65536"],
    ["http-port", "0", "65535", "-1", "65536"],
    ["kafka-advertised", "a:1", "a:65535", "a:0", "a:65536"],
    ["group-initial-rebalance-delay-ms", "0", "30m", "-1", "31m"],
    ["group-min-session-timeout-ms", "1", "30m", "0", "31m"],
    ["group-max-session-timeout-ms", "6s", "1d", "5999", "2d"],
    ["group-max-size", "1", "1000000", "0", "1000001"],
    ["offsets-retention", "1m", "3650d", "59s", "3651d"],
    ["http-consumer-timeout", "10s", "1d", "9999", "25h"],
    ["linger", "0", "1s", "-1ms", "1001ms"],
    ["partitions", "1", "10000", "0", "10001"],
    ["cache", "1MiB", "256GiB", "1048575", "262145MiB"],
    ["segment-bytes", "64KiB", "2GiB", "65535", "2147483649"],
    ["segment-ms", "1", "3650d", "0", "3651d"],
    ["max-connections", "1", "1000000", "0", "1000001"],
    ["max-connections-per-address", "1", "1000000", "0", "1000001"],
    ["disk-reserve", "1MiB", "1TiB", "1023KiB", "1025GiB"],
    ["shutdown-timeout", "100ms", "10m", "99ms", "601s"],
    ["fsync", "interval=1", "interval=60000", "interval=0", "interval=60001"],
  ])("--%s", (name, lowest, highest, below, above) => {
    const isTaken = (text: string): boolean =>
      problemsOf({ args: [`--${name}=${text}`] }).length === 0;
    expect([lowest, highest, below, above].map(isTaken)).toEqual([true, true, false, false]);
  });
});

test("a port may be left out altogether", () => {
  const options = optionsOf("--native-port", "off", "--kafka-port", "off");
  expect(options).toMatchObject({ nativePort: null, kafkaPort: null });
  expect(problemsOf({ args: ["--native-port", "off", "--kafka-port", "off"] })).toEqual([]);
});

test.each([
  ["always", { fsync: "always" }],
  ["never", { fsync: "never" }],
  ["interval=250", { fsync: "interval", intervalMs: 250 }],
] as const)("--fsync=%s", (text, expected) => {
  expect(optionsOf(`--fsync=${text}`).fsync).toEqual(expected);
});

test.each([
  ["broker.example:9092", { host: "broker.example", port: 9092 }],
  ["[2001:db8::1]:9092", { host: "2001:db8::1", port: 9092 }],
] as const)("--kafka-advertised=%s", (text, expected) => {
  expect(optionsOf(`--kafka-advertised=${text}`).kafkaAdvertised).toEqual(expected);
});

test.each(["broker.example", ":9092", "2001:db8::1:9092", "a b:1", "http://a:1"])(
  "--kafka-advertised=%s is no address",
  (text) => {
    expect(problemsOf({ args: [`--kafka-advertised=${text}`] })).toHaveLength(1);
  },
);

test("every refusal says what was given, where, and what is expected", () => {
  const given: readonly Given[] = [
    ...Object.entries(brokerOptions).map(([key, option]) => {
      // A text takes anything but nothing.
      const wrong = option.parse(["x y"]) === undefined ? "x y" : "";
      return { args: [`--${optionName(key, option)}=${wrong}`] };
    }),
    { environment: { OBELISK_NATIVE_PORT: "eighty", OBELISK_CACHE: "64MB" } },
    { file: "# ours\nnative-port = 99999\nfsync = sometimes\nfsnyc = always\n" },
    { args: ["--host=0.0.0.0"] },
    { environment: { OBELISK_HOST: "broker.example" } },
    { file: "host = ::" },
    { args: ["--native-prot=1"] },
  ];
  const text = given
    .map((each) => {
      const shown = Object.values(each).map((value) => JSON.stringify(value));
      return `${shown.join(" ")}\n${problemsOf(each)
        .map((problem) => `  ${problem}\n`)
        .join("")}`;
    })
    .join("\n");
  expectGolden("cli/refused-options.txt", text);
});

describe("an address", () => {
  test.each([
    ["127.0.0.1", true],
    ["127.255.255.254", true],
    ["localhost", true],
    ["LOCALHOST", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["192.168.1.5", false],
    ["128.0.0.1", false],
    ["127.0.0.256", false],
    ["127.0.0", false],
    ["127.1", false],
    ["0x7f.0.0.1", false],
    ["127.0.0.1.example", false],
    ["localhost.example", false],
    ["::ffff:192.168.1.5", false],
  ])("%s is loopback: %p", (address, expected) => {
    expect(problemsOf({ args: [`--host=${address}`] }).length === 0).toBe(expected);
  });

  test.each([
    ["127.0.0.1", true],
    ["::1", true],
    ["fe80::1%eth0", true],
    ["broker-1.example", true],
    ["127.0.0.1:8080", false],
    ["[::1]:8080", false],
    ["[::1]", false],
    ["http://x", false],
    ["a b", false],
    ["", false],
  ])("%p is one: %p", (address, expected) => {
    expect(problemsOf({ args: [`--host=${address}`, "--insecure"] }).length === 0).toBe(expected);
  });

  test("that others can reach is opened only if somebody says so", () => {
    expect(problemsOf({ args: ["--host=0.0.0.0"] })).toHaveLength(1);
    expect(problemsOf({ args: ["--host=0.0.0.0", "--no-insecure"] })).toHaveLength(1);
    expect(problemsOf({ args: ["--host=0.0.0.0", "--insecure"] })).toEqual([]);
  });
});

test("options that contradict one another are refused, by the names that they were given", () => {
  const sessions = { environment: { OBELISK_GROUP_MIN_SESSION_TIMEOUT_MS: "20000" } };
  const shorter = ["--group-max-session-timeout-ms", "10000"];
  const [problem = "", ...others] = problemsOf({ ...sessions, args: shorter });
  expect(others).toEqual([]);
  expect(problem).toContain("OBELISK_GROUP_MIN_SESSION_TIMEOUT_MS");
  expect(problem).toContain("--group-max-session-timeout-ms");
  expect(problem).toContain("20000 ms");
  const equal = ["--group-max-session-timeout-ms", "20000"];
  expect(problemsOf({ ...sessions, args: equal })).toEqual([]);

  expect(problemsOf({ args: ["--native-port", "9092"] })).toEqual([
    expect.stringContaining("each protocol needs a port of its own"),
  ]);
  expect(problemsOf({ args: ["--native-port", "0", "--kafka-port", "0"] })).toEqual([]);
});
