/**
 * What the doors cost each other: the latency of one, at a rate that it can bear, while the other
 * has nothing to do and while it is busy at a rate of its own. Load is open: a request is due at
 * its time, whether or not those before it are answered, and its latency counts from then.
 */
import { Producer } from "../../src/client/kafka/index.ts";
import { startBroker, type BenchBroker } from "./broker.ts";

/** A kind of load, and what it answers with: the latency of each request, milliseconds. */
interface Load {
  readonly name: string;
  /** Requests a second. */
  readonly rate: number;
  open(broker: BenchBroker): Promise<{
    readonly request: () => Promise<unknown>;
    readonly close: () => Promise<void>;
  }>;
}

const value = "x".repeat(100);

/** One record in each Produce request. */
const kafkaProduce: Load = {
  name: "Produce",
  rate: 300,
  async open({ kafkaPort }) {
    const brokers = [`127.0.0.1:${kafkaPort}`];
    const producer = await Producer.open({ brokers, lingerMs: 0 });
    return {
      request: () => producer.send({ topic: "by-kafka", value }),
      close: () => producer.close(),
    };
  },
};

/** One record in each request to REST v3. */
const httpProduce: Load = {
  name: "POST records",
  rate: 300,
  async open({ httpUrl }) {
    const { data } = (await (await fetch(`${httpUrl}/v3/clusters`)).json()) as {
      data: [{ cluster_id: string }];
    };
    const cluster = `${httpUrl}/v3/clusters/${data[0].cluster_id}`;
    const headers = { "content-type": "application/json" };
    await send(`${cluster}/topics`, { topic_name: "by-http" });
    async function send(url: string, body: unknown): Promise<void> {
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
      const answer = await response.text();
      if (!response.ok) throw new Error(`${url}: ${response.status} ${answer}`);
    }
    const record = { value: { type: "STRING", data: value } };
    return {
      request: () => send(`${cluster}/topics/by-http/records`, record),
      close: () => Promise.resolve(),
    };
  },
};

/** One run: latencies of the first, milliseconds, with or without the second beside it. */
async function runOf(folder: string, first: Load, beside: Load | null, seconds: number) {
  await using broker = await startBroker(folder);
  const measured = await first.open(broker);
  const other = beside === null ? null : await beside.open(broker);
  const drive = async (load: Load, request: () => Promise<unknown>): Promise<number[]> => {
    const latencies: number[] = [];
    const answers: Promise<unknown>[] = [];
    const begin = performance.now();
    const count = Math.ceil(load.rate * seconds);
    for (let at = 0; at < count; at++) {
      const due = begin + (at * 1000) / load.rate;
      const early = due - performance.now();
      if (early > 0) await Bun.sleep(early);
      answers.push(request().then(() => latencies.push(performance.now() - due)));
    }
    await Promise.all(answers);
    return latencies;
  };
  const [latencies] = await Promise.all([
    drive(first, measured.request),
    beside !== null && other !== null ? drive(beside, other.request) : [],
  ]);
  await Promise.all([measured.close(), other?.close()]);
  // The first tenth warms up.
  return latencies.slice(Math.floor(latencies.length / 10));
}

/** What one door has of the other. */
export interface DoorScenario {
  readonly name: string;
  readonly first: Load;
  readonly beside: Load;
}

export const doorScenarios: readonly DoorScenario[] = [
  { name: "Kafka's Produce beside HTTP", first: kafkaProduce, beside: httpProduce },
  { name: "HTTP's POST beside Kafka", first: httpProduce, beside: kafkaProduce },
];

/** Latencies alone and beside the other, of one pair of runs; milliseconds. */
export async function doorPair(
  { first, beside }: DoorScenario,
  folder: string,
  seconds: number,
  isAloneFirst: boolean,
): Promise<{ readonly alone: readonly number[]; readonly beside: readonly number[] }> {
  if (isAloneFirst) {
    const alone = await runOf(`${folder}/1`, first, null, seconds);
    return { alone, beside: await runOf(`${folder}/2`, first, beside, seconds) };
  }
  const besides = await runOf(`${folder}/1`, first, beside, seconds);
  return { beside: besides, alone: await runOf(`${folder}/2`, first, null, seconds) };
}
