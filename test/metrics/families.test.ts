/** Names keep to the conventions, and the files for operators to the names. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { families } from "../../src/metrics/families.ts";
import { promtoolSays, testPromtool } from "../support/scraped.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const scripts = join(import.meta.dir, "..", "..", "scripts");
const dashboardPath = join(scripts, "grafana", "obelisk.json");
const alertsPath = join(scripts, "prometheus", "obelisk-alerts.yml");

/** Prometheus has these names of its own. */
const foreign = new Set(["up"]);

const lines = new Set(
  families.flatMap(({ name, type }) => {
    return type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  }),
);

/** All `expr` of a dashboard, and the queries behind its variables. */
function queriesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isQuery = key === "expr" || key === "query";
    return isQuery && typeof inner === "string" ? [inner] : queriesIn(inner);
  });
}

/** The names of metrics in a query: whatever has a label or a range behind it, or our prefixes. */
const namesIn = (query: string): string[] =>
  query.match(/\b(?:obelisk|kafka|process)_\w+|\b\w+(?=\{)/g) ?? [];

const queries = queriesIn(JSON.parse(readFileSync(dashboardPath, "utf8"))).filter((query) => {
  return query !== "prometheus";
});

describe("a name", () => {
  test("is there once", () => {
    const names = families.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(lines.size).toBeGreaterThanOrEqual(names.length);
  });

  test.each(families.map((family) => [family.name, family] as const))("%s", (name, family) => {
    expect(name).toMatch(/^(obelisk|kafka|process)(_[a-z]+)+$/);
    expect(name.endsWith("_total")).toBe(family.type === "counter");
    expect(/_(bucket|count)$/.test(name)).toBeFalse();
    // What belongs to histograms is untyped, or a linter objects.
    expect(name.endsWith("_sum")).toBe(family.type === "untyped");
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb|kib|mib|percent)(_|$)/);
    expect(family.help).toMatch(/^[A-Z].*\.$/);
  });

  test.each([
    "kafka_brokers",
    "kafka_broker_info",
    "kafka_topic_partitions",
    "kafka_topic_partition_current_offset",
    "kafka_topic_partition_oldest_offset",
    "kafka_topic_partition_in_sync_replica",
    "kafka_topic_partition_leader",
    "kafka_topic_partition_leader_is_preferred",
    "kafka_topic_partition_replicas",
    "kafka_topic_partition_under_replicated_partition",
    "kafka_consumergroup_current_offset",
    "kafka_consumergroup_current_offset_sum",
    "kafka_consumergroup_lag",
    "kafka_consumergroup_lag_sum",
    "kafka_consumergroup_members",
    "kafka_consumergroup_group_lag_seconds",
    "kafka_consumergroup_group_max_lag_seconds",
  ])("%s of other exporters is there", (name) => {
    expect(families.map((family) => family.name)).toContain(name);
  });
});

describe("the dashboard", () => {
  test("asks for metrics that there are", () => {
    const asked = queries.flatMap(namesIn);
    expect(asked.filter((name) => !lines.has(name))).toEqual([]);
    expect(asked.length).toBeGreaterThanOrEqual(queries.length);
  });

  testPromtool("has queries that Prometheus understands", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "queries.json");
    const rules = queries
      .filter((query) => !query.startsWith("label_values("))
      .map((query, at) => ({ record: `query:${at}`, expr: filledIn(query) }));
    // JSON is YAML as well.
    await Bun.write(path, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    expect(await promtoolSays(["check", "rules", path])).toBe("");
  });
});

/** As Grafana would send it. */
const filledIn = (query: string): string =>
  query.replaceAll("$__rate_interval", "1m").replaceAll(/\$\w+/g, ".*");

describe("the alerts", () => {
  test("ask for metrics that there are", () => {
    const text = readFileSync(alertsPath, "utf8");
    const asked = namesIn(text).filter((name) => !foreign.has(name));
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((name) => !lines.has(name))).toEqual([]);
  });

  testPromtool("are rules that Prometheus understands", async () => {
    expect(await promtoolSays(["check", "rules", alertsPath])).toBe("");
  });
});
