/**
 * What the members of a group have seen of it, all together: the truth that its coordinator is held
 * against. Nobody but the coordinator knows what it has in mind, so it is judged by what it has
 * told: a generation begins for the witness when the first member has its assignment.
 *
 * Owned data: who was given what in which generation; for each partition the offset that is known
 * to be committed, and the furthest that was sent. Offsets only grow, each by one: so a commit
 * that nobody should have made shows as an offset that was not sent, or as one that went back.
 */

/** A commit that was sent. */
export interface Commit {
  readonly generationId: number;
  readonly offsets: ReadonlyMap<number, number>;
  /** The newest generation when it was sent. */
  readonly newest: number;
}

/** See the head of this file. */
export class GroupWitness {
  readonly violations: string[] = [];
  /** The newest generation of which anybody has its assignment. */
  newest = -1;
  /** Offsets whose commit was acknowledged. */
  committed = 0;
  /** In each generation, the owner of each partition. */
  readonly #owners = new Map<number, Map<number, string>>();
  readonly #known: number[];
  readonly #sent: number[];

  constructor(partitionCount: number) {
    this.#known = Array.from({ length: partitionCount }, () => 0);
    this.#sent = Array.from({ length: partitionCount }, () => 0);
  }

  /** Generations that somebody has seen. */
  get generations(): number {
    return this.#owners.size;
  }

  /**
   * A member has its assignment.
   * @param newest what `newest` was when it asked
   */
  assigned(memberId: string, generationId: number, given: readonly number[], newest: number): void {
    if (generationId < newest) {
      this.#note(`generation ${generationId} was given out after ${newest} had begun`);
    }
    const owners = this.#owners.get(generationId) ?? new Map<number, string>();
    this.#owners.set(generationId, owners);
    for (const index of given) {
      const owner = owners.get(index) ?? memberId;
      if (owner !== memberId) {
        this.#note(`generation ${generationId}: ${index} belongs to ${owner} and to ${memberId}`);
      }
      owners.set(index, memberId);
    }
    this.newest = Math.max(this.newest, generationId);
  }

  /**
   * Begins a commit of these offsets; see {@link acknowledged}.
   * @param isAllowed whether they may ever be found
   */
  sends(generationId: number, offsets: ReadonlyMap<number, number>, isAllowed: boolean): Commit {
    for (const [index, offset] of isAllowed ? offsets : []) {
      this.#sent[index] = Math.max(this.#sent[index]!, offset);
    }
    return { generationId, offsets, newest: this.newest };
  }

  /** An offset of the commit was acknowledged. */
  acknowledged({ generationId, offsets, newest }: Commit, index: number): void {
    this.committed += 1;
    if (generationId < newest) {
      this.#note(`generation ${generationId} committed for ${index} after ${newest} had begun`);
    }
    const offset = offsets.get(index) ?? -1;
    if (offset < this.#known[index]!) {
      this.#note(`${index}: ${offset} was committed after ${this.#known[index]}`);
    }
    this.#known[index] = Math.max(this.#known[index]!, offset);
  }

  /** What must be found when one asks now; see {@link found}. */
  expects(): readonly number[] {
    return [...this.#known];
  }

  /**
   * An offset was fetched: nothing less than was known when it was asked for, nothing that nobody
   * has sent. What was sent and never answered may be there, and stays there.
   */
  found(index: number, offset: number, expected: readonly number[]): void {
    const known = expected[index]!;
    const sent = this.#sent[index]!;
    if (offset < known) this.#note(`${index}: committed was ${known}, found is ${offset}`);
    if (offset > sent) this.#note(`${index}: at most ${sent} was committed, found is ${offset}`);
    this.#known[index] = Math.max(this.#known[index]!, offset);
  }

  #note(what: string): void {
    this.violations.push(what);
  }
}
