/**
 * The only way to the metadata's tables: transactions, with the database's errors as refusals.
 *
 * Everything runs in one, even a single statement. On SQLite's one connection a statement outside
 * would join whatever transaction happens to be open, and be undone with it after it was
 * acknowledged.
 *
 * Invariant: after a failed fsync nothing is done any more. The system may have dropped what it
 * could not write, and then calls it clean: a later fsync that succeeds proves nothing about it.
 */
import type { Refusal } from "../base/refusal.ts";
import { databaseRefusal, isFailedSync } from "./database-errors.ts";

/** Runs one statement, a tagged template: its values are parameters, never text. */
export type Statement = (
  text: TemplateStringsArray,
  ...values: (string | number | null | Uint8Array)[]
) => PromiseLike<Record<string, unknown>[]>;

/** Runs `work` between BEGIN and COMMIT, or ROLLBACK if it rejects; rejects as the database. */
export type Begin<Connection> = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

/** See the head of this file. */
export class Transactions<Connection> {
  #broken: Refusal | null = null;

  /** @param what begins every refusal: which database it is */
  constructor(
    private readonly begin: Begin<Connection>,
    private readonly what: string,
  ) {}

  /**
   * Runs `work` in a transaction: all of it is on the device, or none.
   * @param purpose what it does, for the refusal
   */
  async run<T>(
    purpose: string,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T | Refusal> {
    if (this.#broken !== null) return this.#broken;
    try {
      return await this.begin(work);
    } catch (error) {
      const refusal = databaseRefusal(error, `${this.what}: ${purpose}`);
      if (isFailedSync(error)) this.#broken = refusal;
      return refusal;
    }
  }
}
