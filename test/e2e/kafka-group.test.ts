import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { type StartedBroker, startBroker } from "./support/broker-process.ts";
import { oneOf } from "./support/chance.ts";
import {
  fetchCommitted,
  type GroupKind,
  GroupMember,
  type GroupShape,
} from "./support/group-member.ts";
import { GroupWitness } from "./support/group-witness.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { makeImage, mountFault } from "./support/mounts.ts";
import { report } from "./support/numbers.ts";
import { cutPower } from "./support/power.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();

const memberCount = 50;
const victimCount = 10;
const partitionCount = 120;
const topic = "orders";
const groupId = "workers";
const repeats = rounds(1, 4);
const repeatsOverCuts = rounds(1, 3);
/** For one of them. */
const msMax = 120_000;
/** After so long without a word, a member whose connection was cut is given up. */
const sessionTimeoutMs = 1_000;
/** For whatever a group does, on a machine that is busy. */
const settledMsMax = 60_000;

/** A group, its broker, and what its members have seen. */
class Story implements AsyncDisposable {
  readonly witness = new GroupWitness(partitionCount);
  readonly members: GroupMember[] = [];
  readonly zombies: GroupMember[] = [];
  /** How often the broker went down. */
  downs = 0;
  readonly #clients = new Set<KafkaClient>();
  #broker: StartedBroker | null = null;
  /** Opens while there is a broker. */
  #gate = Promise.withResolvers<void>();
  readonly #shape: GroupShape;

  constructor(
    kind: GroupKind,
    private readonly data: string,
    private readonly random: Random,
    private readonly end: (story: Story) => Promise<void>,
  ) {
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
    this.#broker = await startBroker(this.data, [
      ...["--partitions", String(partitionCount)],
      ...["--group-min-session-timeout-ms", String(sessionTimeoutMs)],
      ...["--group-initial-rebalance-delay-ms", "200"],
    ]);
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
    await this.end(this);
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
      const [member] = owners.splice(this.random.below(owners.length), 1);
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
    const inNewest = members.every(
      ({ isPlaced, generationId }) => isPlaced && generationId === witness.newest,
    );
    if (!inNewest) return false;
    const owned = members.flatMap((member) => member.owned);
    return owned.length === partitionCount && new Set(owned).size === partitionCount;
  }

  async whole(): Promise<void> {
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
    const kind = oneOf(this.random, ["now", "begun", "commits"] as const);
    if (kind === "commits") await this.commits(this.random.below(500));
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

/** Members die, the broker dies twice meanwhile and once in peace, others take their places. */
async function once(story: Story): Promise<void> {
  const { witness } = story;
  await story.commits(1_000);
  const killed = story.killMembers(victimCount);
  await story.moment();
  await story.goDown();
  await story.whole();
  for (const zombie of killed) {
    expect(zombie.generationId).toBeLessThan(witness.newest);
    const answers = await zombie.commitAsZombie();
    expect(answers.length).toBeGreaterThan(0);
    const isFenced = (code: string): boolean =>
      code === "UNKNOWN_MEMBER_ID" || code === "ILLEGAL_GENERATION";
    expect(answers.filter((code) => !isFenced(code))).toEqual([]);
  }
  story.join(victimCount);
  await story.moment();
  await story.goDown();
  await story.whole();
  await story.commits(1_000);
  await story.goDown();
  await story.whole();
}

async function tell(story: Story, times: number): Promise<void> {
  const { witness } = story;
  await using _ = story;
  await story.start();
  story.join(memberCount);
  await story.whole();
  for (let time = 0; time < times; time++) await once(story);
  const deaths = `${story.downs} brokers, ${story.zombies.length} members cut off`;
  report(`a group of ${memberCount} outlived`, `${deaths}; ${witness.generations} generations`);
  report("offsets committed", String(witness.committed));
  expect(witness.violations).toEqual([]);
}

const kill = async ({ broker }: Story): Promise<void> => {
  await broker.process.end("SIGKILL");
};

for (const kind of ["eager", "cooperative"] as const) {
  test(
    `${memberCount} members, ${kind}, and kill -9: no partition has two owners, no commit is lost`,
    async () => {
      using directory = temporaryDirectory();
      await tell(new Story(kind, join(directory.path, "data"), randomForTest(), kill), repeats);
    },
    repeats * msMax,
  );
}

const fault = await mountFault("ext4");
skipUnless(fault === null, fault ?? "")(
  `${memberCount} members and power cuts: no partition has two owners, no commit is lost`,
  async () => {
    await using filesystem = makeImage("ext4", 256);
    await filesystem.mount();
    const cut = async (story: Story): Promise<void> => {
      story.sever();
      cutPower(filesystem.path);
      await kill(story);
      await filesystem.unmount();
      await filesystem.mount();
    };
    const data = join(filesystem.path, "data");
    await tell(new Story("cooperative", data, randomForTest(), cut), repeatsOverCuts);
  },
  repeatsOverCuts * msMax,
);
