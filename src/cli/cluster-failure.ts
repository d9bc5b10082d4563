/** Why a command could not do what it was asked of a cluster. A value, as refusals are. */
import type { ClientErrorCode } from "../client/kafka/client-error.ts";

/** See the head of this file. */
export class ClusterFailure {
  constructor(
    /** One sentence. */
    readonly message: string,
    /** What the client said; `null`: it did not come to a client. */
    readonly code: ClientErrorCode | null = null,
  ) {}
}
