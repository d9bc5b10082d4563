/**
 * What two samples say together: rates, and latencies of the time between them. Pure.
 *
 * Counters begin again when a broker is restarted, or a topic is made anew: then there is no rate,
 * rather than a wrong one. A restart is told by when the process must have started.
 */
import {
  type Buckets,
  type GroupCounts,
  latencies,
  type LatencyName,
  type Scrape,
  type TopicCounts,
} from "./top-scrape.ts";
import type { Sample } from "./top-source.ts";

/** Seconds; `null`: nothing happened. */
export interface Latency {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly count: number;
}

/** A topic; rates are of a second. `null` throughout: not known. */
export interface TopicReading {
  readonly topic: string;
  readonly recordsIn: number | null;
  readonly recordsOut: number | null;
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
  readonly sizeBytes: number | null;
  readonly partitions: number | null;
}

export interface GroupReading {
  readonly group: string;
  readonly members: number | null;
  readonly lag: number | null;
  readonly lagSeconds: number | null;
  /** Records that it commits in a second. */
  readonly committed: number | null;
}

/** See the head of this file. */
export interface Reading {
  readonly version: string | null;
  readonly uptimeSeconds: number | null;
  /** Between the samples; `null`: there is none before, or it is of another process. */
  readonly seconds: number | null;
  readonly isRestarted: boolean;
  readonly recordsIn: number | null;
  readonly bytesIn: number | null;
  readonly recordsOut: number | null;
  readonly bytesOut: number | null;
  readonly errors: number | null;
  readonly latencies: Readonly<Record<LatencyName, Latency>>;
  /** 1: a whole core. */
  readonly cpu: number | null;
  readonly residentBytes: number | null;
  readonly usableBytes: number | null;
  readonly doors: ReadonlyMap<string, number>;
  readonly topicCount: number | null;
  readonly partitionCount: number | null;
  readonly sealedPartitions: number | null;
  readonly groupCount: number | null;
  /** Over all groups; `null`: none has committed anything. */
  readonly lag: number | null;
  readonly lagSeconds: number | null;
  readonly topics: readonly TopicReading[];
  readonly groups: readonly GroupReading[];
  readonly topicsDropped: number;
  readonly groupsDropped: number;
}

/** @param before the sample before it, of the same broker; `null`: it is the first */
export function readingOf(before: Sample | null, now: Sample): Reading {
  const { scrape } = now;
  const isRestarted = before !== null && isOfAnother(before, now);
  const last = before === null || isRestarted ? null : before.scrape;
  const seconds = before === null || last === null ? null : secondsBetween(before, now);
  const value = (name: string): number | null => scrape.values.get(name) ?? null;
  const rate = (name: string): number | null =>
    perSecond(last?.values.get(name), scrape.values.get(name), seconds);
  const groups = [...scrape.groups].map(([group, counts]) =>
    groupReading(group, last?.groups.get(group), counts, seconds),
  );
  return {
    version: scrape.version,
    uptimeSeconds: value("obelisk_uptime_seconds"),
    seconds,
    isRestarted,
    recordsIn: rate("obelisk_batch_records_sum"),
    bytesIn: rate("obelisk_batch_bytes_sum"),
    recordsOut: outOf(last, scrape, "recordsOut", seconds),
    bytesOut: outOf(last, scrape, "bytesOut", seconds),
    // Errors are told once there are some.
    errors: last === null ? null : perSecond(errorsIn(last), errorsIn(scrape), seconds),
    latencies: latenciesOf(last, scrape),
    cpu: rate("process_cpu_seconds_total"),
    residentBytes: value("process_resident_memory_bytes"),
    usableBytes: value("obelisk_disk_usable_bytes"),
    doors: scrape.doors,
    topicCount: value("obelisk_topics"),
    partitionCount: value("obelisk_partitions"),
    sealedPartitions: value("obelisk_partitions_sealed"),
    groupCount: value("obelisk_groups"),
    lag: groups.reduce((sum, { lag }) => added(sum, lag), null as number | null),
    lagSeconds: groups.reduce((max, { lagSeconds }) => larger(max, lagSeconds), none),
    topics: [...scrape.topics].map(([topic, counts]) =>
      topicReading(topic, last?.topics.get(topic), counts, seconds),
    ),
    groups,
    topicsDropped: scrape.topicsDropped,
    groupsDropped: scrape.groupsDropped,
  };
}

const none: number | null = null;

const errorsIn = ({ values }: Scrape): number => values.get("obelisk_errors_total") ?? 0;

const added = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : one + other;

const larger = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.max(one, other);

const uptimeOf = ({ scrape }: Sample): number | null =>
  scrape.values.get("obelisk_uptime_seconds") ?? null;

/**
 * Whether two samples are of two processes. The second of them started after the first sample, so
 * its start lies later by at least the first's uptime; that of one process does not move but by
 * how long looks take.
 */
function isOfAnother(before: Sample, now: Sample): boolean {
  const [uptimeBefore, uptimeNow] = [uptimeOf(before), uptimeOf(now)];
  if (uptimeBefore === null || uptimeNow === null) return fell(before.scrape, now.scrape);
  const startMovedBy = (now.atMs - before.atMs) / 1000 - (uptimeNow - uptimeBefore);
  return uptimeNow < uptimeBefore || startMovedBy > uptimeBefore / 2;
}

/** Without an uptime: counters of the whole broker never go back. */
const fell = (before: Scrape, now: Scrape): boolean =>
  ["obelisk_batch_records_sum", "process_cpu_seconds_total"].some(
    (name) => (now.values.get(name) ?? 0) < (before.values.get(name) ?? 0),
  );

/** By the broker's own clock, if it tells: how long the answers took is not in it. */
function secondsBetween(before: Sample, now: Sample): number | null {
  const [uptimeBefore, uptimeNow] = [uptimeOf(before), uptimeOf(now)];
  const isTold = uptimeBefore !== null && uptimeNow !== null;
  const seconds = isTold ? uptimeNow - uptimeBefore : (now.atMs - before.atMs) / 1000;
  return seconds > 0 ? seconds : null;
}

/** How fast a counter grew. */
function perSecond(
  before: number | null | undefined,
  now: number | null | undefined,
  seconds: number | null,
): number | null {
  if (typeof before !== "number" || typeof now !== "number" || seconds === null) return null;
  return now < before ? null : (now - before) / seconds;
}

/**
 * What went out of all topics. One that is new has been counted from zero, unless there were topics
 * that had no room: then it may be one of them.
 */
function outOf(
  last: Scrape | null,
  { topics }: Scrape,
  key: "recordsOut" | "bytesOut",
  seconds: number | null,
): number | null {
  if (last === null || seconds === null) return null;
  let sum = 0;
  for (const [topic, counts] of topics) {
    const known = last.topics.get(topic);
    if (known === undefined && last.topicsDropped > 0) continue;
    const grown = (counts[key] ?? 0) - (known?.[key] ?? 0);
    sum += grown < 0 ? (counts[key] ?? 0) : grown;
  }
  return sum / seconds;
}

const topicReading = (
  topic: string,
  before: TopicCounts | undefined,
  now: TopicCounts,
  seconds: number | null,
): TopicReading => ({
  topic,
  recordsIn: perSecond(before?.recordsIn, now.recordsIn, seconds),
  recordsOut: perSecond(before?.recordsOut, now.recordsOut, seconds),
  bytesIn: perSecond(before?.bytesIn, now.bytesIn, seconds),
  bytesOut: perSecond(before?.bytesOut, now.bytesOut, seconds),
  sizeBytes: now.sizeBytes,
  partitions: now.partitions,
});

const groupReading = (
  group: string,
  before: GroupCounts | undefined,
  now: GroupCounts,
  seconds: number | null,
): GroupReading => ({
  group,
  members: now.members,
  lag: now.lag,
  lagSeconds: now.lagSeconds,
  committed: perSecond(before?.committed, now.committed, seconds),
});

function latenciesOf(last: Scrape | null, now: Scrape): Record<LatencyName, Latency> {
  const of = (name: LatencyName): Latency => latencyOf(last?.latencies[name], now.latencies[name]);
  const [produce, fetch, disk, loop] = latencies;
  return { produce: of(produce), fetch: of(fetch), disk: of(disk), loop: of(loop) };
}

/** Of what came between two looks at a histogram; a bound that was not there had counted none. */
function latencyOf(before: Buckets | undefined, now: Buckets): Latency {
  if (before === undefined) return { p50: null, p99: null, count: 0 };
  const bounds = [...now.keys()].sort((one, other) => one - other);
  const grown = bounds.map((bound): Grown => {
    return { bound, count: Math.max(0, (now.get(bound) ?? 0) - (before.get(bound) ?? 0)) };
  });
  return { p50: quantile(grown, 0.5), p99: quantile(grown, 0.99), count: grown.at(-1)?.count ?? 0 };
}

/** How many values came that are at most `bound`. */
interface Grown {
  readonly bound: number;
  readonly count: number;
}

/**
 * As `histogram_quantile` of Prometheus: values are taken to lie evenly between two bounds, and
 * those above the last one to lie on it.
 */
function quantile(grown: readonly Grown[], share: number): number | null {
  const total = grown.at(-1)?.count ?? 0;
  if (total === 0) return null;
  const rank = share * total;
  let below: Grown = { bound: 0, count: 0 };
  for (const each of grown) {
    if (each.count >= rank && each.count > below.count) {
      if (!Number.isFinite(each.bound)) return below.bound;
      const part = (rank - below.count) / (each.count - below.count);
      return below.bound + (each.bound - below.bound) * part;
    }
    below = each;
  }
  return below.bound;
}
