/** Why one part of a request is refused, as a response says it: a code for programs, and a text. */
import type { Refusal } from "../base/refusal.ts";
import { type ErrorName, errors, refusalErrors } from "./errors.ts";

/** See the head of this file. */
export class Fault {
  readonly code: number;

  constructor(
    error: ErrorName,
    readonly message: string,
  ) {
    this.code = errors[error].code;
  }

  /** One with Kafka's own words. */
  static plain(error: ErrorName): Fault {
    return new Fault(error, errors[error].message);
  }
}

/** What a refusal of the broker is to a client. */
export const faultOf = ({ code, message }: Refusal): Fault =>
  new Fault(refusalErrors[code], message);
