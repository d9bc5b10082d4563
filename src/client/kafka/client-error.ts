/**
 * Why a client of the Kafka protocol could not do what it was asked: one kind of error, with a
 * code for programs. Inside the project refusals are values; whoever imports a library expects it
 * to throw.
 */
import { errorName, errors, type ErrorName } from "../../kafka/errors.ts";

/**
 * What a broker answered has Kafka's name (`UNKNOWN_TOPIC_OR_PARTITION`). The library's own:
 * - `NETWORK`: no connection, or it ended before the answer. What was asked may have been done.
 * - `TIMED_OUT`: no answer in time. What was asked may have been done.
 * - `UNSUPPORTED`: this client and the broker have no version of the API in common.
 * - `MALFORMED`: the answer is not what the protocol says. The connection is closed.
 * - `OVERLOADED`: too much waits already.
 * - `INVALID`: the call itself is wrong: an address, a name, an option.
 * - `CLOSED`: it was closed, or given up by whoever asked.
 */
export type ClientErrorCode =
  | "NETWORK"
  | "TIMED_OUT"
  | "UNSUPPORTED"
  | "MALFORMED"
  | "OVERLOADED"
  | "INVALID"
  | "CLOSED"
  | ErrorName;

const retriableCodes: readonly ClientErrorCode[] = ["NETWORK", "TIMED_OUT", "OVERLOADED"];

/** See {@link ClientErrorCode}. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  /** Whether the same may succeed later, without anyone doing anything about it. */
  readonly retriable: boolean;

  /** @param retriable by default what the code says */
  constructor(
    readonly code: ClientErrorCode,
    message: string,
    retriable?: boolean,
  ) {
    super(message);
    this.retriable = retriable ?? isRetriable(code);
  }
}

function isRetriable(code: ClientErrorCode): boolean {
  if (code in errors) return errors[code as ErrorName].retriable;
  return retriableCodes.includes(code);
}

/** Whether a partition, or its topic, is not what it was: gone, or made anew. */
export const isGone = (error: unknown): boolean =>
  error instanceof ClientError && goneCodes.includes(error.code);

const goneCodes: readonly ClientErrorCode[] = [
  "UNKNOWN_TOPIC_OR_PARTITION",
  "UNKNOWN_TOPIC_ID",
  "INCONSISTENT_TOPIC_ID",
];

/**
 * What a broker's error code means for `doing`; `null`: it is none.
 * @param doing what failed, where: `creating topic orders`
 * @param said the broker's own words, where the response has them
 */
export function kafkaError(code: number, doing: string, said?: string | null): ClientError | null {
  if (code === errors.NONE.code) return null;
  const name = errorName(code);
  if (name === undefined) {
    const words = said ? `: ${said}` : "";
    return new ClientError("UNKNOWN_SERVER_ERROR", `${doing}: the broker's error ${code}${words}`);
  }
  return new ClientError(name, `${doing}: ${said || errors[name].message} (${name})`);
}
