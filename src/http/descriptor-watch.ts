/**
 * Keeps connections to the HTTP port from taking the descriptors that the broker's files and other
 * ports need: without one no segment can be opened, and an accept that fails for want of one spins.
 *
 * The runtime accepts as many as come and shows none of them, so what is left to this process is
 * looked at, again and again. Where that is little the door accepts no more; where it is nearly
 * nothing everything that the door holds is cut; and when there is enough again it opens.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { ListenFailure } from "../base/listen-failure.ts";
import type { Logger } from "../base/logger.ts";
import { httpDescriptorsFreeMin, httpDescriptorsMs, httpDescriptorsShare } from "../limits.ts";

/** As much of the door as is needed. */
interface Shuttable {
  shut(isCutting: boolean): void;
  reopen(): ListenFailure | null;
}

/** What the watch needs. */
export interface DescriptorWatchParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly door: Shuttable;
  /** How many the process may have. */
  readonly descriptorsMax: number;
  /** How many it has; never rejects. */
  readonly used: () => Promise<number>;
}

/** See the head of this file. */
export class DescriptorWatch {
  readonly #freeMin: number;
  #isShut = false;
  #next: Cancel;
  #isClosed = false;

  constructor(private readonly parts: DescriptorWatchParts) {
    const share = Math.floor(parts.descriptorsMax * httpDescriptorsShare);
    this.#freeMin = Math.min(httpDescriptorsFreeMin, share);
    this.#next = this.#later();
  }

  /** Looks no more. */
  close(): void {
    this.#isClosed = true;
    this.#next();
  }

  #later(): Cancel {
    return this.parts.clock.after(httpDescriptorsMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { descriptorsMax, used, door, logger } = this.parts;
    const free = Math.max(0, descriptorsMax - (await used()));
    if (this.#isClosed) return;
    this.#next = this.#later();
    if (free < this.#freeMin) {
      if (!this.#isShut) logger.warn("http closed for a while", { descriptorsFree: free });
      this.#isShut = true;
      door.shut(free < this.#freeMin / 2);
    } else if (this.#isShut && free >= 2 * this.#freeMin) {
      const failure = door.reopen();
      if (failure !== null) return logger.warn("http not opened yet", { why: failure.message });
      this.#isShut = false;
      logger.info("http opened again", { descriptorsFree: free });
    }
  }
}
