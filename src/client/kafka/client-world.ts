/** What a client of the Kafka protocol stands on: clock, chance and network of this machine. */
import { systemClock, type Clock } from "../../base/clock.ts";
import { systemRandom, type Random } from "../../base/random.ts";
import { dialTcp, type Dial } from "../socket.ts";

/** See the head of this file; tests have others. */
export interface ClientWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly dial: Dial;
}

export const systemWorld: ClientWorld = {
  clock: systemClock,
  random: systemRandom,
  dial: dialTcp,
};
