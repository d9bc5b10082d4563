/** Where an import goes: a data directory that it opens itself, or a broker that it sends to. */
import type { BatchRecord } from "../record/records.ts";

/** One topic of the original, and the name that it gets. */
export interface ImportTopic {
  readonly name: string;
  /** One more than the highest partition of the original. */
  readonly partitionCount: number;
}

/** Takes the messages of one partition, in their order. A text says why it can't go on. */
export interface ImportSink {
  /** How many are known to be stored. */
  readonly stored: number;
  put(record: BatchRecord): Promise<string | null>;
  /** Resolves once the fate of all that was put is known, refused or stored. */
  end(): Promise<string | null>;
}

/** See the head of this file. */
export interface ImportTarget {
  /** For people: where the messages are afterwards. */
  readonly name: string;
  /** All reasons not to begin, one sentence each; nothing has been changed then. */
  objections(topics: readonly ImportTopic[]): readonly string[];
  /** Makes the topic unless it is there; a text says why it can't be had. */
  prepare(topic: ImportTopic): Promise<string | null>;
  /** For a topic that was prepared. */
  open(topic: ImportTopic, partition: number): ImportSink;
  close(): Promise<void>;
}
