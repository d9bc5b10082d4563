/** The process, under the names that Prometheus's clients have for it, and what of it is ours. */
import { distribution, each, type Family, one } from "./family.ts";

export const processFamilies: readonly Family[] = [
  {
    name: "obelisk_build_info",
    type: "gauge",
    help: "Which build this is; always 1.",
    samples: ({ parts }) => each("version", [[parts.version, 1]]),
  },
  {
    name: "obelisk_uptime_seconds",
    type: "gauge",
    help: "Since the start of the process.",
    samples: ({ parts }) => one((parts.clock.monotonic() - parts.startedAtMs) / 1000),
  },
  {
    name: "obelisk_event_loop_delay_seconds",
    type: "histogram",
    help: "How late a timer fires; measured while somebody scrapes.",
    samples: ({ loopDelay }) => distribution(loopDelay.delaysMs, {}, 1000),
  },
  {
    name: "obelisk_metrics_dropped",
    type: "gauge",
    help: "What had no room among these metrics, by kind.",
    samples: ({ dropped }) => each("kind", Object.entries(dropped)),
  },
  {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "User and system time.",
    samples: ({ facts }) => one(facts.cpuSeconds),
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Memory that the process holds.",
    samples: ({ facts }) => one(facts.residentBytes),
  },
  {
    name: "process_open_fds",
    type: "gauge",
    help: "Open file descriptors.",
    samples: ({ facts }) => one(facts.openFiles),
  },
  {
    name: "process_max_fds",
    type: "gauge",
    help: "The most that the system allows.",
    samples: ({ facts }) => one(facts.openFilesMax),
  },
];
