/**
 * Seeds that find a bug in the broker where it is put back, with what it was; they must stay right.
 * A change of the simulator makes seeds tell other stories: then `simulate --planted`, where bugs
 * are put back, says which seed finds one now. Tests of the bugs themselves are in
 * `half-done.test.ts`, of `test/log` and `test/broker`.
 */
export const namedSeeds: readonly { readonly seed: number; readonly was: string }[] = [
  { seed: 269, was: "a start of a log that a full disk had not taken was believed the next time" },
  { seed: 500, was: "recovery believed what a failed sync had left in the page cache" },
  { seed: 1335, was: "a deletion believed a rename that a killed process had not made durable" },
  {
    seed: 401_941,
    was: "an offset that was damaged behind other damage hid all that came after it",
  },
  {
    seed: 2_201_957,
    was: "an offset that was damaged behind other damage hid records of the segment that follows",
  },
];
