/**
 * The times of a member: it tells its group that it lives, also while its program works on what it
 * has polled; and it gives up its place when the program has not polled for too long (KIP-62).
 *
 * Invariant: one heartbeat is under way at most, and none after `stop`.
 */
import type { Cancel } from "../../base/clock.ts";
import type { ClientWorld } from "./client-world.ts";
import { Pause } from "./pause.ts";

export interface HeartbeatParts {
  readonly world: ClientWorld;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
  /** Sends one; never rejects. False: it did not get through, and is tried again soon. */
  readonly beat: () => Promise<boolean>;
  /** The program has not polled for `maxPollIntervalMs`. */
  readonly abandoned: () => void;
}

/** See the head of this file. */
export class Heartbeat {
  #isOn = false;
  #isBeating = false;
  #cancelBeat: Cancel | null = null;
  #cancelPolls: Cancel | null = null;
  #isPolling = false;
  readonly #pause: Pause;

  constructor(private readonly parts: HeartbeatParts) {
    this.#pause = new Pause(parts.world, () => void this.#beat());
  }

  /** The member has a place in the group. */
  start(): void {
    this.#isOn = true;
    this.#schedule();
    this.#watchPolls();
  }

  /** It has none any more, or is just joining anew. */
  stop(): void {
    this.#isOn = false;
    this.#cancelBeat?.();
    this.#cancelBeat = null;
    this.#cancelPolls?.();
    this.#cancelPolls = null;
    this.#pause.stop();
  }

  /** The program is within a poll now. */
  pollBegins(): void {
    this.#isPolling = true;
    this.#cancelPolls?.();
    this.#cancelPolls = null;
  }

  /** From now on its time to come back runs. */
  pollEnds(): void {
    this.#isPolling = false;
    this.#watchPolls();
  }

  #watchPolls(): void {
    if (!this.#isOn || this.#isPolling) return;
    const { world, maxPollIntervalMs, abandoned } = this.parts;
    this.#cancelPolls?.();
    this.#cancelPolls = world.clock.after(maxPollIntervalMs, () => {
      this.#cancelPolls = null;
      abandoned();
    });
  }

  #schedule(): void {
    const { world, heartbeatIntervalMs } = this.parts;
    this.#cancelBeat?.();
    this.#cancelBeat = world.clock.after(heartbeatIntervalMs, () => {
      this.#cancelBeat = null;
      void this.#beat();
    });
  }

  async #beat(): Promise<void> {
    if (!this.#isOn) return;
    if (this.#isBeating) {
      // One that was under way when the member joined anew: the next takes its turn.
      this.#schedule();
      return;
    }
    this.#isBeating = true;
    const isThrough = await this.parts.beat();
    this.#isBeating = false;
    if (!this.#isOn) return;
    if (isThrough) {
      this.#pause.succeeded();
      this.#schedule();
      return;
    }
    this.#cancelBeat?.();
    this.#pause.failed();
  }
}
