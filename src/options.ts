/**
 * Every option of the broker: name, default, bounds and one sentence. `obelisk serve` takes them
 * from flags, `OBELISK_*` variables and a file, in that order (see `cli/resolve.ts`); the types of
 * their values derive from this table.
 *
 * Also here: the rules that concern more than one option.
 */
import { logFormats, logLevels } from "./base/logger.ts";
import { parseDurability } from "./broker/topic-config-table.ts";
import { choice, duration, integer, portNumber, size, text, toggle } from "./cli/option-kinds.ts";
import { defineOption, repeated } from "./cli/option.ts";
import type { About, Option, Values } from "./cli/option.ts";
import type { OriginOf } from "./cli/resolve.ts";
import * as limits from "./limits.ts";
import type { Durability } from "./log/log.ts";

const fsync = (about: About<Durability>): Option<Durability> =>
  defineOption<Durability, Durability>(
    {
      placeholder: "<policy>",
      expected: `always, never, or interval=<1 to ${limits.fsyncIntervalMsMax} milliseconds>`,
      range: "always, never, interval=<milliseconds>",
      parse: (given) => parseDurability(given) ?? undefined,
      show: (value) => (value.fsync === "interval" ? `interval=${value.intervalMs}` : value.fsync),
    },
    about,
  );

/** An address to listen on: a name or an IP address, without a port. */
const host = (about: About<string>): Option<string> =>
  defineOption<string, string>(
    {
      placeholder: "<address>",
      expected: "a host name or an IP address, without a port",
      range: null,
      parse: (given) =>
        /^[\w.-]+$|^[\da-f]*:[\da-f:.]+(%[\w.-]+)?$/i.test(given) ? given : undefined,
      show: (value) => value,
    },
    about,
  );

/** Where clients connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A host and a port, as one writes them in a URL. */
const endpoint = (about: About<null>): Option<Address | null> =>
  defineOption<Address, null>(
    {
      placeholder: "<host:port>",
      expected: "a host name or an IP address with a port, as in broker.example:9092 or [::1]:9092",
      range: null,
      parse(given) {
        const [, v6, name, digits] =
          /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(given) ?? [];
        const number = Number(digits);
        const found = v6 ?? name;
        if (found === undefined || number < 1 || number > 65_535) return undefined;
        return { host: found, port: number };
      },
      show: ({ host: shown, port }) => `${shown.includes(":") ? `[${shown}]` : shown}:${port}`,
    },
    about,
  );

/** See the head of this file. Sizes are bytes, times milliseconds. */
export const brokerOptions = {
  config: text({
    default: null,
    placeholder: "<path>",
    help: "File with options, one name = value a line, for what is neither a flag nor a variable",
  }),
  data: text({
    default: "./data",
    placeholder: "<directory>",
    help: "Directory that holds everything; made if missing; one broker at a time",
  }),
  host: host({
    default: "127.0.0.1",
    help: "Address to listen on; one that other machines can reach needs --insecure",
  }),
  nativePort: portNumber({
    default: 8080,
    help: "Port of Obelisk's own protocol; 0 takes a free one, off opens none",
  }),
  kafkaPort: portNumber({
    default: 9092,
    help: "Port of Kafka's protocol; 0 takes a free one, off opens none",
  }),
  httpPort: portNumber({
    default: 8081,
    help: "Port for HTTP: REST, health and more; 0 takes a free one, off opens none",
  }),
  httpHost: repeated(
    text({
      placeholder: "<name>",
      help: "Name under which the HTTP port is reached, beside addresses and localhost",
    }),
  ),
  httpOrigin: repeated(
    text({
      placeholder: "<origin>",
      help: "Origin whose pages may use the HTTP port, as in https://console.example",
    }),
  ),
  kafkaAdvertised: endpoint({
    default: null,
    help: "Address that Kafka clients are told to connect to, if not the one they have come to",
  }),
  insecure: toggle({
    help: "Let everybody who reaches the ports read and write: there is no authentication yet",
  }),
  fsync: fsync({
    default: { fsync: "always" },
    help: "When an acknowledged record is on the disk: before its OK, within a time, or whenever",
  }),
  lingerMs: duration({
    name: "linger",
    default: 0,
    min: 0,
    max: limits.lingerMsMax,
    help: "How long a write waits for more records to share its trip to the disk",
  }),
  partitions: integer({
    default: 1,
    min: 1,
    max: limits.partitionsPerTopicMax,
    help: "Partitions of a new topic whose creator doesn't say",
  }),
  autoCreateTopics: toggle({
    default: true,
    help: "Create a topic when its first record arrives",
  }),
  cacheBytes: size({
    name: "cache",
    default: limits.cacheBytesDefault,
    min: limits.cacheBytesMin,
    max: limits.cacheBytesMax,
    help: "Memory for the newest records of all topics, from which consumers at the end are served",
  }),
  segmentBytes: size({
    default: limits.segmentBytesDefault,
    min: limits.segmentBytesMin,
    max: limits.segmentBytesMax,
    help: "Size at which a partition begins a new file",
  }),
  segmentMs: duration({
    name: "segment-ms",
    default: limits.segmentMsDefault,
    min: limits.segmentMsMin,
    max: limits.segmentMsMax,
    help: "Age at which a partition begins a new file",
  }),
  retentionCheckMs: duration({
    name: "retention-check-interval",
    default: limits.retentionCheckMsDefault,
    min: limits.retentionCheckMsMin,
    max: limits.segmentMsMax,
    help: "How often logs are looked over for records that retention does not keep",
  }),
  compactionCheckMs: duration({
    name: "compaction-check-interval",
    default: limits.compactionCheckMsDefault,
    min: limits.compactionCheckMsMin,
    max: limits.segmentMsMax,
    help: "How often logs are looked over for what is to be compacted",
  }),
  compactionMemory: size({
    default: limits.compactionMemoryDefault,
    min: limits.compactionMemoryMin,
    max: limits.compactionMemoryMax,
    help: "Memory for the keys of one log while it is compacted; more keys take more passes",
  }),
  compactionRate: size({
    default: limits.compactionRateDefault,
    min: limits.compactionRateMin,
    max: limits.compactionRateMax,
    help: "Bytes a second that compaction reads and writes at most",
  }),
  scrubRate: size({
    default: limits.scrubRateDefault,
    min: 0,
    max: limits.scrubRateMax,
    help: "Bytes a second of finished segments that are read again to find damage; 0: none",
  }),
  groupInitialRebalanceMs: duration({
    name: "group-initial-rebalance-delay-ms",
    default: limits.groupInitialRebalanceMsDefault,
    min: 0,
    max: limits.groupSessionMsMaxDefault,
    help: "How long a new consumer group waits for more members before it begins",
  }),
  groupSessionMsMin: duration({
    name: "group-min-session-timeout-ms",
    default: limits.groupSessionMsMinDefault,
    min: 1,
    max: limits.groupSessionMsMaxDefault,
    help: "The shortest time of silence after which a group's member may ask to be given up",
  }),
  groupSessionMsMax: duration({
    name: "group-max-session-timeout-ms",
    default: limits.groupSessionMsMaxDefault,
    min: limits.groupSessionMsMinDefault,
    max: limits.groupSessionMsMaxMax,
    help: "The longest such time",
  }),
  groupMembersMax: integer({
    name: "group-max-size",
    default: limits.groupMembersMaxDefault,
    min: 1,
    max: limits.connectionsMaxMax,
    help: "Members of one consumer group",
  }),
  offsetsRetentionMs: duration({
    name: "offsets-retention",
    default: limits.offsetsRetentionMsDefault,
    min: 60_000,
    max: limits.segmentMsMax,
    help: "How long a group's committed offsets are kept after its last use",
  }),
  httpConsumerIdleMs: duration({
    name: "http-consumer-timeout",
    default: limits.restConsumerIdleMsDefault,
    min: limits.restConsumerIdleMsMin,
    max: limits.restConsumerIdleMsMax,
    help: "When a consumer instance of REST v2 that nobody uses is removed",
  }),
  maxConnections: integer({
    default: limits.connectionsMaxDefault,
    min: 1,
    max: limits.connectionsMaxMax,
    help: "Connections at a time; more are closed at once",
  }),
  maxConnectionsPerAddress: integer({
    default: limits.connectionsPerAddressMaxDefault,
    min: 1,
    max: limits.connectionsMaxMax,
    help: "The same from one address",
  }),
  diskReserveBytes: size({
    name: "disk-reserve",
    default: limits.diskReserveBytesDefault,
    min: limits.diskReserveBytesMin,
    max: limits.diskReserveBytesMax,
    help: "Free space below which producers are refused, so that the rest goes on working",
  }),
  shutdownTimeoutMs: duration({
    name: "shutdown-timeout",
    default: limits.shutdownMsDefault,
    min: limits.shutdownTimeoutMsMin,
    max: limits.shutdownTimeoutMsMax,
    help: "How long SIGTERM waits for connections to be answered and logs to be closed",
  }),
  logLevel: choice(logLevels, {
    placeholder: "<level>",
    default: "info",
    help: "The least important events to log",
  }),
  logFormat: choice(logFormats, {
    placeholder: "<format>",
    default: "text",
    help: "Log lines for people or for programs",
  }),
};

/** The value of each of {@link brokerOptions}. */
export type BrokerOptions = Values<typeof brokerOptions>;

/**
 * Whether an address can only be reached from this machine (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
 * Of names only `localhost` is believed: any other may resolve to anything tomorrow.
 */
function isLoopback(address: string): boolean {
  const name = address.toLowerCase();
  const part = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  return (
    name === "localhost" ||
    name === "::1" ||
    new RegExp(`^(?:::ffff:)?127(?:\\.${part}){3}$`).test(name)
  );
}

/**
 * Refuses to open the broker to other machines by accident: it has no authentication, so whoever
 * reaches a port may read and write everything. `null` if the options are safe or say `--insecure`.
 */
export function refuseExposure(
  options: Pick<BrokerOptions, "host" | "insecure">,
  originOf: OriginOf<Pick<typeof brokerOptions, "host">>,
): string | null {
  if (options.insecure || isLoopback(options.host)) return null;
  return (
    `${originOf("host")} is "${options.host}": other machines can reach it, and without ` +
    "authentication all of them could read and write every topic. Use 127.0.0.1 and a tunnel or " +
    "proxy that authenticates, or say --insecure if everybody on that network may."
  );
}

/** Refuses options that are right, each by itself, and not together; `null` if they are. */
export function refuseContradiction(
  options: Pick<
    BrokerOptions,
    "nativePort" | "kafkaPort" | "groupSessionMsMin" | "groupSessionMsMax"
  >,
  originOf: OriginOf<typeof brokerOptions>,
): string | null {
  const { nativePort, kafkaPort, groupSessionMsMin, groupSessionMsMax } = options;
  if (nativePort === kafkaPort && nativePort !== 0 && nativePort !== null) {
    return (
      `${originOf("nativePort")} and ${originOf("kafkaPort")} are both ${nativePort}: ` +
      "each protocol needs a port of its own."
    );
  }
  if (groupSessionMsMin > groupSessionMsMax) {
    return (
      `${originOf("groupSessionMsMin")} is ${groupSessionMsMin} ms and ` +
      `${originOf("groupSessionMsMax")} is ${groupSessionMsMax} ms: no session timeout would do. ` +
      "The least may not be above the most."
    );
  }
  return null;
}
