/**
 * What was set for the whole broker while it ran, as rows of SQL, one for each configuration. The
 * statements are the same on SQLite and PostgreSQL.
 */
import type { BrokerConfigStore } from "./metadata.ts";
import type { Statement, Transactions } from "./transactions.ts";

/** The store of the broker's configurations over one database. */
export function sqlBrokerConfigs(transactions: Transactions<Statement>): BrokerConfigStore {
  return {
    all: () =>
      transactions.read("reading the broker's configuration", async (sql) => {
        const rows = await sql`select name, value from broker_configs order by name`;
        return Object.fromEntries(rows.map((row) => [String(row["name"]), String(row["value"])]));
      }),

    replace: (config) =>
      transactions.run("changing the broker's configuration", async (sql) => {
        await sql`delete from broker_configs`;
        for (const [name, value] of Object.entries(config)) {
          await sql`insert into broker_configs (name, value) values (${name}, ${value})`;
        }
        return null;
      }),
  };
}
