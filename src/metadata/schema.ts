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
  `
  create table consumer_groups (
    group_id text not null primary key,
    generation_id integer not null,
    protocol_type text,
    protocol_name text,
    leader text,
    current_state_timestamp bigint not null
  );
  create table group_members (
    group_id text not null references consumer_groups (group_id) on delete cascade,
    member_id text not null,
    ordinal integer not null,
    group_instance_id text,
    client_id text not null,
    client_host text not null,
    rebalance_timeout_ms integer not null,
    session_timeout_ms integer not null,
    assignment bytea not null,
    primary key (group_id, member_id)
  );
  create table group_member_protocols (
    group_id text not null,
    member_id text not null,
    ordinal integer not null,
    name text not null,
    metadata bytea not null,
    primary key (group_id, member_id, ordinal),
    foreign key (group_id, member_id)
      references group_members (group_id, member_id) on delete cascade
  );
  create table group_offsets (
    group_id text not null,
    topic text not null,
    partition_index integer not null,
    committed_offset bigint not null,
    committed_leader_epoch integer not null,
    metadata text not null,
    commit_timestamp bigint not null,
    expire_timestamp bigint,
    primary key (group_id, topic, partition_index)
  );
  `,
  `
  create table producer_ids (
    next_producer_id bigint not null
  );
  insert into producer_ids (next_producer_id) values (0);
  create table broker_configs (
    name text not null primary key,
    value text not null
  );
  `,
  `
  create table cluster (
    cluster_id text not null primary key
  );
  `,
];
