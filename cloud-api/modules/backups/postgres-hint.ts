/** For people who ask a cloud on PostgreSQL for a backup. */
export const postgresHint =
  "this cloud's data is in PostgreSQL, so use its own tools: pg_dump for a copy, pg_basebackup for the whole server; after a restore nothing is to be done by hand";
