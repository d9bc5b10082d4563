/**
 * Carries out what a group decides: gives partitions back, joins, takes what it is given, and tells
 * the program. Only from within polls: what was polled before has been processed then, and can be
 * committed before anyone else reads on.
 *
 * - Eager: everything is given back before the group gathers.
 * - Cooperative (KIP-429): a member keeps what it has while the group gathers. What it is to give
 *   up, it gives back when it is told so, and joins once more so that others get it.
 */
import type { ConsumerCluster } from "./consumer-cluster.ts";
import type { Joined, Membership } from "./membership.ts";
import type { Positions } from "./positions.ts";
import type { TopicPartition } from "./topic-partition.ts";
import { TopicWatch } from "./topic-watch.ts";

/** Called within a poll, which goes on when what they return has resolved. */
export type OnPartitions = (partitions: readonly TopicPartition[]) => void | Promise<void>;

export interface RebalanceEvents {
  /**
   * These are read from now on, beside what this member has; none: the group has gathered, and
   * there is nothing more for it.
   */
  readonly onAssigned?: OnPartitions | undefined;
  /** These go to others afterwards: the last chance to commit. */
  readonly onRevoked?: OnPartitions | undefined;
  /** These may be others' already; nothing can be committed. Left out: `onRevoked`. */
  readonly onLost?: OnPartitions | undefined;
}

export interface RebalanceParts {
  readonly cluster: ConsumerCluster;
  readonly member: Membership;
  readonly positions: Positions;
  readonly isCooperative: boolean;
  readonly events: RebalanceEvents;
  /** Commits what was polled of these, if that is done by itself; never rejects. */
  readonly commitBefore: (partitions: readonly TopicPartition[]) => Promise<void>;
  readonly wake: () => void;
}

/** See the head of this file. */
export class Rebalance {
  /** Partitions were given back for the joining that is to come, or under way. */
  #isPrepared = false;
  #isCalling = false;
  readonly #watch: TopicWatch;

  constructor(private readonly parts: RebalanceParts) {
    this.#watch = new TopicWatch({ cluster: parts.cluster, wake: parts.wake });
  }

  /** Whether the program's own function is being waited for. */
  get isCalling(): boolean {
    return this.#isCalling;
  }

  /** A partition is not there any more: the one who divides them has to know. */
  lookSoon(): void {
    this.#watch.lookSoon();
  }

  /** Does what is to be done now. Rejects with what the program has to be told. */
  async step(): Promise<void> {
    const { member, positions, isCooperative } = this.parts;
    await this.#takeLoss();
    const failure = member.takeFailure();
    if (failure !== null) throw failure;
    const joined = member.takeJoined();
    if (joined !== null) await this.#complete(joined);
    if (this.#watch.takeChange() !== null) member.requestJoin();
    this.#watch.look();
    if (!member.needsJoin) return;
    if (!this.#isPrepared) await this.#prepare();
    // Giving back takes its time, in which the group may have gone on without this member.
    await this.#takeLoss();
    member.join(isCooperative ? positions.partitions() : []);
  }

  /** Gives everything back and leaves. */
  async close(): Promise<void> {
    this.#watch.stop();
    try {
      await this.#takeLoss();
      await this.#giveBack(this.parts.positions.partitions());
    } finally {
      await this.parts.member.close();
    }
  }

  async #takeLoss(): Promise<void> {
    const { member, positions, events } = this.parts;
    if (!member.takeLoss()) return;
    const lost = positions.partitions();
    this.#isPrepared = false;
    if (lost.length === 0) return;
    await this.#call(events.onLost ?? events.onRevoked, lost).finally(() => positions.drop(lost));
  }

  async #prepare(): Promise<void> {
    const { positions, isCooperative, commitBefore } = this.parts;
    this.#isPrepared = true;
    const partitions = positions.partitions();
    if (isCooperative) await commitBefore(partitions);
    else await this.#giveBack(partitions);
  }

  async #complete({ assigned, divided, groupTopics }: Joined): Promise<void> {
    const { positions, member, events } = this.parts;
    this.#isPrepared = false;
    if (divided === null) this.#watch.stop();
    else this.#watch.watch(groupTopics, divided);
    const kept = new Set(assigned.map((each) => positions.find(each)));
    const revoked = positions.all().filter((position) => !kept.has(position));
    const added = assigned.filter((each) => positions.find(each) === undefined);
    // Others wait for these to be free.
    if (revoked.length > 0) member.requestJoin();
    positions.assign(added);
    await this.#giveBack(revoked);
    await this.#call(events.onAssigned, added);
  }

  /** The program still has them while it is called, and can commit. */
  async #giveBack(partitions: readonly TopicPartition[]): Promise<void> {
    const { positions, events, commitBefore } = this.parts;
    const revoked = partitions.map(({ topic, partition }) => ({ topic, partition }));
    if (revoked.length === 0) return;
    await commitBefore(revoked);
    await this.#call(events.onRevoked, revoked).finally(() => positions.drop(revoked));
  }

  async #call(
    event: OnPartitions | undefined,
    partitions: readonly TopicPartition[],
  ): Promise<void> {
    if (event === undefined) return;
    this.#isCalling = true;
    try {
      await event(partitions);
    } finally {
      this.#isCalling = false;
    }
  }
}
