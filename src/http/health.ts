/**
 * Health, as the original had it: whether the broker is well and what of it is not, for people and
 * for whatever restarts and routes.
 *
 * - live: this process answers. It stays true while it recovers and while it stops, so that nobody
 *   kills it for that.
 * - ready: clients can be sent here. Only once the data directory was recovered, while no partition
 *   is sealed or closed, while the disk has room, and until it stops. Old records that can't be
 *   deleted, compacted or read are somebody's business, but no reason to send clients elsewhere.
 */
import { isoTime } from "../base/iso-time.ts";
import type { Broker } from "../broker/broker.ts";
import { healthFaultsMax } from "../limits.ts";
import { json, type Reply } from "./reply.ts";
import { route, type Route } from "./route.ts";
import { anything, decimal, list, mapOf, named, object, oneOf, text } from "./schema.ts";
import type { System } from "./services.ts";

const statuses = ["healthy", "degraded", "unhealthy"] as const;
type Status = (typeof statuses)[number];

const component = named(
  "HealthComponent",
  object({
    status: oneOf(statuses),
    message: text({ doc: "What it means, in a sentence." }),
    details: mapOf(anything(), { doc: "What can be counted." }),
  }),
);

const health = named(
  "Health",
  object({
    status: oneOf(statuses, { doc: "The worst of the components'." }),
    timestamp: text({ doc: "RFC 3339, UTC." }),
    uptime_seconds: decimal(),
    version: text(),
    components: mapOf(component),
  }),
);

const probe = named(
  "Probe",
  object({ status: text(), reasons: list(text(), { doc: "What is not as it should be." }) }),
);

interface Component {
  readonly status: Status;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

type Components = Readonly<Record<string, Component>>;

async function componentsOf(system: System): Promise<Components> {
  const lifecycle = lifecycleOf(system);
  const { services } = system;
  if (services === null) return { lifecycle };
  const { broker } = services;
  const disk = await diskOf(broker);
  return { lifecycle, logs: logsOf(broker), disk, old_records: oldRecordsOf(broker) };
}

function lifecycleOf({ phase }: System): Component {
  const message = {
    starting: "the data directory is being recovered",
    running: "the broker takes requests",
    stopping: "the broker is shutting down",
  }[phase];
  return { status: phase === "running" ? "healthy" : "unhealthy", message, details: { phase } };
}

/** Partitions that take no appends. */
function logsOf(broker: Broker): Component {
  let partitions = 0;
  let sealed = 0;
  const faults: { topic: string; partition: number; reason: string }[] = [];
  for (const topic of broker.topics()) {
    partitions += topic.partitions.length;
    for (const { index, log } of topic.partitions) {
      const refusal = log.sealedBy;
      if (refusal === null) continue;
      sealed += 1;
      if (faults.length >= healthFaultsMax) continue;
      faults.push({ topic: topic.name, partition: index, reason: refusal.message });
    }
  }
  const isWell = sealed === 0;
  return {
    status: isWell ? "healthy" : sealed < partitions ? "degraded" : "unhealthy",
    message: isWell
      ? "every partition can be written"
      : `${sealed} of ${partitions} partitions take no records until the broker is restarted`,
    details: { topics: broker.topics().length, partitions, sealed, faults },
  };
}

/** Whether old records go as they should, and can still be read. */
function oldRecordsOf({ upkeep }: Broker): Component {
  const { retention, compaction, scrub } = upkeep ?? {};
  const undeleted = retention?.faults ?? [];
  const uncompacted = compaction?.setAside ?? [];
  const damaged = scrub?.damages ?? [];
  const reasons = [
    ...(damaged.length > 0 ? [`damaged stretches of records: ${damaged.length}`] : []),
    ...(uncompacted.length > 0
      ? [`partitions that can't be compacted: ${uncompacted.length}`]
      : []),
    ...(undeleted.length > 0 ? [`partitions that can't delete: ${undeleted.length}`] : []),
  ];
  return {
    status: reasons.length === 0 ? "healthy" : "degraded",
    message: reasons.join("; ") || "old records are kept and deleted as configured",
    details: {
      damaged: damaged.slice(0, healthFaultsMax),
      uncompacted: uncompacted.slice(0, healthFaultsMax),
      undeleted: undeleted.slice(0, healthFaultsMax),
    },
  };
}

async function diskOf(broker: Broker): Promise<Component> {
  const usableBytes = (await broker.volume())?.usableBytes ?? null;
  if (usableBytes === 0) {
    const message = "the disk is full: producers are refused until there is room";
    return { status: "unhealthy", message, details: { usable_bytes: 0 } };
  }
  const message = usableBytes === null ? "free space is not known" : "the disk has room";
  return { status: "healthy", message, details: { usable_bytes: usableBytes } };
}

const worst = (components: Components): Status => {
  const found = Object.values(components).map(({ status }) => statuses.indexOf(status));
  return statuses[Math.max(0, ...found)] ?? "unhealthy";
};

async function healthReply(system: System): Promise<Reply> {
  const components = await componentsOf(system);
  const status = worst(components);
  const { clock, startedAtMs, version } = system;
  const body = {
    status,
    timestamp: isoTime(clock.now()),
    uptime_seconds: Math.round(clock.monotonic() - startedAtMs) / 1000,
    version,
    components,
  };
  return json(body, { status: status === "unhealthy" ? 503 : 200 });
}

async function readyReply(system: System): Promise<Reply> {
  const reasons = Object.entries(await componentsOf(system))
    .filter(([name, { status }]) => name !== "old_records" && status !== "healthy")
    .map(([, { message }]) => message);
  const isReady = reasons.length === 0;
  const status = isReady ? "ready" : "not ready";
  return json({ status, reasons }, { status: isReady ? 200 : 503 });
}

/** The routes of this family. */
export const healthRoutes: readonly Route[] = [
  route({
    method: "GET",
    at: "/health",
    operation: "getHealth",
    tag: "health",
    summary: "Whether the broker is well, and what of it is not.",
    isAlways: true,
    answers: {
      200: { doc: "Healthy, or degraded: most of it works.", type: health },
      503: { doc: "Unhealthy: it takes no records.", type: health },
    },
    handle: ({ request }) => healthReply(request.system),
  }),
  route({
    method: "GET",
    at: "/health/live",
    operation: "getLiveness",
    tag: "health",
    summary: "Whether the process answers; restart it if it does not.",
    isAlways: true,
    answers: { 200: { doc: "It does.", type: probe } },
    handle: () => json({ status: "alive", reasons: [] }),
  }),
  route({
    method: "GET",
    at: "/health/ready",
    operation: "getReadiness",
    tag: "health",
    summary: "Whether clients can be sent here.",
    isAlways: true,
    answers: {
      200: { doc: "They can.", type: probe },
      503: { doc: "They can't, for these reasons.", type: probe },
    },
    handle: ({ request }) => readyReply(request.system),
  }),
];
