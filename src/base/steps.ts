/**
 * Work in steps: a generator that stops where somebody else may have a turn. Who has no others to
 * think of takes all steps at once.
 */

/** Does a piece of the work each time it is asked, and returns the result with the last one. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Takes all steps, or those that are left. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
