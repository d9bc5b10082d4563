/**
 * A client of REST v2 as people write one: base address, headers by hand, JSON out and in. Its
 * requests move the world's clock, since groups take their time.
 */
import type { Answered, HttpWorld } from "../../support/http-world.ts";

const v2 = "application/vnd.kafka.v2+json";
export const binary = "application/vnd.kafka.binary.v2+json";
export const json = "application/vnd.kafka.json.v2+json";

/** See the head of this file. */
export class Requests {
  constructor(readonly world: HttpWorld) {}

  async get(path: string, accept = `${v2}, application/vnd.kafka+json, application/json`) {
    return await this.#ask("GET", path, undefined, { accept });
  }

  async post(path: string, body?: unknown, contentType = v2): Promise<Answered> {
    const accept = "application/vnd.kafka.v2+json";
    return await this.#ask("POST", path, body, { "content-type": contentType, accept });
  }

  async delete(path: string): Promise<Answered> {
    return await this.#ask("DELETE", path, undefined, { "content-type": v2 });
  }

  /** Creates an instance; its path. */
  async consumer(group: string, config: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const created = await this.post(`/consumers/${group}`, config);
    if (created.status !== 200) throw new Error(created.text);
    const { base_uri: base } = created.body as { readonly base_uri: string };
    if (!base.startsWith(this.world.url)) throw new Error(base);
    return base.slice(this.world.url.length);
  }

  /** One that reads topics from their first records on, once it has its partitions. */
  async subscribed(
    group: string,
    topics: readonly string[],
    config: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const settings = { format: "json", "auto.offset.reset": "earliest", ...config };
    const path = await this.consumer(group, settings);
    await this.post(`${path}/subscription`, { topics });
    while ((await this.assigned(path)) === "") await Promise.resolve();
    return path;
  }

  /** `t0 t1` */
  async assigned(path: string): Promise<string> {
    const { body } = await this.get(`${path}/assignments`);
    const { partitions } = body as {
      readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
    };
    return partitions.map(({ topic, partition }) => `${topic}${partition}`).join(" ");
  }

  /** The values that a read answers. */
  async values(path: string, query = "", accept = json): Promise<readonly unknown[]> {
    const { status, body, text } = await this.get(`${path}/records${query}`, accept);
    if (status !== 200) throw new Error(text);
    return (body as readonly { readonly value: unknown }[]).map(({ value }) => value);
  }

  /** Stores values in a topic. */
  async produce(topic: string, ...values: readonly unknown[]): Promise<void> {
    const records = values.map((value) => ({ value }));
    const { status, text } = await this.post(`/topics/${topic}`, { records }, json);
    if (status !== 200) throw new Error(text);
  }

  async #ask(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answered> {
    const asking = body === undefined ? { headers } : { body, headers };
    return await this.world.moving(this.world.ask(method, path, asking));
  }
}

/** For values that are numbers. */
export const ascending = (one: unknown, other: unknown): number => Number(one) - Number(other);
