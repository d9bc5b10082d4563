/** Many connections that do nothing, and what they cost the one that works. */
import type { Figures } from "./peer.ts";
import { factsOf } from "./process-facts.ts";
import type { Stand } from "./scenario.ts";

const connectionsFull = 10_000;
/** Connections that are made at the same time: fewer than a listener's queue holds. */
const dialledAtOnce = 64;

export async function crowd({ target, count, metered }: Stand): Promise<Figures | null> {
  const { kafka, acknowledge } = target;
  if (kafka === undefined || acknowledge === undefined) return null;
  const connections = count(connectionsFull);
  const [hostname = "", port = ""] = kafka.split(":");
  const before = factsOf(target.pid).residentBytes;
  const sockets: Bun.Socket[] = [];
  const begun = performance.now();
  let left = connections;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = { data: () => {}, error: () => {} };
      sockets.push(await Bun.connect({ hostname, port: Number(port), socket }));
    }
  };
  await Promise.all(Array.from({ length: dialledAtOnce }, lane));
  const seconds = (performance.now() - begun) / 1000;
  const after = factsOf(target.pid).residentBytes;
  const load = { records: count(20_000), recordBytes: 100 };
  const figures = await metered(load.records, () => acknowledge(load));
  for (const socket of sockets) socket.terminate();
  return {
    ...figures,
    "accepted/s": connections / seconds,
    "bytes a connection": (after - before) / connections,
  };
}
