/**
 * The house's rules as data: who may import whom, who may touch the world, how large things get,
 * and every exception with its reason. `imports.ts`, `words.ts`, `sizes.ts`, `uses.ts` and
 * `documents.ts` beside this file hold the code to it; `src/STYLE.md` says it in prose.
 */

import type { RuleName } from "./finding.ts";

/** What a folder of `src`, or a file right in it, may import. */
export interface Direction {
  readonly from: string;
  /** Folders, files, or `*` for everything. Its own folder and `limits.ts` need no mention. */
  readonly may: readonly string[];
  /** Where to go instead; ends the message about an import that is not allowed. */
  readonly instead: string;
}

const protocol = "a protocol asks the broker's verbs (broker/broker.ts) and knows no files";
const lowest = "what needs more belongs to the folder that needs it";
const assembly = "parts meet in server.ts";

/** Along the path of a record. `src/README.md` prints this table; `run.ts docs` rewrites it. */
export const directions: readonly Direction[] = [
  { from: "base", may: [], instead: lowest },
  { from: "limits.ts", may: ["base"], instead: lowest },
  {
    from: "options.ts",
    may: ["cli", "broker", "log", "base"],
    instead: "options are values that server.ts hands out",
  },
  { from: "wire", may: ["base"], instead: lowest },
  { from: "record", may: ["base"], instead: lowest },
  { from: "net", may: ["base"], instead: "net declares the Session that it needs; " + assembly },
  { from: "disk", may: ["base"], instead: lowest },
  {
    from: "log",
    may: ["record", "disk/disk.ts", "base"],
    instead: "a log takes its Disk, Clock and Logger from its caller",
  },
  { from: "metadata", may: ["base", "disk"], instead: "metadata is told things by the broker" },
  {
    from: "broker",
    may: ["log", "metadata", "record", "disk/disk.ts", "base"],
    instead: "the broker speaks no protocol's words; hand in what it needs",
  },
  { from: "native", may: ["broker", "record", "base"], instead: protocol },
  { from: "kafka", may: ["broker", "record", "wire", "base"], instead: protocol },
  { from: "http", may: ["broker", "record", "metrics", "base"], instead: protocol },
  {
    from: "metrics",
    may: ["broker", "log", "net", "base"],
    instead: "metrics reads what others count, and nobody knows it but who shows it",
  },
  {
    from: "original",
    may: ["native/frame.ts", "disk/disk.ts", "base"],
    instead: "the original's files are read through a Disk, its frames through native/frame.ts",
  },
  {
    from: "client",
    may: [
      "record",
      "wire",
      "kafka/messages/consumer-protocol.ts",
      "kafka/apis.ts",
      "kafka/errors.ts",
      "kafka/headers.ts",
      "net/frames.ts",
      "net/byte-chain.ts",
      "native/frame.ts",
      "log",
      "disk",
      "original",
      "base",
      "package.json",
    ],
    instead: "a client knows bytes and files, never a broker in its own process",
  },
  {
    from: "reader",
    may: ["log", "record", "original", "disk", "base"],
    instead: "the reader opens directories and never runs a broker",
  },
  {
    from: "console",
    may: [
      "http/console-api/broker.ts",
      "http/console-api/groups.ts",
      "http/console-api/list-route.ts",
      "http/console-api/live.ts",
      "http/console-api/reset.ts",
      "http/console-api/topics.ts",
    ],
    instead: "the console runs in a browser: of the broker it knows the types of answers alone",
  },
  { from: "cli", may: ["*", "package.json"], instead: assembly },
  { from: "server-facts.ts", may: ["http", "net"], instead: assembly },
  { from: "server-http.ts", may: ["*"], instead: assembly },
  { from: "server.ts", may: ["*"], instead: assembly },
  { from: "main.ts", may: ["*"], instead: assembly },
];

/** Files where a program begins: what they reach is alive, what they export is public. */
export const entries: readonly string[] = [
  "src/main.ts",
  "src/client/index.ts",
  "src/console/main.ts",
  "src/client/kafka/index.ts",
  "scripts/run.ts",
];

/** The longest line, function (head and closing brace included), file and blob. */
export const sizes = { columns: 100, functionLines: 70, fileLines: 500, fileBytes: 256 * 1024 };

/** One permission to break one rule. One that nothing needs any more is a finding itself. */
export interface Exception {
  readonly rule: RuleName;
  /** A file, or a folder ending in `/`. */
  readonly path: string;
  /** What it may have, each in the words of the finding; left out: anything. */
  readonly subjects?: readonly string[];
  readonly why: string;
}

const cliWorld = "a command runs in a terminal: arguments, standard streams, exit codes";

/** By name, with the reason. Shorten it whenever you can. */
export const exceptions: readonly Exception[] = [
  { rule: "world", path: "src/server.ts", why: "hands the real clock, disk and sockets out" },
  { rule: "world", path: "src/cli/", why: cliWorld },
  {
    rule: "world",
    path: "src/metrics/process.ts",
    subjects: ["node:fs/promises", "process"],
    why: "what the operating system says of this process",
  },
  { rule: "world", path: "src/net/listener.ts", subjects: ["Bun"], why: "accepts connections" },
  { rule: "world", path: "src/http/door.ts", subjects: ["Bun"], why: "serves HTTP" },
  {
    rule: "world",
    path: "src/http/descriptors.ts",
    subjects: ["node:fs/promises"],
    why: "what the operating system says of this process",
  },
  { rule: "world", path: "src/console/", why: "runs in a browser, which has no simulator" },
  {
    rule: "world",
    path: "src/http/console-bundle.ts",
    why: "makes the console's files of its sources, at build time or where there is no build",
  },
  { rule: "world", path: "src/http/console-files.ts", why: "what the executable holds" },
  { rule: "world", path: "src/metrics/process.ts", why: "says what the process is" },
  { rule: "world", path: "src/server-facts.ts", why: "says what the process is" },
  { rule: "world", path: "src/disk/local.ts", why: "the files of this machine" },
  { rule: "world", path: "src/disk/lock.ts", why: "flock on the data directory" },
  {
    rule: "world",
    path: "src/metadata/sql.ts",
    subjects: ["node:path"],
    why: "where the files of a database are",
  },
  { rule: "world", path: "src/metadata/sqlite.ts", why: "the database itself" },
  {
    rule: "world",
    path: "src/metadata/exit-guard.ts",
    subjects: ["process"],
    why: "decides how the process ends while a database must not be closed",
  },
  { rule: "world", path: "src/base/clock.ts", why: "the clock itself" },
  { rule: "world", path: "src/base/random.ts", why: "chance itself" },
  {
    rule: "world",
    path: "src/record/compression.ts",
    subjects: ["Bun", "process"],
    why: "codecs and hashes are functions of bytes alone; `process` loads them when first needed",
  },
  {
    rule: "world",
    path: "src/client/socket.ts",
    subjects: ["Bun"],
    why: "the socket of a client in a program of its own",
  },

  {
    rule: "test-only-export",
    path: "src/log/recovery.ts",
    subjects: ["recoveryTable"],
    why: "a decision table is tested row by row",
  },

  {
    rule: "abbreviation",
    path: "src/record/compression.ts",
    subjects: ["params"],
    why: "what node:zlib calls its options",
  },

  { rule: "file-lines", path: "src/limits.ts", why: "the one list of bounds" },

  {
    rule: "unreached",
    path: "src/metrics/prom-client.d.ts",
    why: "types of the library's parts, for the compiler alone",
  },

  {
    rule: "generated-code",
    path: "src/wire/codec.ts",
    why: "compiles message tables of this source; nothing that a client sends gets into the text",
  },

  {
    rule: "untested",
    path: "src/kafka/messages/",
    why: "tables; messages.test.ts holds every message and version against Kafka's own bytes",
  },
  {
    rule: "untested",
    path: "src/client/kafka/client-world.ts",
    why: "this machine's clock, chance and network: admin.test.ts works in it",
  },
  {
    rule: "untested",
    path: "src/cli/cluster-failure.ts",
    why: "a value; kafka-cluster.test.ts and local-broker.test.ts bring it about",
  },
  {
    rule: "untested",
    path: "src/disk/names.ts",
    why: "names; local-broker.test.ts, server.test.ts",
  },
  {
    rule: "untested",
    path: "src/net/session.ts",
    why: "shapes; listener.test.ts: what is said of an end without an address",
  },
  { rule: "untested", path: "src/limits.ts", why: "asserts its relations when it is loaded" },
  { rule: "untested", path: "src/base/brands.ts", why: "a brand exists for the compiler only" },

  { rule: "untested", path: "src/console/", why: "console.test.ts, in a browser" },
  { rule: "untested", path: "src/http/console-files.ts", why: "console.test.ts asks for them" },
  { rule: "untested", path: "src/http/console-api/kept.ts", why: "live.test.ts asks twice" },

  {
    rule: "untested",
    path: "src/metrics/broker-families.ts",
    why: "under-load.test.ts: their values",
  },
  {
    rule: "untested",
    path: "src/metrics/door-families.ts",
    why: "under-load.test.ts: their values",
  },
  {
    rule: "untested",
    path: "src/metrics/exporter-families.ts",
    why: "under-load.test.ts: their values",
  },
  {
    rule: "untested",
    path: "src/metrics/lag-families.ts",
    why: "under-load.test.ts: their values",
  },
  {
    rule: "untested",
    path: "src/metrics/log-families.ts",
    why: "under-load.test.ts: their values",
  },
  { rule: "untested", path: "src/metrics/process-families.ts", why: "families.test.ts" },
  {
    rule: "untested",
    path: "src/server-http.ts",
    why: "server.test.ts, metrics/under-load.test.ts",
  },

  { rule: "untested", path: "src/broker/compactor.ts", why: "janitor.test.ts: its stories" },
  { rule: "untested", path: "src/broker/scrubber.ts", why: "janitor.test.ts: its stories" },
  { rule: "untested", path: "src/log/clean-batch.ts", why: "compaction.test.ts, life.test.ts" },
  { rule: "untested", path: "src/log/clean-writer.ts", why: "compaction.test.ts, life.test.ts" },
  { rule: "untested", path: "src/log/commit.ts", why: "segment-log.test.ts, faults.test.ts" },
  { rule: "untested", path: "src/log/environment.ts", why: "view.test.ts: floors by themselves" },
  { rule: "untested", path: "src/log/files.ts", why: "recovery.test.ts, on real directories" },
  { rule: "untested", path: "src/log/open.ts", why: "recovery.test.ts opens whatever it breaks" },
  {
    rule: "untested",
    path: "src/log/segment-read.ts",
    why: "the log suite, with and without cache",
  },
  {
    rule: "untested",
    path: "src/log/segment-list.ts",
    why: "compaction-faults.test.ts fails at each step of a replacement",
  },
  { rule: "untested", path: "src/log/segment.ts", why: "the log suite, recovery.test.ts" },
  { rule: "untested", path: "src/log/start-file.ts", why: "the log suite: trimming" },
  {
    rule: "untested",
    path: "src/log/swap.ts",
    why: "compaction-faults.test.ts stops at each step of it",
  },
  { rule: "untested", path: "src/log/time-search.ts", why: "the log suite: offsets for times" },

  { rule: "file-lines", path: "src/limits.ts", why: "the one list of bounds" },

  { rule: "skip", path: "test/support/skip.ts", why: "the one place that skips, with a reason" },
];
