/**
 * The schema of the metadata, as the steps that led to it. Only SQL that SQLite and PostgreSQL
 * understand alike; what differs (pragmas, how a database is opened) is in `sql.ts`.
 *
 * Rules: a released step is never edited, a new one is added at the end, and there is no way back:
 * a database that is newer than this list is refused. No CHECK names the values of a column, since
 * SQLite cannot change a constraint later: rows are checked where they are read.
 */

/**
 * Step n brings version n - 1 to version n. Each may hold several statements, all without
 * parameters; `schema_version` always holds one row, which `sql.ts` writes with the steps.
 */
export const schemaSteps: readonly string[] = [
  `
  create table schema_version (
    version integer not null
  );
  create table topics (
    id text not null primary key,
    name text not null unique,
    partition_count integer not null,
    state text not null,
    created_at bigint not null
  );
  create table topic_configs (
    topic_id text not null references topics (id) on delete cascade,
    name text not null,
    value text not null,
    primary key (topic_id, name)
  );
  `,
];
