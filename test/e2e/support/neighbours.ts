/**
 * Two topics of one partition each: one whose disk is not well, and one that has nothing to do with
 * it. One client sends one record after the other, so a record's number is its offset.
 */
import { keyed } from "../../support/compaction.ts";
import { named } from "../../support/kafka-world.ts";
import { type RunOptions, type StartedBroker, startBroker } from "./broker-process.ts";
import { KafkaClient } from "./kafka-client.ts";
import { readPartition } from "./kafka-partition.ts";

export const victim = "victim";
export const neighbour = "neighbour";
export type Name = typeof victim | typeof neighbour;

const groupId = "group";

/** See the head of this file. */
export class Neighbours implements AsyncDisposable {
  readonly sent: Record<Name, number> = { victim: 0, neighbour: 0 };
  readonly acknowledged: Record<Name, number> = { victim: 0, neighbour: 0 };
  /** How far the producer's clock is ahead of the true time; milliseconds. */
  aheadMs = 0;
  #committed = { sent: -1, acknowledged: -1 };
  #broker: StartedBroker | null = null;
  #client: KafkaClient | null = null;

  constructor(
    private readonly data: string,
    private readonly valueCharacters = 100,
  ) {}

  get broker(): StartedBroker {
    if (this.#broker === null) throw new Error("no broker was started");
    return this.#broker;
  }

  get client(): KafkaClient {
    if (this.#client === null) throw new Error("no broker was started");
    return this.#client;
  }

  async start(args: readonly string[] = [], options: RunOptions = {}): Promise<void> {
    await this.connect(await startBroker(this.data, args, options));
  }

  /** Begins with a broker that somebody else has started. */
  async connect(broker: StartedBroker): Promise<void> {
    this.#broker = broker;
    this.#client = await KafkaClient.connect(this.#broker.kafkaPort);
    // Creates them, the first time.
    await this.client.ask("Metadata", 12, { topics: [{ name: victim }, { name: neighbour }] });
  }

  /** Ends it; its exit code. */
  async end(signal: NodeJS.Signals): Promise<number> {
    this.#client?.[Symbol.dispose]();
    return await this.broker.process.end(signal);
  }

  /** The next record of a topic: what it was answered. */
  async produce(name: Name): Promise<string> {
    const number = this.sent[name]++;
    const timestamp = Date.now() + this.aheadMs;
    const records = keyed([[`${number}`, this.#value(name, number)]], { timestamp });
    const topicData = [{ name, partitionData: [{ index: 0, records }] }];
    const request = { acks: -1, timeoutMs: 30_000, topicData };
    const answer = await this.client.ask("Produce", 9, request);
    const code = answer?.responses[0]?.partitionResponses[0]?.errorCode;
    if (code === 0) this.acknowledged[name] = number + 1;
    return code === undefined ? "nothing" : named(code);
  }

  /** The same, so many times: all different answers. */
  async produceTimes(name: Name, times: number): Promise<string[]> {
    const answers = new Set<string>();
    for (let left = times; left > 0; left--) answers.add(await this.produce(name));
    return [...answers];
  }

  /** Commits the next offset: what it was answered. */
  async commit(): Promise<string> {
    const committedOffset = ++this.#committed.sent;
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: "" }];
    const answer = await this.client.ask("OffsetCommit", 8, {
      groupId,
      generationIdOrMemberEpoch: -1,
      topics: [{ name: neighbour, partitions }],
    });
    const code = answer?.topics[0]?.partitions[0]?.errorCode;
    if (code === 0) this.#committed.acknowledged = committedOffset;
    return code === undefined ? "nothing" : named(code);
  }

  /** Why what is there can't be; refused records may not be there, as they were refused. */
  async faults(): Promise<string[]> {
    const faults: string[] = [];
    for (const name of [victim, neighbour] as const) {
      const { end, records, refused } = await readPartition(this.client, name);
      const acknowledged = this.acknowledged[name];
      faults.push(...refused.map(({ code, from, to }) => `${name} ${from} to ${to}: ${code}`));
      if (end < acknowledged) faults.push(`lost: ${name} ends at ${end} of ${acknowledged}`);
      records.forEach(({ offset, value }, at) => {
        const isRight = offset === at && value === this.#value(name, at);
        if (!isRight) faults.push(`altered: ${name} ${at} is ${offset}, ${value?.slice(0, 30)}`);
      });
    }
    const topics = [{ name: neighbour, partitionIndexes: [0] }];
    const request = { groups: [{ groupId, topics }], requireStable: true };
    const found = await this.client.ask("OffsetFetch", 8, request);
    const offset = Number(found?.groups[0]?.topics[0]?.partitions[0]?.committedOffset);
    const { sent, acknowledged } = this.#committed;
    const isRight = offset >= acknowledged && offset <= sent;
    if (!isRight) faults.push(`lost: ${acknowledged} to ${sent} was committed, found ${offset}`);
    return faults;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.[Symbol.dispose]();
    await this.#broker?.process.end("SIGKILL");
  }

  #value(name: Name, number: number): string {
    return `${name} ${number} `.padEnd(this.valueCharacters, String(number % 10));
  }
}
