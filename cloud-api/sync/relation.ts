import { type QueryExecutorProvider, sql } from "kysely";
import type { RowValues } from "./record-text.ts";

export type Column = {
  readonly name: string;
  /** Where the column stands in the text of a whole row. */
  readonly index: number;
  /** PostgreSQL's short name (`int8`); of an array, its element's. */
  readonly type: string;
  readonly dimensions: number;
  readonly modifier: number;
  readonly notNull: boolean;
};

/** A table as it is now, and the epoch of the positions in its log. */
export type Relation = {
  readonly oid: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Column[];
  /** Of the primary key, in its order; every column where there is none. */
  readonly keyColumns: readonly string[];
  readonly hasPrimaryKey: boolean;
  /** Changes when rows begin to look different: columns, their types, the key. */
  readonly signature: string;
  readonly captured: boolean;
  /** Changes whenever anything of the above might have: cheap to ask for. */
  readonly fingerprint: string;
};

type CatalogColumn = {
  readonly name: string;
  readonly number: number;
  readonly typeId: string;
  readonly type: string;
  readonly element: string | null;
  readonly dimensions: number;
  readonly modifier: number;
  readonly notNull: boolean;
  readonly generated: string;
};

type CatalogRow = {
  oid: string;
  schema: string;
  table: string;
  kind: string;
  columns: string | null;
  key: string | null;
  triggers: string;
  fingerprint: string;
};

/** Rows of the catalogue are written anew when they change: who wrote them stands for what they say. */
const fingerprint = sql`concat_ws('/', c.xmin::text, c.relnamespace::text, c.relname,
    (select string_agg(a.xmin::text, '.' order by a.attnum) from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0),
    (select string_agg(i.indexrelid::text || '.' || i.xmin::text, '.') from pg_catalog.pg_index i
      where i.indrelid = c.oid and i.indisprimary),
    (select count(*) from pg_catalog.pg_trigger g
      where g.tgrelid = c.oid and g.tgname like 'waystation\\_shapes\\_%' and g.tgenabled = 'A'))`;

const describe = sql`select c.oid::text as oid, n.nspname::text as schema, c.relname::text as "table", c.relkind::text as kind,
  (select json_agg(json_build_object('name', a.attname, 'number', a.attnum, 'typeId', a.atttypid::text,
      'type', t.typname, 'element', e.typname, 'dimensions', a.attndims, 'modifier', a.atttypmod,
      'notNull', a.attnotnull, 'generated', a.attgenerated) order by a.attnum)::text
    from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
      left join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A'
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  (select json_agg(a.attname order by k.place)::text
    from pg_catalog.pg_index i cross join lateral unnest(i.indkey) with ordinality as k(number, place)
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
    where i.indrelid = c.oid and i.indisprimary and k.place <= i.indnkeyatts) as key,
  (select count(*)::text from pg_catalog.pg_trigger g
    where g.tgrelid = c.oid and g.tgname like 'waystation\\_shapes\\_%' and g.tgenabled = 'A') as triggers,
  ${fingerprint} as fingerprint
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;

const triggersPerTable = 4;

/** A query within the query: with a plain value the planner hopes for better plans and makes one each time. */
const listed = (oids: readonly string[]) => sql`array(select unnest(${`{${oids.join()}}`}::text::oid[]))`;

/** Null when there is no such table. Views and foreign tables have no triggers that would tell of changes. */
export async function findRelation(
  db: QueryExecutorProvider,
  schema: string,
  table: string,
): Promise<Relation | null> {
  const { rows } = await sql<CatalogRow>`${describe} where n.nspname = ${schema} and c.relname = ${table}
    and c.relkind in ('r', 'p')`.execute(db);
  return rows[0] === undefined ? null : readCatalogRow(rows[0]);
}

/** Those of the tables that are still there. */
export async function describeRelations(
  db: QueryExecutorProvider,
  oids: readonly string[],
): Promise<Relation[]> {
  if (oids.length === 0) return [];
  const { rows } = await sql<CatalogRow>`${describe} where c.oid = any(${listed(oids)})`.execute(db);
  return rows.map(readCatalogRow);
}

/** Of those of the tables that are still there. */
export async function readFingerprints(
  db: QueryExecutorProvider,
  oids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ oid: string; fingerprint: string }>`
    select c.oid::text as oid, ${fingerprint} as fingerprint from pg_catalog.pg_class c
    where c.oid = any(${listed(oids)})`.execute(db);
  return new Map(rows.map((row) => [row.oid, row.fingerprint]));
}

function readCatalogRow(row: CatalogRow): Relation {
  const listed = JSON.parse(row.columns ?? "[]") as CatalogColumn[];
  const key = JSON.parse(row.key ?? "[]") as string[];
  const columns = listed.flatMap((column, index) =>
    column.generated === "v" ? [] : [readColumn(column, index)],
  );
  return {
    oid: row.oid,
    schema: row.schema,
    table: row.table,
    columns,
    keyColumns: key.length > 0 ? key : columns.map((column) => column.name),
    hasPrimaryKey: key.length > 0,
    signature: JSON.stringify([
      listed.map(({ name, number, typeId, modifier, generated }) => [
        name,
        number,
        typeId,
        modifier,
        generated,
      ]),
      key,
    ]),
    captured: Number(row.triggers) === triggersPerTable,
    fingerprint: row.fingerprint,
  };
}

const readColumn = (column: CatalogColumn, index: number): Column => ({
  name: column.name,
  index,
  type: column.element ?? column.type,
  dimensions: column.element === null ? 0 : Math.max(1, column.dimensions),
  modifier: column.modifier,
  notNull: column.notNull,
});

/** Identifies a row for clients: `"schema"."table"/"first"/"second"`. */
export function formatKey(relation: Relation, keyColumns: readonly Column[], values: RowValues): string {
  const parts = keyColumns.map(({ index }) => {
    const value = values[index] ?? null;
    return value === null ? "_" : `"${value.replaceAll("/", "//")}"`;
  });
  return [formatRelation(relation), ...parts].join("/");
}

/** Doubled dots and slashes keep two relations from having the same text. */
export function formatRelation({ schema, table }: Pick<Relation, "schema" | "table">): string {
  const quote = (name: string): string =>
    `"${name.replaceAll('"', '""').replaceAll(".", "..").replaceAll("/", "//")}"`;
  return `${quote(schema)}.${quote(table)}`;
}

export type TableName = { readonly schema: string; readonly table: string };

/** `orders`, `other.orders`, `"Odd schema"."odd ""table"""`; null for anything else. Unquoted names are lower case. */
export function parseTableName(text: string): TableName | null {
  const part = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
  const match = new RegExp(`^${part}(?:\\.${part})?$`, "u").exec(text);
  if (match === null || text.includes("\0")) return null;
  const [first, second] = [match[1], match[2]].map((name) =>
    name === undefined ? null : readIdentifier(name),
  );
  if (first === undefined || first === null) return null;
  return second === null || second === undefined
    ? { schema: "public", table: first }
    : { schema: first, table: second };
}

export const readIdentifier = (text: string): string =>
  text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase();
