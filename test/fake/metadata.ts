/**
 * Metadata in memory, as exact as the one in a database: what a call has resolved to is kept, and a
 * machine that stops in between keeps the whole call or nothing of it.
 */
import { Refusal } from "../../src/base/refusal.ts";
import type {
  BrokerConfigStore,
  ClusterStore,
  Metadata,
  ProducerIdStore,
  TopicRow,
  TopicStore,
} from "../../src/metadata/metadata.ts";
import { MemoryGroupStore } from "./group-store.ts";

/** What becomes of a call: `stop before` and `stop after` it has changed anything never settle. */
export type MetadataFate = "go on" | "stop before" | "stop after" | Refusal;

/** See the head of this file. */
export class MemoryMetadata implements Metadata {
  /** Every call so far that changes something. */
  readonly calls: string[] = [];
  /** Decides about each such call. */
  fate: (call: string) => MetadataFate = () => "go on";
  isClosed = false;

  /** What was set for the broker. */
  brokerConfig: Readonly<Record<string, string>> = {};
  nextProducerId = 0;
  clusterId: string | null = null;

  /**
   * @param rows by id; what outlives a stop of the machine
   * @param groups the same
   */
  constructor(
    readonly rows = new Map<string, TopicRow>(),
    readonly groups = new MemoryGroupStore(),
  ) {}

  /** The same rows for the next start. */
  reopened(): MemoryMetadata {
    const next = new MemoryMetadata(new Map(this.rows), this.groups.reopened());
    next.brokerConfig = this.brokerConfig;
    next.nextProducerId = this.nextProducerId;
    next.clusterId = this.clusterId;
    return next;
  }

  readonly brokerConfigs: BrokerConfigStore = {
    all: () => Promise.resolve(this.isClosed ? closedRefusal() : this.brokerConfig),

    replace: (config) =>
      this.#change("replace broker configs", () => {
        this.brokerConfig = { ...config };
        return null;
      }),
  };

  readonly producerIds: ProducerIdStore = {
    reserve: async (count, least) => {
      let first = 0;
      const refused = await this.#change("reserve producer ids", () => {
        first = Math.max(this.nextProducerId, least);
        this.nextProducerId = first + count;
        return null;
      });
      return refused ?? first;
    },
  };

  readonly cluster: ClusterStore = {
    id: (proposed) => {
      if (this.isClosed) return Promise.resolve(closedRefusal());
      this.clusterId ??= proposed;
      return Promise.resolve(this.clusterId);
    },
  };

  readonly topics: TopicStore = {
    all: () => Promise.resolve(this.isClosed ? closedRefusal() : [...this.rows.values()]),

    insert: (topic) =>
      this.#change(`insert ${topic.name} ${topic.state}`, () => {
        if ([...this.rows.values()].some((row) => row.name === topic.name)) {
          return new Refusal("TOPIC_ALREADY_EXISTS", `topic ${topic.name} exists already`);
        }
        this.rows.set(topic.id, topic);
        return null;
      }),

    setState: (id, state) =>
      this.#change(`set ${this.rows.get(id)?.name} ${state}`, () => this.#update(id, { state })),

    setPartitionCount: (id, partitionCount) =>
      this.#change(`set ${this.rows.get(id)?.name} ${partitionCount} partitions`, () =>
        this.#update(id, { partitionCount }),
      ),

    setConfig: (id, config) =>
      this.#change(`set ${this.rows.get(id)?.name} config`, () =>
        this.#update(id, { config: { ...config } }),
      ),

    remove: (id) =>
      this.#change(`remove ${this.rows.get(id)?.name}`, () => {
        this.rows.delete(id);
        return null;
      }),
  };

  close(): Promise<void> {
    this.isClosed = true;
    this.groups.isClosed = true;
    return Promise.resolve();
  }

  #update(id: string, change: Partial<TopicRow>): Refusal | null {
    const row = this.rows.get(id);
    if (row === undefined) return new Refusal("UNKNOWN_TOPIC_OR_PARTITION", `no id ${id}`);
    this.rows.set(id, { ...row, ...change });
    return null;
  }

  #change(call: string, change: () => Refusal | null): Promise<Refusal | null> {
    if (this.isClosed) return Promise.resolve(closedRefusal());
    const fate = this.fate(call);
    this.calls.push(call);
    if (fate instanceof Refusal) return Promise.resolve(fate);
    if (fate === "stop before") return never;
    const result = change();
    return fate === "stop after" ? never : Promise.resolve(result);
  }
}

const never = new Promise<never>(() => {});

const closedRefusal = (): Refusal => new Refusal("SHUTTING_DOWN", "the metadata is closed");
