/** How often a test with random input repeats: few on a desk, all in CI. */

/** `quick`, or `full` when the environment says `CI=true`. */
export function rounds(quick: number, full: number): number {
  return process.env["CI"] === "true" ? full : quick;
}
