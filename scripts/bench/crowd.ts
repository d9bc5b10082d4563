/** Many connections that do nothing, and what they cost the one that works. */
import { KafkaLink } from "./kafka-link.ts";
import { openAll } from "./kafka-loads.ts";
import type { Figures } from "./peer.ts";
import { factsOf } from "./process-facts.ts";
import type { Stand } from "./scenario.ts";

const connectionsFull = 10_000;

export async function crowd({ target, count, metered }: Stand): Promise<Figures | null> {
  const { kafka, acknowledge } = target;
  if (kafka === undefined || acknowledge === undefined) return null;
  const connections = count(connectionsFull);
  const before = factsOf(target.pid).residentBytes;
  const begun = performance.now();
  // Each has asked something and was answered: one that is only accepted may be closed again.
  const links = await openAll(connections, () => KafkaLink.open(kafka));
  const seconds = (performance.now() - begun) / 1000;
  const after = factsOf(target.pid).residentBytes;
  const load = { records: count(20_000), recordBytes: 100, connections: 1 };
  const figures = await metered(load.records, () => acknowledge(load));
  for (const link of links) link.close();
  return {
    ...figures,
    "accepted/s": connections / seconds,
    "bytes a connection": (after - before) / connections,
  };
}
