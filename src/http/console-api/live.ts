/**
 * What the console's overview draws: counts of the whole broker, from which the page makes rates.
 *
 * They are sums of the lists of topics and groups, which are made once for all pages that ask
 * within the same `consoleListMs` and `consoleLagMs`.
 */
import { consoleLiveMs } from "../../limits.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { decimal, list, named, nullable, object, text, type ValueOf, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { groupRows, latest } from "./groups.ts";
import { Kept } from "./kept.ts";
import { type TopicRow, topicRows } from "./topics.ts";

const liveType = named(
  "ConsoleLive",
  object({
    time_ms: whole({ doc: "Milliseconds since 1970." }),
    topics: whole(),
    partitions: whole(),
    sealed_partitions: whole({ doc: "Those that take no records." }),
    records: whole({
      doc: "Offsets that were given, of all partitions: it grows with each record.",
    }),
    stored_bytes: whole({ doc: "Of all segments." }),
    usable_bytes: nullable(whole(), { doc: "Free above the reserve; null: nobody knows." }),
    received_bytes: whole({ doc: "Through all ports but HTTP, since the start." }),
    sent_bytes: whole({ doc: "Likewise." }),
    connections: list(object({ door: text(), open: whole() })),
    groups: whole(),
    lag: whole({ doc: "Records that groups have not committed." }),
    lag_seconds: nullable(decimal(), { doc: "The largest; null: no group has any." }),
    resident_bytes: whole({ doc: "Memory of the process." }),
  }),
);
export type Live = ValueOf<typeof liveType>;

/** What there is in all partitions. */
async function countsOf(services: HttpServices) {
  const rows = await topicRows.of(services);
  const sum = (of: (row: TopicRow) => number): number =>
    rows.reduce((all, row) => all + of(row), 0);
  return {
    topics: rows.length,
    partitions: sum(({ partitions }) => partitions),
    sealed_partitions: sum(({ sealed_partitions: sealed }) => sealed),
    records: sum(({ end_offsets: end }) => end),
    stored_bytes: sum(({ bytes }) => bytes),
  };
}

async function lagOf(services: HttpServices) {
  const rows = await groupRows.of(services);
  return {
    groups: rows.length,
    lag: rows.reduce((sum, { lag }) => sum + lag, 0),
    lag_seconds: latest(rows.map(({ lag_seconds: seconds }) => seconds)),
  };
}

const live = new Kept(consoleLiveMs, async (services: HttpServices): Promise<Live> => {
  const { broker, clock, facts } = services;
  const counts = await countsOf(services);
  const { receivedBytes, sentBytes, residentBytes, doors } = facts();
  return {
    time_ms: clock.now(),
    ...counts,
    usable_bytes: (await broker.volume())?.usableBytes ?? null,
    received_bytes: receivedBytes,
    sent_bytes: sentBytes,
    connections: doors.map(({ name, open }) => ({ door: name, open })),
    ...(await lagOf(services)),
    resident_bytes: residentBytes,
  };
});

const getLive = route({
  method: "GET",
  at: "/console/api/live",
  operation: "getConsoleLive",
  tag: "console",
  summary: "Counts of the whole broker, at this moment.",
  answers: { 200: { doc: "The counts.", type: liveType } },
  handle: async ({ services }) => json(await live.of(services)),
});

/** The routes of this family. */
export const liveRoutes: readonly Route[] = [getLive];
