/** A consumer group of many members: how long until each knows what it reads. */
import { Cluster } from "../../src/client/kafka/cluster.ts";
import { Consumer } from "../../src/client/kafka/consumer.ts";
import type { Figures } from "./peer.ts";
import type { Stand } from "./scenario.ts";

const members = 50;
const topic = "gathering";
/** Longer than any broker waits for members that might still come. */
const gatheredMsMax = 60_000;

export async function gather({ target, metered }: Stand): Promise<Figures | null> {
  const { kafka, create } = target;
  if (kafka === undefined || create === undefined) return null;
  await create([topic], members);
  const clusters: Cluster[] = [];
  const consumers: Consumer[] = [];
  for (let at = 0; at < members; at++) {
    const cluster = await Cluster.open({ brokers: [kafka] });
    clusters.push(cluster);
    const options = { cluster, group: "gathering", topics: [topic], fetchWaitMs: 100 };
    consumers.push(await Consumer.open({ ...options, assignors: ["range"] }));
  }
  const figures = await metered(NaN, async () => {
    const gathered = await untilDivided(consumers);
    const [gone, ...others] = consumers;
    await gone?.close();
    return { "gathered ms": gathered, "without one ms": await untilDivided(others) };
  });
  await Promise.all(consumers.slice(1).map((consumer) => consumer.close()));
  await Promise.all(clusters.map((cluster) => cluster.close()));
  return figures;
}

/** Polls all until they have all partitions among them, each at least one. */
async function untilDivided(consumers: readonly Consumer[]): Promise<number> {
  const begun = performance.now();
  const isDivided = (): boolean => {
    const held = consumers.map((consumer) => consumer.assignment().length);
    return held.every((count) => count > 0) && held.reduce((sum, count) => sum + count) === members;
  };
  while (!isDivided()) {
    if (performance.now() - begun > gatheredMsMax) throw new Error("the group did not gather");
    await Promise.all(consumers.map((consumer) => consumer.poll(1, 50)));
  }
  return performance.now() - begun;
}
