/**
 * The group members that live in this process, so that all of them can leave before it ends: their
 * groups would otherwise wait for them until they are missed.
 */
import { GroupMember, type MemberOwner, type MemberParts } from "./group-member.ts";

/** See the head of this file. How many there are is bounded by those who ask for them. */
export class ResidentMembers {
  readonly #open = new Set<GroupMember>();

  constructor(private readonly parts: MemberParts) {}

  /** How many have not ended. */
  get count(): number {
    return this.#open.size;
  }

  /** A member that joins now; whoever asks for it closes it. */
  join(owner: MemberOwner): GroupMember {
    const member = new GroupMember(this.parts, owner);
    this.#open.add(member);
    void member.ended.then(() => this.#open.delete(member));
    return member;
  }

  /** All of them leave. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((member) => member.close()));
  }
}
