/**
 * The rule `cooperative-sticky`: as even as the members' topics allow, and everybody keeps as much
 * as possible of what it has. Kafka's name and contract (KIP-429, KIP-792), so that members of
 * either library understand each other; which partition goes where is this library's own choice.
 *
 * A partition that changes hands is given to nobody in this round: its owner lets go of it, joins
 * again, and the next round gives it away. So it never has two readers.
 *
 * Even: no member could take a partition from another that has two or more than it has.
 */
import {
  type AssignedMember,
  type Assignor,
  inOrder,
  type PartitionCounts,
  type Plan,
  readTopics,
} from "./assignor.ts";
import { partitionName, type TopicPartition } from "./topic-partition.ts";

export const cooperativeStickyAssignor: Assignor = {
  name: "cooperative-sticky",
  isCooperative: true,
  assign,
};

function assign(members: readonly AssignedMember[], partitionCounts: PartitionCounts): Plan {
  const round = new Round(members, partitionCounts);
  round.keep();
  round.giveOut();
  while (round.moveOne());
  return round.plan();
}

/** The newest claims on one partition. */
interface Claim {
  readonly generationId: number;
  readonly owners: readonly Share[];
}

/** What one member is going to have. */
interface Share {
  readonly member: AssignedMember;
  readonly topics: ReadonlySet<string>;
  readonly partitions: Map<string, TopicPartition>;
}

class Round {
  readonly #shares: readonly Share[];
  readonly #topics: readonly string[];
  /** By topic, those that read it. */
  readonly #readers = new Map<string, readonly Share[]>();
  readonly #claims: ReadonlyMap<string, Claim>;

  constructor(
    members: readonly AssignedMember[],
    private readonly partitionCounts: PartitionCounts,
  ) {
    this.#shares = inOrder(members).map((member) => {
      return { member, topics: new Set(member.topics), partitions: new Map() };
    });
    this.#topics = readTopics(members, partitionCounts);
    for (const topic of this.#topics) {
      this.#readers.set(
        topic,
        this.#shares.filter(({ topics }) => topics.has(topic)),
      );
    }
    this.#claims = claimsOf(this.#shares);
  }

  /** Everybody keeps what it has, if nobody else says so as well, and if it still reads it. */
  keep(): void {
    for (const topicPartition of this.#partitions()) {
      const [owner, ...others] = this.#ownersOf(topicPartition);
      if (owner === undefined || others.length > 0) continue;
      if (owner.topics.has(topicPartition.topic)) give(owner, topicPartition);
    }
  }

  /** The rest goes to those that have least; first what few can read. */
  giveOut(): void {
    const kept = new Set(this.#shares.flatMap(({ partitions }) => [...partitions.keys()]));
    const rest = this.#partitions().filter((each) => !kept.has(partitionName(each)));
    const readerCount = ({ topic }: TopicPartition): number =>
      this.#readers.get(topic)?.length ?? 0;
    for (const each of rest.sort((a, b) => readerCount(a) - readerCount(b))) {
      const least = this.#leastOf(each.topic);
      if (least !== undefined) give(least, each);
    }
  }

  /** Moves one partition from whoever has most to whoever has least; false: it is even. */
  moveOne(): boolean {
    const fromMost = [...this.#shares].sort((a, b) => b.partitions.size - a.partitions.size);
    for (const from of fromMost) {
      let best: { readonly to: Share; readonly moved: TopicPartition } | undefined;
      // What it does not have yet is moved first: that costs nobody anything.
      for (const moved of this.#newFirst(from)) {
        const to = this.#leastOf(moved.topic);
        if (to === undefined || to.partitions.size + 1 >= from.partitions.size) continue;
        if (best === undefined || to.partitions.size < best.to.partitions.size)
          best = { to, moved };
      }
      if (best === undefined) continue;
      from.partitions.delete(partitionName(best.moved));
      give(best.to, best.moved);
      return true;
    }
    return false;
  }

  /** Without the partitions that somebody else has to let go of first. */
  plan(): Plan {
    const plan = new Map<string, readonly TopicPartition[]>();
    for (const share of this.#shares) {
      const free = [...share.partitions.values()].filter((each) =>
        this.#ownersOf(each).every((owner) => owner === share),
      );
      plan.set(share.member.memberId, free.sort(byName));
    }
    return plan;
  }

  #partitions(): TopicPartition[] {
    return this.#topics.flatMap((topic) =>
      Array.from({ length: this.partitionCounts.get(topic) ?? 0 }, (_, partition) => {
        return { topic, partition };
      }),
    );
  }

  #ownersOf(topicPartition: TopicPartition): readonly Share[] {
    return this.#claims.get(partitionName(topicPartition))?.owners ?? [];
  }

  #leastOf(topic: string): Share | undefined {
    let least: Share | undefined;
    for (const share of this.#readers.get(topic) ?? []) {
      if (least === undefined || share.partitions.size < least.partitions.size) least = share;
    }
    return least;
  }

  #newFirst(share: Share): TopicPartition[] {
    const isOwn = (each: TopicPartition): boolean => this.#ownersOf(each).includes(share);
    const all = [...share.partitions.values()];
    return [...all.filter((each) => !isOwn(each)), ...all.filter(isOwn)];
  }
}

/**
 * Whose word counts: the newest generation's. A member that was away may still believe that it has
 * what others were given since.
 */
function claimsOf(shares: readonly Share[]): ReadonlyMap<string, Claim> {
  const claims = new Map<string, Claim>();
  for (const share of shares) {
    const { generationId, owned } = share.member;
    for (const name of new Set(owned.map(partitionName))) {
      const known = claims.get(name);
      if (known === undefined || generationId > known.generationId) {
        claims.set(name, { generationId, owners: [share] });
      } else if (generationId === known.generationId) {
        claims.set(name, { generationId, owners: [...known.owners, share] });
      }
    }
  }
  return claims;
}

function give(share: Share, topicPartition: TopicPartition): void {
  share.partitions.set(partitionName(topicPartition), topicPartition);
}

function byName(a: TopicPartition, b: TopicPartition): number {
  if (a.topic === b.topic) return a.partition - b.partition;
  return a.topic < b.topic ? -1 : 1;
}
