/** Many connections that do nothing, and what they cost the one that works. */
import { openAll } from "./kafka-loads.ts";
import type { Figures } from "./peer.ts";
import { factsOf } from "./process-facts.ts";
import type { Stand } from "./scenario.ts";

const connections = 10_000;

export async function crowd({ target, count, metered }: Stand): Promise<Figures | null> {
  const { kafka, acknowledge } = target;
  if (kafka === undefined || acknowledge === undefined) return null;
  const [hostname = "", port = ""] = kafka.split(":");
  const before = factsOf(target.pid).residentBytes;
  const begun = performance.now();
  const sockets = await openAll(connections, () => {
    const socket = { data: () => {}, error: () => {} };
    return Bun.connect({ hostname, port: Number(port), socket });
  });
  const seconds = (performance.now() - begun) / 1000;
  const after = factsOf(target.pid).residentBytes;
  const load = { records: count(20_000), recordBytes: 100, connections: 1 };
  const figures = await metered(load.records, () => acknowledge(load));
  for (const socket of sockets) socket.terminate();
  return {
    ...figures,
    "accepted/s": connections / seconds,
    "bytes a connection": (after - before) / connections,
  };
}
