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

/** An entry takes at least so much of the table: the head of a row, its place on the page and four numbers. */
const leastEntryBytes = 48;

/**
 * The newest commit to go; 0 when all may stay. Entries are counted and weighed one by one, which takes seconds in a
 * long log; a table that is smaller than what the limits allow holds nothing beyond them.
 */
async function findTrimPoint(kysely: Kysely<unknown>, limits: LogLimits): Promise<number> {
  const { rows } = await sql<{ through: string; tableBytes: string }>`
    select coalesce(max(number), 0)::text as through,
      pg_table_size('waystation_shapes.log')::text as "tableBytes"
    from waystation_shapes.commits
    where at < clock_timestamp() - ${limits.ageMs}::float8 * interval '1 millisecond'`.execute(kysely);
  const points = [Number(rows[0]?.through ?? 0)];
  const tableBytes = Number(rows[0]?.tableBytes ?? Number.MAX_SAFE_INTEGER);
  if (tableBytes > limits.entries * leastEntryBytes)
    points.push(await findBeyond(kysely, countEntries, limits.entries));
  if (tableBytes > limits.bytes) points.push(await findBeyond(kysely, weighEntries, limits.bytes));
  return Math.max(...points);
}

/** Of each commit, how much there is from it on. */
const countEntries = sql`
  select number, sum(coalesce(entries, 1)) over (order by number desc) as since
  from waystation_shapes.commits where number is not null`;
const weighEntries = sql`
  select c.number, sum(sized.bytes) over (order by c.number desc) as since
  from waystation_shapes.commits c join (
    select xid, sum(coalesce(octet_length(old_record), 0) + coalesce(octet_length(new_record), 0)
      + ${sql.lit(leastEntryBytes)}) as bytes
    from waystation_shapes.log group by xid) sized on sized.xid = c.xid
  where c.number is not null`;

async function findBeyond(
  kysely: Kysely<unknown>,
  sums: typeof countEntries,
  limit: number,
): Promise<number> {
  const { rows } = await sql<{ through: string }>`
    select coalesce(max(number), 0)::text as through from (${sums}) summed where since > ${limit}`.execute(
    kysely,
  );
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
