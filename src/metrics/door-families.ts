/** Requests, errors, connections: what `net/` and the protocols count. */
import { distribution, each, type Family, one, type Sample } from "./family.ts";
import type { View } from "./view.ts";

function* durations({ parts }: View): Iterable<Sample> {
  for (const { name: door, stats } of parts.doors) {
    for (const [request, durationsMs] of stats.durations) {
      yield* distribution(durationsMs, { door, request }, 1000);
    }
  }
}

function* errors({ parts }: View): Iterable<Sample> {
  for (const { name: door, stats } of parts.doors) {
    for (const [error, value] of stats.errors) yield { labels: { door, error }, value };
  }
}

export const doorFamilies: readonly Family[] = [
  {
    name: "obelisk_request_duration_seconds",
    type: "histogram",
    help:
      "From the arrival of a request until its answer, by door and kind. Fetch, JoinGroup and " +
      "SyncGroup may wait; native: one for each batch; http: until the answer begins.",
    samples: durations,
  },
  {
    name: "obelisk_errors_total",
    type: "counter",
    help: "Errors that were answered, by door and name; native: for each frame.",
    samples: errors,
  },
  {
    name: "obelisk_connections",
    type: "gauge",
    help: "Open connections by door; http: requests under way and WebSockets.",
    samples: ({ parts }) =>
      each(
        "door",
        parts.doors.map(({ name, open }) => [name, open()] as const),
      ),
  },
  {
    name: "obelisk_connections_accepted_total",
    type: "counter",
    help: "Connections that were let in, without those over HTTP.",
    samples: ({ parts }) => one(parts.network.stats.accepted),
  },
  {
    name: "obelisk_connections_refused_total",
    type: "counter",
    help: "Connections that were turned away, by the bound that they ran into.",
    samples: ({ parts }) => each("reason", Object.entries(parts.network.stats.refused)),
  },
  {
    name: "obelisk_connections_cut_total",
    type: "counter",
    help: "Connections that were cut off, by the reason.",
    samples: ({ parts }) => each("reason", Object.entries(parts.network.stats.cut)),
  },
  {
    name: "obelisk_network_received_bytes_total",
    type: "counter",
    help: "Bytes from connections, without those over HTTP.",
    samples: ({ parts }) => one(parts.network.stats.bytesReceived),
  },
  {
    name: "obelisk_network_sent_bytes_total",
    type: "counter",
    help: "Bytes to connections, without those over HTTP.",
    samples: ({ parts }) => one(parts.network.stats.bytesSent),
  },
  {
    name: "obelisk_network_pauses_total",
    type: "counter",
    help: "How often reading from a connection had to stop for a while.",
    samples: ({ parts }) => one(parts.network.stats.pauses),
  },
  {
    name: "obelisk_in_flight_bytes",
    type: "gauge",
    help: "Bytes that were received and are not answered, over all doors.",
    samples: ({ parts }) => one(parts.network.budget.used),
  },
];
