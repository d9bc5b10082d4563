/**
 * All consumer instances of REST v2, by group and name. One that nobody has used for so long
 * (Confluent's `consumer.instance.timeout.ms`, `--http-consumer-timeout`) is closed: its partitions
 * go to others, and its client is told that there is no such instance.
 */
import type { Cancel } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { memberGroupIdError } from "../../broker/group-requests.ts";
import { Turns } from "../../broker/turns.ts";
import {
  restConsumerIdleMsDefault,
  restConsumerNameCharactersMax,
  restConsumersMax,
  restConsumerSweepMs,
} from "../../limits.ts";
import { HttpError } from "../errors.ts";
import type { EmbeddedRecord } from "./embedded-record.ts";
import { alreadyExists, consumerNotFound, invalidConfig } from "./errors.ts";
import {
  type ConsumerParts,
  type ConsumerSettings,
  type ReadAsked,
  RestConsumer,
} from "./rest-consumer.ts";

interface Instance {
  readonly key: string;
  readonly consumer: RestConsumer;
  usedAtMs: number;
  /** Reads under way or waiting for one another. */
  reads: number;
}

const keyOf = (group: string, name: string): string => `${group}\n${name}`;

/** See the head of this file. */
export class RestConsumers {
  readonly #instances = new Map<string, Instance>();
  /** Reads of one instance come one after another. */
  readonly #turns = new Turns();
  #sweep: Cancel | null = null;

  constructor(
    private readonly parts: ConsumerParts,
    private readonly random: Pick<Random, "uuid">,
    private readonly idleMsMax = restConsumerIdleMsDefault,
  ) {}

  get count(): number {
    return this.#instances.size;
  }

  /** A new one. @param name `null`: one that nobody has. 40902, 42204, 429 */
  create(group: string, name: string | null, settings: ConsumerSettings): RestConsumer | HttpError {
    const called = name ?? `rest-consumer-${this.random.uuid()}`;
    if (memberGroupIdError(group) !== "NONE") return invalidConfig("the group id can't be");
    const fault = nameFault(called);
    if (fault !== null) return invalidConfig(fault);
    const key = keyOf(group, called);
    if (this.#instances.has(key)) return alreadyExists;
    if (this.#instances.size >= restConsumersMax) {
      return new HttpError(429, 42901, `there are ${restConsumersMax} consumer instances already`);
    }
    const consumer = new RestConsumer(this.parts, group, called, settings);
    this.#instances.set(key, { key, consumer, usedAtMs: this.#now(), reads: 0 });
    this.#sweep ??= this.#sweepLater();
    return consumer;
  }

  /** The instance, which is used thereby; 40403. */
  get(group: string, name: string): RestConsumer | HttpError {
    return this.#use(group, name)?.consumer ?? consumerNotFound;
  }

  /** Its next records; see `RestConsumer.records`. */
  async records(
    group: string,
    name: string,
    asked: ReadAsked,
  ): Promise<readonly EmbeddedRecord[] | HttpError> {
    const instance = this.#use(group, name);
    if (instance === undefined) return consumerNotFound;
    instance.reads += 1;
    const records = await this.#turns.take(instance.key, () => instance.consumer.records(asked));
    instance.reads -= 1;
    instance.usedAtMs = this.#now();
    return records;
  }

  /** Removes it; 40403. */
  async remove(group: string, name: string): Promise<HttpError | null> {
    const instance = this.#use(group, name);
    if (instance === undefined) return consumerNotFound;
    await this.#remove(instance);
    return null;
  }

  /** Removes all of them. */
  async close(): Promise<void> {
    this.#sweep?.();
    this.#sweep = null;
    await Promise.all([...this.#instances.values()].map((instance) => this.#remove(instance)));
  }

  #use(group: string, name: string): Instance | undefined {
    const instance = this.#instances.get(keyOf(group, name));
    if (instance !== undefined) instance.usedAtMs = this.#now();
    return instance;
  }

  async #remove({ key, consumer }: Instance): Promise<void> {
    this.#instances.delete(key);
    await consumer.close();
  }

  #now(): number {
    return this.parts.clock.monotonic();
  }

  #sweepLater(): Cancel {
    return this.parts.clock.after(restConsumerSweepMs, () => {
      const usedSinceMs = this.#now() - this.idleMsMax;
      for (const instance of this.#instances.values()) {
        if (instance.reads === 0 && instance.usedAtMs <= usedSinceMs) void this.#remove(instance);
      }
      this.#sweep = this.#instances.size > 0 ? this.#sweepLater() : null;
    });
  }
}

/** Why no instance can have this name, which is a segment of its address; `null`: one can. */
function nameFault(name: string): string | null {
  if (name === "" || name.length > restConsumerNameCharactersMax) {
    return `a name has 1 to ${restConsumerNameCharactersMax} characters`;
  }
  // Clients resolve dots, and a half of a surrogate pair has no escape.
  const isSegment = !/^\.{1,2}$|\n/.test(name) && name.isWellFormed();
  return isSegment ? null : "a name can stand in an address";
}
