/**
 * The only way to the metadata's tables: transactions, one after another, with the database's
 * errors as refusals.
 *
 * Everything runs in one, even a single statement. On SQLite's one connection a statement outside
 * would join whatever transaction happens to be open, and be undone with it after it was
 * acknowledged.
 *
 * A transaction is committed first and made durable then, while later ones run already. So it may
 * see what is not durable yet, and what it tells of that could be untrue after a power cut: be it
 * a row that it has read, or a name that it found taken. Hence the invariants:
 * - nobody is told a transaction's result before it is durable, with all that it may have seen;
 * - after a failed sync nothing is done any more, and nothing that waited for it is acknowledged.
 */
import type { Logger } from "../base/logger.ts";
import type { Refusal } from "../base/refusal.ts";
import { databaseRefusal, isFailedSync } from "./database-errors.ts";

/** Runs one statement, a tagged template: its values are parameters, never text. */
export interface Statement {
  (text: TemplateStringsArray, ...values: Value[]): PromiseLike<Record<string, unknown>[]>;
  /** The same for a text of this source, with its parameters as `$1`, `$2` and so on. */
  unsafe(text: string, values: Value[]): PromiseLike<unknown>;
  /** Runs the statements of a text of this source, which has no parameters; tells no rows. */
  script(text: string): PromiseLike<void>;
}

/** What a parameter may be. */
export type Value = string | number | null | Uint8Array;

/** Runs `work` between BEGIN and COMMIT, or ROLLBACK if it rejects; rejects as the database. */
export type Begin<Connection> = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

/** What makes commits durable. */
export interface Durability {
  /** Something was committed that is not durable yet. */
  wrote(): void;
  /** Resolves once all that was committed before the call is on the device; rejects as the disk. */
  durable(): Promise<void>;
  /** Nothing is acknowledged from now on. */
  seal(): void;
}

/** See the head of this file. */
export class Transactions<Connection> {
  #sealedBy: Refusal | null = null;
  /** The end of the last turn. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param what begins every refusal: which database it is */
  constructor(
    private readonly begin: Begin<Connection>,
    private readonly durability: Durability,
    private readonly logger: Logger,
    private readonly what: string,
  ) {}

  /** What is answered to everything since a sync has failed. */
  get sealedBy(): Refusal | null {
    return this.#sealedBy;
  }

  /**
   * Runs `work` in a transaction: all of it is on the device, or none.
   * @param purpose what it does, for the refusal
   */
  run<T>(purpose: string, work: (connection: Connection) => Promise<T>): Promise<T | Refusal> {
    return this.#run(purpose, work, () => this.durability.wrote());
  }

  /** The same for work that changes nothing, and has nothing of its own to be made durable. */
  read<T>(purpose: string, work: (connection: Connection) => Promise<T>): Promise<T | Refusal> {
    return this.#run(purpose, work, () => {});
  }

  /** Runs `work`, which is told if it is too late, while there is no transaction. */
  async alone(purpose: string, work: () => Promise<void>): Promise<Refusal | null> {
    return await this.#turn(async () => {
      try {
        if (this.#sealedBy === null) await work();
        return this.#sealedBy;
      } catch (error) {
        return this.#refusal(error, purpose);
      }
    });
  }

  async #run<T>(
    purpose: string,
    work: (connection: Connection) => Promise<T>,
    wrote: () => void,
  ): Promise<T | Refusal> {
    try {
      const result = await this.#turn(async () => {
        if (this.#sealedBy !== null) return this.#sealedBy;
        const committed = await this.begin(work);
        wrote();
        return committed;
      });
      await this.durability.durable();
      return this.#sealedBy ?? result;
    } catch (error) {
      return this.#refusal(error, purpose);
    }
  }

  #refusal(error: unknown, purpose: string): Refusal {
    const refusal = databaseRefusal(error, `${this.what}: ${purpose}`);
    if (!isFailedSync(error)) return refusal;
    if (this.#sealedBy === null) {
      this.#sealedBy = refusal;
      this.durability.seal();
      this.logger.error("metadata sealed", { reason: refusal.message });
    }
    return this.#sealedBy;
  }

  /** One after another. Who asked is told of a rejection; it does not concern the next one. */
  #turn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = Promise.allSettled([turn]);
    return turn;
  }
}
