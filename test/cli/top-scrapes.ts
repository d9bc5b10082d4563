/** Canned answers of `/metrics`, and what `obelisk top` makes of them. */
import { type Scrape, ScrapeFailure, ScrapeReader } from "../../src/cli/top-scrape.ts";
import type { Sample } from "../../src/cli/top-source.ts";

/** What a broker is to say. Counts are since its start. */
export interface Said {
  readonly uptime?: number;
  readonly recordsIn?: number;
  /** Topics with what came in, what went out, and their bytes on disk. */
  readonly topics?: Readonly<Record<string, readonly [received: number, sent: number]>>;
  /** Groups with their lag in records and seconds, and what they have committed. */
  readonly groups?: Readonly<Record<string, readonly [lag: number, age: number, at: number]>>;
  /** Produce requests up to 1 ms, up to 5 ms, and all. */
  readonly produced?: readonly [number, number, number];
  readonly more?: readonly string[];
}

/** The text of a scrape: 100 bytes a record. */
export function metricsText(said: Said): string {
  const { uptime = 10, recordsIn = 0, topics = {}, groups = {}, produced, more = [] } = said;
  const lines = [
    "# HELP obelisk_topics Topics.",
    "# TYPE obelisk_topics gauge",
    `obelisk_topics ${Object.keys(topics).length}`,
    'obelisk_build_info{version="1.2.3"} 1',
    `obelisk_uptime_seconds ${uptime}`,
    `obelisk_batch_records_sum ${recordsIn}`,
    `obelisk_batch_bytes_sum ${recordsIn * 100}`,
    `process_cpu_seconds_total ${uptime / 4}`,
    "process_resident_memory_bytes 104857600",
    "obelisk_disk_usable_bytes 1.073741824e+09",
    'obelisk_connections{door="kafka"} 3',
    'obelisk_connections{door="native"} 0',
  ];
  for (const [topic, [received, sent]] of Object.entries(topics)) {
    lines.push(
      `obelisk_topic_received_records_total{topic="${topic}"} ${received}`,
      `obelisk_topic_received_bytes_total{topic="${topic}"} ${received * 100}`,
      `obelisk_topic_sent_records_total{topic="${topic}"} ${sent}`,
      `obelisk_topic_sent_bytes_total{topic="${topic}"} ${sent * 100}`,
      `obelisk_topic_size_bytes{topic="${topic}"} ${received * 100}`,
      `kafka_topic_partitions{topic="${topic}"} 2`,
    );
  }
  for (const [group, [lag, age, at]] of Object.entries(groups)) {
    const labels = `cluster_name="c",group="${group}"`;
    lines.push(
      `kafka_consumergroup_members{consumergroup="${group}"} 1`,
      `kafka_consumergroup_current_offset_sum{consumergroup="${group}",topic="t"} ${at}`,
      `kafka_consumergroup_group_sum_lag{${labels}} ${lag}`,
      `kafka_consumergroup_group_max_lag_seconds{${labels}} ${age}`,
    );
  }
  for (const [place, count] of (produced ?? []).entries()) {
    const le = ["0.001", "0.005", "+Inf"][place];
    const labels = `door="kafka",request="Produce",le="${le}"`;
    lines.push(`obelisk_request_duration_seconds_bucket{${labels}} ${count}`);
  }
  return `${[...lines, ...more].join("\n")}\n`;
}

const utf8 = new TextEncoder();

/** What is read of a text that comes in pieces of so many bytes. */
export function readIn(text: string, pieceBytes = 1_000_000): Scrape | ScrapeFailure {
  const reader = new ScrapeReader();
  const bytes = utf8.encode(text);
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const failure = reader.add(bytes.subarray(from, from + pieceBytes));
    if (failure !== null) return failure;
  }
  return reader.end();
}

/** A sample of a broker that said this. */
export function sampleOf(said: Said, atMs: number): Sample {
  const scrape = readIn(metricsText(said));
  if (scrape instanceof ScrapeFailure) throw new Error(scrape.message);
  return { scrape, atMs };
}
