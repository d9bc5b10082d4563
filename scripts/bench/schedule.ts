/** In which order rounds are made, and when no more are: all contests once, then all again. */

/** What a schedule needs to know of a contest. */
export interface Rounds {
  isOpen(): boolean;
  pairs(): number;
  round(deadline: number): Promise<void>;
}

/**
 * Goes over all contests, again and again, until each has enough pairs or the time is over. So
 * everything has a few pairs before anything has many, and what is cut short is the least of it.
 */
export async function holdAll(
  contests: readonly Rounds[],
  { pairs, deadline }: { readonly pairs: number; readonly deadline: number },
): Promise<void> {
  const isWanting = (contest: Rounds): boolean => contest.isOpen() && contest.pairs() < pairs;
  for (;;) {
    const wanting = contests.filter(isWanting);
    const before = wanting.map((contest) => contest.pairs());
    for (const contest of wanting) {
      if (performance.now() >= deadline) return;
      await contest.round(deadline);
    }
    const isStuck = wanting.every((contest, at) => contest.pairs() === before[at]);
    if (isStuck) return;
  }
}
