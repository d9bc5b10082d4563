/** What a native producer is told, checked and completed. */
import { systemClock, type Clock } from "../base/clock.ts";
import { systemRandom, type Random } from "../base/random.ts";
import {
  producerDeliveryMsMax,
  producerInFlightBytesMax,
  producerInFlightMessagesMax,
} from "../limits.ts";
import { isText } from "./given.ts";
import { ProducerError } from "./producer-error.ts";
import { dialTcp, type Dial } from "./socket.ts";

/** All times are milliseconds. */
export interface ProducerOptions {
  /** Where the broker is; by default on this machine, at the original's port. */
  readonly host?: string;
  readonly port?: number;
  /** From `send` to the reply; then the promise rejects with `TIMEOUT`. */
  readonly deliveryTimeoutMs?: number;
  /** Sent and not acknowledged: above either bound `send` waits for room. */
  readonly inFlightBytesMax?: number;
  readonly inFlightMessagesMax?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly dial?: Dial;
}

/** The longest that a timer can wait. */
const timeoutMsMax = 0x7fff_ffff;

/** @throws ProducerError INVALID */
export function producerPlan(options: ProducerOptions): Required<ProducerOptions> {
  const plan: Required<ProducerOptions> = {
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 8080,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? producerDeliveryMsMax,
    inFlightBytesMax: options.inFlightBytesMax ?? producerInFlightBytesMax,
    inFlightMessagesMax: options.inFlightMessagesMax ?? producerInFlightMessagesMax,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    dial: options.dial ?? dialTcp,
  };
  if (!isText(plan.host) || plan.host === "") throw invalid("host is the name of one");
  for (const [name, max] of [
    ["port", 65_535],
    ["deliveryTimeoutMs", timeoutMsMax],
    ["inFlightBytesMax", Number.MAX_SAFE_INTEGER],
    ["inFlightMessagesMax", Number.MAX_SAFE_INTEGER],
  ] as const) {
    const value = plan[name];
    if (Number.isInteger(value) && value >= 1 && value <= max) continue;
    throw invalid(`${name} is a whole number from 1 to ${max}, not ${value}`);
  }
  return plan;
}

const invalid = (message: string): ProducerError => new ProducerError("INVALID", message);
