/** A manual clock whose wall time can be set to another year while time passes as before. */
import { ManualClock } from "./clock.ts";

export class JumpingClock extends ManualClock {
  /** How far the wall clock is from the time that has passed. */
  stepMs = 0;

  override now(): number {
    return super.now() + this.stepMs;
  }
}
