/**
 * Who this installation is, as a row of SQL: the id that clients know the cluster by. It is chosen
 * once. The statements are the same on SQLite and PostgreSQL.
 */
import type { ClusterStore } from "./metadata.ts";
import type { Statement, Transactions } from "./transactions.ts";

/** The store of the cluster's id over one database. */
export function sqlCluster(transactions: Transactions<Statement>): ClusterStore {
  return {
    id: (proposed) =>
      transactions.run("reading the cluster's id", async (sql) => {
        const rows = await sql`select cluster_id from cluster`;
        const [row] = rows;
        if (row !== undefined) return String(row["cluster_id"]);
        await sql`insert into cluster (cluster_id) values (${proposed})`;
        return proposed;
      }),
  };
}
