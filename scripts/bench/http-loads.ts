/**
 * Load through HTTP: records in by Confluent's REST v3, out by REST v2's consumers. The generator
 * is Bun's own `fetch`, with connections kept alive.
 */
import { latencies } from "./kafka-loads.ts";
import type { ConsumeLoad, Figures, PacedLoad, ProduceLoad, Target } from "./peer.ts";

/** Records in one request: a program that has many sends many. */
const recordsPerRequest = 100;
/** Requests that wait for their answers at the same time, when all are sent as fast as possible. */
const requestsInFlight = 8;

/** So that even a short run has several responses: the first one has waited for the group. */
const responseBytesMax = 128 * 1024;

/**
 * A moderate load beside the one that is measured, in requests a second. It is no multiple of that
 * one's, whose requests would else all meet with others, or none would.
 */
export const requestsMeanwhile = 311;

/** What else belongs to it. */
const moderate = { recordsPerRequest: 1, readsPerSecond: 20 };

const text = new TextDecoder();

/** See the head of this file. */
export class HttpLoads {
  #topics = 0;
  #groups = 0;

  constructor(private readonly address: string) {}

  /** The target behind it, reached through HTTP. */
  target(kafka: Target): Target {
    let filled = "";
    return {
      pid: kafka.pid,
      startMs: kafka.startMs,
      stop: (signal) => kafka.stop(signal),
      produce: (load) => this.produce(kafka, load),
      fill: async (load) => {
        filled = await this.topic(kafka);
        const requests = Math.ceil(load.records / recordsPerRequest);
        await this.send(filled, load.recordBytes, requests);
      },
      consume: (load) => this.consume(filled, load),
      pace: (load) => this.pace(kafka, load),
    };
  }

  async produce(kafka: Target, { records, recordBytes }: ProduceLoad): Promise<Figures> {
    const topic = await this.topic(kafka);
    const requests = Math.ceil(records / recordsPerRequest);
    await this.send(topic, recordBytes, Math.ceil(requests / 10));
    const begun = performance.now();
    await this.send(topic, recordBytes, requests);
    const rate = (requests * recordsPerRequest) / ((performance.now() - begun) / 1000);
    return { "records/s": rate, "MB/s": (rate * recordBytes) / 1e6 };
  }

  async consume(topic: string, { records, recordBytes }: ConsumeLoad): Promise<Figures> {
    const type = "application/vnd.kafka.v2+json";
    const accept = `application/vnd.kafka.binary.v2+json, ${type}`;
    const ask = async (method: string, path: string, body?: object): Promise<Response> => {
      const payload = body === undefined ? {} : { body: JSON.stringify(body) };
      return await this.#ask(path, {
        method,
        headers: { "content-type": type, accept },
        ...payload,
      });
    };
    // A group that has read it all would find nothing.
    const group = `/consumers/bench-${++this.#groups}`;
    const instance = `${group}/instances/one`;
    await ask("POST", group, { name: "one", format: "binary", "auto.offset.reset": "earliest" });
    await ask("POST", `${instance}/subscription`, { topics: [topic] });
    let got = 0;
    let begun = 0;
    let first = 0;
    const read = `${instance}/records?max_bytes=${responseBytesMax}`;
    while (got < records) {
      const answered = await (await ask("GET", read)).json();
      const count = (answered as unknown[]).length;
      // Joining the group is no part of it: the clock begins with the first records.
      if (begun === 0 && count > 0) [begun, first] = [performance.now(), count];
      got += count;
    }
    const rate = (got - first) / ((performance.now() - begun) / 1000);
    await ask("DELETE", instance);
    return { "records/s": rate, "MB/s": (rate * recordBytes) / 1e6 };
  }

  /** An open loop of requests of several records each. */
  async pace(kafka: Target, load: PacedLoad): Promise<Figures> {
    const { recordsPerRequest: several } = moderate;
    const topic = await this.topic(kafka);
    const body = bodyOf(load.recordBytes, several);
    const times = await openLoop(load.recordsPerSecond / several, load.seconds, () =>
      this.#store(topic, body),
    );
    const { "p50 µs": half = NaN, "p99 µs": most = NaN } = latencies(times);
    const rate = (times.length * several) / Math.max(load.seconds - 1, 1);
    return { "ack p50 µs": half, "ack p99 µs": most, "records/s": rate };
  }

  /** Does something else while a moderate load goes on: writes, and reads of what was written. */
  async beside(kafka: Target, seconds: number, other: () => Promise<Figures>): Promise<Figures> {
    const topic = await this.topic(kafka);
    const body = bodyOf(100, moderate.recordsPerRequest);
    const cluster = await this.#cluster();
    await this.#store(topic, body);
    const reading = `${cluster}/topics/${topic}/partitions/0/records`;
    const all = await Promise.all([
      other(),
      openLoop(requestsMeanwhile, seconds + 1, () => this.#store(topic, body)),
      openLoop(moderate.readsPerSecond, seconds + 1, async () => {
        await (await this.#ask(reading, {})).arrayBuffer();
      }),
    ]);
    return all[0];
  }

  /** Sends requests as fast as they are answered. */
  async send(topic: string, recordBytes: number, requests: number): Promise<void> {
    const body = bodyOf(recordBytes, recordsPerRequest);
    let left = requests;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await this.#store(topic, body);
    };
    await Promise.all(Array.from({ length: requestsInFlight }, lane));
  }

  private async topic(kafka: Target): Promise<string> {
    const name = `http-${++this.#topics}`;
    await kafka.create?.([name], 1);
    return name;
  }

  async #store(topic: string, body: string): Promise<void> {
    const headers = { "content-type": "application/json" };
    const path = `${await this.#cluster()}/topics/${topic}/records`;
    const reports = await (await this.#ask(path, { method: "POST", headers, body })).arrayBuffer();
    const stored = text.decode(reports).split('"error_code":200').length - 1;
    if (stored !== body.split("\n").length) throw new Error(`HTTP: not all of ${topic} is stored`);
  }

  #clusterPath: Promise<string> | null = null;

  #cluster(): Promise<string> {
    this.#clusterPath ??= (async () => {
      const { data } = (await (await this.#ask("/v3/clusters", {})).json()) as {
        data: { cluster_id: string }[];
      };
      return `/v3/clusters/${data[0]?.cluster_id}`;
    })();
    return this.#clusterPath;
  }

  async #ask(path: string, how: RequestInit): Promise<Response> {
    const response = await fetch(`http://${this.address}${path}`, how);
    if (response.ok) return response;
    throw new Error(`HTTP ${response.status} of ${path}: ${await response.text()}`);
  }
}

function bodyOf(recordBytes: number, records: number): string {
  const record = JSON.stringify({
    partition_id: 0,
    value: { type: "STRING", data: "x".repeat(recordBytes) },
  });
  return Array.from({ length: records }, () => record).join("\n");
}

/**
 * Calls at the times of a clock, whether or not earlier ones are answered; microseconds from when
 * each was due to its answer, the first second left out.
 */
async function openLoop(
  perSecond: number,
  seconds: number,
  call: () => Promise<void>,
): Promise<number[]> {
  const times: number[] = [];
  const open = new Set<Promise<void>>();
  const begun = performance.now();
  for (let at = 0; at < perSecond * seconds; at++) {
    const due = begun + (at * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await Bun.sleep(early);
    const one = call().then(() => {
      open.delete(one);
      if (due - begun >= 1000) times.push((performance.now() - due) * 1000);
    });
    open.add(one);
  }
  await Promise.all(open);
  return times;
}
