/** The broker as the console shows it: its doors, its directories, its configuration. */
import { isoTime } from "../../base/iso-time.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { decimal, list, named, nullable, object, text, type ValueOf, whole } from "../schema.ts";
import { topicRows } from "./topics.ts";

const brokerType = named(
  "ConsoleBroker",
  object({
    version: text(),
    cluster_id: text(),
    broker_id: whole(),
    process_id: whole(),
    started: text({ doc: "RFC 3339." }),
    uptime_seconds: decimal(),
    resident_bytes: whole({ doc: "Memory of the process." }),
    doors: list(
      object({
        name: text(),
        address: text(),
        open: whole({ doc: "Connections; for HTTP: requests and WebSockets." }),
      }),
    ),
    network: object({
      accepted: whole({ doc: "Connections since the start, through all ports but HTTP." }),
      refused: whole(),
      cut: whole({ doc: "Those that were cut off, for whatever reason." }),
      received_bytes: whole(),
      sent_bytes: whole(),
    }),
    directories: list(
      object({
        path: text(),
        partitions: whole(),
        bytes: whole({ doc: "Of all segments." }),
        usable_bytes: nullable(whole(), { doc: "Free above the reserve; null: nobody knows." }),
        topics: list(object({ name: text(), bytes: whole() }), { doc: "The largest first." }),
      }),
    ),
    configs: list(
      object({
        name: text(),
        value: text(),
        source: text({ doc: "Kafka's word for where the value comes from." }),
      }),
      { doc: "What was given at the start, and does not change while the broker runs." },
    ),
  }),
);
export type BrokerDetail = ValueOf<typeof brokerType>;

/** Topics of a directory that are named; all are in its sizes. */
const largestTopics = 10;

const getBroker = route({
  method: "GET",
  at: "/console/api/broker",
  operation: "getConsoleBroker",
  tag: "console",
  summary: "The broker: its doors, its directories and its configuration.",
  answers: { 200: { doc: "All of it.", type: brokerType } },
  handle: async ({ services, request }) => {
    const { broker, clock, clusterId, brokerId, facts } = services;
    const { startedAtMs, version } = request.system;
    const uptimeMs = clock.monotonic() - startedAtMs;
    const known = facts();
    const topics = await topicRows.of(services);
    const body: BrokerDetail = {
      version,
      cluster_id: clusterId,
      broker_id: brokerId,
      process_id: known.processId,
      started: isoTime(Math.round(clock.now() - uptimeMs)),
      uptime_seconds: uptimeMs / 1000,
      resident_bytes: known.residentBytes,
      doors: known.doors,
      network: {
        accepted: known.accepted,
        refused: known.refused,
        cut: known.cut,
        received_bytes: known.receivedBytes,
        sent_bytes: known.sentBytes,
      },
      directories: [
        {
          path: known.dataDirectory,
          partitions: topics.reduce((sum, { partitions }) => sum + partitions, 0),
          bytes: topics.reduce((sum, { bytes }) => sum + bytes, 0),
          usable_bytes: (await broker.volume())?.usableBytes ?? null,
          topics: topics
            .toSorted((one, other) => other.bytes - one.bytes)
            .slice(0, largestTopics)
            .map(({ name, bytes }) => ({ name, bytes })),
        },
      ],
      configs: broker
        .describeBrokerConfig()
        .filter(({ readOnly }) => readOnly)
        .map(({ name, value, configSource: source }) => ({ name, value, source })),
    };
    return json(body);
  },
});

/** The routes of this family. */
export const consoleBrokerRoutes: readonly Route[] = [getBroker];
