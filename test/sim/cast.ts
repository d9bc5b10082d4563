/** All clients of a story: who they are, and whether they have done what they began. */
import type { Random } from "../../src/base/random.ts";
import { GroupMember, fetchCommitted } from "../e2e/support/group-member.ts";
import { GroupWitness } from "../e2e/support/group-witness.ts";
import type { ProducerHistory } from "../e2e/support/history.ts";
import { Changer, trim } from "./admin.ts";
import { type ClientWorld, connect, follow, produceOnce } from "./clients.ts";
import { IdempotentProducer } from "./idempotent-producer.ts";
import type { Ledger, Place } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import { produceNatively } from "./native-producer.ts";
import type { SimulatedNetwork } from "./network.ts";
import type { Plan } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";

/** The topics of every story; `changed` comes and goes. */
export const topics = { steady: "steady", loose: "loose", trimmed: "trimmed", changed: "changed" };

/** How a topic is made that is there from the start. */
interface TopicShape {
  readonly name: string;
  readonly partitionCount: number;
  readonly config: (plan: Plan) => Readonly<Record<string, string>>;
}

/** Records of a story are older than any retention: where nothing says so, they stay. */
const kept = { "retention.ms": "-1" };

/**
 * Those that are there from the start. A topic that loses records by its configuration has its
 * place here; what may be missing of it, in the ledger.
 */
export const lasting: readonly TopicShape[] = [
  { name: topics.steady, partitionCount: 2, config: () => kept },
  {
    name: topics.loose,
    partitionCount: 1,
    config: ({ looseFsync }) => ({ ...kept, fsync: looseFsync }),
  },
  { name: topics.trimmed, partitionCount: 1, config: () => kept },
];

/** What a cast is given. */
export interface CastParts {
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly plan: Plan;
  readonly machine: () => Machine | null;
}

/** Who numbers its batches. */
const idempotentProducers: readonly number[] = [0, 1];
const groupMembers = 3;
/** What a member may be answered by a broker that stops, or whose metadata can't be written. */
const passing: ReadonlySet<string> = new Set(["COORDINATOR_NOT_AVAILABLE", "KAFKA_STORAGE_ERROR"]);
const groupDelayMs = 4;

/** See the head of this file. */
export class Cast {
  /** How many write. */
  static readonly producers = 8;
  /** How many partitions each topic has. */
  readonly topics: ReadonlyMap<string, number> = new Map(
    lasting.map(({ name, partitionCount }) => [name, partitionCount]),
  );
  readonly world: ClientWorld;
  readonly #witness: GroupWitness;
  #idempotent: IdempotentProducer[] = [];
  #members: GroupMember[] = [];
  #finishing: Promise<unknown>[] = [];
  #others: Promise<unknown>[] = [];

  constructor(private readonly parts: CastParts) {
    const { scheduler, random, ledger, plan, network } = parts;
    this.#witness = new GroupWitness(this.topics.get(topics.steady)!);
    this.world = {
      scheduler,
      random,
      ledger,
      topics: this.topics,
      isEnding: false,
      isOver: false,
      isStalling: plan.isStalling,
      isRefusing: plan.isScarce,
      isSearching: plan.isSearching,
      pauseMs: plan.pauseMs,
      dial: (protocol, events) =>
        network.connect(() => parts.machine()?.door(protocol) ?? null, events),
    };
  }

  /** Whose records have to be in order over all connections. */
  readonly isTotal = (producer: ProducerHistory): boolean =>
    idempotentProducers.includes(producer.index);

  begin(): void {
    const { world } = this;
    const { steady, loose, trimmed, changed } = topics;
    const producer = (index: number): ProducerHistory => world.ledger.history.producers[index]!;
    const places: Place[] = [
      { topic: steady, index: 0 },
      { topic: steady, index: 1 },
    ];
    this.#idempotent = idempotentProducers.map(
      (index) => new IdempotentProducer(world, producer(index), places),
    );
    this.#finishing = [
      ...this.#idempotent.map(({ ended }) => ended),
      produceOnce(world, producer(2), -1, [steady, loose, trimmed]),
      produceOnce(world, producer(3), 1, [steady, trimmed]),
      produceOnce(world, producer(4), 0, [steady, loose]),
      produceNatively(world, producer(5), steady),
      produceNatively(world, producer(6), loose),
      new Changer(world, producer(7), changed).ended,
      trim(world, trimmed),
    ];
    this.#others = [
      follow(world, steady, { fromStart: true, isWhole: true }),
      follow(world, steady, { fromStart: false, isWhole: true }),
      follow(world, trimmed, { fromStart: true, isWhole: false }),
      follow(world, loose, { fromStart: true, isWhole: true }),
    ];
    this.#members = Array.from({ length: groupMembers }, () => this.#newMember());
    this.#others.push(this.#disturb());
  }

  /** Resolves when all that was begun is finished. */
  async finished(): Promise<void> {
    await Promise.all(this.#finishing);
    const expected = this.#witness.expects();
    const client = await this.#connect();
    if (client === null) return await this.finished();
    const shape = { groupId: "group", topic: topics.steady, witness: this.#witness };
    await fetchCommitted(client, shape, [...expected.keys()]);
    client[Symbol.dispose]();
  }

  /** Resolves when all have left. */
  async ended(): Promise<void> {
    // One of them makes members.
    await Promise.all(this.#others);
    for (const member of this.#members) member.kill();
    await Promise.all(this.#members.map(({ ended }) => ended));
  }

  checkGroup(): void {
    for (const violation of this.#witness.violations) this.world.ledger.note(`group: ${violation}`);
  }

  #newMember(): GroupMember {
    const kind = this.parts.plan.isStalling ? "eager" : "cooperative";
    return new GroupMember({
      kind,
      groupId: "group",
      topic: topics.steady,
      partitionCount: this.topics.get(topics.steady)!,
      sessionTimeoutMs: 40,
      witness: this.#witness,
      connect: () => this.#connect(),
      isPassing: (code) => passing.has(code),
    });
  }

  /** Members die and come, and some go on as if they had not been away. */
  async #disturb(): Promise<void> {
    const { world } = this;
    const { scheduler, random } = world;
    const { isRestless } = this.parts.plan;
    const gone: GroupMember[] = [];
    while (!world.isOver) {
      await scheduler.wait(5 + random.next() * (isRestless ? 120 : 60));
      if (world.isEnding) continue;
      for (const member of isRestless ? gone : []) {
        if (this.#witness.newest > member.generationId) await member.commitAsZombie();
      }
      const at = random.below(this.#members.length);
      const member = this.#members[at]!;
      member.kill();
      await member.ended;
      this.#members[at] = this.#newMember();
      gone.push(member);
      if (isRestless) continue;
      await scheduler.wait(random.next() * 80);
      // Until others have begun a generation, it is a member that was quiet for a while.
      const isZombie = this.#witness.newest > member.generationId;
      if (isZombie && random.below(2) === 0) await member.commitAsZombie();
    }
  }

  async #connect(): ReturnType<typeof connect> {
    return await connect({
      ...this.world,
      dial: (protocol, events) =>
        this.parts.network.connect(
          () => this.parts.machine()?.door(protocol) ?? null,
          events,
          this.parts.plan.isRestless ? 0 : groupDelayMs,
        ),
    });
  }
}
