/**
 * The ids of idempotent producers as a row of SQL: one number, the first id that was never
 * reserved. It only grows, so no id is given twice, whatever is lost in between. The statements are
 * the same on SQLite and PostgreSQL.
 */
import { Refusal } from "../base/refusal.ts";
import type { ProducerIdStore } from "./metadata.ts";
import type { Statement, Transactions } from "./transactions.ts";

/** The store of producer ids over one database. */
export function sqlProducerIds(transactions: Transactions<Statement>): ProducerIdStore {
  return {
    reserve: (count, least) =>
      transactions.run("reserving producer ids", async (sql) => {
        const rows = await sql`
          update producer_ids set next_producer_id = ${count} +
            case when next_producer_id < ${least} then ${least} else next_producer_id end
          returning next_producer_id`;
        // An int8 is a string on PostgreSQL.
        const next = Number(rows[0]?.["next_producer_id"]);
        if (rows.length === 1 && Number.isSafeInteger(next) && next >= count) return next - count;
        return new Refusal("KAFKA_STORAGE_ERROR", "the row of producer ids is damaged");
      }),
  };
}
