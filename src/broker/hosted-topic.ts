/**
 * A topic as the broker hosts it: its partitions, and the configuration that they follow.
 * Invariant: once it has ended, no append reaches a log, whoever still holds the topic.
 */
import type { Refusal } from "../base/refusal.ts";
import type { PartitionLog } from "../log/log.ts";
import type { TopicRow } from "../metadata/metadata.ts";
import { type BatchRules } from "./batch-rules.ts";
import type { Topic } from "./broker.ts";
import { HostedPartition, type PartitionOwner, type PartitionParts } from "./partition.ts";
import { batchRulesOf, logConfigOf, type TopicConfig } from "./topic-config.ts";

/** See the head of this file. */
export class HostedTopic implements Topic, PartitionOwner {
  readonly name: string;
  readonly id: string;
  readonly #partitions: HostedPartition[];
  #row: TopicRow;
  #config: TopicConfig;
  #rules: BatchRules;

  /** @param logs one for each partition, in their order */
  constructor(
    row: TopicRow,
    config: TopicConfig,
    logs: readonly PartitionLog[],
    private readonly parts: PartitionParts,
  ) {
    this.name = row.name;
    this.id = row.id;
    this.#row = row;
    this.#config = config;
    this.#rules = batchRulesOf(row.name, config);
    this.#partitions = logs.map((log, index) => new HostedPartition(this, index, log, parts));
  }

  /** As it is in the metadata. */
  get row(): TopicRow {
    return this.#row;
  }

  get partitions(): readonly HostedPartition[] {
    return this.#partitions;
  }

  get config(): TopicConfig {
    return this.#config;
  }

  get rules(): BatchRules {
    return this.#rules;
  }

  get isDeleting(): boolean {
    return this.#config.values["cleanup.policy"].includes("delete");
  }

  /**
   * Follows another configuration from now on. Resolves once all that was appended before is as
   * durable as it asks; a log whose disk fails at that says so to its next append.
   */
  async configure(config: TopicConfig, lingerMs: number): Promise<void> {
    this.#config = config;
    this.#row = { ...this.#row, config: config.raw };
    this.#rules = batchRulesOf(this.name, config);
    const logConfig = logConfigOf(config, lingerMs);
    await Promise.all(this.#partitions.map(({ log }) => log.configure(logConfig)));
  }

  /** Takes further partitions, behind those there are. */
  add(logs: readonly PartitionLog[]): void {
    for (const log of logs) {
      this.#partitions.push(new HostedPartition(this, this.#partitions.length, log, this.parts));
    }
    this.#row = { ...this.#row, partitionCount: this.#partitions.length };
  }

  /** Refuses all later appends with `refusal`. */
  end(refusal: Refusal): void {
    for (const partition of this.#partitions) partition.end(refusal);
  }
}
