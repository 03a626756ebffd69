import { type Kysely, sql } from "kysely";
import { stationShapes } from "@waystation/shared/wire/cloud-http";
import type { CloudTables } from "../db/tables.ts";

/** Entries a table's log may keep; a station further behind fetches the table anew. */
export const defaultLogEntries = 500_000;

/**
 * Drops entries that a newer one of the same row makes needless, which no client can notice, and then the
 * oldest ones beyond the limit: `trimmed_xid` says from where on the log is whole.
 */
export async function maintainShapeLog(
  kysely: Kysely<CloudTables>,
  maximumEntries: number = defaultLogEntries,
): Promise<void> {
  await sql`delete from shape_log older using shape_log newer
    where newer.table_name = older.table_name and newer.key = older.key
      and newer.scope is not distinct from older.scope
      and (newer.xid, newer.entry) > (older.xid, older.entry)
      and newer.xid < pg_snapshot_xmin(pg_current_snapshot())`.execute(kysely);
  for (const table of stationShapes) await trimTable(kysely, table, maximumEntries);
}

async function trimTable(kysely: Kysely<CloudTables>, table: string, maximumEntries: number): Promise<void> {
  await kysely.transaction().execute(async (tx) => {
    const { rows } = await sql<{ xid: string }>`select xid::text from shape_log
      where table_name = ${table} and xid < pg_snapshot_xmin(pg_current_snapshot())
      order by shape_log.xid desc, entry desc offset ${maximumEntries} limit 1`.execute(tx);
    const last = rows[0]?.xid;
    if (last === undefined) return;
    await sql`update shape_state set trimmed_xid = (${last}::text::bigint + 1)::text::xid8 where table_name = ${table}`.execute(
      tx,
    );
    await sql`delete from shape_log where table_name = ${table} and xid <= ${last}::xid8`.execute(tx);
  });
}
