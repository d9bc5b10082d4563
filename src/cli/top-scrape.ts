/**
 * What `/metrics` of a broker says at one moment, as far as `obelisk top` shows it, read out of
 * Prometheus's text format (0.0.4) as it comes in. Bytes from outside: a line that is none of that
 * format is refused, and what is kept of it all has a bound.
 *
 * Names that are not wanted are passed over, so that any version of the broker may say more, or
 * less: what it does not say is `null`.
 */
import {
  topBucketsMax,
  topDoorsMax,
  topGroupsMax,
  topLineCharactersMax,
  topScrapeBytesMax,
  topTopicsMax,
} from "../limits.ts";
import { humanCount, humanSize } from "./terminal.ts";

/** How many values there were up to each bound, by that bound; seconds. */
export type Buckets = ReadonlyMap<number, number>;

/** Counts since the topic was opened. */
export interface TopicCounts {
  recordsIn: number | null;
  bytesIn: number | null;
  recordsOut: number | null;
  bytesOut: number | null;
  sizeBytes: number | null;
  partitions: number | null;
}

export interface GroupCounts {
  members: number | null;
  /** Records; `null`: it has committed nothing. */
  lag: number | null;
  lagSeconds: number | null;
  /** The sum of what it has committed. */
  committed: number | null;
}

/** Latencies that are shown. */
export const latencies = ["produce", "fetch", "disk", "loop"] as const;
export type LatencyName = (typeof latencies)[number];

/** See the head of this file. */
export interface Scrape {
  readonly version: string | null;
  /** Values of the whole broker, by the names of their metrics. */
  readonly values: ReadonlyMap<string, number>;
  readonly latencies: Readonly<Record<LatencyName, Buckets>>;
  /** Open connections, by door. */
  readonly doors: ReadonlyMap<string, number>;
  readonly topics: ReadonlyMap<string, Readonly<TopicCounts>>;
  readonly groups: ReadonlyMap<string, Readonly<GroupCounts>>;
  /** What had no room, there or here. */
  readonly topicsDropped: number;
  readonly groupsDropped: number;
}

/** Why a scrape can't be used, as a sentence without its full stop. */
export class ScrapeFailure {
  constructor(readonly message: string) {}
}

type Labels = ReadonlyMap<string, string>;

/** What is made of a line. */
type Take = (draft: Draft, value: number, labels: Labels) => void;

/** While lines come in. */
interface Draft {
  version: string | null;
  readonly values: Map<string, number>;
  readonly latencies: Record<LatencyName, Map<number, number>>;
  readonly doors: Map<string, number>;
  readonly topics: Map<string, TopicCounts>;
  readonly groups: Map<string, GroupCounts>;
  /** Lines about topics and groups beyond the bounds. */
  readonly strangers: { readonly topics: Set<string>; readonly groups: Set<string> };
  topicsDropped: number;
  groupsDropped: number;
}

/** Sums of all lines of that name, whatever their labels. */
const summed = (name: string): readonly [string, Take] => [
  name,
  ({ values }, value) => void values.set(name, (values.get(name) ?? 0) + value),
];

const ofTopic = (name: string, key: keyof TopicCounts): readonly [string, Take] => [
  name,
  ({ topics, strangers }, value, labels) => {
    const topic = labels.get("topic");
    if (topic === undefined) return;
    let counts = topics.get(topic);
    if (counts === undefined) {
      if (topics.size >= topTopicsMax) {
        remember(strangers.topics, topic, topTopicsMax);
        return;
      }
      counts = {
        recordsIn: null,
        bytesIn: null,
        recordsOut: null,
        bytesOut: null,
        sizeBytes: null,
        partitions: null,
      };
      topics.set(topic, counts);
    }
    counts[key] = value;
  },
];

const ofGroup = (name: string, key: keyof GroupCounts, label: string): readonly [string, Take] => [
  name,
  ({ groups, strangers }, value, labels) => {
    const group = labels.get(label);
    if (group === undefined) return;
    let counts = groups.get(group);
    if (counts === undefined) {
      if (groups.size >= topGroupsMax) {
        remember(strangers.groups, group, topGroupsMax);
        return;
      }
      counts = { members: null, lag: null, lagSeconds: null, committed: null };
      groups.set(group, counts);
    }
    // Committed offsets come by topic.
    counts[key] = key === "committed" ? (counts.committed ?? 0) + value : value;
  },
];

function remember(names: Set<string>, name: string, countMax: number): void {
  if (names.size < countMax) names.add(name);
}

/** Adds a bucket's line to a histogram: several series of the same bounds are one. */
const bucketOf =
  (of: (labels: Labels) => LatencyName | null): Take =>
  (draft, value, labels) => {
    const latency = of(labels);
    const bound = numberIn(labels.get("le") ?? "");
    if (latency === null || bound === null) return;
    const buckets = draft.latencies[latency];
    if (buckets.size >= topBucketsMax && !buckets.has(bound)) return;
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  };

/** Requests that bring records, by the names that the three doors have for them. */
const produces = /^(?:Produce|Publish|produce\w*)$/;
/** And those that take some. They may wait for records. */
const fetches = /^(?:Fetch|consumeV2|readRecords)$/;

function requestLatency(labels: Labels): LatencyName | null {
  const request = labels.get("request") ?? "";
  if (produces.test(request)) return "produce";
  return fetches.test(request) ? "fetch" : null;
}

const isDurable = (labels: Labels): LatencyName | null =>
  labels.get("durable") === "true" ? "disk" : null;

/** Everything that is read, by the name of its lines. */
const takes: ReadonlyMap<string, Take> = new Map<string, Take>([
  summed("obelisk_uptime_seconds"),
  summed("obelisk_topics"),
  summed("obelisk_partitions"),
  summed("obelisk_partitions_sealed"),
  summed("obelisk_groups"),
  summed("obelisk_batch_records_sum"),
  summed("obelisk_batch_bytes_sum"),
  summed("obelisk_errors_total"),
  summed("obelisk_disk_usable_bytes"),
  summed("process_cpu_seconds_total"),
  summed("process_resident_memory_bytes"),
  [
    "obelisk_build_info",
    (draft, _, labels) => void (draft.version = labels.get("version") ?? null),
  ],
  [
    "obelisk_connections",
    ({ doors }, value, labels) => {
      const door = labels.get("door");
      if (door !== undefined && doors.size < topDoorsMax) doors.set(door, value);
    },
  ],
  [
    "obelisk_metrics_dropped",
    (draft, value, labels) => {
      if (labels.get("kind") === "topic") draft.topicsDropped = value;
      if (labels.get("kind") === "group") draft.groupsDropped = value;
    },
  ],
  ["obelisk_request_duration_seconds_bucket", bucketOf(requestLatency)],
  ["obelisk_log_write_duration_seconds_bucket", bucketOf(isDurable)],
  ["obelisk_log_sync_duration_seconds_bucket", bucketOf(() => "disk")],
  ["obelisk_event_loop_delay_seconds_bucket", bucketOf(() => "loop")],
  ofTopic("obelisk_topic_received_records_total", "recordsIn"),
  ofTopic("obelisk_topic_received_bytes_total", "bytesIn"),
  ofTopic("obelisk_topic_sent_records_total", "recordsOut"),
  ofTopic("obelisk_topic_sent_bytes_total", "bytesOut"),
  ofTopic("obelisk_topic_size_bytes", "sizeBytes"),
  ofTopic("kafka_topic_partitions", "partitions"),
  ofGroup("kafka_consumergroup_members", "members", "consumergroup"),
  ofGroup("kafka_consumergroup_current_offset_sum", "committed", "consumergroup"),
  ofGroup("kafka_consumergroup_group_sum_lag", "lag", "group"),
  ofGroup("kafka_consumergroup_group_max_lag_seconds", "lagSeconds", "group"),
]);

/** The metrics that are read, to ask for no others. Histograms have parts, and one name. */
export const wantedNames: readonly string[] = [...takes.keys()].map((name) =>
  name.startsWith("obelisk_") ? name.replace(/_(?:bucket|sum)$/, "") : name,
);

/** Takes the text of one scrape, in pieces as they come. */
export class ScrapeReader {
  readonly #decoder = new TextDecoder();
  readonly #draft: Draft = {
    version: null,
    values: new Map(),
    latencies: { produce: new Map(), fetch: new Map(), disk: new Map(), loop: new Map() },
    doors: new Map(),
    topics: new Map(),
    groups: new Map(),
    strangers: { topics: new Set(), groups: new Set() },
    topicsDropped: 0,
    groupsDropped: 0,
  };
  #bytes = 0;
  /** The beginning of a line whose end has not come. */
  #rest = "";

  /** What is wrong with it; then nothing more is taken. */
  add(chunk: Uint8Array): ScrapeFailure | null {
    this.#bytes += chunk.length;
    if (this.#bytes > topScrapeBytesMax) {
      return new ScrapeFailure(`its metrics have more than ${humanSize(topScrapeBytesMax)}`);
    }
    return this.#lines(this.#decoder.decode(chunk, { stream: true }));
  }

  /** All of it has come. */
  end(): Scrape | ScrapeFailure {
    const failure = this.#lines(`${this.#decoder.decode()}\n`);
    if (failure !== null) return failure;
    const { strangers, ...draft } = this.#draft;
    if (!draft.values.has("obelisk_topics")) {
      return new ScrapeFailure("what it says is not the metrics of Obelisk");
    }
    return {
      ...draft,
      topicsDropped: draft.topicsDropped + strangers.topics.size,
      groupsDropped: draft.groupsDropped + strangers.groups.size,
    };
  }

  #lines(text: string): ScrapeFailure | null {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      const line = this.#rest + text.slice(from, end);
      this.#rest = "";
      from = end + 1;
      const failure = takeLine(line, this.#draft);
      if (failure !== null) return failure;
    }
    this.#rest += text.slice(from);
    return this.#rest.length > topLineCharactersMax ? tooLong : null;
  }
}

const tooLong = new ScrapeFailure(
  `a line of its metrics has more than ${humanCount(topLineCharactersMax)} characters`,
);
const malformed = new ScrapeFailure("what it says is not in Prometheus's text format");

function takeLine(line: string, draft: Draft): ScrapeFailure | null {
  if (line.length > topLineCharactersMax) return tooLong;
  if (line === "" || line.startsWith("#")) return null;
  nameHead.lastIndex = 0;
  const name = nameHead.exec(line)?.[1];
  if (name === undefined) return malformed;
  const take = takes.get(name);
  if (take === undefined) return null;
  const labels = new Map<string, string>();
  const at = readLabels(line, nameHead.lastIndex, labels);
  const value = at === null ? null : numberIn(valueText(line, at));
  if (value === null) return malformed;
  // NaN says that there is no value.
  if (!Number.isNaN(value)) take(draft, value, labels);
  return null;
}

const nameHead = /[ \t]*([a-zA-Z_:][\w:]*)[ \t]*/y;
const labelPart = /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\[^])*)"[ \t]*(?:,|(?=\}))/y;
const labelsEnd = /[ \t]*\}/y;

/** Reads `{a="b",c="d"}`, if it is there; where it ends, or `null`: it is malformed. */
function readLabels(line: string, from: number, into: Map<string, string>): number | null {
  if (line[from] !== "{") return from;
  let at = from + 1;
  for (;;) {
    labelsEnd.lastIndex = at;
    if (labelsEnd.test(line)) return labelsEnd.lastIndex;
    labelPart.lastIndex = at;
    const [, name, value] = labelPart.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    into.set(name, value.includes("\\") ? value.replace(/\\([^])/g, unescaped) : value);
    at = labelPart.lastIndex;
  }
}

const unescaped = (_: string, character: string): string => (character === "n" ? "\n" : character);

/** What stands behind the labels, without a time that may follow it. */
const valueText = (line: string, from: number): string =>
  /^[ \t]*(\S+)(?:[ \t]+-?\d+)?[ \t]*$/.exec(line.slice(from))?.[1] ?? "";

/** A number as Go writes it; `null`: it is none. */
function numberIn(text: string): number | null {
  if (text === "+Inf" || text === "Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  if (text === "NaN") return NaN;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}
