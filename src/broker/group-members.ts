/**
 * The members of one group: who they are, which of them leads, which protocols they share, and
 * what each is waiting for.
 *
 * Invariants: every static member is found by its instance id; there is a leader exactly while
 * there are members, and it is one of them; the counts of supporters and of waiting members are
 * those of the members; a pending id is no member's.
 */
import { assert } from "../base/assert.ts";
import { groupEntryOverheadBytes } from "../limits.ts";
import type { GroupMemberRow, GroupProtocol } from "../metadata/metadata.ts";
import type { Ticket } from "./group-event.ts";

/** One member. Only {@link Members} changes what it counts: protocols, assignment, `joining`. */
export interface Member extends Omit<GroupMemberRow, "protocols" | "assignment"> {
  readonly clientId: string;
  readonly clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  readonly protocols: readonly GroupProtocol[];
  readonly assignment: Uint8Array;
  /** Its JoinGroup that waits for the rebalance. */
  readonly joining: Ticket | null;
  /** Its SyncGroup that waits for the assignment. */
  syncing: Ticket | null;
  /** Has been in no generation yet: it cannot send heartbeats, since it does not know its id. */
  isNew: boolean;
}

type Counted = Pick<Member, "protocols" | "assignment" | "joining">;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export const noBytes = new Uint8Array();

/** What one member offers under the name of a protocol; nothing if it does not offer it. */
export const metadataOf = (member: GroupMemberRow, name: string | null): Uint8Array =>
  member.protocols.find((protocol) => protocol.name === name)?.metadata ?? noBytes;

/** Whether the same is offered, in the same order. */
export const sameProtocols = (
  some: readonly GroupProtocol[],
  others: readonly GroupProtocol[],
): boolean =>
  some.length === others.length &&
  some.every(({ name, metadata }, at) => {
    const other = others[at];
    return name === other?.name && sameBytes(metadata, other.metadata);
  });

function sameBytes(some: Uint8Array, others: Uint8Array): boolean {
  if (some.length !== others.length) return false;
  for (let at = 0; at < some.length; at++) if (some[at] !== others[at]) return false;
  return true;
}

/** What the metadata of these protocols takes. */
export const protocolBytes = (protocols: readonly GroupProtocol[]): number =>
  protocols.reduce((sum, { metadata }) => sum + metadata.length, 0);

const bytesOf = ({ protocols, assignment }: Counted): number =>
  groupEntryOverheadBytes + protocolBytes(protocols) + assignment.length;

/** Whether a rebalance that ended now would leave the member in. */
export const isPlaced = ({ joining, groupInstanceId }: Member): boolean =>
  joining !== null || groupInstanceId !== null;

/** See the head of this file. */
export class Members {
  readonly #byId = new Map<string, Member>();
  readonly #byInstance = new Map<string, Member>();
  /** For each protocol how many members offer it. */
  readonly #supporters = new Map<string, number>();
  /** Ids that were given out with MEMBER_ID_REQUIRED and have not been used yet (KIP-394). */
  readonly pendingJoin = new Set<string>();
  /** Ids of members of this generation that have not asked for their assignment. */
  readonly pendingSync = new Set<string>();
  #leader: string | null = null;
  #joiningCount = 0;
  #placedCount = 0;
  #bytes = 0;

  get size(): number {
    return this.#byId.size;
  }

  get leader(): string | null {
    return this.#leader;
  }

  get joiningCount(): number {
    return this.#joiningCount;
  }

  /** How many are sure of their place in the next generation: static members may be late. */
  get placedCount(): number {
    return this.#placedCount;
  }

  /** What all of them hold in memory. */
  get bytes(): number {
    return this.#bytes + this.pendingJoin.size * groupEntryOverheadBytes;
  }

  /** Whether nobody is missing for the next generation. */
  get allJoined(): boolean {
    return this.size === this.#joiningCount && this.pendingJoin.size === 0;
  }

  /** The longest that any member wants to have for coming back. */
  get rebalanceTimeoutMs(): number {
    return this.all().reduce((longest, member) => Math.max(longest, member.rebalanceTimeoutMs), 0);
  }

  /** In the order in which they came. */
  all(): readonly Member[] {
    return [...this.#byId.values()];
  }

  get(memberId: string): Member | undefined {
    return this.#byId.get(memberId);
  }

  /** The static member with this instance id (KIP-345). */
  instance(groupInstanceId: string): Member | undefined {
    return this.#byInstance.get(groupInstanceId);
  }

  /** Whether one of these protocols is offered by every member. */
  supportAny(protocols: readonly GroupProtocol[]): boolean {
    return protocols.some(({ name }) => (this.#supporters.get(name) ?? 0) === this.size);
  }

  add(member: Member): void {
    assert(!this.#byId.has(member.memberId), "a member is added once");
    this.pendingJoin.delete(member.memberId);
    this.#byId.set(member.memberId, member);
    if (member.groupInstanceId !== null) {
      assert(!this.#byInstance.has(member.groupInstanceId), "an instance has one member");
      this.#byInstance.set(member.groupInstanceId, member);
    }
    this.#count(member, 1);
    this.#leader ??= member.memberId;
  }

  /** Removes a member or a pending id; the oldest member leads if the leader goes. */
  remove(memberId: string): void {
    this.pendingJoin.delete(memberId);
    this.pendingSync.delete(memberId);
    const member = this.#byId.get(memberId);
    if (member === undefined) return;
    this.#byId.delete(memberId);
    if (member.groupInstanceId !== null) this.#byInstance.delete(member.groupInstanceId);
    this.#count(member, -1);
    if (this.#leader === memberId) this.#leader = this.all()[0]?.memberId ?? null;
  }

  /** Puts one static member in the place of another with the same instance id. */
  replace(old: Member, replacement: Member): void {
    assert(old.groupInstanceId === replacement.groupInstanceId, "instances replace themselves");
    const { groupInstanceId } = replacement;
    const isLeader = this.#leader === old.memberId;
    const order = this.all().map((member) => (member === old ? replacement : member));
    this.remove(old.memberId);
    this.#count(replacement, 1);
    if (groupInstanceId !== null) this.#byInstance.set(groupInstanceId, replacement);
    if (isLeader) this.#leader = replacement.memberId;
    // A map keeps the order of insertion, in which the new one has the old one's place.
    this.#byId.clear();
    for (const member of order) this.#byId.set(member.memberId, member);
  }

  /** Changes what is counted of a member. */
  update(member: Member, changes: Partial<Counted>): void {
    this.#count(member, -1);
    Object.assign(member as Mutable<Member>, changes);
    this.#count(member, 1);
  }

  /**
   * Sees to it that the leader is among those who have joined. Returns false if nobody has.
   */
  electJoined(): boolean {
    if (this.#leader === null) return false;
    if (this.#byId.get(this.#leader)?.joining === null) {
      this.#leader = this.all().find(({ joining }) => joining !== null)?.memberId ?? this.#leader;
    }
    return this.#joiningCount > 0;
  }

  /** Takes over the leader of a stored generation. */
  setLeader(leader: string | null): void {
    if (leader !== null && this.#byId.has(leader)) this.#leader = leader;
  }

  /**
   * The protocol of the next generation: of those that all members offer, the one that most of
   * them prefer; of equals, the one that was named first.
   */
  vote(): string {
    const votes = new Map<string, number>();
    for (const { protocols } of this.#byId.values()) {
      const vote = protocols.find(({ name }) => this.#supporters.get(name) === this.size);
      assert(vote !== undefined, "members share a protocol, or would not have come in");
      votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
    }
    const [first, ...others] = votes;
    assert(first !== undefined, "somebody votes");
    return others.reduce((best, each) => (each[1] > best[1] ? each : best), first)[0];
  }

  #count(member: Member, sign: 1 | -1): void {
    this.#bytes += sign * bytesOf(member);
    if (member.joining !== null) this.#joiningCount += sign;
    if (isPlaced(member)) this.#placedCount += sign;
    for (const { name } of member.protocols) {
      const supporters = (this.#supporters.get(name) ?? 0) + sign;
      if (supporters === 0) this.#supporters.delete(name);
      else this.#supporters.set(name, supporters);
    }
  }
}
