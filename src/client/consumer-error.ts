/**
 * Why a consumer could not do what it was asked, as one kind of error with a code for programs.
 * Inside the project refusals are values; whoever imports a library expects it to throw.
 */

/**
 * - `INVALID`: the call itself is wrong: a name, an offset, a partition.
 * - `GROUP_IN_USE`: another consumer of the group is at work on this directory.
 * - `RECORDS_DAMAGED`: records can't be read; `damaged` says which. The consumer stays in front of
 *   them until `skipDamage`.
 * - `COMMITS_DAMAGED`: the group's commit file is not what was written. Nothing is guessed.
 * - `STORAGE`: the disk refused; trying again may help.
 * - `READ_ONLY`: the consumer was opened to look only.
 * - `OVERLOADED`: too many calls wait already.
 * - `CLOSED`: it was closed.
 */
export type ConsumerErrorCode =
  | "INVALID"
  | "GROUP_IN_USE"
  | "RECORDS_DAMAGED"
  | "COMMITS_DAMAGED"
  | "STORAGE"
  | "READ_ONLY"
  | "OVERLOADED"
  | "CLOSED";

/** Offsets that can't be read: from `fromOffset` to before `toOffset`, where reading can go on. */
export interface DamagedRecords {
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
  readonly toOffset: number;
}

/** See {@link ConsumerErrorCode}. */
export class ConsumerError extends Error {
  override readonly name = "ConsumerError";
  constructor(
    readonly code: ConsumerErrorCode,
    message: string,
    readonly damaged?: DamagedRecords,
  ) {
    super(message);
  }
}
