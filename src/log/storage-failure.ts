/** What a log answers when the disk fails. */
import { Refusal } from "../base/refusal.ts";
import { DiskError } from "../disk/disk.ts";

/** @param what was being done, as in `reading`; an error that is not the disk's is thrown on */
export function storageFailure(what: string, error: unknown): Refusal {
  if (!(error instanceof DiskError)) throw error;
  return new Refusal("KAFKA_STORAGE_ERROR", `${what} failed: ${error.message}`);
}
