/**
 * A consumer group with its broker: members come, are cut off, and are judged together.
 *
 * Owned data: the broker, all members that there were, and their connections.
 */
import { expect } from "bun:test";
import type { Random } from "../../../src/base/random.ts";
import { type RunOptions, type StartedBroker, startBroker } from "./broker-process.ts";
import { oneOf } from "./chance.ts";
import { fetchCommitted, type GroupKind, GroupMember, type GroupShape } from "./group-member.ts";
import { GroupWitness } from "./group-witness.ts";
import { KafkaClient } from "./kafka-client.ts";
import { untilWithin, within } from "./within.ts";

const topic = "orders";
const groupId = "workers";
/** After so long without a word, a member whose connection was cut is given up. */
const sessionTimeoutMs = 1_000;
/** For whatever a group does, on a machine that is busy. */
const settledMsMax = 60_000;

/** How it is set up. */
export interface GroupStoryOptions {
  readonly kind: GroupKind;
  readonly data: string;
  readonly random: Random;
  readonly partitionCount: number;
  /** Ends the broker. */
  readonly end: (story: GroupStory) => Promise<void>;
  readonly serve?: readonly string[];
  readonly run?: RunOptions;
}

/** See the head of this file. */
export class GroupStory implements AsyncDisposable {
  readonly witness: GroupWitness;
  readonly members: GroupMember[] = [];
  readonly zombies: GroupMember[] = [];
  /** How often the broker went down. */
  downs = 0;
  readonly #clients = new Set<KafkaClient>();
  #broker: StartedBroker | null = null;
  /** Opens while there is a broker. */
  #gate = Promise.withResolvers<void>();
  readonly #shape: GroupShape;

  constructor(private readonly options: GroupStoryOptions) {
    const { kind, partitionCount } = options;
    this.witness = new GroupWitness(partitionCount);
    const { witness } = this;
    const connect = (): Promise<KafkaClient | null> => this.#connect();
    const names = { kind, groupId, topic };
    this.#shape = { ...names, partitionCount, sessionTimeoutMs, witness, connect };
  }

  get broker(): StartedBroker {
    if (this.#broker === null) throw new Error("no broker was started");
    return this.#broker;
  }

  async start(): Promise<void> {
    const { data, partitionCount, serve = [], run = {} } = this.options;
    const args = [
      ...["--partitions", String(partitionCount)],
      ...["--group-min-session-timeout-ms", String(sessionTimeoutMs)],
      ...["--group-initial-rebalance-delay-ms", "200"],
    ];
    this.#broker = await startBroker(data, [...args, ...serve], run);
    using client = await KafkaClient.connect(this.#broker.kafkaPort);
    await client.ask("Metadata", 12, { topics: [{ name: topic }] });
    // Nobody commits before the gate is open: everything that was acknowledged has to be there.
    const all = Array.from({ length: partitionCount }, (_, index) => index);
    expect(await fetchCommitted(client, this.#shape, all)).toBe(true);
    this.#gate.resolve();
  }

  /** Ends the broker, and begins another once all that the old one has said was heard. */
  async goDown(): Promise<void> {
    this.#gate = Promise.withResolvers();
    await this.options.end(this);
    const closed = Promise.all([...this.#clients].map((client) => client.closed));
    await within(settledMsMax, "the end of the connections", closed);
    this.downs += 1;
    await this.start();
    expect(this.witness.violations).toEqual([]);
  }

  /** Cuts all connections: what is answered now is not heard. */
  sever(): void {
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  join(count: number): void {
    for (let left = count; left > 0; left--) this.members.push(new GroupMember(this.#shape));
  }

  /** Cuts the connections of some members that have partitions; they don't say that they go. */
  killMembers(count: number): GroupMember[] {
    const owners = this.members.filter(({ owned, isPlaced }) => isPlaced && owned.length > 0);
    const killed = Array.from({ length: count }, () => {
      const [member] = owners.splice(this.options.random.below(owners.length), 1);
      if (member === undefined) throw new Error("too few members have partitions");
      member.kill();
      this.members.splice(this.members.indexOf(member), 1);
      return member;
    });
    this.zombies.push(...killed);
    return killed;
  }

  /** All live members are in the newest generation, and all partitions are theirs, each once. */
  get isWhole(): boolean {
    const { members, witness } = this;
    const { partitionCount } = this.options;
    const inNewest = members.every(
      ({ isPlaced, generationId }) => isPlaced && generationId === witness.newest,
    );
    if (!inNewest) return false;
    const owned = members.flatMap((member) => member.owned);
    return owned.length === partitionCount && new Set(owned).size === partitionCount;
  }

  async whole(): Promise<void> {
    const { partitionCount } = this.options;
    const what = `${this.members.length} members with ${partitionCount} partitions`;
    await untilWithin(settledMsMax, what, () => this.isWhole || this.hasFailed);
    expect(this.witness.violations).toEqual([]);
  }

  /** So many more offsets are committed. */
  async commits(count: number): Promise<void> {
    const upTo = this.witness.committed + count;
    const isDone = (): boolean => this.witness.committed >= upTo || this.hasFailed;
    await untilWithin(settledMsMax, `${count} commits`, isDone);
  }

  /** A moment of a rebalance that is about to happen. */
  async moment(): Promise<void> {
    const { newest, generations } = this.witness;
    const kind = oneOf(this.options.random, ["now", "begun", "commits"] as const);
    if (kind === "commits") await this.commits(this.options.random.below(500));
    if (kind !== "begun") return;
    const hasBegun = (): boolean => this.witness.newest > newest || this.hasFailed;
    await untilWithin(settledMsMax, `a generation after ${generations}`, hasBegun);
  }

  get hasFailed(): boolean {
    return this.witness.violations.length > 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) member.kill();
    this.#gate.resolve();
    await Promise.all([...this.members, ...this.zombies].map(({ ended }) => ended));
    await this.#broker?.process.end("SIGKILL");
  }

  async #connect(): Promise<KafkaClient | null> {
    await this.#gate.promise;
    try {
      const client = await KafkaClient.connect(this.broker.kafkaPort);
      this.#clients.add(client);
      void client.closed.then(() => this.#clients.delete(client));
      return client;
    } catch (error) {
      // The broker was killed at this moment.
      if (!(error instanceof Error)) throw error;
      return null;
    }
  }
}
