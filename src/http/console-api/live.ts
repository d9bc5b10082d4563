/**
 * What the console's overview draws: counts of the whole broker, from which the page makes rates.
 *
 * Counting goes through all partitions, and lag reads offsets, so both are done once for all pages
 * that ask within the same `consoleLiveMs` and `consoleLagMs`.
 */
import type { Broker } from "../../broker/broker.ts";
import { consoleLagMs, consoleLiveMs } from "../../limits.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { decimal, list, named, nullable, object, text, type ValueOf, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { Kept } from "./kept.ts";

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
function countsOf(broker: Broker) {
  const topics = broker.topics();
  const counts = {
    topics: topics.length,
    partitions: 0,
    sealed_partitions: 0,
    records: 0,
    stored_bytes: 0,
  };
  for (const { partitions } of topics) {
    counts.partitions += partitions.length;
    for (const { highWatermark, log } of partitions) {
      counts.records += highWatermark;
      counts.stored_bytes += log.sizeBytes;
      if (log.sealedBy !== null) counts.sealed_partitions += 1;
    }
  }
  return counts;
}

async function lagOf({ lags }: HttpServices) {
  const groups = await lags.all();
  const rows = groups.flatMap(({ partitions }) => partitions);
  const seconds = rows.flatMap(({ lagSeconds }) => lagSeconds ?? []);
  return {
    groups: groups.length,
    lag: rows.reduce((sum, { lag }) => sum + lag, 0),
    lag_seconds: seconds.reduce<number | null>((max, each) => Math.max(max ?? 0, each), null),
  };
}

const lag = new Kept(consoleLagMs, lagOf);

const live = new Kept(consoleLiveMs, async (services: HttpServices): Promise<Live> => {
  const { broker, clock, facts } = services;
  const { receivedBytes, sentBytes, residentBytes, doors } = facts();
  return {
    time_ms: clock.now(),
    ...countsOf(broker),
    usable_bytes: (await broker.volume())?.usableBytes ?? null,
    received_bytes: receivedBytes,
    sent_bytes: sentBytes,
    connections: doors.map(({ name, open }) => ({ door: name, open })),
    ...(await lag.of(services)),
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
