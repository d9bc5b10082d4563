/**
 * All topics of one broker: who may see them, and whose turn it is to change one. The only
 * implementation of `Broker`; what a change does to disk and metadata is in `topic-life.ts`.
 *
 * Invariants: a topic is in the map exactly while it may be used; creation and deletion of names
 * that could touch one directory or collide never overlap; the partitions of all topics, those
 * being created or not removed yet included, are at most `partitionsMax`.
 */
import type { Cancel } from "../base/clock.ts";
import { quoted } from "../base/printable.ts";
import type { Random } from "../base/random.ts";
import { Refusal } from "../base/refusal.ts";
import {
  logsOpeningMax,
  partitionsPerTopicMax,
  shownCharactersMax,
  topicRemovalRetryMs,
  topicsCreatingMax,
} from "../limits.ts";
import type { Metadata, TopicRow } from "../metadata/metadata.ts";
import { type BrokerConfig, changedBrokerConfig, changedTopicConfig } from "./broker-config.ts";
import type { Broker, ChangeOptions, NewTopic, Topic, TopicPlan, Volume } from "./broker.ts";
import { concurrently } from "../base/concurrently.ts";
import type { ConfigChange } from "./config-change.ts";
import {
  brokerDefaultEntries,
  brokerEntries,
  type ConfigEntry,
  topicEntries,
} from "./config-entries.ts";
import { HostedTopic } from "./hosted-topic.ts";
import { LateLogs } from "./late-log.ts";
import { Janitor, type JanitorRules } from "./janitor.ts";
import type { PartitionParts } from "./partition.ts";
import type { PastIdentity, ProducerIdentity, ProducerIds } from "./producer-ids.ts";
import { Slots } from "./slots.ts";
import type { BrokerStats } from "./stats.ts";
import { logConfigOf, storedTopicConfig, type TopicConfig, topicConfigOf } from "./topic-config.ts";
import type { TopicLife } from "./topic-life.ts";
import { collisionKey, topicNameFault, turnKey } from "./topic-name.ts";
import type { Recovered } from "./topic-recovery.ts";
import { Turns } from "./turns.ts";
import type { UpkeepFigures } from "./upkeep.ts";
import type { Wait, Waiters, WaitFor } from "./waiters.ts";

/** What a broker does where nobody says otherwise. */
export interface TopicRules {
  /** Whether {@link Broker.ensureTopic} creates what is missing. */
  readonly autoCreateTopics: boolean;
  /** Partitions of a topic that is created without a number; Kafka's `num.partitions`. */
  readonly partitionCount: number;
  /** In effect for what neither a topic nor the broker's later configuration says. */
  readonly topicDefaults: TopicConfig;
  /** How long an append may wait for company before its group is written. */
  readonly lingerMs: number;
  /** All topics together. */
  readonly partitionsMax: number;
  /** How logs are looked after; left out: nobody does. */
  readonly janitor?: JanitorRules;
  /** What else the broker's configuration shows: Kafka's names to values. */
  readonly facts: Readonly<Record<string, string>>;
}

/** What topics are made of. */
export interface TopicsParts extends PartitionParts {
  readonly life: TopicLife;
  readonly metadata: Metadata;
  readonly producerIds: ProducerIds;
  readonly waiters: Waiters;
  readonly random: Random;
}

/** See the head of this file. */
export class Topics implements Broker {
  readonly #ready = new Map<string, HostedTopic>();
  /** The names of the topics in `#ready`, by the key under which they would collide. */
  readonly #names = new Map<string, string>();
  /** Creations to be undone and deletions to be completed: now and then, or for a new topic. */
  readonly #unfinished = new Map<string, TopicRow>();
  /** Use: set while there is something in `#unfinished`, which is while a retry is to come. */
  #retryTimer: Cancel | null = null;
  readonly #late: LateLogs;
  /** Automatic creations under way, for whoever else wants the same topic. */
  readonly #ensuring = new Map<string, Promise<Topic | Refusal>>();
  readonly #turns = new Turns();
  /** The disk and the metadata are one for all: others must get between. */
  readonly #creating = new Slots(topicsCreatingMax);
  /** Partitions of the topics in `#ready` or `#unfinished` and of those being created. */
  #partitions = 0;
  /** `#ready`, sorted; `null` after a change. */
  #sorted: readonly Topic[] | null = null;
  /** What topics follow that don't say. */
  #brokerConfig: BrokerConfig;
  /** The one closing, once it was asked for: what has not begun by then is refused. */
  #closing: Promise<void> | null = null;
  /** What goes on beside everything else and ends before the disk is let go. */
  readonly #sweeping: Promise<void>;
  readonly #janitor: Janitor | null;

  constructor(
    private readonly parts: TopicsParts,
    private readonly rules: TopicRules,
    recovered: Recovered,
    brokerConfig: BrokerConfig,
  ) {
    this.#brokerConfig = brokerConfig;
    for (const { row, config, logs } of recovered.topics) {
      this.#show(new HostedTopic(row, config, logs, parts));
      this.#partitions += row.partitionCount;
    }
    for (const row of recovered.unfinished) {
      this.#partitions += row.partitionCount;
      this.#unfinish(row);
    }
    this.#late = new LateLogs(parts.clock, recovered.late);
    this.#sweeping = this.#sweep(recovered.deleted);
    const all = () => [...this.#ready.values()].flatMap(({ partitions }) => partitions);
    this.#janitor = rules.janitor ? new Janitor(parts, rules.janitor, all) : null;
  }

  get stats(): BrokerStats {
    return this.parts.stats;
  }

  get producerCount(): number {
    return this.parts.census.count;
  }

  topic(name: string): Topic | undefined {
    return this.#ready.get(name);
  }

  topics(): readonly Topic[] {
    this.#sorted ??= [...this.#ready.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#sorted;
  }

  ensureTopic(name: string): Promise<Topic | Refusal> {
    const there = this.#ready.get(name) ?? this.#ensuring.get(name);
    if (there !== undefined) return Promise.resolve(there);
    if (!this.rules.autoCreateTopics) {
      return Promise.resolve(
        unknown(`there is no topic ${shown(name)}; none is created by itself`),
      );
    }
    const ensuring = this.#create({ name }, (topic) => topic);
    this.#ensuring.set(name, ensuring);
    void ensuring.then(() => this.#ensuring.delete(name));
    return ensuring;
  }

  createTopic(wanted: NewTopic): Promise<Topic | Refusal> {
    return this.#create(wanted, ({ name }) => existing(name));
  }

  deleteTopic(name: string): Promise<Refusal | null> {
    return this.#change(name, async (topic) => {
      const refused = await this.parts.life.condemn(topic.row);
      if (refused !== null) return refused;
      this.#hide(topic);
      topic.end(unknown(`topic ${name} was deleted`));
      // A log that cannot remove its files leaves them to the removal of the whole directory.
      await concurrently(topic.partitions, logsOpeningMax, (partition) => partition.delete());
      await this.#settle(topic.row, this.parts.life.remove(topic.row));
      this.parts.logger.info("topic deleted", { topic: name, id: topic.id });
      return null;
    });
  }

  planTopic(wanted: NewTopic): TopicPlan | Refusal {
    const plan = this.#plan(wanted);
    if (plan instanceof Refusal) return plan;
    if (this.#ready.has(plan.name)) return existing(plan.name);
    return this.#forbidden(plan.name, plan.partitionCount) ?? plan;
  }

  describePlannedConfig({ config }: TopicPlan): readonly ConfigEntry[] {
    return topicEntries(config, this.#brokerConfig);
  }

  createPartitions(
    name: string,
    count: number,
    { validateOnly = false }: ChangeOptions = {},
  ): Promise<Refusal | null> {
    return this.#change(name, async (topic) => {
      const added = count - topic.partitions.length;
      const refused =
        partitionCountFault(count) ??
        (added > 0 ? null : notMore(topic, count)) ??
        this.#tooMany(added) ??
        this.parts.space.refusal;
      if (refused !== null || validateOnly) return refused;
      this.#partitions += added;
      const config = logConfigOf(topic.config, this.rules.lingerMs);
      const logs = await this.parts.life.extend(topic.row, count, config);
      if (logs instanceof Refusal) {
        this.#partitions -= added;
        return logs;
      }
      topic.add(logs);
      this.parts.logger.info("partitions created", { topic: name, partitionCount: count });
      return null;
    });
  }

  describeTopicConfig(name: string): readonly ConfigEntry[] | Refusal {
    const topic = this.#ready.get(name);
    return topic === undefined ? missing(name) : topicEntries(topic.config, this.#brokerConfig);
  }

  describeBrokerConfig(): readonly ConfigEntry[] {
    const { autoCreateTopics, partitionCount, facts } = this.rules;
    return brokerEntries(this.#brokerConfig, {
      "auto.create.topics.enable": String(autoCreateTopics),
      "num.partitions": String(partitionCount),
      ...facts,
    });
  }

  describeBrokerDefaults(): readonly ConfigEntry[] {
    return brokerDefaultEntries(this.#brokerConfig);
  }

  alterTopicConfig(
    name: string,
    change: ConfigChange,
    { validateOnly = false }: ChangeOptions = {},
  ): Promise<Refusal | null> {
    return this.#change(name, async (topic) => {
      const { topicDefaults } = this.#brokerConfig;
      const changed = changedTopicConfig(topic.config, change, topicDefaults);
      if (changed instanceof Refusal) return changed;
      if (validateOnly) return null;
      const refused = await this.parts.metadata.topics.setConfig(topic.id, changed.raw);
      if (refused !== null) return refused;
      await this.#configure(topic, changed.raw);
      this.parts.logger.info("topic configured", { topic: name, ...changed.raw });
      return null;
    });
  }

  alterBrokerConfig(
    change: ConfigChange,
    { validateOnly = false }: ChangeOptions = {},
  ): Promise<Refusal | null> {
    if (this.#closing !== null) return Promise.resolve(shuttingDown());
    return this.#turns.take(brokerTurn, async () => {
      if (this.#closing !== null) return shuttingDown();
      const changed = changedBrokerConfig(this.#brokerConfig, change);
      if (changed instanceof Refusal) return changed;
      if (validateOnly) return null;
      const refused = await this.parts.metadata.brokerConfigs.replace(changed.raw);
      if (refused !== null) return refused;
      this.#brokerConfig = changed;
      this.parts.logger.info("broker configured", { ...changed.raw });
      const topics = [...this.#ready.values()];
      await concurrently(topics, logsOpeningMax, (topic) =>
        this.#configure(topic, topic.config.raw),
      );
      return null;
    });
  }

  initProducerId(past: PastIdentity): Promise<ProducerIdentity | Refusal> {
    if (this.#closing !== null) return Promise.resolve(shuttingDown());
    return this.parts.producerIds.init(past);
  }

  wait(wanted: WaitFor): Wait {
    return this.parts.waiters.wait(wanted);
  }

  get upkeep(): UpkeepFigures | null {
    return this.#janitor?.figures ?? null;
  }

  volume(): Promise<Volume | null> {
    return this.parts.space.volume();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** @param onExisting what to answer if the topic is there already */
  #create(
    wanted: NewTopic,
    onExisting: (topic: Topic) => Topic | Refusal,
  ): Promise<Topic | Refusal> {
    if (this.#closing !== null) return Promise.resolve(shuttingDown());
    const plan = this.#plan(wanted);
    if (plan instanceof Refusal) return Promise.resolve(plan);
    const { name, partitionCount } = plan;
    const create = async (): Promise<Topic | Refusal> => {
      if (this.#closing !== null) return shuttingDown();
      const there = this.#ready.get(name);
      if (there !== undefined) return onExisting(there);
      const refused = (await this.#clear(name)) ?? this.#forbidden(name, partitionCount);
      if (refused !== null) return refused;
      const topic = await this.#make(plan);
      if (topic instanceof Refusal) return topic;
      this.#show(topic);
      // What it follows where it does not say, may have changed meanwhile.
      await this.#configure(topic, topic.config.raw);
      return topic;
    };
    return this.#turns.take(turnKey(name), () => this.#creating.run(create));
  }

  #plan({
    name,
    partitionCount = this.rules.partitionCount,
    config,
  }: NewTopic): TopicPlan | Refusal {
    const read = topicConfigOf(config ?? {}, this.#brokerConfig.topicDefaults);
    const fault = topicNameFault(name) ?? partitionCountFault(partitionCount);
    if (fault !== null) return fault;
    return read instanceof Refusal ? read : { name, partitionCount, config: read };
  }

  /** Changes a topic that is there, in its turn. */
  #change(
    name: string,
    change: (topic: HostedTopic) => Promise<Refusal | null>,
  ): Promise<Refusal | null> {
    if (this.#closing !== null) return Promise.resolve(shuttingDown());
    return this.#turns.take(turnKey(name), async () => {
      if (this.#closing !== null) return shuttingDown();
      const topic = this.#ready.get(name);
      return topic === undefined ? missing(name) : await change(topic);
    });
  }

  /** Has a topic follow what is set for it, and the rest what the broker says now. */
  async #configure(topic: HostedTopic, raw: TopicConfig["raw"]): Promise<void> {
    const { config, faults } = storedTopicConfig(raw, this.#brokerConfig.topicDefaults);
    for (const { message: reason } of faults) {
      this.parts.logger.error("configuration ignored", { topic: topic.name, reason });
    }
    await topic.configure(config, this.rules.lingerMs);
  }

  /** What the topics that there are, and the disk, have against another one. */
  #forbidden(name: string, partitionCount: number): Refusal | null {
    const other = this.#names.get(collisionKey(name));
    if (other !== undefined) {
      return new Refusal(
        "INVALID_TOPIC_EXCEPTION",
        `${name} differs from topic ${other} in . and _ only, and both would be one in metrics`,
      );
    }
    return this.#tooMany(partitionCount) ?? this.parts.space.refusal;
  }

  #tooMany(added: number): Refusal | null {
    const { partitionsMax } = this.rules;
    if (this.#partitions + added <= partitionsMax) return null;
    return new Refusal(
      "POLICY_VIOLATION",
      `${added} more partitions would be too many: there are ${this.#partitions}, and ` +
        `${partitionsMax} are allowed; delete topics that nobody needs`,
    );
  }

  async #make({ name, partitionCount, config }: TopicPlan): Promise<HostedTopic | Refusal> {
    const { life, random, clock, logger } = this.parts;
    const row: TopicRow = {
      id: random.uuid(),
      name,
      partitionCount,
      state: "creating",
      createdAt: clock.now(),
      config: config.raw,
    };
    this.#partitions += partitionCount;
    const refused = await life.begin(row);
    if (refused !== null) {
      this.#partitions -= partitionCount;
      return refused;
    }
    const logs = await life.complete(row, logConfigOf(config, this.rules.lingerMs));
    if (logs instanceof Refusal) {
      await this.#settle(row, this.#undo(row));
      return logs;
    }
    logger.info("topic created", { topic: name, id: row.id, partitionCount });
    return new HostedTopic({ ...row, state: "ready" }, config, logs, this.parts);
  }

  /** Frees a name that a removal has left taken. */
  async #clear(name: string): Promise<Refusal | null> {
    const row = this.#unfinished.get(name);
    return row === undefined ? null : await this.#settle(row, this.#undo(row));
  }

  async #undo(row: TopicRow): Promise<Refusal | null> {
    return (await this.parts.life.condemn(row)) ?? (await this.parts.life.remove(row));
  }

  /** Waits for a removal, and remembers one that could not be completed. */
  async #settle(row: TopicRow, removal: Promise<Refusal | null>): Promise<Refusal | null> {
    const refused = await removal;
    if (refused === null) {
      this.#unfinished.delete(row.name);
      this.#partitions -= row.partitionCount;
    } else {
      this.#unfinish(row);
      const about = { topic: row.name, id: row.id, reason: refused.message };
      this.parts.logger.error("topic not removed yet", about);
    }
    return refused;
  }

  #unfinish(row: TopicRow): void {
    this.#unfinished.set(row.name, row);
    if (this.#closing !== null) return;
    this.#retryTimer ??= this.parts.clock.after(topicRemovalRetryMs, () => void this.#retry());
  }

  async #retry(): Promise<void> {
    for (const name of [...this.#unfinished.keys()]) {
      if (this.#closing !== null) return;
      await this.#turns.take(turnKey(name), () => this.#clear(name));
    }
    this.#retryTimer = null;
    for (const row of this.#unfinished.values()) this.#unfinish(row);
  }

  #show(topic: HostedTopic): void {
    this.#ready.set(topic.name, topic);
    this.#names.set(collisionKey(topic.name), topic.name);
    this.#sorted = null;
  }

  #hide(topic: HostedTopic): void {
    this.#ready.delete(topic.name);
    this.#names.delete(collisionKey(topic.name));
    this.#sorted = null;
  }

  async #sweep(directories: readonly string[]): Promise<void> {
    for (const directory of directories) await this.parts.life.sweep(directory);
  }

  async #close(): Promise<void> {
    this.#late.close();
    this.#retryTimer?.();
    await this.#janitor?.close();
    await this.#turns.idle();
    await this.#sweeping;
    const partitions = [...this.#ready.values()].flatMap((topic) => topic.partitions);
    await concurrently(partitions, logsOpeningMax, (partition) => partition.close());
    this.parts.space.close();
    await this.parts.metadata.close();
  }
}

const shown = (name: string): string => quoted(name, shownCharactersMax);

const unknown = (message: string): Refusal => new Refusal("UNKNOWN_TOPIC_OR_PARTITION", message);

const missing = (name: string): Refusal => unknown(`there is no topic ${shown(name)}`);

const existing = (name: string): Refusal =>
  new Refusal("TOPIC_ALREADY_EXISTS", `topic ${name} exists already`);

const notMore = ({ name, partitions }: Topic, count: number): Refusal =>
  new Refusal(
    "INVALID_PARTITIONS",
    `topic ${name} has ${partitions.length} partitions already: ${count} are not more`,
  );

/** No topic's turn has this key. */
const brokerTurn = "";

const shuttingDown = (): Refusal =>
  new Refusal("SHUTTING_DOWN", "the broker is shutting down; ask again when it is back");

function partitionCountFault(count: number): Refusal | null {
  if (Number.isInteger(count) && count >= 1 && count <= partitionsPerTopicMax) return null;
  return new Refusal(
    "INVALID_PARTITIONS",
    `a topic has 1 to ${partitionsPerTopicMax} partitions, not ${count}`,
  );
}
