import { type Kysely, sql } from "kysely";
import { shapeColumns, type StationShape } from "@waystation/shared/wire/cloud-http";
import type { CloudTables } from "../db/tables.ts";
import { shapeDefinitions } from "./shape-definitions.ts";
import type { ShapePosition } from "./shape-request.ts";

type Db = Kysely<CloudTables>;

/**
 * Transactions below `horizon` have ended for good. Log numbers are not handed out in commit order on
 * PostgreSQL, so the log is ordered by transaction id first and read only below the horizon: a transaction
 * that is still open has a higher id than anything sent so far, and cannot slip in behind a client.
 */
export type ShapeState = {
  readonly epoch: string;
  readonly trimmed: bigint;
  readonly horizon: bigint;
  readonly end: bigint;
};

export async function readShapeState(db: Db, table: StationShape): Promise<ShapeState> {
  const { rows } = await sql<{ epoch: string; trimmed: string; horizon: string; end: string }>`
    select epoch::text, trimmed_xid::text as trimmed, pg_snapshot_xmin(now_seen)::text as horizon,
      pg_snapshot_xmax(now_seen)::text as "end"
    from shape_state, pg_current_snapshot() as now_seen where table_name = ${table}`.execute(db);
  const row = rows[0];
  if (row === undefined) throw new Error(`no shape state for ${table}`);
  return {
    epoch: row.epoch,
    trimmed: BigInt(row.trimmed),
    horizon: BigInt(row.horizon),
    end: BigInt(row.end),
  };
}

export type ShapeRow = Readonly<Record<string, string>>;
export type ShapeChange = { readonly operation: "insert" | "update" | "delete"; readonly row: ShapeRow };
export type ShapePage = {
  readonly changes: readonly ShapeChange[];
  readonly position: ShapePosition;
  readonly complete: boolean;
};

/** Rows per answer, and bytes of their bodies: a page of orders with labels ends by size. */
export const pageLimits = { rows: 2000, bytes: 4_000_000 };

const sizedColumn = (table: StationShape): string =>
  shapeColumns[table].some((name) => name === "body") ? "body" : shapeDefinitions[table].keyColumn;
const columnsAsText = (table: StationShape) =>
  sql.join(shapeColumns[table].map((column) => sql`t.${sql.ref(column)}::text as ${sql.ref(column)}`));
const scopeCondition = (table: StationShape, station: string, alias: string) => {
  const { scopeColumn } = shapeDefinitions[table];
  if (scopeColumn === null) return sql``;
  return sql`and ${sql.ref(`${alias}.${alias === "l" ? "scope" : scopeColumn}`)} = ${station}`;
};

/** The next rows of a first fetch, in insertion order. What changes meanwhile comes by the log from the handle's horizon. */
export async function readSnapshotPage(
  db: Db,
  table: StationShape,
  station: string,
  afterRow: number,
): Promise<{ rows: ShapeRow[]; lastRow: number; complete: boolean }> {
  type Row = Record<string, string> & { shape_row: string; page_rows: string };
  const { rows } = await sql<Row>`
    with page as (
      select t.shape_row, octet_length(${sql.ref(`t.${sizedColumn(table)}`)}) as size
      from ${sql.table(table)} t where t.shape_row > ${afterRow} ${scopeCondition(table, station, "t")}
      order by t.shape_row limit ${pageLimits.rows}),
    sized as (select shape_row, sum(size) over (order by shape_row) - size as before, count(*) over () as page_rows from page)
    select ${columnsAsText(table)}, sized.shape_row::text as shape_row, sized.page_rows::text as page_rows
    from sized join ${sql.table(table)} t on t.shape_row = sized.shape_row
    where sized.before < ${pageLimits.bytes} order by sized.shape_row`.execute(db);
  const pageRows = Number(rows[0]?.page_rows ?? 0);
  return {
    rows: rows.map(({ shape_row: _, page_rows: __, ...row }) => row),
    lastRow: Number(rows.at(-1)?.shape_row ?? afterRow),
    complete: pageRows < pageLimits.rows && rows.length === pageRows,
  };
}

type LogRow = Record<string, string | null> & {
  log_xid: string;
  log_entry: string;
  log_operation: string;
  log_key: string;
  log_rows: string;
};

/** Changes after the position. Only the last change of a row within the page is sent, with the row as it is now. */
export async function readLogPage(
  db: Db,
  table: StationShape,
  station: string,
  after: { xid: bigint; entry: number },
): Promise<ShapePage> {
  const { keyColumn, scopeColumn } = shapeDefinitions[table];
  const sameScope = scopeColumn === null ? sql`` : sql`and t.${sql.ref(scopeColumn)} = page.scope`;
  const { rows } = await sql<LogRow>`
    with page as (
      select l.xid, l.entry, l.operation, l.key, l.scope from shape_log l
      where l.table_name = ${table} and (l.xid, l.entry) > (${String(after.xid)}::xid8, ${after.entry}::bigint)
        and l.xid < pg_snapshot_xmin(pg_current_snapshot()) ${scopeCondition(table, station, "l")}
      order by l.xid, l.entry limit ${pageLimits.rows}),
    sized as (
      select page.xid, page.entry, coalesce(octet_length(${sql.ref(`t.${sizedColumn(table)}`)}), 0) as size
      from page left join ${sql.table(table)} t on t.${sql.ref(keyColumn)} = page.key ${sameScope}),
    summed as (select xid, entry, sum(size) over (order by xid, entry) - size as before, count(*) over () as log_rows from sized)
    select page.xid::text as log_xid, page.entry::text as log_entry, page.operation as log_operation, page.key as log_key,
      summed.log_rows::text as log_rows, ${columnsAsText(table)}
    from page join summed using (xid, entry)
      left join ${sql.table(table)} t on t.${sql.ref(keyColumn)} = page.key ${sameScope}
    where summed.before < ${pageLimits.bytes} order by page.xid, page.entry`.execute(db);
  const last = rows.at(-1);
  const position =
    last === undefined
      ? { kind: "log" as const, ...after }
      : { kind: "log" as const, xid: BigInt(last.log_xid), entry: Number(last.log_entry) };
  const found = Number(last?.log_rows ?? 0);
  return {
    changes: keepLastChanges(table, station, rows),
    position,
    complete: found < pageLimits.rows && rows.length === found,
  };
}

function keepLastChanges(table: StationShape, station: string, rows: readonly LogRow[]): ShapeChange[] {
  const byKey = new Map<string, ShapeChange>();
  for (const row of rows) {
    const {
      log_xid: _,
      log_entry: __,
      log_operation: operation,
      log_key: key,
      log_rows: ___,
      ...values
    } = row;
    byKey.delete(key);
    // A row that is gone by now is reported as deleted, whatever the entry says; its own delete follows and changes nothing.
    byKey.set(
      key,
      isPresent(values)
        ? { operation: operation === "insert" ? "insert" : "update", row: values }
        : { operation: "delete", row: keyOnly(table, station, key) },
    );
  }
  return [...byKey.values()];
}

const isPresent = (values: Record<string, string | null>): values is Record<string, string> =>
  Object.values(values).every((value) => value !== null);

function keyOnly(table: StationShape, station: string, key: string): ShapeRow {
  const { keyColumn, scopeColumn } = shapeDefinitions[table];
  return scopeColumn === null ? { [keyColumn]: key } : { [scopeColumn]: station, [keyColumn]: key };
}

/** Committed changes that an older open transaction still hides; they become readable without a notice of their own. */
export async function hasHiddenChanges(db: Db, table: StationShape): Promise<boolean> {
  const { rows } = await sql<{ hidden: boolean }>`
    select exists(select 1 from shape_log where table_name = ${table}
      and xid >= pg_snapshot_xmin(pg_current_snapshot())) as hidden`.execute(db);
  return rows[0]?.hidden === true;
}
