import { type Kysely, sql } from "kysely";
import { withoutTables } from "./untyped-database.ts";

/** What the log may keep. A client that is further behind fetches its shape anew. */
export type LogLimits = { readonly entries: number; readonly bytes: number; readonly ageMs: number };

export const defaultLogLimits: LogLimits = {
  entries: 1_000_000,
  bytes: 1_000_000_000,
  ageMs: 14 * 86_400_000,
};

/** Commits removed in one transaction, so that nobody waits long for it. */
const commitsAtOnce = 5000;

/**
 * Drops the oldest commits beyond the limits. What is dropped is written down in the same transaction, so that a
 * reader who began before cannot take the gap for silence.
 */
export async function maintainShapeLog<Tables>(
  database: Kysely<Tables>,
  limits: LogLimits = defaultLogLimits,
): Promise<void> {
  const kysely = withoutTables(database);
  const through = await findTrimPoint(kysely, limits);
  let trimmed = false;
  while (await trimSome(kysely, through)) trimmed = true;
  await sql`delete from waystation_shapes.snapshots
    where start < (select trimmed_through from waystation_shapes.state)`.execute(kysely);
  await sql`delete from waystation_shapes.relations known
    where not exists (select from pg_catalog.pg_class c where c.oid = known.relation)`.execute(kysely);
  // The embedded database has nobody else who would give the space back.
  if (trimmed)
    for (const table of ["log", "commits"])
      await sql`vacuum ${sql.id("waystation_shapes", table)}`.execute(kysely);
}

/** The newest commit to go; 0 when all may stay. */
async function findTrimPoint(kysely: Kysely<unknown>, limits: LogLimits): Promise<number> {
  const { rows } = await sql<{ through: string }>`
    select greatest(
      (select coalesce(max(number), 0) from waystation_shapes.commits
        where at < clock_timestamp() - ${limits.ageMs}::float8 * interval '1 millisecond'),
      (select coalesce(max(number), 0) from (
        select number, sum(coalesce(entries, 1)) over newest as entries_since from waystation_shapes.commits
        where number is not null window newest as (order by number desc)) counted
        where entries_since > ${limits.entries}),
      (select coalesce(max(number), 0) from (
        select c.number, sum(sized.bytes) over (order by c.number desc) as bytes_since
        from waystation_shapes.commits c join (
          select xid, sum(coalesce(octet_length(old_record), 0) + coalesce(octet_length(new_record), 0) + 100) as bytes
          from waystation_shapes.log group by xid) sized on sized.xid = c.xid
        where c.number is not null) weighed
        where bytes_since > ${limits.bytes}))::text as through`.execute(kysely);
  return Number(rows[0]?.through ?? 0);
}

async function trimSome(kysely: Kysely<unknown>, through: number): Promise<boolean> {
  return kysely.transaction().execute(async (tx) => {
    const { rows } = await sql<{ xid: string; number: string }>`
      select xid::text as xid, number::text as number from waystation_shapes.commits
      where number <= ${through} order by commits.number limit ${commitsAtOnce}`.execute(tx);
    const last = rows.at(-1);
    if (last === undefined) return false;
    await sql`update waystation_shapes.state set trimmed_through = greatest(trimmed_through, ${last.number}::text::bigint)`.execute(
      tx,
    );
    const xids = sql`${`{${rows.map(({ xid }) => xid).join()}}`}::text::xid8[]`;
    await sql`delete from waystation_shapes.log where xid = any(${xids})`.execute(tx);
    await sql`delete from waystation_shapes.commits where xid = any(${xids})`.execute(tx);
    return true;
  });
}
