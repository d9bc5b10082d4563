/**
 * Who this installation is, as a row of SQL: the id that clients know the cluster by. It is chosen
 * once. The statements are the same on SQLite and PostgreSQL.
 */
import type { ClusterStore } from "./metadata.ts";
import type { Statement, Transactions } from "./transactions.ts";

/** The store of the cluster's id over one database. */
export function sqlCluster(transactions: Transactions<Statement>): ClusterStore {
  return {
    id: async (proposed) => {
      const known = await transactions.read("reading the cluster's id", readId);
      if (known !== null) return known;
      return await transactions.run("choosing the cluster's id", async (sql) => {
        const other = await readId(sql);
        if (other !== null) return other;
        await sql`insert into cluster (cluster_id) values (${proposed})`;
        return proposed;
      });
    },
  };
}

async function readId(sql: Statement): Promise<string | null> {
  const [row] = await sql`select cluster_id from cluster`;
  return row === undefined ? null : String(row["cluster_id"]);
}
